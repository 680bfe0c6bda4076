// SPDX-License-Identifier: Apache-2.0

package output

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/joint"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

// PodOutputs are the forms that the explanation of a pod can be written in.
var PodOutputs = append(slices.Clone(ExplainOutputs), IssueOutput)

// IssueOutput is the form for a bug report.
const IssueOutput = "issue"

// Issue is what a bug report tells beside the explanation.
type Issue struct {
	// Moorage is the build, Server the API server's version, and Kubelets are the nodes': empty where they are not known.
	Moorage, Server string
	Kubelets        []string
	// Snapshot is where the drivers are, and Age how long the pod waits; 0 where it does not, or nothing says.
	Snapshot *topology.Snapshot
	Age      time.Duration
	// Text puts other names in the place of all names in a text, Name and Driver in that of one.
	Text   func(string) string
	Name   func(role, name string) string
	Driver func(name string) string
}

// WriteIssue writes an explanation in ten lines without the names of the cluster, to be pasted into a bug report.
func WriteIssue(w io.Writer, e *explain.Explanation, of *Issue) error {
	quiet := *e
	quiet.Said = "" // It has a line of its own.
	told := ExplanationOf(&quiet)
	lines := [][2]string{
		{"versions", of.versions()},
		{"cluster", of.cluster(e)},
		{"drivers", of.drivers()},
		{"pod", of.pod(e, told)},
		{"volumes", of.volumes(told)},
		{"cause", of.Text(told.Headline)},
		{"evidence", of.evidence(e, told)},
		{"scheduler", of.scheduler(e.Said)},
		{"help", of.help(told)},
		{"not known", of.Text(strings.Join(told.Unknown, "; "))},
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(w, "%-10s %s\n", line[0]+":", cmp.Or(plain.Line(strings.Join(strings.Fields(line[1]), " ")), "-")); err != nil {
			return err
		}
	}
	return nil
}

func (of *Issue) versions() string {
	line := of.Moorage
	if of.Server != "" {
		line += ", Kubernetes " + of.Server
	}
	if len(of.Kubelets) > 0 {
		line += ", kubelets " + text.First(of.Kubelets, 3, len(of.Kubelets))
	}
	return line
}

func (of *Issue) cluster(e *explain.Explanation) string {
	zones := map[string]bool{}
	for i := range e.Nodes {
		zones[e.Nodes[i].Zone] = true
	}
	k := &e.Known
	line := fmt.Sprintf("%s in %s, %s, %s, %s, %s with volumes", text.Count(k.Nodes, "node"), text.Count(len(zones), "zone"),
		text.Count(k.Volumes, "volume"), text.Count(k.Claims, "claim"), text.Count(k.Pools, "pool"), text.Count(k.Pods, "pod"))
	switch {
	case k.Time != nil:
		line += "; of a capture or files"
	case len(k.Unlisted) > 0:
		line += "; some kinds may not be listed"
	}
	return line
}

// mostDrivers is how many drivers are named in a bug report.
const mostDrivers = 6

func (of *Issue) drivers() string {
	type driver struct {
		nodes, least, most int
		limited            bool
	}
	met := map[string]*driver{}
	for i := range of.Snapshot.NumNodes() {
		for _, d := range of.Snapshot.Node(i).Drivers {
			m := met[d.Name]
			if m == nil {
				m = &driver{least: int(d.Allocatable)}
				met[d.Name] = m
			}
			m.nodes++
			m.least, m.most = min(m.least, int(d.Allocatable)), max(m.most, int(d.Allocatable))
			m.limited = m.limited || d.Allocatable >= 0
		}
	}
	names := slices.SortedFunc(maps.Keys(met), func(a, b string) int { return cmp.Or(cmp.Compare(met[b].nodes, met[a].nodes), cmp.Compare(a, b)) })
	var out []string
	for i, name := range names {
		if i == mostDrivers {
			out = append(out, fmt.Sprintf("%d more", len(names)-i))
			break
		}
		m := met[name]
		line := fmt.Sprintf("%s on %s", of.Driver(name), text.Count(m.nodes, "node"))
		switch {
		case m.limited && m.least == m.most:
			line += fmt.Sprintf(" (limit %d)", m.most)
		case m.limited:
			line += fmt.Sprintf(" (limits %s to %d)", map[bool]string{true: "none", false: fmt.Sprint(m.least)}[m.least < 0], m.most)
		}
		if d := of.Snapshot.Driver(name); d != nil && d.StorageCapacity {
			line += " with capacities"
		}
		out = append(out, line)
	}
	return strings.Join(out, ", ")
}

func (of *Issue) pod(e *explain.Explanation, told *Explanation) string {
	line := "waits for a node"
	switch {
	case e.Ended:
		line = "has ended"
	case e.Node != "":
		line = "has a node"
	}
	if of.Age > 0 {
		line += " for " + text.Duration(of.Age)
	}
	if told.Held {
		line += "; held back before nodes"
	}
	return fmt.Sprintf("%s; %s, its volumes allow %d of %d nodes", line, map[bool]string{true: "it fits", false: "it does not fit"}[e.Fits], e.Allowed, e.Known.Nodes)
}

func (of *Issue) volumes(told *Explanation) string {
	var out []string
	for i := range told.Volumes {
		v := &told.Volumes[i]
		line := v.State
		if v.Claim != "" {
			line = of.Name("claim", v.Claim) + " " + line
		}
		if v.Bytes > 0 {
			line += " " + text.Size(v.Bytes)
		}
		if v.Class != "" {
			line += " of " + of.Name("class", v.Class)
		}
		if v.Driver != "" {
			line += " (" + of.Driver(v.Driver) + ")"
		}
		out = append(out, line)
	}
	return strings.Join(out, ", ")
}

func (of *Issue) evidence(e *explain.Explanation, told *Explanation) string {
	var out []string
	for i := range told.Constraints {
		c := &told.Constraints[i]
		out = append(out, fmt.Sprintf("%s rejects %s, %d by it alone", c.Predicate, text.Count(c.Nodes, "node"), c.Alone))
	}
	if t := e.Together; t != nil {
		for k := range t.Constraints {
			if c := &t.Constraints[k]; c.Cause == nil {
				out = append(out, fmt.Sprintf("%s (%s) rejects %s", c.Filter, c.Of.Text, text.Count(c.RuledOut.Nodes, "node")))
			}
		}
	}
	return of.Text(strings.Join(out, "; "))
}

// scheduler is what kube-scheduler says, in its own words alone: plugins of others may say anything.
func (of *Issue) scheduler(said string) string {
	var out []string
	for _, s := range joint.Reasons(said) {
		if explain.Kubernetes(s.Text) {
			out = append(out, fmt.Sprintf("%d %s", s.Nodes, of.Text(s.Text)))
		} else {
			out = append(out, fmt.Sprintf("%d for a reason that is not kube-scheduler's own", s.Nodes))
		}
	}
	if len(out) == 0 && said != "" {
		return "something that is not about nodes"
	}
	return strings.Join(out, ", ")
}

func (of *Issue) help(told *Explanation) string {
	if told.Suggestion == "" {
		return ""
	}
	return of.Text(told.Suggestion)
}
