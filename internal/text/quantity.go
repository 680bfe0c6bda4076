// SPDX-License-Identifier: Apache-2.0

package text

import (
	"math"
	"strconv"
	"time"
)

// Size is a number of bytes for a person, in the units of Kubernetes, rounded down to two digits after the point.
func Size(bytes int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"Ti", 1 << 40}, {"Gi", 1 << 30}, {"Mi", 1 << 20}, {"Ki", 1 << 10}} {
		if bytes >= unit.size {
			rounded := math.Floor(float64(bytes)/float64(unit.size)*100) / 100
			return strconv.FormatFloat(rounded, 'f', -1, 64) + unit.name
		}
	}
	return strconv.FormatInt(bytes, 10)
}

// Duration is a time in its largest unit.
func Duration(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return Count(int(d.Seconds()), "second")
	case d < 2*time.Hour:
		return Count(int(d.Minutes()), "minute")
	case d < 48*time.Hour:
		return Count(int(d.Hours()), "hour")
	default:
		return Count(int(d.Hours()/24), "day")
	}
}
