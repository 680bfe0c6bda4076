// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// settleImmediate provisions the claims of a pod that do not wait for it, as external-provisioner does
// (GenerateAccessibilityRequirements in its pkg/controller/topology.go).
func (m *simulation) settleImmediate(pod *topology.Pod) error {
	demand := placement.NewDemand(m.s, pod)
	for i := range demand.Volumes {
		v := &demand.Volumes[i]
		waits := slices.ContainsFunc(demand.Undecided, func(u placement.Undecided) bool {
			return u.Volume == v.Name && u.Cause == placement.CauseClaimNotBound
		})
		if !waits || v.Claim.VolumeName != "" || v.Class == nil || !v.Class.Provisions() {
			continue
		}
		affinity, node, ok := m.chosen(v.Claim, v.Class)
		if !ok {
			continue
		}
		if err := m.provision(v.Claim, v.Class, affinity, node); err != nil {
			return err
		}
		m.early[v.Claim.Key()] = true
		m.s = m.draft.Snapshot()
	}
	return nil
}

// chosen is where the volume of a claim is made that does not wait for a pod, and a node there; ok is false where that is nowhere. The
// driver is asked for the topologies in an order that begins where the claim's name says, and takes the first in which it has room.
func (m *simulation) chosen(claim *topology.Claim, class *topology.Class) (affinity *corev1.VolumeNodeAffinity, node int, ok bool) {
	segments := m.segments(class)
	if len(segments) == 0 {
		// A driver without topology.
		if node = m.roomiest(claim, class, m.withDriver(class)); node < 0 {
			return nil, node, false
		}
		return m.affinityOf(class, node), node, true
	}
	hash, index := nameHash(claim.Name)
	from := int((hash + index) % uint32(len(segments)))
	for _, s := range slices.Concat(segments[from:], segments[:from]) {
		nodes := m.nodesIn(s)
		if node = m.roomiest(claim, class, nodes); node >= 0 || nodes.Empty() && !m.counted(class) {
			return s.affinity(), node, true
		}
	}
	return nil, -1, false
}

// counted reports whether room in the class's pools counts.
func (m *simulation) counted(class *topology.Class) bool {
	driver := m.s.Driver(class.Provisioner)
	return driver != nil && driver.StorageCapacity && m.s.PoolGroups(class.Name).Published()
}

// roomiest is the node of these that reaches a pool of the class with most room, where that is enough; where no pools count, the first.
// Negative where there is none.
func (m *simulation) roomiest(claim *topology.Claim, class *topology.Class, nodes topology.NodeSet) int {
	best, most := -1, claim.Request-1
	groups := m.s.PoolGroups(class.Name)
	for i := range nodes.All() {
		if !m.counted(class) {
			return i
		}
		for _, pool := range groups.AppendPools(nil, groups.Of(i)) {
			if limit, known := pool.VolumeLimit(); known && limit > most {
				best, most = i, limit
			}
		}
	}
	return best
}

// withDriver are the nodes that have the class's driver; all where none does.
func (m *simulation) withDriver(class *topology.Class) topology.NodeSet {
	on := m.s.RegisteredOn(class.Driver)
	if on.Empty() {
		return m.s.AllNodes()
	}
	return on
}

// segment is a topology: the values of its keys, sorted by key.
type segment []keyValue

type keyValue struct{ key, value string }

func (s segment) compare(o segment) int {
	return cmp.Or(cmp.Compare(len(s), len(o)), slices.CompareFunc(s, o, func(a, b keyValue) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.value, b.value))
	}))
}

func (s segment) affinity() *corev1.VolumeNodeAffinity {
	wanted := make([]corev1.NodeSelectorRequirement, len(s))
	for i, kv := range s {
		wanted[i] = corev1.NodeSelectorRequirement{Key: kv.key, Operator: corev1.NodeSelectorOpIn, Values: []string{kv.value}}
	}
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: wanted}}}}
}

// nodesIn are the nodes whose labels have all values.
func (m *simulation) nodesIn(s segment) topology.NodeSet {
	nodes := topology.NewNodeSet(m.s.NumNodes())
	for i := range m.s.NumNodes() {
		labels := m.s.Node(i).Labels
		if !slices.ContainsFunc(s, func(kv keyValue) bool { value, ok := labels[kv.key]; return !ok || value != kv.value }) {
			nodes.Add(i)
		}
	}
	return nodes
}

// segments are the topologies that the driver may choose from, sorted, each once: those of allowedTopologies, or else those of all nodes that
// carry the driver's topology keys, as the first node has them.
func (m *simulation) segments(class *topology.Class) []segment {
	var out []segment
	if object := class.Object; object != nil && len(object.AllowedTopologies) > 0 {
		out = allowed(object)
	} else if keys := m.topologyKeys(class.Driver); len(keys) > 0 {
		for i := range m.s.NumNodes() {
			s := make(segment, 0, len(keys))
			for _, key := range keys {
				if value, ok := m.s.Node(i).Labels[key]; ok {
					s = append(s, keyValue{key, value})
				}
			}
			if len(s) == len(keys) {
				out = append(out, s)
			}
		}
	}
	slices.SortFunc(out, segment.compare)
	return slices.CompactFunc(out, func(a, b segment) bool { return a.compare(b) == 0 })
}

// topologyKeys are those of the first node on which the driver has some, sorted.
func (m *simulation) topologyKeys(driver string) []string {
	for i := range m.s.NumNodes() {
		if d := m.s.Node(i).Driver(driver); d != nil && len(d.TopologyKeys) > 0 {
			return slices.Sorted(slices.Values(d.TopologyKeys))
		}
	}
	return nil
}

// mostSegments bounds what allowedTopologies may multiply to.
const mostSegments = 10_000

// allowed are the topologies of allowedTopologies, with each combination of values (flatten, there).
func allowed(class *storagev1.StorageClass) []segment {
	var out []segment
	for _, term := range class.AllowedTopologies {
		of := []segment{nil}
		for _, e := range term.MatchLabelExpressions {
			var next []segment
			for _, value := range e.Values {
				for _, s := range of {
					if len(next) < mostSegments {
						next = append(next, append(slices.Clone(s), keyValue{e.Key, value}))
					}
				}
			}
			of = next
		}
		for _, s := range of {
			if len(s) > 0 && len(out) < mostSegments {
				slices.SortFunc(s, func(a, b keyValue) int { return strings.Compare(a.key, b.key) })
				out = append(out, s)
			}
		}
	}
	return out
}

// nameHash is where a claim's volume goes by its name, so that the volumes of a StatefulSet are spread: the claims of one replica go together,
// and those of the next one further (getPVCNameHashAndIndexOffset, there). A name that ends in a number is taken for a replica's: the word
// before the number is hashed, and the number added.
func nameHash(name string) (hash, index uint32) {
	hashed := name
	if before, number, ok := cutLast(name); ok {
		if n, err := strconv.ParseUint(number, 10, 32); err == nil {
			index, hashed = uint32(n), before
			if _, set, many := cutLast(before); many {
				hashed = set
			}
		}
	}
	h := fnv.New32()
	_, _ = h.Write([]byte(hashed))
	return h.Sum32(), index
}

// cutLast cuts a name at its last dash.
func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, '-')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
