// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// ClaimExplanation is what a claim has, or waits for.
type ClaimExplanation struct {
	Claim Object `json:"claim"`
	// Fine tells that the claim has its volume, or will get it as things are: it waits for a first consumer that there is not
	// yet, or that fits some node.
	Fine     bool   `json:"fine"`
	Headline string `json:"headline"`
	// State is Bound, Delayed or Held, as of a pod's volume.
	State string `json:"state"`
	Class string `json:"class,omitempty"`
	// Provisioner and BindingMode are the class's.
	Provisioner string `json:"provisioner,omitempty"`
	BindingMode string `json:"bindingMode,omitempty"`
	// Bytes is what the claim asks for.
	Bytes            int64  `json:"bytes,omitempty"`
	PersistentVolume string `json:"persistentVolume,omitempty"`
	// Where tells a person on which nodes the volume can be used.
	Where string `json:"where,omitempty"`
	// SelectedNode is the node for which the volume is to be provisioned.
	SelectedNode string   `json:"selectedNode,omitempty"`
	AttachedTo   []string `json:"attachedTo,omitempty"`
	Users        []User   `json:"users,omitempty"`
	// Pools are those of the class, the ones with most room first.
	Pools []Pool `json:"pools,omitempty"`
	// Reserved is what is reserved for the claim, while its volume is on the way or not yet seen in the pool's capacity.
	Reserved int64 `json:"reserved,omitempty"`
	// MayBeReserved is what is reserved for it, if the published capacity does not show the volume already.
	MayBeReserved int64 `json:"mayBeReserved,omitempty"`
	Known         Known `json:"known"`
}

// User is a pod that uses a claim.
type User struct {
	Pod  string `json:"pod"`
	Node string `json:"node,omitempty"`
	// Note is what is special: waiting, being deleted, ended.
	Note string `json:"note,omitempty"`
}

// Pool is a CSIStorageCapacity with what is left in it.
type Pool struct {
	Class string `json:"class"`
	Name  string `json:"name"`
	// Capacity is what the driver published, negative where it did not; Free is that less what is Reserved.
	Capacity int64 `json:"capacity"`
	Reserved int64 `json:"reserved"`
	Free     int64 `json:"free"`
	// Largest is the largest single volume, negative where the driver does not say.
	Largest int64 `json:"largest"`
	// Where tells a person from which nodes the pool is reached.
	Where string `json:"where"`
}

// Claim explains what holds a claim back; nil where the snapshot has none of the name.
func Claim(s *topology.Snapshot, engine *placement.Engine, key topology.Key) *ClaimExplanation {
	claim := s.Claim(key.Namespace, key.Name)
	if claim == nil {
		return nil
	}
	e := &ClaimExplanation{
		Claim: Object{"PersistentVolumeClaim", key.Namespace, key.Name}, Class: claim.Class, Bytes: claim.Request,
		PersistentVolume: claim.VolumeName, SelectedNode: claim.SelectedNode, Users: usersOf(s, key), Known: KnownOf(s),
	}
	class := s.Class(claim.Class)
	if class != nil {
		e.Provisioner, e.BindingMode = class.Provisioner, "Immediate"
		if class.Delayed {
			e.BindingMode = "WaitForFirstConsumer"
		}
	}
	switch r := s.Reservation(claim.Class, key); {
	case r == nil:
	case r.Uncertain:
		e.MayBeReserved = r.Bytes
	default:
		e.Reserved = r.Bytes
	}
	// What is true of a pod that has this one volume is true of the claim.
	pod := &topology.Pod{Namespace: key.Namespace, Volumes: []topology.PodVolume{{Name: key.Name, Claim: key.Name}}}
	q := ask(Question{Snapshot: s, Engine: engine, Pod: pod})
	v := &q.d.Volumes[0]
	e.State = v.State.String()
	if v.Volume != nil {
		e.Where = q.zones.on(s.Reach(v.Volume))
		for a := range s.AttachmentsOf(v.Volume.Name) {
			e.AttachedTo = append(e.AttachedTo, a.Node)
		}
	}
	if v.State == placement.Delayed {
		for _, r := range q.v.Rooms(claim.Class).Pools {
			e.Pools = append(e.Pools, poolOf(r, &q.zones))
		}
	}
	e.Headline, e.Fine = q.claimHeadline(e, claim, class)
	return e
}

func poolOf(r *placement.Room, z *zones) Pool {
	largest, known := r.Pool.VolumeLimit()
	if !known {
		largest = -1
	}
	return Pool{
		Class: r.Pool.Class, Name: r.Pool.Key().String(), Capacity: r.Pool.Capacity, Reserved: r.Reserved, Free: r.Free(), Largest: largest,
		Where: z.on(r.Nodes),
	}
}

func usersOf(s *topology.Snapshot, claim topology.Key) []User {
	var out []User
	for pod := range s.Users(claim) {
		u := User{Pod: pod.Name, Node: pod.Node}
		switch {
		case pod.Terminal:
			u.Note = "ended"
		case pod.Deleting:
			u.Note = "being deleted"
		case pod.Node == "":
			u.Note = "waiting"
		}
		out = append(out, u)
	}
	return out
}

func (q *asked) claimHeadline(e *ClaimExplanation, claim *topology.Claim, class *topology.Class) (headline string, fine bool) {
	switch {
	case claim.Lost:
		return fmt.Sprintf("it has lost its volume %s, which was deleted; the data is gone unless the volume is restored", claim.VolumeName), false
	case claim.Deleting && len(e.Users) > 0:
		return "it is being deleted, which ends when " + usersText(e.Users) + " has gone", false
	case claim.Deleting:
		return "it is being deleted", false
	case claim.Bound() && e.Where == "":
		return fmt.Sprintf("it is bound to volume %s, which does not exist", claim.VolumeName), false
	case claim.Bound():
		used := "; no pod uses it"
		if len(e.Users) > 0 {
			used = "; used by " + usersText(e.Users)
		}
		return fmt.Sprintf("it is bound to volume %s, which can be used %s%s", claim.VolumeName, e.Where, used), e.Where != "on no node"
	case class == nil && claim.Class != "":
		return fmt.Sprintf("it names class %s, which does not exist; create the class, or the claim anew with another", claim.Class), false
	case e.State == placement.Held.String():
		return notBound(q.Snapshot, claim), false
	case claim.SelectedNode != "":
		return q.provisioning(e, claim, class)
	default:
		return q.firstConsumer(e)
	}
}

// provisioning is the headline of a claim for which kube-scheduler has selected a node.
func (q *asked) provisioning(e *ClaimExplanation, claim *topology.Claim, class *topology.Class) (headline string, fine bool) {
	if _, known := q.Snapshot.NodeIndex(claim.SelectedNode); !known {
		return fmt.Sprintf("its volume is to be provisioned for node %s, which is not in the cluster any more; remove the annotation "+
			"volume.kubernetes.io/selected-node, so that kube-scheduler selects another", claim.SelectedNode), false
	}
	if q.v.Feasible.Empty() {
		return fmt.Sprintf("its volume is to be provisioned for node %s, where it cannot be: %s", claim.SelectedNode, q.nowhere()), false
	}
	return fmt.Sprintf("its volume is being provisioned for node %s by %s; where that takes long, look at the events of the claim",
		e.SelectedNode, class.Provisioner), true
}

// firstConsumer is the headline of a claim that waits for a pod.
func (q *asked) firstConsumer(e *ClaimExplanation) (headline string, fine bool) {
	for pod := range q.Snapshot.Users(topology.Key{Namespace: e.Claim.Namespace, Name: e.Claim.Name}) {
		if pod.Node != "" || pod.Terminal || pod.Deleting {
			continue
		}
		waiting := Pod(Question{Snapshot: q.Snapshot, Engine: q.Engine, Pod: pod})
		if waiting.Fits {
			return fmt.Sprintf("it waits for its first consumer, pod %s: %s", pod.Name, waiting.Headline), true
		}
		return fmt.Sprintf("it waits for its first consumer, pod %s, which fits nowhere: %s; see: moorage explain pod %s -n %s", pod.Name, waiting.Headline,
			plain.Quote(pod.Name), plain.Quote(pod.Namespace)), false
	}
	if q.v.Feasible.Empty() {
		return "it waits for its first consumer, and no node could take one: " + q.nowhere(), false
	}
	return "it waits for its first consumer (WaitForFirstConsumer), and no pod that uses it waits", true
}

func usersText(users []User) string {
	return few(users, func(u User) string {
		text := "pod " + u.Pod
		if u.Node != "" {
			text += " on " + u.Node
		}
		if u.Note != "" {
			text += " (" + u.Note + ")"
		}
		return text
	})
}
