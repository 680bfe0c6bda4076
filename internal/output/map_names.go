// SPDX-License-Identifier: Apache-2.0

package output

import (
	"github.com/moorage-k8s/moorage/internal/storagemap"
	"github.com/moorage-k8s/moorage/internal/text"
)

// mapNames are the names in a map, each kind shortened as one set: what differs stays apart wherever it is shown.
type mapNames struct {
	sets  map[nameKind][]string
	known map[shortNames]map[string]string
}

// nameKind is a kind of names.
type nameKind int

const (
	zoneNames nameKind = iota
	nodeNames
	driverNames
	classNames
	provisionerNames
	podVolumeNames
)

// shortNames are the names of a kind in so many columns.
type shortNames struct {
	kind    nameKind
	columns int
}

func namesOf(m *storagemap.Map) *mapNames {
	n := &mapNames{sets: map[nameKind][]string{driverNames: m.Drivers}, known: map[shortNames]map[string]string{}}
	add := func(kind nameKind, name string) { n.sets[kind] = append(n.sets[kind], name) }
	for i := range m.Zones {
		add(zoneNames, m.Zones[i].Name)
		for _, node := range m.Zones[i].Nodes {
			add(nodeNames, node.Name)
		}
	}
	for i := range m.Classes {
		add(classNames, m.Classes[i].Name)
		add(provisionerNames, m.Classes[i].Driver)
	}
	if m.Pod != nil {
		for i := range m.Pod.Volumes {
			add(podVolumeNames, m.Pod.Volumes[i].Name)
		}
	}
	return n
}

// short is a name of the map in at most so many columns.
func (n *mapNames) short(kind nameKind, name string, columns int) string {
	key := shortNames{kind, columns}
	if n.known[key] == nil {
		n.known[key] = text.Shorten(n.sets[kind], columns)
	}
	return n.known[key][name]
}
