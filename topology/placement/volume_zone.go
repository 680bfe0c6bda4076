// SPDX-License-Identifier: Apache-2.0

package placement

// volumeZone refuses the nodes outside the zones and regions that a volume's labels name: kube-scheduler's volumezone. It
// concerns volumes made before node affinity, and looks at volumes that the pod names by claim, not at ephemeral ones.
func volumeZone(q *query) {
	for i := range q.d.Volumes {
		v := &q.d.Volumes[i]
		if v.State != Bound || v.Ephemeral {
			continue
		}
		for _, zone := range v.Volume.Zones {
			refused := q.s.Nodes(zone).Clone()
			refused.Not()
			q.refuse(i, ReasonVolumeZone, refused)
		}
	}
}
