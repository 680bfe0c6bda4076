// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// spread is a sample of figures in order.
type spread []float64

func newSpread(figures []float64) spread { return slices.Sorted(slices.Values(figures)) }

// median returns the figure in the middle of a sample, which has one figure at least.
func (s spread) median() float64 {
	middle := len(s) / 2
	if len(s)%2 == 1 {
		return s[middle]
	}
	return (s[middle-1] + s[middle]) / 2
}

// String is the median and, in brackets, the least and the most.
func (s spread) String() string {
	if len(s) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.median(), s[0], s[len(s)-1])
}

// writeTable prints rows below their heads, aligned.
func writeTable(w io.Writer, heads []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, row := range append([][]string{heads}, rows...) {
		if _, err := fmt.Fprintln(t, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}
