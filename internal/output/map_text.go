// SPDX-License-Identifier: Apache-2.0

package output

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/storagemap"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

const (
	// fewNodes is up to how many nodes of a zone are drawn one by one, and fewPools up to how many pools of a class.
	fewNodes = 16
	fewPools = 16
	// barWidth is the length of a bar in the text, and nameWidth how much of a name is shown.
	barWidth  = 20
	nameWidth = 36
	// fullest is how many of the fullest of a group are named.
	fullest = 3
)

// writeMapText writes the map in lines of up to 100 columns, for a terminal or a mail.
func writeMapText(w io.Writer, m *storagemap.Map) error {
	t := &mapText{m: m, names: namesOf(m)}
	t.line("%s in %s; %s, %s", text.Count(m.Known.Nodes, "node"), text.Count(namedZones(m), "zone"), text.Count(m.Known.Volumes, "volume"), text.Count(m.Known.Claims, "claim"))
	t.zones()
	t.classes()
	t.pod()
	_, err := io.WriteString(w, t.out.String())
	return err
}

type mapText struct {
	m     *storagemap.Map
	names *mapNames
	out   strings.Builder
}

// line writes a line; breaks of lines before it are those of the format.
func (t *mapText) line(format string, args ...any) {
	line := strings.TrimLeft(format, "\n")
	t.out.WriteString(format[:len(format)-len(line)])
	t.out.WriteString(strings.TrimRight(plain.Line(fmt.Sprintf(line, args...)), " "))
	t.out.WriteByte('\n')
}

func namedZones(m *storagemap.Map) int {
	n := 0
	for i := range m.Zones {
		if m.Zones[i].Name != "" {
			n++
		}
	}
	return n
}

func (t *mapText) zones() {
	if t.m.Known.Nodes == 0 {
		t.line("\nThere are no nodes.")
		return
	}
	if len(t.m.Drivers) == 0 {
		t.line("\nNODES   no driver limits how many volumes a node can have attached")
	} else {
		t.line("\nNODES AND THEIR ATTACH SLOTS   # used  . free")
	}
	for i := range t.m.Zones {
		z := &t.m.Zones[i]
		t.line("%s  %s%s", cmp.Or(t.names.short(zoneNames, z.Name, nameWidth), "in no zone"), text.Count(len(z.Nodes), "node"), onlyHere(z))
		if len(z.Nodes) <= fewNodes {
			t.nodes(z)
		} else {
			t.manyNodes(z)
		}
	}
}

func onlyHere(z *storagemap.Zone) string {
	if z.Name == "" || z.Volumes == 0 {
		return ""
	}
	return fmt.Sprintf("; %s (%s) can be used here alone", text.Count(z.Volumes, "volume"), text.Size(z.Bytes))
}

// nodes are drawn one by one, with a line for each driver.
func (t *mapText) nodes(z *storagemap.Zone) {
	width := 0
	for _, n := range z.Nodes {
		width = max(width, utf8.RuneCountInString(t.names.short(nodeNames, n.Name, nameWidth)))
	}
	for _, n := range z.Nodes {
		name, state := t.names.short(nodeNames, n.Name, nameWidth), n.Closed
		shown := false
		for k, s := range n.Slots {
			if s.Registered {
				t.line("  %-*s  %s  %s  %s", width, name, slotsBar(s), t.driver(k), state)
				name, state, shown = "", "", true
			}
		}
		if !shown {
			t.line("  %-*s  %s", width, name, cmp.Or(state, "-"))
		}
	}
}

// driver names a driver where there are several.
func (t *mapText) driver(k int) string {
	if len(t.m.Drivers) == 1 {
		return ""
	}
	return t.names.short(driverNames, t.m.Drivers[k], nameWidth)
}

func slotsBar(s storagemap.Slots) string {
	if s.Limit < 0 {
		return fmt.Sprintf("%-*s  %3d attached, no limit", barWidth+2, "", s.Used)
	}
	return fmt.Sprintf("%s  %3d of %-3d", bar(int64(s.Limit), int64(s.Used), 0), s.Used, s.Limit)
}

// bar draws used and reserved parts of a whole. What is there at all is seen, and what is not full is not drawn full.
func bar(whole, used, reserved int64) string {
	if whole <= 0 {
		return "[" + strings.Repeat(" ", barWidth) + "]"
	}
	a, b := share(used, whole), share(reserved, whole)
	if a+b > barWidth {
		a, b = min(a, barWidth), max(barWidth-a, min(b, 1))
		a = min(a, barWidth-b)
	}
	if free := topology.SubBytes(topology.SubBytes(whole, used), reserved); free > 0 && a+b == barWidth {
		if a > b {
			a--
		} else {
			b--
		}
	}
	return "[" + strings.Repeat("#", a) + strings.Repeat("+", b) + strings.Repeat(".", barWidth-a-b) + "]"
}

func share(part, whole int64) int {
	switch {
	case part <= 0:
		return 0
	case part >= whole:
		return barWidth
	default:
		return max(1, int(float64(part)/float64(whole)*barWidth+0.5))
	}
}

// manyNodes are drawn as one bar for each driver, with how many are how full.
func (t *mapText) manyNodes(z *storagemap.Zone) {
	if n := countNodes(z, func(n *storagemap.Node) bool { return n.Closed != "" }); n > 0 {
		t.line("  %s no new pods: cordoned, not ready or out of service", taking(n))
	}
	for k := range t.m.Drivers {
		g := slotsOf(z, k)
		if g.nodes == 0 {
			continue
		}
		if name := t.driver(k); name != "" {
			t.line("  %s on %s", name, text.Count(g.nodes, "node"))
		}
		if g.limited == 0 {
			t.line("  %d attached, no limit", g.used)
			continue
		}
		t.line("  %s  %d of %d   full: %d   over 3/4: %d   over 1/2: %d   less: %d", bar(int64(g.limit), int64(g.used), 0), g.used, g.limit,
			g.levels[0], g.levels[1], g.levels[2], g.levels[3])
		if g.used > 0 {
			var names []string
			for _, n := range g.fullest {
				names = append(names, fmt.Sprintf("%s (%d of %d)", t.names.short(nodeNames, n.Name, nameWidth/2), n.Slots[k].Used, n.Slots[k].Limit))
			}
			t.line("  fullest: %s", strings.Join(names, ", "))
		}
	}
}

func taking(n int) string {
	if n == 1 {
		return "1 node takes"
	}
	return fmt.Sprintf("%d nodes take", n)
}

func countNodes(z *storagemap.Zone, is func(*storagemap.Node) bool) int {
	n := 0
	for i := range z.Nodes {
		if is(&z.Nodes[i]) {
			n++
		}
	}
	return n
}

// slotGroup is one driver on many nodes.
type slotGroup struct {
	nodes, limited, used, limit int
	// levels are how many nodes are full, over three quarters, over a half, and less full.
	levels  [4]int
	fullest []*storagemap.Node
}

// level tells how full a node is, by index in slotGroup.levels.
func level(s storagemap.Slots) int {
	switch {
	case s.Full():
		return 0
	case 4*s.Used > 3*s.Limit:
		return 1
	case 2*s.Used > s.Limit:
		return 2
	default:
		return 3
	}
}

func slotsOf(z *storagemap.Zone, driver int) slotGroup {
	var g slotGroup
	var limited []*storagemap.Node
	for i := range z.Nodes {
		s := z.Nodes[i].Slots[driver]
		if !s.Registered {
			continue
		}
		g.nodes++
		if s.Limit < 0 {
			g.used += s.Used
			continue
		}
		g.limited++
		g.used, g.limit = g.used+s.Used, g.limit+s.Limit
		g.levels[level(s)]++
		limited = append(limited, &z.Nodes[i])
	}
	slices.SortStableFunc(limited, func(a, b *storagemap.Node) int {
		x, y := a.Slots[driver], b.Slots[driver]
		return cmp.Compare(y.Used*max(x.Limit, 1), x.Used*max(y.Limit, 1))
	})
	g.fullest = limited[:min(len(limited), fullest)]
	return g
}

func (t *mapText) classes() {
	if len(t.m.Classes) == 0 {
		return
	}
	t.line("\nCLASSES AND THEIR POOLS   # used by volumes  + reserved  . free")
	for i := range t.m.Classes {
		c := &t.m.Classes[i]
		t.line("%s  (%s)%s", t.names.short(classNames, c.Name, nameWidth), t.names.short(provisionerNames, c.Driver, nameWidth), besides(c))
		pools := make([]pooled, len(c.Pools))
		for i := range c.Pools {
			pools[i] = pooled{label: c.Pools[i].Where, sum: c.Pools[i]}
		}
		if len(pools) > fewPools {
			pools = t.grouped(c.Pools)
		}
		width, short := 0, text.Shorten(labelsOf(pools), nameWidth)
		for i := range pools {
			pools[i].label = short[pools[i].label]
			width = max(width, utf8.RuneCountInString(pools[i].label))
		}
		for _, p := range pools {
			t.pool(&p, width)
		}
	}
}

// besides tells what a class has outside its pools.
func besides(c *storagemap.Class) string {
	var parts []string
	if len(c.Pools) == 0 {
		parts = append(parts, "no pools published")
	}
	if c.Volumes > 0 {
		what := "%s, %s"
		if len(c.Pools) > 0 {
			what = "%s (%s) in no one pool"
		}
		parts = append(parts, fmt.Sprintf(what, text.Count(c.Volumes, "volume"), text.Size(c.Used)))
	}
	if c.Reserved > 0 {
		parts = append(parts, text.Size(c.Reserved)+" reserved in no one pool")
	}
	if c.MayBeReserved > 0 {
		parts = append(parts, text.Size(c.MayBeReserved)+" may be reserved, or already in the published capacity")
	}
	if len(parts) == 0 {
		return ""
	}
	return "  " + strings.Join(parts, "; ")
}

func (t *mapText) pool(row *pooled, width int) {
	p := &row.sum
	if !p.Known {
		t.line("  %-*s  %-*s  %s used; what is left is not published", width, row.label, barWidth+2, "", text.Size(p.Used))
		return
	}
	t.line("  %-*s  %s  %s%s", width, row.label, bar(totalOf(p), p.Used, p.Reserved),
		strings.ReplaceAll(told(p), " ·", ","), row.more)
}

// grouped adds up the pools of each zone.
func (t *mapText) grouped(pools []storagemap.Pool) []pooled {
	groups := groupPools(t.m, pools)
	out := make([]pooled, len(groups))
	for i, g := range groups {
		out[i] = pooled{label: g.name, sum: g.sum, more: fmt.Sprintf(" in %s; least %s", text.Count(g.pools, "pool"), text.Size(g.least))}
	}
	return out
}

// poolGroup is the pools of a class in one zone.
type poolGroup struct {
	name  string
	zone  int
	pools int
	sum   storagemap.Pool
	// least is what the fullest has left.
	least int64
}

func groupPools(m *storagemap.Map, pools []storagemap.Pool) []poolGroup {
	var out []poolGroup
	for i := range pools {
		p := &pools[i]
		at := slices.IndexFunc(out, func(g poolGroup) bool { return g.zone == p.Zone })
		if at < 0 {
			at = len(out)
			name := "several zones"
			if p.Zone != storagemap.Nowhere {
				name = cmp.Or(m.Zones[p.Zone].Name, "in no zone")
			}
			out = append(out, poolGroup{name: name, zone: p.Zone, least: p.Free, sum: storagemap.Pool{Zone: p.Zone}})
		}
		g := &out[at]
		g.pools++
		g.least = min(g.least, p.Free)
		g.sum.Nodes, g.sum.Volumes = g.sum.Nodes+p.Nodes, g.sum.Volumes+p.Volumes
		g.sum.Used, g.sum.Reserved = topology.AddBytes(g.sum.Used, p.Used), topology.AddBytes(g.sum.Reserved, p.Reserved)
		g.sum.Free = topology.AddBytes(g.sum.Free, p.Free)
		g.sum.Known = g.sum.Known || p.Known
	}
	slices.SortFunc(out, func(a, b poolGroup) int { return cmp.Compare(uint(a.zone), uint(b.zone)) })
	return out
}
