// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"iter"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain/autoscaler"
	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Autoscalers is what was read of a cluster's autoscalers, for a pod of which one asks why they do not help.
type Autoscalers struct {
	autoscaler.Cluster
	// Events are those that autoscalers wrote of the pod, the newest first, and Unread why some may be missing. Created tells that the pod is in the cluster.
	Events  []event.Event
	Unread  string
	Created bool
}

// karpenterBlind are the predicates that Karpenter has nothing of, beside moorage's own: it knows the volume's node affinity, a class's allowedTopologies
// and attach limits (scheduling/volumetopology.go, scheduling/existingnode.go).
var karpenterBlind = []string{placement.ReadWriteOncePod, placement.ExclusiveDisk, placement.DriverRequired, placement.PoolCapacity, placement.VolumeZone}

// autoscalers is why autoscalers add no node for a pod that waits; nil where that is not asked.
func (q *asked) autoscalers(e *Explanation) *autoscaler.Answer {
	if q.Autoscalers == nil || q.Whole == nil || q.Pod.Node != "" || q.Pod.Terminal {
		return nil
	}
	found := autoscaler.Found{Held: e.Held || len(e.Unserved)+len(e.Failing)+len(q.Whole.Spec.SchedulingGates) > 0, Fits: e.Fits}
	if !e.Fits && !found.Held {
		found.NoNewNode, found.PoolClass = q.noNewNode(), q.poolClass()
		found.Label, found.Driver = q.labelOfDriver()
	}
	switch {
	case e.Held || e.Fits:
	case q.joint == nil:
		found.Unseen = "what decides beside volumes is not known"
	default:
		found.Free = map[autoscaler.Name]autoscaler.Free{
			autoscaler.ClusterAutoscaler: q.takenFree(placement.Configurable),
			autoscaler.Karpenter: q.takenFree(func(predicate string) bool {
				return placement.Configurable(predicate) || slices.Contains(karpenterBlind, predicate)
			}),
		}
	}
	cluster := q.Autoscalers.Cluster
	cluster.OnNodes = q.signsOnNodes()
	return autoscaler.Of(autoscaler.Question{
		Pod: q.Whole, Created: q.Autoscalers.Created, Events: q.Autoscalers.Events, Unread: q.Autoscalers.Unread, Cluster: cluster, Now: q.Now, Found: found,
	})
}

// karpenterLabel is on every node that Karpenter made.
const karpenterLabel = "karpenter.sh/nodepool"

func (q *asked) signsOnNodes() map[autoscaler.Name]bool {
	if q.Snapshot.LabelOnNodes(karpenterLabel) {
		return map[autoscaler.Name]bool{autoscaler.Karpenter: true}
	}
	return nil
}

// takenFree are the nodes that are refused for nothing but what an autoscaler is blind for.
func (q *asked) takenFree(blind func(predicate string) bool) autoscaler.Free {
	var out autoscaler.Free
	nodes := topology.NewNodeSet(q.Snapshot.NumNodes())
	seen, judged := topology.NewNodeSet(q.Snapshot.NumNodes()), topology.NewNodeSet(q.Snapshot.NumNodes())
	for k := range q.joint.Constraints {
		c := &q.joint.Constraints[k]
		if c.Predicate != "" && blind(c.Predicate) {
			nodes.Or(c.Nodes)
		} else {
			seen.Or(c.Nodes)
		}
	}
	for i := range q.Snapshot.NumNodes() {
		if _, ok := q.Others.NodeIndex(q.Snapshot.Node(i).Name); ok {
			judged.Add(i)
		}
	}
	nodes.AndNot(seen)
	nodes.And(judged)
	out.Nodes = nodes.Len()
	for k := range q.joint.Constraints {
		if c := &q.joint.Constraints[k]; c.Predicate != "" && c.Nodes.Meets(nodes) {
			out.Predicates = appendNew(out.Predicates, c.Predicate)
		}
	}
	out.First = q.zones.place(nodes).First
	return out
}

// noNewNode reports whether a node that is added would be refused too.
func (q *asked) noNewNode() bool {
	return slices.ContainsFunc(q.causes, func(c cause) bool {
		return c.volume != placement.PodLevel && refusesNew(c.reason, &q.d.Volumes[c.volume])
	})
}

// RefusesNew reports whether a cause would refuse any node that is added: another pod has the volume, or the volume is a part of one node, or is being
// made for one.
func (c *Cause) RefusesNew() bool { return c.Volume != nil && refusesNew(c.Reason, c.Volume) }

func refusesNew(reason placement.Reason, v *placement.Volume) bool {
	switch reason {
	case placement.ReasonSingleWriter, placement.ReasonReadWriteOncePod:
		return true
	case placement.ReasonSelectedNode:
		return v.Claim.SelectedNode != ""
	case placement.ReasonVolumeAffinity:
		return slices.ContainsFunc(v.Volume.Affinity.Keys(), namesNode)
	default:
		return false
	}
}

// labelOfDriver is a label that the pod's place asks for, that some nodes lack for it, and that a driver sets when it starts.
func (q *asked) labelOfDriver() (label, driver string) {
	set := setByDrivers(q.Snapshot)
	consider := func(keys ...string) {
		for _, key := range keys {
			if by, ok := set[key]; ok && label == "" && !namesNode(key) {
				label, driver = key, by
			}
		}
	}
	for i := range q.causes {
		c := &q.causes[i]
		switch {
		case c.volume == placement.PodLevel:
		case c.reason == placement.ReasonVolumeAffinity:
			consider(q.d.Volumes[c.volume].Volume.Affinity.Keys()...)
		case c.reason == placement.ReasonNoVolume && q.d.Volumes[c.volume].Class.Provisions():
			consider(q.d.Volumes[c.volume].Class.Allowed.Keys()...)
		}
	}
	if q.joint != nil {
		for k := range q.joint.Constraints {
			if q.joint.Constraints[k].Filter == nodefit.NodeAffinity {
				consider(askedFor(q.Whole)...)
			}
		}
	}
	return label, driver
}

// setByDrivers are the labels that drivers set on nodes when they start there, by key, with a driver: their topology keys but for those that the cloud sets.
func setByDrivers(s *topology.Snapshot) map[string]string {
	out := map[string]string{}
	for i := range s.NumNodes() {
		for _, d := range s.Node(i).Drivers {
			for _, key := range d.TopologyKeys {
				if by, known := out[key]; !ofCloud(key) && (!known || d.Name < by) {
					out[key] = d.Name
				}
			}
		}
	}
	return out
}

// setBy are those of the labels that drivers set on nodes when they start there, each with a driver. The keys of a volume of a driver are that driver's,
// also where it runs nowhere.
func setBy(s *topology.Snapshot, labels iter.Seq[string], ofVolume string) map[string]string {
	out, drivers := map[string]string{}, setByDrivers(s)
	for label := range labels {
		if driver := drivers[label]; driver != "" {
			out[label] = driver
		} else if ofVolume != "" && !ofCloud(label) {
			out[label] = ofVolume
		}
	}
	return out
}

// known are keys of drivers that autoscalers give the nodes which they simulate (cluster-autoscaler: cloudprovider/aws, gce and azure; Karpenter's providers
// take them for the zone).
var known = []string{"topology.ebs.csi.aws.com/zone", "topology.gke.io/zone", "topology.disk.csi.azure.com/zone"}

// ofCloud reports whether a label is set by those who make a node, so that an autoscaler can know it.
func ofCloud(key string) bool {
	domain, _, _ := strings.Cut(key, "/")
	return slices.Contains(known, key) || domain == "kubernetes.io" || strings.HasSuffix(domain, ".kubernetes.io") || strings.HasPrefix(key, "karpenter.")
}

// askedFor are the labels that a pod's nodeSelector and node affinity ask for, in order.
func askedFor(pod *corev1.Pod) []string {
	out := slices.Sorted(maps.Keys(pod.Spec.NodeSelector))
	if a := pod.Spec.Affinity; a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
			for i := range term.MatchExpressions {
				out = append(out, term.MatchExpressions[i].Key)
			}
		}
	}
	return out
}

// poolClass is a class of which the pod lacks room and whose pools are each of one node.
func (q *asked) poolClass() string {
	for i := range q.causes {
		c := &q.causes[i]
		if c.reason != placement.ReasonCapacity && c.reason != placement.ReasonJointCapacity && c.reason != placement.ReasonReserved {
			continue
		}
		class := q.blamed(c).Class
		for _, r := range q.v.Rooms(class).Pools {
			if r.Nodes.Len() == 1 && slices.ContainsFunc(r.Pool.Topology.Keys(), namesNode) {
				return class
			}
		}
	}
	return ""
}
