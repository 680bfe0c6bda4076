// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

// uncertain heads reservations that nobody can be sure of.
const uncertain = "Perhaps reserved as well; it may already be in the published capacity, and rules out no node"

// mostReserved is how many reservations are shown.
const mostReserved = 5

func reservationsText(out *bytes.Buffer, head string, reservations []explain.Reservation) {
	var sum int64
	for i := range reservations {
		sum = topology.AddBytes(sum, reservations[i].Bytes)
	}
	fmt.Fprintln(out, text.Wrap(width, fmt.Sprintf("%s: %s for %s", head, text.Size(sum), text.Count(len(reservations), "claim")), "", "  "))
	rows := [][]string{{"CLAIM", "CLASS", "SIZE", "NODE"}}
	for i := range reservations {
		r := &reservations[i]
		if i == mostReserved {
			rows = append(rows, []string{fmt.Sprintf("… %d more", len(reservations)-i), "", "", ""})
			break
		}
		rows = append(rows, []string{r.Claim.Namespace + "/" + r.Claim.Name, r.Class, text.Size(r.Bytes), r.Node})
	}
	text.Table(out, width, rows)
}
