// SPDX-License-Identifier: Apache-2.0

package output

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/moorage-k8s/moorage/internal/storagemap"
	"github.com/moorage-k8s/moorage/internal/text"
)

// nodeSquares are a square for each node: what is alike is one path, so that thousands of nodes make a small file. With a pod,
// nodes that do not fit are drawn as empty squares.
func (s *svg) nodeSquares(z *storagemap.Zone, x, y int) int {
	if len(s.m.Drivers) == 0 {
		return s.squares(z, x, y, "", "", func(*storagemap.Node) int { return 3 })
	}
	for k, driver := range s.m.Drivers {
		g := slotsOf(z, k)
		if g.nodes == 0 {
			continue
		}
		what := fmt.Sprintf("%d of %d slots  ", g.used, g.limit)
		if g.limited == 0 {
			what = fmt.Sprintf("%d attached, no limit  ", g.used)
		}
		short := s.names.short(driverNames, driver, columns(inner)-utf8.RuneCountInString(what))
		y = s.squares(z, x, y, what+short, what+driver, func(n *storagemap.Node) int {
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

func (s *svg) squares(z *storagemap.Zone, x, y int, short, title string, levelOf func(*storagemap.Node) int) int {
	if title != "" {
		s.fit(x, y+11, faint, short, title)
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
		fitting := countNodes(z, func(n *storagemap.Node) bool { return n.Fits })
		s.text(x, y+8, faint, fmt.Sprintf("the pod fits %d of them, those that are filled", fitting))
		y += 18
	}
	return y + 4
}

// pooled is what is drawn of a pool or of several.
type pooled struct {
	label, more string
	sum         storagemap.Pool
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
	headed, short, nodes := false, text.Shorten(labelsOf(rows), columns(width*5/8)), text.Shorten(nodesOf(rows), columns(nameColumn-8))
	for _, row := range rows {
		if !row.node {
			y = s.pool(row, short[row.label], x, y, width)
			continue
		}
		if !headed {
			s.fit(x, y+11, strong+" "+small, s.names.short(classNames, class, columns(width*5/8)), class)
			s.text(x+width, y+11, right, "free, by node")
			y, headed = y+17, true
		}
		s.fit(x, y+12, small, nodes[row.sum.Where], row.sum.Where)
		if row.sum.Known {
			s.bar(&row.sum, x+nameColumn, y+3, width-nameColumn-numberColumn)
			s.text(x+width, y+12, right, text.Size(row.sum.Free))
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

func labelsOf(rows []pooled) []string {
	var labels []string
	for i := range rows {
		labels = append(labels, rows[i].label)
	}
	return labels
}

// nodesOf are the nodes of the pools of one node each.
func nodesOf(rows []pooled) []string {
	var nodes []string
	for i := range rows {
		if rows[i].node {
			nodes = append(nodes, rows[i].sum.Where)
		}
	}
	return nodes
}

// poolRows are the pools of a class in a zone, or with storagemap.Nowhere those in none or several; many are one row.
func poolRows(m *storagemap.Map, c *storagemap.Class, zone int) []pooled {
	var in []storagemap.Pool
	for i := range c.Pools {
		if c.Pools[i].Zone == zone {
			in = append(in, c.Pools[i])
		}
	}
	if len(in) > fewPools {
		g := groupPools(m, in)[0]
		return []pooled{{
			label: fmt.Sprintf("%s · %s", c.Name, text.Count(g.pools, "pool")), more: "least room " + text.Size(g.least), sum: g.sum,
		}}
	}
	rows := make([]pooled, len(in))
	for i := range in {
		rows[i] = pooled{label: c.Name, sum: in[i]}
		if zone == storagemap.Nowhere || in[i].Where != m.Zones[zone].Name {
			rows[i].label += " · " + in[i].Where
			rows[i].node = in[i].Nodes == 1
		}
	}
	return rows
}

// bar draws what is used, reserved and free.
func (s *svg) bar(p *storagemap.Pool, x, y, width int) {
	whole := totalOf(p)
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

func told(p *storagemap.Pool) string {
	parts := []string{text.Size(p.Used) + " used"}
	if p.Reserved > 0 {
		parts = append(parts, text.Size(p.Reserved)+" reserved")
	}
	return strings.Join(append(parts, text.Size(p.Free)+" free"), " · ")
}

func (s *svg) pool(row pooled, short string, x, y, width int) int {
	p := &row.sum
	s.fit(x, y+11, strong+" "+small, short, row.label)
	if !p.Known {
		s.text(x+width, y+11, right, "room not published")
		s.text(x, y+26, faint, text.Size(p.Used)+" used")
		return y + 36
	}
	s.text(x+width, y+11, right, cmp.Or(row.more, text.Count(p.Volumes, "volume")))
	y += 17
	s.bar(p, x, y, width)
	s.text(x, y+24, faint, told(p))
	return y + 36
}

// wide is what belongs to no one zone: pools of several zones, and classes without pools.
func (s *svg) wide() {
	// What it will be high is found by drawing it beside the picture.
	probe := svg{m: s.m, names: s.names, width: s.width}
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
		y = s.poolsOf(c.Name, poolRows(s.m, c, storagemap.Nowhere), x, y, s.width-2*margin-2*padding)
		if besides := strings.TrimSpace(besides(c)); besides != "" {
			s.fit(x, y+12, strong+" "+small, s.names.short(classNames, c.Name, columns(280)), c.Name)
			s.fit(x+300, y+12, faint, text.Clip(besides, columns(700)), besides)
			y += rowHeight
		}
	}
	return y - top
}
