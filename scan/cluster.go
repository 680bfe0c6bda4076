// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// Cluster is what findings are looked for in: a snapshot, the objects in full, and indexes over both. Nothing in it must be changed.
type Cluster struct {
	*Objects
	Snapshot *topology.Snapshot
	// Ask is what is asked of explain about anything: the snapshot, the engine and the other filters, without a pod and its events.
	Ask explain.Question
	// Now is the time at which the findings are to hold: the API server's, or with files --now or the newest time in them.
	Now time.Time
	// Unlisted are the kinds that could not be read, or not all of them, and why.
	Unlisted map[topology.Kind]string
	// Rules are asked about the objects, and Upgrade is the change of Kubernetes that is asked about; each may be nil. Set them before Run.
	Rules   *rules.Evaluator
	Upgrade *Upgrade

	events        map[eventKey][]event.Event
	users         map[topology.Key][]*corev1.Pod
	onNode        map[string][]*corev1.Pod
	owned         map[Object][]*corev1.Pod
	attachmentsOf map[string][]*storagev1.VolumeAttachment
	// attachedFor are the pods for which a volume is said to have been attached, by the volume; lastOfNode is when something was said last of a node
	// or by its kubelet.
	attachedFor map[string][]topology.Key
	lastOfNode  map[string]time.Time
	// explained are findings so far that explain why an object does not run, by the object.
	explained map[Object]bool
	// memo is what several kinds of findings ask for and is worked out once.
	memo memo
}

// New makes a Cluster. The question is that of explain, without a pod.
func New(objects *Objects, ask explain.Question, now time.Time, unlisted map[topology.Kind]string) *Cluster {
	c := &Cluster{
		Objects: objects, Snapshot: ask.Snapshot, Ask: ask, Now: now, Unlisted: unlisted, events: map[eventKey][]event.Event{},
		users: map[topology.Key][]*corev1.Pod{}, onNode: map[string][]*corev1.Pod{}, owned: map[Object][]*corev1.Pod{},
		attachmentsOf: map[string][]*storagev1.VolumeAttachment{},
		explained:     map[Object]bool{}, attachedFor: map[string][]topology.Key{}, lastOfNode: map[string]time.Time{},
	}
	c.readEvents()
	for _, pod := range objects.Pods {
		for i := range pod.Spec.Volumes {
			if claim := claimOf(pod, &pod.Spec.Volumes[i]); claim != "" {
				key := topology.Key{Namespace: pod.Namespace, Name: claim}
				c.users[key] = append(c.users[key], pod)
			}
		}
		if pod.Spec.NodeName != "" {
			c.onNode[pod.Spec.NodeName] = append(c.onNode[pod.Spec.NodeName], pod)
		}
		if owner := ownerOf(pod); owner.Name != "" {
			c.owned[owner] = append(c.owned[owner], pod)
		}
	}
	for _, a := range objects.Attachments {
		if v := a.Spec.Source.PersistentVolumeName; v != nil {
			c.attachmentsOf[*v] = append(c.attachmentsOf[*v], a)
		}
	}
	sortEach(c.users, byName)
	sortEach(c.onNode, byName)
	sortEach(c.owned, byName)
	sortEach(c.attachmentsOf, func(a, b *storagev1.VolumeAttachment) int { return cmp.Compare(a.Name, b.Name) })
	return c
}

// sortEach puts each list of an index in order.
func sortEach[K comparable, V any](index map[K][]V, compare func(a, b V) int) {
	for _, list := range index {
		slices.SortFunc(list, compare)
	}
}

func byName(a, b *corev1.Pod) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
}

// claimOf is the name of the claim that a volume of a pod is; empty where it is none.
func claimOf(pod *corev1.Pod, v *corev1.Volume) string {
	switch {
	case v.PersistentVolumeClaim != nil:
		return v.PersistentVolumeClaim.ClaimName
	case v.Ephemeral != nil:
		return topology.EphemeralClaimName(pod.Name, v.Name)
	default:
		return ""
	}
}

// Users are the pods that name a claim, those that have ended too, in order.
func (c *Cluster) Users(claim topology.Key) []*corev1.Pod { return c.users[claim] }

// PodsOn are the pods that have the node, in order.
func (c *Cluster) PodsOn(node string) []*corev1.Pod { return c.onNode[node] }

// PodsOf are the pods of a workload, in order; the ReplicaSet of a Deployment stands for the Deployment.
func (c *Cluster) PodsOf(owner Object) []*corev1.Pod { return c.owned[owner] }

// AttachmentsOf are the attachments of a volume, in order.
func (c *Cluster) AttachmentsOf(volume string) []*storagev1.VolumeAttachment {
	return c.attachmentsOf[volume]
}

// ClaimOf is the claim that a volume is bound to or kept for; nil where it is not there, or is a later one of the name.
func (c *Cluster) ClaimOf(v *corev1.PersistentVolume) *corev1.PersistentVolumeClaim {
	ref := v.Spec.ClaimRef
	if ref == nil {
		return nil
	}
	claim := c.Claims[topology.Key{Namespace: ref.Namespace, Name: ref.Name}]
	if claim == nil || ref.UID != "" && claim.UID != "" && ref.UID != claim.UID {
		return nil
	}
	return claim
}

// ended reports whether a pod needs nothing any more.
func ended(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

// HasNode reports whether a node is in the cluster. Where no node is known at all, each may be.
func (c *Cluster) HasNode(name string) bool {
	_, known := c.Snapshot.NodeIndex(name)
	return known || c.Snapshot.NumNodes() == 0
}

// Question is what explain is asked about a pod.
func (c *Cluster) Question(pod *corev1.Pod) explain.Question {
	q := c.Ask
	q.Pod, q.Whole, q.Said = topology.PodFromAPI(pod), pod, explain.SaidOf(pod)
	q.Events = c.Warnings(explain.AboutPod(c.Snapshot, pod)...)
	return q
}

// aboutClaim are the objects whose events tell of a claim.
func aboutClaim(claim *corev1.PersistentVolumeClaim) []event.Object {
	return explain.AboutClaim(keyOf(claim), claim.UID, claim.Spec.VolumeName)
}
