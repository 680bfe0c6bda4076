// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// DriverNames are the names that Driver knows: drivers, and the in-tree volume plugins by their field.
func DriverNames() []string {
	c := catalog.Default()
	var names []string
	for i := range c.Drivers() {
		names = append(names, c.Drivers()[i].Name)
	}
	for i := range c.Sources() {
		names = append(names, c.Sources()[i].Field)
	}
	for i := range c.RemovedPlugins() {
		names = append(names, c.RemovedPlugins()[i].Field)
	}
	return names
}

// Drivers writes the driver matrix: what each driver and in-tree plugin can do.
func Drivers(w io.Writer, output string) error {
	c := catalog.Default()
	value := struct {
		APIVersion string            `json:"apiVersion"`
		Kind       string            `json:"kind"`
		Drivers    []catalog.Driver  `json:"drivers"`
		Sources    []catalog.Source  `json:"sources"`
		Removed    []catalog.Removed `json:"removed"`
	}{apiVersion, "DriverMatrix", c.Drivers(), c.Sources(), c.RemovedPlugins()}
	return write(w, output, value, func(out *bytes.Buffer) {
		rows := [][]string{{"DRIVER", "FILESYSTEM", "BLOCK", "GROWS", "SNAPSHOTS", "TOPOLOGY", "LIMIT"}}
		for i := range c.Drivers() {
			d := &c.Drivers()[i]
			rows = append(rows, []string{
				driverName(d), shortModes(d.Filesystem), shortModes(d.Block), word(d.Expansion), word(d.Snapshots), strings.ToLower(string(d.Topology.Scope)),
				limit(d.AttachLimit),
			})
		}
		text.Table(out, width, rows)
		fmt.Fprintln(out)
		rows = [][]string{{"IN-TREE SOURCE", "FILESYSTEM", "BLOCK"}}
		for i := range c.Sources() {
			s := &c.Sources()[i]
			rows = append(rows, []string{s.Field, shortModes(s.Filesystem), shortModes(s.Block)})
		}
		text.Table(out, width, rows)
		fmt.Fprintln(out)
		rows = [][]string{{"REMOVED SOURCE", "SINCE", "NOW"}}
		for i := range c.RemovedPlugins() {
			r := &c.RemovedPlugins()[i]
			rows = append(rows, []string{r.Field, r.Since, becameOf(r)})
		}
		text.Table(out, width, rows)
		fmt.Fprintln(out)
		fmt.Fprintln(out, text.Wrap(width, "RWO ReadWriteOnce, ROX ReadOnlyMany, RWX ReadWriteMany; * under a condition, which 'moorage drivers NAME' tells; "+
			"ReadWriteOncePod works wherever a CSI driver serves RWO; ? not known. What a live cluster's CSIDriver and CSINode say wins.", "", ""))
	})
}

// Driver writes all that is known of one driver or in-tree plugin. Names with an installation's prefix and in-tree provisioner
// names find their driver. An unknown name is an error that names the nearest known ones.
func Driver(w io.Writer, name, output string) error {
	c := catalog.Default()
	if d, ok := c.Driver(name); ok {
		return write(w, output, kinded("Driver", d), func(out *bytes.Buffer) { factsText(out, driverFacts(d)) })
	}
	if s, ok := c.Source(name); ok {
		return write(w, output, kinded("Source", s), func(out *bytes.Buffer) {
			factsText(out, append([][2]string{{"source", s.Field + ", which Kubernetes serves itself"}}, modeFacts(s.Filesystem, s.Block)...))
		})
	}
	if r, ok := c.Removed(name); ok {
		return write(w, output, kinded("RemovedSource", r), func(out *bytes.Buffer) {
			factsText(out, [][2]string{
				{"source", r.Field}, {"provisioner", cmp.Or(r.Provisioner, "none")}, {"since", "Kubernetes " + r.Since}, {"now", becameOf(r)},
			})
		})
	}
	return fmt.Errorf("the driver matrix has no %q; %s", name, suggest.Sentence(name, DriverNames()))
}

// kinded is a row of the matrix as a versioned object.
func kinded(kind string, row any) any {
	return struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       any    `json:"spec"`
	}{apiVersion, kind, row}
}

func factsText(out *bytes.Buffer, facts [][2]string) { text.Facts(out, width, 14, facts) }

func driverFacts(d *catalog.Driver) [][2]string {
	facts := [][2]string{{"driver", driverName(d)}}
	if d.Kind == catalog.External {
		facts = append(facts, [2]string{"kind", "a provisioner that is not CSI"})
	}
	facts = append(facts, modeFacts(d.Filesystem, d.Block)...)
	known := map[catalog.Knowledge]string{catalog.Supported: "yes", catalog.Unsupported: "no"}
	scope := map[catalog.TopologyScope]string{
		catalog.ScopeNone: "none: any node reaches a volume", catalog.ScopeConfigurable: "as the installation says", catalog.ScopeUnknown: "not known",
	}[d.Topology.Scope]
	if scope == "" {
		scope = "a volume belongs to one " + strings.ToLower(string(d.Topology.Scope))
		if len(d.Topology.Keys) > 0 {
			scope += ", by the node label " + strings.Join(d.Topology.Keys, ", ")
		}
	}
	if d.Topology.Optional {
		scope += "; an installation may have none"
	}
	facts = append(facts, [][2]string{
		{"grows", cmp.Or(known[d.Expansion], "not known")},
		{"snapshots", cmp.Or(known[d.Snapshots], "not known")},
		{"inline", cmp.Or(known[d.Ephemeral], "not known")},
		{"ID mapping", cmp.Or(known[d.IDMap], "not known")},
		{"topology", scope},
		{"attach limit", map[catalog.LimitKind]string{
			catalog.LimitNone: "none", catalog.LimitByMachine: "by the machine's type", catalog.LimitUnknown: "not known",
			catalog.LimitFixed:  fmt.Sprintf("%d volumes a node", d.AttachLimit.Max),
			catalog.LimitAtMost: fmt.Sprintf("at most %d volumes a node", d.AttachLimit.Max),
			catalog.LimitRange:  fmt.Sprintf("%d or %d volumes a node, or between, by the machine or the installation", d.AttachLimit.Min, d.AttachLimit.Max),
		}[d.AttachLimit.Kind]},
	}...)
	return append(facts, cloneFacts(d.CloneTopology)...)
}

// cloneFacts tells where copies can be, as far as that is known.
func cloneFacts(c *catalog.CloneTopology) [][2]string {
	if c == nil {
		return nil
	}
	var unless string
	for _, p := range c.Unless {
		unless += fmt.Sprintf("; not known with %s: %s", p.Name, strings.Join(p.Values, " or "))
	}
	places := map[catalog.CloneReach]string{catalog.CloneAtSource: "only where the source is", catalog.CloneAnywhere: "anywhere"}
	var facts [][2]string
	for _, of := range []struct {
		name  string
		reach catalog.CloneReach
	}{{"clones", c.Volume}, {"restores", c.Snapshot}} {
		if place, ok := places[of.reach]; ok {
			facts = append(facts, [2]string{of.name, place + unless})
		}
	}
	return facts
}

func modeFacts(filesystem, block *catalog.Modes) [][2]string {
	var facts [][2]string
	for _, m := range []struct {
		name string
		of   *catalog.Modes
	}{{"filesystem", filesystem}, {"block", block}} {
		var parts []string
		switch m.of.Support {
		case catalog.Unsupported:
			parts = append(parts, "not served")
		case catalog.Unknown:
			parts = append(parts, "served; which access modes is not known")
		case catalog.Supported, catalog.Conditional:
			for _, mode := range m.of.Modes {
				parts = append(parts, string(mode))
			}
			for _, c := range m.of.Conditional {
				for _, mode := range c.Modes {
					parts = append(parts, fmt.Sprintf("%s only %s", mode, c.Needs.Text))
				}
			}
		}
		facts = append(facts, [2]string{m.name, strings.Join(parts, "; ")})
	}
	return facts
}

func driverName(d *catalog.Driver) string {
	if d.AnyPrefix {
		return "[PREFIX.]" + d.Name
	}
	return d.Name
}

var shortMode = map[corev1.PersistentVolumeAccessMode]string{
	corev1.ReadWriteOnce: "RWO", corev1.ReadOnlyMany: "ROX", corev1.ReadWriteMany: "RWX",
}

func shortModes(m *catalog.Modes) string {
	switch m.Support {
	case catalog.Unsupported:
		return "-"
	case catalog.Unknown:
		return "?"
	case catalog.Supported, catalog.Conditional:
	}
	suffix := map[corev1.PersistentVolumeAccessMode]string{}
	all := slices.Clone(m.Modes)
	for _, c := range m.Conditional {
		for _, mode := range c.Modes {
			suffix[mode] = "*"
			all = append(all, mode)
		}
	}
	order := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadOnlyMany, corev1.ReadWriteMany}
	var parts []string
	for _, mode := range order {
		if slices.Contains(all, mode) {
			parts = append(parts, shortMode[mode]+suffix[mode])
		}
	}
	return strings.Join(parts, ",")
}

func word(k catalog.Knowledge) string {
	switch k {
	case catalog.Supported:
		return "yes"
	case catalog.Unsupported:
		return "-"
	default:
		return "?"
	}
}

func limit(l catalog.AttachLimit) string {
	switch l.Kind {
	case catalog.LimitNone:
		return "-"
	case catalog.LimitFixed:
		return fmt.Sprint(l.Max)
	case catalog.LimitAtMost:
		return fmt.Sprintf("<=%d", l.Max)
	case catalog.LimitRange:
		return fmt.Sprintf("%d/%d", l.Min, l.Max)
	case catalog.LimitByMachine:
		return "machine"
	default:
		return "?"
	}
}

func becameOf(r *catalog.Removed) string {
	switch {
	case r.Outcome == catalog.Redirected:
		return "served by " + r.Replacement
	case r.Replacement != "":
		return "gone; " + r.Replacement
	default:
		return "gone"
	}
}
