// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/topology/placement"
)

// plugin is the plugin of kube-scheduler that a predicate agrees with; moorage's own predicates are the extender's. For a
// node it is the first plugin that refuses it whose reasons count, and then all of that plugin's.
var plugin = map[string]string{
	placement.ReadWriteOncePod: "VolumeRestrictions", placement.ExclusiveDisk: "VolumeRestrictions",
	placement.DriverRequired: "NodeVolumeLimits", placement.AttachLimits: "NodeVolumeLimits",
	placement.VolumeAffinity: "VolumeBinding", placement.ProvisioningTopology: "VolumeBinding", placement.PoolCapacity: "VolumeBinding",
	placement.VolumeZone: "VolumeZone",
}

// message is how the pod's event begins: FitError.Error of k8s.io/kube-scheduler/framework, for the reasons that volumes give.
func (q *asked) message() string {
	nodes := q.Snapshot.NumNodes()
	if q.held() {
		if text := q.preFilterText(); text != "" {
			return fmt.Sprintf("0/%d nodes are available: %s.", nodes, text)
		}
		return ""
	}
	counts := map[string]int{}
	for i := range nodes {
		for _, text := range q.textsOf(i) {
			counts[text]++
		}
	}
	parts := make([]string, 0, len(counts))
	for text, n := range counts {
		parts = append(parts, fmt.Sprintf("%d %s", n, text))
	}
	slices.Sort(parts)
	return fmt.Sprintf("0/%d nodes are available: %s.", nodes, strings.Join(parts, ", "))
}

// textsOf are the reasons that count for a node: one that VolumeBinding refuses has all of that plugin's, and any other the
// first.
func (q *asked) textsOf(node int) []string {
	var texts []string
	first := ""
	for i := range q.causes {
		c := &q.causes[i]
		if !c.nodes.Has(node) {
			continue
		}
		if len(texts) == 0 {
			first = plugin[c.predicate]
		} else if first != "VolumeBinding" || plugin[c.predicate] != first {
			break
		}
		if text := q.text(c); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// text is kube-scheduler's own for a reason.
func (q *asked) text(c *cause) string {
	switch c.reason {
	case placement.ReasonSelectedNode:
		// In-tree a node that was not selected is one on which nothing can be bound.
		return placement.ReasonNoVolume.String()
	case placement.ReasonDriverRequired:
		return c.subject + " CSI driver is not installed on the node"
	}
	return c.reason.String()
}

// preFilterText is what kube-scheduler says of the first volume for which it does not look at nodes; empty where it says it
// in other ways.
func (q *asked) preFilterText() string {
	for _, u := range q.d.Undecided {
		for i := range q.d.Volumes {
			v := &q.d.Volumes[i]
			if v.Name != u.Volume || v.State != placement.Held {
				continue
			}
			switch u.Cause {
			case placement.CauseClaimMissing:
				if v.Ephemeral {
					return fmt.Sprintf("waiting for ephemeral volume controller to create the persistentvolumeclaim %q", v.ClaimName)
				}
				return fmt.Sprintf("persistentvolumeclaim %q not found", v.ClaimName)
			case placement.CauseClaimLost:
				return fmt.Sprintf("persistentvolumeclaim %q bound to non-existent persistentvolume %q", v.ClaimName, v.Claim.VolumeName)
			case placement.CauseClaimDeleting:
				return fmt.Sprintf("persistentvolumeclaim %q is being deleted", v.ClaimName)
			case placement.CauseClaimNotBound:
				return "pod has unbound immediate PersistentVolumeClaims"
			default:
				return ""
			}
		}
	}
	return ""
}
