// SPDX-License-Identifier: Apache-2.0

package storagemap

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

// nodeSquares are a square for each node: what is alike is one path, so that thousands of nodes make a small file. With a pod,
// nodes that do not fit are drawn as empty squares.
func (s *svg) nodeSquares(z *Zone, x, y int) int {
	if len(s.m.Drivers) == 0 {
		return s.squares(z, x, y, "", func(*Node) int { return 3 })
	}
	for k, driver := range s.m.Drivers {
		g := slotsOf(z, k)
		if g.nodes == 0 {
			continue
		}
		what := fmt.Sprintf("%d of %d slots", g.used, g.limit)
		if g.limited == 0 {
			what = fmt.Sprintf("%d attached, no limit", g.used)
		}
		y = s.squares(z, x, y, what+"  "+driver, func(n *Node) int {
			switch slots := n.Slots[k]; {
			case !slots.Registered:
				return absent
			case slots.Limit < 0:
				return 3
			default:
				return level(slots)
			}
		})
	}
	return y
}

// Beside the levels: nodes that do not have the driver, and those that the pod does not fit.
const (
	absent = len(levelColors) + iota
	unfit
)

func (s *svg) squares(z *Zone, x, y int, title string, levelOf func(*Node) int) int {
	if title != "" {
		s.fit(x, y+11, inner, faint, title)
		y += 18
	}
	const across = inner / cell
	var paths [unfit + 1]strings.Builder
	for i := range z.Nodes {
		n := &z.Nodes[i]
		at := levelOf(n)
		if s.m.Pod != nil && !n.Fits {
			at = unfit
		}
		fmt.Fprintf(&paths[at], "M%d %dh%dv%dh-%dz", x+i%across*cell, y+i/across*cell, cell-2, cell-2, cell-2)
	}
	for at := range paths {
		if paths[at].Len() == 0 {
			continue
		}
		style := `fill="#ffffff" stroke="` + line + `"`
		switch at {
		case absent:
			style += ` stroke-dasharray="2 2"`
		case unfit:
		default:
			style = `fill="` + levelColors[at] + `"`
		}
		fmt.Fprintf(&s.out, `<path %s d="%s"/>`+"\n", style, paths[at].String())
	}
	y += (len(z.Nodes)+across-1)/across*cell + 6
	if s.m.Pod != nil {
		fitting := countNodes(z, func(n *Node) bool { return n.Fits })
		s.text(x, y+8, faint, fmt.Sprintf("the pod fits %d of them, those that are filled", fitting))
		y += 18
	}
	return y + 4
}

// pooled is what is drawn of a pool or of several.
type pooled struct {
	label, more string
	sum         Pool
	// node is set for the pool of one node, which is drawn in a line.
	node bool
}

// zonePools are the pools that are in the zone alone.
func (s *svg) zonePools(zone, x, y int) int {
	begun := false
	for i := range s.m.Classes {
		rows := poolRows(s.m, &s.m.Classes[i], zone)
		if len(rows) == 0 {
			continue
		}
		if !begun {
			fmt.Fprintf(&s.out, `<path d="M%d %d.5h%d" stroke="%s"/>`+"\n", x, y+2, inner, line)
			y, begun = y+10, true
		}
		y = s.poolsOf(s.m.Classes[i].Name, rows, x, y, inner)
	}
	return y
}

// poolsOf draws the pools of a class; those of one node each below one heading.
func (s *svg) poolsOf(class string, rows []pooled, x, y, width int) int {
	headed := false
	for _, row := range rows {
		if !row.node {
			y = s.pool(row, x, y, width)
			continue
		}
		if !headed {
			s.fit(x, y+11, width*5/8, strong+" "+small, class)
			s.text(x+width, y+11, right, "free, by node")
			y, headed = y+17, true
		}
		s.fit(x, y+12, nameColumn-8, small, row.sum.Where)
		if row.sum.Known {
			s.bar(&row.sum, x+nameColumn, y+3, width-nameColumn-numberColumn)
			s.text(x+width, y+12, right, explain.Size(row.sum.Free))
		} else {
			s.text(x+width, y+12, right, "not published")
		}
		y += 17
	}
	if headed {
		y += 8
	}
	return y
}

// poolRows are the pools of a class in a zone, or with nowhere those in none or several; many are one row.
func poolRows(m *Map, c *Class, zone int) []pooled {
	var in []Pool
	for i := range c.Pools {
		if c.Pools[i].Zone == zone {
			in = append(in, c.Pools[i])
		}
	}
	if len(in) > fewPools {
		g := groupPools(m, in)[0]
		return []pooled{{
			label: fmt.Sprintf("%s · %s", c.Name, count(g.pools, "pool")), more: "least room " + explain.Size(g.least), sum: g.sum,
		}}
	}
	rows := make([]pooled, len(in))
	for i := range in {
		rows[i] = pooled{label: c.Name, sum: in[i]}
		if zone == nowhere || in[i].Where != m.Zones[zone].Name {
			rows[i].label += " · " + in[i].Where
			rows[i].node = in[i].Nodes == 1
		}
	}
	return rows
}

// bar draws what is used, reserved and free.
func (s *svg) bar(p *Pool, x, y, width int) {
	whole := topology.AddBytes(topology.AddBytes(p.Used, p.Reserved), p.Free)
	a, b := portion(p.Used, whole, width), portion(p.Reserved, whole, width)
	fmt.Fprintf(&s.out, "<g><title>%s</title>\n", escape(told(p)))
	if whole > 0 {
		s.rect(x, y, width, barHeight, 3, free)
	} else {
		fmt.Fprintf(&s.out, `<rect x="%d.5" y="%d.5" width="%d" height="%d" rx="3" fill="#fff" stroke="%s"/>`+"\n", x, y, width-1, barHeight-1, line)
	}
	s.rect(x, y, a, barHeight, 3, used)
	s.rect(x+a, y, min(b, width-a), barHeight, 0, "url(#reserved)")
	s.out.WriteString("</g>\n")
}

func told(p *Pool) string {
	parts := []string{explain.Size(p.Used) + " used"}
	if p.Reserved > 0 {
		parts = append(parts, explain.Size(p.Reserved)+" reserved")
	}
	return strings.Join(append(parts, explain.Size(p.Free)+" free"), " · ")
}

func (s *svg) pool(row pooled, x, y, width int) int {
	p := &row.sum
	s.fit(x, y+11, width*5/8, strong+" "+small, row.label)
	if !p.Known {
		s.text(x+width, y+11, right, "room not published")
		s.text(x, y+26, faint, explain.Size(p.Used)+" used")
		return y + 36
	}
	s.text(x+width, y+11, right, cmp.Or(row.more, count(p.Volumes, "volume")))
	y += 17
	s.bar(p, x, y, width)
	s.text(x, y+24, faint, told(p))
	return y + 36
}

// wide is what belongs to no one zone: pools of several zones, and classes without pools.
func (s *svg) wide() {
	// What it will be high is found by drawing it beside the picture.
	probe := svg{m: s.m, width: s.width}
	height := probe.wideIn(0, 0)
	if height == 0 {
		return
	}
	s.cardAt(margin, s.y, s.width-2*margin, height+2*padding+18)
	s.text(margin+padding, s.y+padding+11, `font-size="14" font-weight="600"`, "In no one zone")
	s.wideIn(margin+padding, s.y+padding+24)
	s.y += height + 2*padding + 18 + cardGap
}

func (s *svg) wideIn(x, y int) int {
	top := y
	for i := range s.m.Classes {
		c := &s.m.Classes[i]
		y = s.poolsOf(c.Name, poolRows(s.m, c, nowhere), x, y, s.width-2*margin-2*padding)
		if besides := strings.TrimSpace(besides(c)); besides != "" {
			s.fit(x, y+12, 280, strong+" "+small, c.Name)
			s.fit(x+300, y+12, 700, faint, besides)
			y += rowHeight
		}
	}
	return y - top
}
