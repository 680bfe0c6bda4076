// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/internal/text"
)

// NodeExplanation is what a node has for volumes.
type NodeExplanation struct {
	APIVersion string               `json:"apiVersion"`
	Kind       string               `json:"kind"`
	Node       explain.Object       `json:"node"`
	Zone       string               `json:"zone,omitempty"`
	Headline   string               `json:"headline"`
	Note       string               `json:"note,omitempty"`
	Drivers    []explain.NodeDriver `json:"drivers"`
	// Lacking are drivers that other nodes have and this one has not.
	Lacking []string             `json:"lacking,omitempty"`
	Pools   []Pool               `json:"pools,omitempty"`
	Volumes []explain.NodeVolume `json:"volumes,omitempty"`
	// Reach is, by class, how many of the volumes in the cluster the node can use.
	Reach []explain.ClassReach `json:"reach,omitempty"`
	Known explain.Known        `json:"known"`
}

// NodeExplanationOf puts what is known of a node into words.
func NodeExplanationOf(e *explain.NodeExplanation) *NodeExplanation {
	return &NodeExplanation{
		apiVersion, "NodeExplanation", e.Node, e.Zone, nodeHeadline(e), e.Note, e.Drivers, e.Lacking, poolsOf(e.Pools), e.Volumes, e.Reach, e.Known,
	}
}

func nodeHeadline(e *explain.NodeExplanation) string {
	var parts []string
	if e.Note != "" {
		parts = append(parts, e.Note)
	}
	if e.Zone != "" {
		parts = append(parts, "in "+zoneName(e.Zone))
	}
	for i := range e.Drivers {
		d := &e.Drivers[i]
		switch {
		case d.Full != "" && d.Slots > d.Attached:
			parts = append(parts, fmt.Sprintf("%d of the %d attach slots of %s are attached, and the driver attaches no more: %s", d.Attached, d.Slots, d.Name, spoken(d.Full)))
		case d.Peer != "":
			parts = append(parts, fmt.Sprintf("publishes no limit for %s, while %s has %d: kube-scheduler takes it to be without limit", d.Name, d.Peer, d.PeerSlots))
		case d.Slots >= 0 && d.Used >= d.Slots:
			parts = append(parts, fmt.Sprintf("all %d attach slots of %s are taken", d.Slots, d.Name))
		case d.Slots >= 0:
			parts = append(parts, fmt.Sprintf("%d of %d attach slots of %s free", d.Slots-d.Used, d.Slots, d.Name))
		}
		for _, t := range d.Topology {
			if key, missing := strings.CutSuffix(t, "=?"); missing {
				parts = append(parts, fmt.Sprintf("the label %s that driver %s provisions by is missing", key, d.Name))
			}
		}
	}
	switch {
	case e.Unreported:
		parts = append(parts, "no CSINode object, so nothing is known of its drivers")
	case len(e.Drivers) == 0:
		parts = append(parts, "no CSI driver is registered")
	}
	if len(parts) == 0 {
		return text.Count(len(e.Drivers), "CSI driver") + " without a limit on volumes"
	}
	return strings.Join(parts, "; ")
}

// WriteNodeExplanation writes what a node has for volumes.
func WriteNodeExplanation(w io.Writer, of *explain.NodeExplanation, output string, color bool) error {
	e := NodeExplanationOf(of)
	return writeExplained(w, output, e, func(out *bytes.Buffer, _ bool) { nodeText(out, e, color) })
}

func nodeText(out *bytes.Buffer, e *NodeExplanation, color bool) {
	headline(out, fmt.Sprintf("Node %s: %s.", e.Node.Name, e.Headline), e.Note == "", color)
	if len(e.Drivers)+len(e.Lacking) > 0 {
		fmt.Fprintln(out)
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
		text.Table(out, width, rows)
	}
	if len(e.Pools) > 0 {
		fmt.Fprintln(out)
		poolsText(out, e.Pools)
	}
	if len(e.Volumes) > 0 {
		fmt.Fprintln(out)
		nodeVolumesText(out, e)
	}
	if len(e.Reach) > 0 {
		fmt.Fprintln(out)
		rows := [][]string{{"CLASS", "VOLUMES IT CAN USE"}}
		for _, r := range e.Reach {
			rows = append(rows, []string{orDash(r.Class), fmt.Sprintf("%d of %d", r.Can, r.Of)})
		}
		text.Table(out, width, rows)
	}
	fmt.Fprintln(out)
	knownText(out, &e.Known)
}

// mostVolumes is how many volumes of a node are shown.
const mostVolumes = 30

func nodeVolumesText(out *bytes.Buffer, e *NodeExplanation) {
	rows := [][]string{{"CLAIM", "POD", "VOLUME"}}
	for i := range e.Volumes {
		v := &e.Volumes[i]
		if i == mostVolumes {
			rows = append(rows, []string{fmt.Sprintf("… %d more", len(e.Volumes)-i), "", "-o json tells all"})
			break
		}
		line := orDash(v.Volume)
		switch {
		case v.Note != "" && v.Error != "":
			line += " (" + v.Note + ", fails: " + spoken(event.Words(v.Error)) + ")"
		case v.Note != "":
			line += " (" + v.Note + ")"
		}
		rows = append(rows, []string{orDash(v.Claim), orDash(v.Pod), line})
	}
	text.Table(out, width, rows)
}
