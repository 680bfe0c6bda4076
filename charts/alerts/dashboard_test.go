// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"strings"
	"testing"
)

// panel is what is looked at of a panel of Grafana.
type panel struct {
	ID          int
	Type, Title string
	Description string
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct{ Expr, LegendFormat string }
}

// Every panel of the dashboard asks for series that there are, and none lies over another.
func TestDashboard(t *testing.T) {
	exported := exported(t)
	// What Grafana puts in the place of its variables.
	grafana := strings.NewReplacer("$__rate_interval", "5m", "$namespace", ".*", "$cluster", ".*")
	shown := map[string]bool{}
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	for _, p := range panels(t) {
		if ids[p.ID] {
			t.Errorf("%s: the id %d is another panel's", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s lies over %q, or beyond the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Title == "" || p.Description == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d %q lacks a title, a description or a query", p.ID, p.Title)
		}
		for _, target := range p.Targets {
			check(t, p.Title, grafana.Replace(target.Expr), exported)
			for name := range exported {
				shown[name] = shown[name] || strings.Contains(target.Expr, name)
			}
		}
	}
	for _, r := range rules(t) {
		for name := range exported {
			if strings.HasPrefix(name, "moorage_") && strings.Contains(r.Expr, name) && !shown[name] {
				t.Errorf("%s is alerted on (%s) and not on the dashboard", name, r.Alert)
			}
		}
	}
}
