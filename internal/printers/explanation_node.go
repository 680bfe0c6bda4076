// SPDX-License-Identifier: Apache-2.0

package printers

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
)

// NodeExplanation writes what a node has for volumes.
func NodeExplanation(w io.Writer, e *explain.NodeExplanation, output string, color bool) error {
	if output != "text" && output != "wide" {
		return writeExplained(w, output, struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			*explain.NodeExplanation
		}{apiVersion, "NodeExplanation", e})
	}
	var out bytes.Buffer
	headline(&out, fmt.Sprintf("Node %s: %s.", e.Node.Name, e.Headline), e.Note == "", color)
	if len(e.Drivers)+len(e.Lacking) > 0 {
		fmt.Fprintln(&out)
		rows := [][]string{{"DRIVER", "SLOTS", "USED", "TOPOLOGY"}}
		for i := range e.Drivers {
			d := &e.Drivers[i]
			slots, used := "any", "-"
			if d.Slots >= 0 {
				slots, used = fmt.Sprint(d.Slots), fmt.Sprint(d.Used)
			}
			rows = append(rows, []string{d.Name, slots, used, orDash(strings.Join(d.Topology, " "))})
		}
		for _, name := range e.Lacking {
			rows = append(rows, []string{name, "-", "-", "not registered here, as it is on other nodes"})
		}
		columns(&out, rows)
	}
	if len(e.Pools) > 0 {
		fmt.Fprintln(&out)
		poolsText(&out, e.Pools)
	}
	if len(e.Volumes) > 0 {
		fmt.Fprintln(&out)
		nodeVolumesText(&out, e)
	}
	if len(e.Reach) > 0 {
		fmt.Fprintln(&out)
		rows := [][]string{{"CLASS", "VOLUMES IT CAN USE"}}
		for _, r := range e.Reach {
			rows = append(rows, []string{orDash(r.Class), fmt.Sprintf("%d of %d", r.Can, r.Of)})
		}
		columns(&out, rows)
	}
	fmt.Fprintln(&out)
	knownText(&out, &e.Known)
	_, err := w.Write(out.Bytes())
	return err
}

// mostVolumes is how many volumes of a node are shown.
const mostVolumes = 30

func nodeVolumesText(out *bytes.Buffer, e *explain.NodeExplanation) {
	rows := [][]string{{"CLAIM", "POD", "VOLUME"}}
	for i := range e.Volumes {
		v := &e.Volumes[i]
		if i == mostVolumes {
			rows = append(rows, []string{fmt.Sprintf("… %d more", len(e.Volumes)-i), "", "-o json tells all"})
			break
		}
		text := orDash(v.Volume)
		if v.Note != "" {
			text += " (" + v.Note + ")"
		}
		rows = append(rows, []string{orDash(v.Claim), orDash(v.Pod), text})
	}
	columns(out, rows)
}
