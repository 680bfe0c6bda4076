// SPDX-License-Identifier: Apache-2.0

package printers

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
)

// ClaimExplanation writes what a claim has or waits for.
func ClaimExplanation(w io.Writer, e *explain.ClaimExplanation, output string, color bool) error {
	if output != "text" && output != "wide" {
		return writeExplained(w, output, struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			*explain.ClaimExplanation
		}{apiVersion, "ClaimExplanation", e})
	}
	var out bytes.Buffer
	headline(&out, fmt.Sprintf("Claim %s/%s: %s.", e.Claim.Namespace, e.Claim.Name, e.Headline), e.Fine, color)
	fmt.Fprintln(&out)
	class := orDash(e.Class)
	if e.Provisioner != "" {
		class += fmt.Sprintf(" (%s, provisioner %s)", e.BindingMode, e.Provisioner)
	}
	lines := [][]string{{"asks for", explain.Size(e.Bytes)}, {"class", class}, {"state", e.State}}
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, []string{name, text})
		}
	}
	add("volume", e.PersistentVolume)
	add("can be used", e.Where)
	add("attached to", strings.Join(e.AttachedTo, ", "))
	add("selected node", e.SelectedNode)
	for _, u := range e.Users {
		add("used by", userText(u))
	}
	if e.Reserved > 0 {
		add("reserves", explain.Size(e.Reserved))
	}
	if e.MayBeReserved > 0 {
		add("may reserve", explain.Size(e.MayBeReserved)+", if the published capacity does not show it yet")
	}
	columns(&out, lines)
	if len(e.Pools) > 0 {
		fmt.Fprintln(&out)
		poolsText(&out, e.Pools)
	}
	fmt.Fprintln(&out)
	knownText(&out, &e.Known)
	_, err := w.Write(out.Bytes())
	return err
}

func userText(u explain.User) string {
	text := "pod " + u.Pod
	if u.Node != "" {
		text += " on " + u.Node
	}
	if u.Note != "" {
		text += " (" + u.Note + ")"
	}
	return text
}

// mostPools is how many pools are shown.
const mostPools = 12

func poolsText(out *bytes.Buffer, pools []explain.Pool) {
	rows := [][]string{{"POOL OF CLASS", "PUBLISHED", "RESERVED", "FREE", "LARGEST VOLUME", "REACHED"}}
	for i := range pools {
		p := &pools[i]
		if i == mostPools {
			rows = append(rows, []string{fmt.Sprintf("… %d more", len(pools)-i), "", "", "", "", ""})
			break
		}
		rows = append(rows, []string{p.Class, sizeOrDash(p.Capacity), sizeOrDash(p.Reserved), sizeOrDash(p.Free), sizeOrDash(p.Largest), p.Where})
	}
	columns(out, rows)
}

func sizeOrDash(bytes int64) string {
	if bytes < 0 {
		return "-"
	}
	return explain.Size(bytes)
}
