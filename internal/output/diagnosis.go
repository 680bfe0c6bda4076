// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/moorage-k8s/moorage/internal/doctor"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
)

// stateColors are for terminals.
var stateColors = map[doctor.State]string{doctor.OK: "\x1b[32m", doctor.Warning: "\x1b[33m", doctor.Failure: "\x1b[31m", doctor.Skipped: "\x1b[2m"}

// Diagnosis writes what was found, a line for each check, and how many are how well.
func Diagnosis(w io.Writer, checks []doctor.Check, output string, color bool) error {
	value := struct {
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Checks     []doctor.Check `json:"checks"`
	}{apiVersion, "Diagnosis", checks}
	return write(w, output, value, func(out *bytes.Buffer) {
		widest := 0
		counts := map[doctor.State]int{}
		for _, c := range checks {
			widest = max(widest, len(c.Name))
			counts[c.State]++
		}
		const states = len(doctor.Failure)
		hang := strings.Repeat(" ", states+2+widest+2)
		for _, c := range checks {
			state := fmt.Sprintf("%-*s", states, c.State)
			var line bytes.Buffer
			fmt.Fprintln(&line, text.Wrap(width, plain.Line(c.Message), fmt.Sprintf("%s  %-*s  ", state, widest, c.Name), hang))
			if c.Fix != "" {
				advice, commands, _ := strings.Cut(c.Fix, "\n")
				fmt.Fprintln(&line, text.Wrap(width, plain.Line(advice), hang+"to do: ", hang))
				for command := range strings.Lines(commands) {
					// Whole, however long it is: it is to be copied.
					fmt.Fprintln(&line, "    "+plain.Line(strings.TrimSuffix(command, "\n")))
				}
			}
			text := line.String()
			if color {
				text = stateColors[c.State] + state + "\x1b[0m" + text[len(state):]
			}
			out.WriteString(text)
		}
		fmt.Fprintf(out, "\n%d checks: %d ok, %d skipped, %s, %s\n", len(checks), counts[doctor.OK], counts[doctor.Skipped],
			text.Count(counts[doctor.Warning], "warning"), text.Count(counts[doctor.Failure], "failure"))
	})
}
