// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/storagemap"
	"github.com/moorage-k8s/moorage/internal/text"
)

// The measures of the picture, in its own units, which are pixels at its natural size.
const (
	margin    = 24
	cardWidth = 360
	cardGap   = 16
	padding   = 14
	// perRow is how many zones are side by side.
	perRow = 3
	// inner is the width of what is in a card.
	inner = cardWidth - 2*padding
	// rowHeight is that of a line of small text with a bar.
	rowHeight = 20
	barHeight = 11
	// nameColumn and numberColumn are beside the bar of a node.
	nameColumn   = 128
	numberColumn = 62
	// cell is the side of the square for one node of many, with the gap to the next.
	cell = 9
	// mark is the side of a mark for one volume of the pod on one node.
	mark = 13
)

// The colours. Used and reserved differ in lightness and pattern too, for those who do not see the colours and for print.
const (
	ink      = "#1f2933"
	pale     = "#64707d"
	line     = "#d5dbe1"
	card     = "#ffffff"
	page     = "#f3f5f7"
	free     = "#e4e9ee"
	used     = "#2f6db5"
	reserved = "#e8a33d"
	full     = "#b3372f"
	fits     = "#23845a"
)

// levelColors are for nodes that are full, over three quarters, over a half and less full.
var levelColors = [4]string{full, "#2f6db5", "#86afd9", "#cfdfef"}

// writeMapSVG draws the map as a picture. The same map gives the same bytes. Names are escaped.
func writeMapSVG(w io.Writer, m *storagemap.Map) error {
	s := &svg{m: m, names: namesOf(m)}
	s.width = 2*margin + perRow*cardWidth + (perRow-1)*cardGap
	s.draw()
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" `+
		`font-family="Inter, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif" font-size="12" fill="%s">`+"\n",
		s.width, s.y, s.width, s.y, ink)
	fmt.Fprintf(&out, "<title>%s</title>\n", escape(s.title()))
	fmt.Fprintf(&out, `<defs><pattern id="reserved" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">`+
		`<rect width="5" height="5" fill="%s"/><rect width="2" height="5" fill="#ffffff" fill-opacity="0.55"/></pattern></defs>`+"\n", reserved)
	fmt.Fprintf(&out, `<rect width="100%%" height="100%%" fill="%s"/>`+"\n", page)
	out.Write(s.out.Bytes())
	out.WriteString("</svg>\n")
	_, err := plain.Raw(w).Write(out.Bytes())
	return err
}

type svg struct {
	m     *storagemap.Map
	names *mapNames
	out   bytes.Buffer
	width int
	// y is where the next part begins.
	y int
}

// escape is a text in markup. Many of the characters that are not seen have no place in it.
func escape(s string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(plain.Quiet(s)))
	return out.String()
}

func (s *svg) title() string {
	if p := s.m.Pod; p != nil {
		return fmt.Sprintf("The storage of the cluster, and where pod %s could be", p.Key)
	}
	return "The storage of the cluster"
}

// text writes a line of text; style is further attributes.
func (s *svg) text(x, y int, style, content string) {
	if style != "" {
		style = " " + style
	}
	fmt.Fprintf(&s.out, `<text x="%d" y="%d"%s>%s</text>`+"\n", x, y, style, escape(content))
}

func (s *svg) rect(x, y, w, h, radius int, fill string) {
	if w > 0 {
		fmt.Fprintf(&s.out, `<rect x="%d" y="%d" width="%d" height="%d" rx="%d" fill="%s"/>`+"\n", x, y, w, h, radius, fill)
	}
}

// columns is how many letters of the small text take no more than so many pixels.
func columns(pixels int) int { return max(pixels*10/65, 5) }

// fit is a name in short, in full in a tooltip where it is not whole.
func (s *svg) fit(x, y int, style, short, name string) {
	if short == name {
		s.text(x, y, style, name)
		return
	}
	fmt.Fprintf(&s.out, `<text x="%d" y="%d" %s>%s<title>%s</title></text>`+"\n", x, y, style, escape(short), escape(name))
}

const (
	small  = `font-size="11"`
	faint  = `font-size="11" fill="` + pale + `"`
	right  = `font-size="11" fill="` + pale + `" text-anchor="end"`
	strong = `font-weight="600"`
	// halo is for text on top of a bar.
	halo = `font-size="10" text-anchor="end" stroke="#ffffff" stroke-width="3" stroke-opacity="0.8" stroke-linejoin="round" paint-order="stroke"`
)

func (s *svg) draw() {
	s.y = margin
	s.text(margin, s.y+14, `font-size="19" font-weight="600"`, s.title())
	s.text(margin, s.y+34, `fill="`+pale+`"`, fmt.Sprintf("%s in %s · %s · %s", text.Count(s.m.Known.Nodes, "node"), text.Count(namedZones(s.m), "zone"),
		text.Count(s.m.Known.Volumes, "volume"), text.Count(s.m.Known.Claims, "claim")))
	s.y += 50
	s.legend()
	if s.m.Pod != nil {
		s.pod()
	}
	s.cards()
	s.wide()
	s.y += margin - cardGap
}

// legend tells what the colours mean.
func (s *svg) legend() {
	x := margin
	entry := func(fill, what string) {
		s.rect(x, s.y, 11, 11, 2, fill)
		s.text(x+16, s.y+10, faint, what)
		x += 28 + 6*utf8.RuneCountInString(what)
	}
	entry(used, "used")
	entry("url(#reserved)", "reserved")
	entry(free, "free")
	entry(full, "no attach slot left")
	if s.many() {
		x += 8
		s.text(x, s.y+10, faint, "a square is a node; attach slots in use:")
		x += 236
		for i, what := range []string{"all", "over ¾", "over ½", "less"} {
			entry(levelColors[i], what)
		}
	}
	if s.m.Pod != nil {
		x += 8
		s.tick(x, s.y-1, true)
		s.text(x+18, s.y+10, faint, "allowed")
		s.tick(x+76, s.y-1, false)
		s.text(x+94, s.y+10, faint, "not allowed")
	}
	s.y += 26
}

// many reports whether some zone's nodes are drawn as squares.
func (s *svg) many() bool {
	for i := range s.m.Zones {
		if len(s.m.Zones[i].Nodes) > fewNodes {
			return true
		}
	}
	return false
}

// tick is the mark for one volume on one node.
func (s *svg) tick(x, y int, allowed bool) {
	if allowed {
		fmt.Fprintf(&s.out, `<g><rect x="%d" y="%d" width="%d" height="%d" rx="3" fill="%s"/>`+
			`<path d="M%d %dl2.6 2.8l4.6-5.4" stroke="#fff" stroke-width="1.7" fill="none"/></g>`+"\n", x, y, mark, mark, fits, x+3, y+7)
		return
	}
	fmt.Fprintf(&s.out, `<g><rect x="%d.5" y="%d.5" width="%d" height="%d" rx="3" fill="#fff" stroke="%s"/>`+
		`<path d="M%d %dl5 5m0-5l-5 5" stroke="%s" stroke-width="1.2"/></g>`+"\n", x, y, mark-1, mark-1, line, x+4, y+4, pale)
}

// pod is the card with the pod's volumes.
func (s *svg) pod() {
	p := s.m.Pod
	rows := len(p.Volumes) + 1
	height := 2*padding + 22 + rows*rowHeight
	s.cardAt(margin, s.y, s.width-2*margin, height)
	x, y := margin+padding, s.y+padding
	s.text(x, y+11, `font-size="14" font-weight="600"`, "Pod "+text.Clip(p.Key.String(), 90))
	y += 22
	for i, v := range p.Volumes {
		s.fit(x, y+13, strong+" "+small, fmt.Sprintf("%d  %s", i+1, s.names.short(podVolumeNames, v.Name, columns(200)-4)), fmt.Sprintf("%d  %s", i+1, v.Name))
		what := "inline"
		if v.Claim != "" {
			what = fmt.Sprintf("claim %s, %s", v.Claim, v.State)
		}
		s.fit(x+220, y+13, faint, text.Clip(what, columns(280)), what)
		s.share(x+520, y, v.Nodes)
		y += rowHeight
	}
	s.text(x, y+13, strong+" "+small, "all together")
	s.share(x+520, y, p.Fits)
	if hidden := len(p.Volumes) - s.marked(); hidden > 0 {
		s.text(x+220, y+13, faint, fmt.Sprintf("nodes are marked for the first %d", s.marked()))
	}
	s.y += height + cardGap
}

// share draws how many of all nodes.
func (s *svg) share(x, y, nodes int) {
	const width = 300
	s.rect(x, y+3, width, barHeight, 3, free)
	if nodes > 0 {
		s.rect(x, y+3, max(2, nodes*width/max(s.m.Known.Nodes, 1)), barHeight, 3, fits)
	}
	s.text(x+width+12, y+13, faint, fmt.Sprintf("%d of %s", nodes, text.Count(s.m.Known.Nodes, "node")))
}

func (s *svg) cardAt(x, y, w, h int) {
	fmt.Fprintf(&s.out, `<rect x="%d.5" y="%d.5" width="%d" height="%d" rx="8" fill="%s" stroke="%s"/>`+"\n", x, y, w-1, h-1, card, line)
}

// cards are the zones, some in a row; those of a row are of one height.
func (s *svg) cards() {
	for from := 0; from < len(s.m.Zones); from += perRow {
		row := s.m.Zones[from:min(from+perRow, len(s.m.Zones))]
		height := 0
		for i := range row {
			probe := svg{m: s.m, names: s.names}
			height = max(height, probe.zone(from+i, 0, 0))
		}
		for i := range row {
			x := margin + i*(cardWidth+cardGap)
			s.cardAt(x, s.y, cardWidth, height)
			s.zone(from+i, x+padding, s.y+padding)
		}
		s.y += height + cardGap
	}
}

// zone draws a zone and returns the height of its card.
func (s *svg) zone(index, x, y int) int {
	z := &s.m.Zones[index]
	top := y
	s.fit(x, y+12, `font-size="14" font-weight="600"`, cmp.Or(s.names.short(zoneNames, z.Name, columns(inner-110)), "in no zone"), cmp.Or(z.Name, "in no zone"))
	s.text(x+inner, y+12, right, text.Count(len(z.Nodes), "node"))
	y += 24
	if z.Name != "" && z.Volumes > 0 {
		s.text(x, y+8, faint, fmt.Sprintf("%s (%s) can be used here alone", text.Count(z.Volumes, "volume"), text.Size(z.Bytes)))
		y += 18
	}
	if len(z.Nodes) <= fewNodes {
		y = s.nodeRows(z, x, y)
	} else {
		y = s.nodeSquares(z, x, y)
	}
	y = s.zonePools(index, x, y)
	return y - top + 2*padding - 4
}

// nodeRows are a line for each node with the bar of its driver; where there are several drivers, with a line for each below.
func (s *svg) nodeRows(z *storagemap.Zone, x, y int) int {
	if s.m.Pod != nil {
		for v := range s.marked() {
			s.text(x+s.marksAt(v)+mark/2, y+8, `font-size="10" fill="`+pale+`" text-anchor="middle"`, fmt.Sprint(v+1))
		}
		y += 12
	}
	for i := range z.Nodes {
		n := &z.Nodes[i]
		style := small
		switch {
		case n.Closed != "":
			style = faint
		case s.m.Pod != nil && n.Fits:
			style = small + ` font-weight="600" fill="` + fits + `"`
		}
		s.fit(x, y+13, style, s.names.short(nodeNames, n.Name, columns(nameColumn-8)), n.Name)
		s.marks(n, x, y+3)
		y = s.driversOf(n, x, y)
	}
	return y + 6
}

// mostMarks leave room for the bars.
const mostMarks = 5

// marked is how many of the pod's volumes have marks at the nodes.
func (s *svg) marked() int {
	if s.m.Pod == nil {
		return 0
	}
	return min(len(s.m.Pod.Volumes), mostMarks)
}

// marksAt is where the marks of a volume are, between name and bar.
func (s *svg) marksAt(v int) int { return nameColumn + v*(mark+3) }

// barWidth is what is left for the bar of a node.
func (s *svg) barWidth() int { return inner - s.barAt() - numberColumn }

// barAt is where the bar begins.
func (s *svg) barAt() int {
	if s.marked() == 0 {
		return nameColumn
	}
	return s.marksAt(s.marked()) + 4
}

func (s *svg) marks(n *storagemap.Node, x, y int) {
	for v := range s.marked() {
		s.tick(x+s.marksAt(v), y, n.Allowed[v])
	}
}

// driversOf draws the slots of a node and why it is closed, and returns where the next line begins.
func (s *svg) driversOf(n *storagemap.Node, x, y int) int {
	one := len(s.m.Drivers) == 1 && n.Slots[0].Registered
	switch {
	case one:
		s.slots(x, y, n.Slots[0], s.m.Drivers[0])
		if n.Closed != "" {
			s.text(x+inner-numberColumn-4, y+13, halo, n.Closed)
		}
	case n.Closed != "":
		s.text(x+inner, y+13, right, n.Closed)
	}
	y += rowHeight
	for k, slots := range n.Slots {
		if slots.Registered && !one {
			s.fit(x+10, y+12, `font-size="10" fill="`+pale+`"`, s.names.short(driverNames, s.m.Drivers[k], columns(nameColumn-18)), s.m.Drivers[k])
			s.slots(x, y-1, slots, s.m.Drivers[k])
			y += rowHeight - 4
		}
	}
	return y
}

func (s *svg) slots(x, y int, slots storagemap.Slots, driver string) {
	at, width := x+s.barAt(), s.barWidth()
	if slots.Limit < 0 {
		s.text(x+inner, y+13, right, fmt.Sprintf("%d, no limit", slots.Used))
		return
	}
	fill := used
	if slots.Full() {
		fill = full
	}
	fmt.Fprintf(&s.out, "<g><title>%s: %d of %d</title>\n", escape(driver), slots.Used, slots.Limit)
	s.rect(at, y+4, width, barHeight, 3, free)
	s.rect(at, y+4, portion(int64(slots.Used), int64(slots.Limit), width), barHeight, 3, fill)
	s.out.WriteString("</g>\n")
	s.text(x+inner, y+13, right, fmt.Sprintf("%d of %d", slots.Used, slots.Limit))
}

// portion is a part of a whole as a part of a width; what is there at all is seen.
func portion(part, whole int64, width int) int {
	switch {
	case part <= 0 || whole <= 0:
		return 0
	case part >= whole:
		return width
	default:
		return min(max(2, int(float64(part)/float64(whole)*float64(width))), width-1)
	}
}
