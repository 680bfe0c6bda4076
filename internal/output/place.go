// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
)

// mostZones is how many zones are named.
const mostZones = 4

// on is where nodes are, as what follows 'can be used': 'in zone-a', 'on node-1 or node-2'.
func on(p *explain.Place) string {
	zones, loose := make([]string, len(p.Zones)), false
	for i, zone := range p.Zones {
		zones[i] = zoneName(zone)
		loose = loose || zone == ""
	}
	switch {
	case p.Nodes == 0:
		return "on no node"
	case p.Nodes == p.Of:
		return "on any node"
	case p.Whole && len(zones) <= mostZones:
		return "in " + text.Or(zones)
	case p.Nodes == len(p.First):
		return "on " + text.Or(p.First)
	case !loose && len(zones) <= mostZones:
		return fmt.Sprintf("on %d nodes of %s", p.Nodes, text.Or(zones))
	default:
		return fmt.Sprintf("on %d nodes", p.Nodes)
	}
}

// whereThen is where the pod fits after a change.
func whereThen(c *explain.Change) string {
	if c.Beside != nil {
		return "on " + fitsOn(c.Beside)
	}
	return onThen(&c.Fits)
}

// onThen is on for a place in a cluster that was changed.
func onThen(p *explain.Place) string {
	return strings.ReplaceAll(on(p), explain.NewNode, "the new node")
}

// only restricts a place: 'in zone-a only'.
func only(p *explain.Place) string {
	if p.Nodes == 0 {
		return on(p)
	}
	return on(p) + " only"
}

// bare is where nodes are, without the preposition.
func bare(p *explain.Place) string {
	return strings.TrimPrefix(strings.TrimPrefix(on(p), "in "), "on ")
}

// zoneName puts a zone's name so that it can be told to be one.
func zoneName(zone string) string {
	if strings.Contains(strings.ToLower(zone), "zone") {
		return zone
	}
	return "zone " + zone
}
