// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

// sum adds up what was placed, by zone and pool.
func (m *simulation) sum(before map[string]explain.Pool) {
	byZone := map[string]*Zone{}
	for i := range m.result.Pods {
		p := &m.result.Pods[i]
		if p.Node == "" {
			continue
		}
		z := byZone[p.Zone]
		if z == nil {
			z = &Zone{Zone: p.Zone}
			byZone[p.Zone] = z
		}
		z.Pods++
		for _, v := range p.Volumes {
			if v.How == Provisioned {
				z.Volumes++
				z.Bytes = topology.AddBytes(z.Bytes, v.Bytes)
			}
		}
	}
	for _, z := range byZone {
		m.result.Zones = append(m.result.Zones, *z)
	}
	slices.SortFunc(m.result.Zones, func(a, b Zone) int { return cmp.Compare(a.Zone, b.Zone) })
	m.s = m.draft.Snapshot()
	for name, after := range m.pools() {
		if was := before[name]; was.Free != after.Free {
			m.result.Pools = append(m.result.Pools, Pool{Class: after.Class, Name: name, Where: after.Where, Before: was.Free, After: after.Free})
		}
	}
	slices.SortFunc(m.result.Pools, func(a, b Pool) int { return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Name, b.Name)) })
	class := ""
	for i := range m.result.Pools {
		if p := &m.result.Pools[i]; p.Class != class {
			class = p.Class
			m.result.Uncertain = append(m.result.Uncertain, explain.UncertainOf(m.s, class)...)
		}
	}
}

// noteUnmodelled notes what the pods ask for that was not looked at. What decides beside volumes is looked at where it is known.
func (m *simulation) noteUnmodelled(pods []planned) {
	for i := range pods {
		spec := &pods[i].pod.Spec
		requests := false
		for c := range spec.Containers {
			requests = requests || len(spec.Containers[c].Resources.Requests) > 0
		}
		a, alone := spec.Affinity, m.others == nil
		for _, u := range []struct {
			asked bool
			thing Unmodelled
		}{
			{alone && requests, Requests},
			{alone && a != nil && (a.PodAffinity != nil || a.PodAntiAffinity != nil), PodAffinity},
			{!alone && preferred(a), PreferredPod},
			{alone && len(spec.TopologySpreadConstraints) > 0, Spread},
			{alone && a != nil && a.NodeAffinity != nil && len(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0, PreferredNode},
			{alone && len(spec.Tolerations) > 0, Tolerations},
			{spec.PriorityClassName != "" || spec.Priority != nil && *spec.Priority != 0, Priority},
		} {
			if u.asked && !slices.Contains(m.result.Unmodelled, u.thing) {
				m.result.Unmodelled = append(m.result.Unmodelled, u.thing)
			}
		}
	}
}

// preferred reports whether pods are preferred near, or not near.
func preferred(a *corev1.Affinity) bool {
	return a != nil && (a.PodAffinity != nil && len(a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0 ||
		a.PodAntiAffinity != nil && len(a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0)
}
