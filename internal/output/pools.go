// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
)

// Pool is a CSIStorageCapacity with what is left in it.
type Pool struct {
	Class string `json:"class"`
	Name  string `json:"name"`
	// Capacity is what the driver published, negative where it did not; Free is that less what is Reserved.
	Capacity int64 `json:"capacity"`
	Reserved int64 `json:"reserved"`
	Free     int64 `json:"free"`
	// Largest is the largest single volume, negative where the driver does not say.
	Largest int64 `json:"largest"`
	// Where tells a person from which nodes the pool is reached.
	Where string `json:"where"`
}

func poolsOf(pools []explain.Pool) []Pool {
	var out []Pool
	for i := range pools {
		p := &pools[i]
		out = append(out, Pool{p.Class, p.Name, p.Capacity, p.Reserved, p.Free, p.Largest, on(&p.Where)})
	}
	return out
}

// mostPools is how many pools are shown.
const mostPools = 12

func poolsText(out *bytes.Buffer, pools []Pool) {
	rows := [][]string{{"POOL OF CLASS", "PUBLISHED", "RESERVED", "FREE", "LARGEST VOLUME", "REACHED"}}
	for i := range pools {
		p := &pools[i]
		if i == mostPools {
			rows = append(rows, []string{fmt.Sprintf("… %d more", len(pools)-i), "", "", "", "", ""})
			break
		}
		rows = append(rows, []string{p.Class, sizeOrDash(p.Capacity), sizeOrDash(p.Reserved), sizeOrDash(p.Free), sizeOrDash(p.Largest), p.Where})
	}
	text.Table(out, width, rows)
}

func sizeOrDash(bytes int64) string {
	if bytes < 0 {
		return "-"
	}
	return text.Size(bytes)
}
