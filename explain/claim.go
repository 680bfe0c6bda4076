// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// ClaimExplanation is what a claim has, or waits for.
type ClaimExplanation struct {
	Claim Object
	// Is says in which state it is; Fine, that it has its volume or will get it as things are: it waits for a first consumer that there is
	// not yet, or that fits some node.
	Is   ClaimState
	Fine bool
	// Spec is the claim, Class its class: nil where there is none of the name.
	Spec  *topology.Claim
	Class *topology.Class
	// Alone is what is true of a pod that has this one volume, and Volume that volume.
	Alone  *Explanation
	Volume *placement.Volume
	// Where is where the volume can be used; nil where there is none.
	Where *Place
	// AttachedTo are the nodes that it is attached to, and Attachments all that is asked for and was: the caller fills them in where it knows
	// more than the snapshot.
	AttachedTo  []string
	Attachments []start.Attachment
	Users       []User
	// Consumer is the pod that waits for it, where one does.
	Consumer *Explanation
	// Pools are those of the class, the ones with most room first.
	Pools []Pool
	// Reserved is what is reserved for the claim, while its volume is on the way or not yet seen in the pool's capacity. MayBeReserved is
	// what is reserved for it, if the published capacity does not show the volume already.
	Reserved, MayBeReserved int64
	// Wait is what is known of why it has no volume; nil where it has one.
	Wait *ClaimWait
	// Earlier hold the data of an earlier claim of the name.
	Earlier []*topology.Volume
	// Unserved is the driver that is to serve it and runs nowhere, and Pinned the pod that has its node already, so that nobody chooses one.
	Unserved *Unserved
	Pinned   *User
	// Warning is what went wrong when its volume was to be made or bound, and Changing when that was to be changed; nil where no event says so.
	Warning  *event.Event
	Changing *event.Event
	// Resize and Modify are what is to be changed of its volume; nil for nothing.
	Resize *Resize
	Modify *Modify
	Known  Known
}

// ClaimState is how far a claim is.
type ClaimState int

// The states of a claim.
const (
	// ClaimLost has lost its volume, ClaimDeleting is going, and ClaimWithoutVolume is bound to one that is not there.
	ClaimLost ClaimState = iota
	ClaimDeleting
	ClaimWithoutVolume
	ClaimBound
	// ClaimWithoutClass names a class that is not there, and ClaimUnbound waits for its volume before any pod can be scheduled.
	ClaimWithoutClass
	ClaimUnbound
	// ClaimUnserved waits for a driver that runs nowhere, and ClaimPinned for a scheduler to choose a node, which none does for its pod.
	ClaimUnserved
	ClaimPinned
	// ClaimForLostNode is to be provisioned for a node that is not there, ClaimForWrongNode for one where it cannot be, and
	// ClaimProvisioning is being provisioned.
	ClaimForLostNode
	ClaimForWrongNode
	ClaimProvisioning
	// ClaimUnused waits for a first consumer that there is not, ClaimUnusable for one that no node could take, and ClaimWaiting for
	// Consumer.
	ClaimUnused
	ClaimUnusable
	ClaimWaiting
)

// User is a pod that uses a claim.
type User struct {
	Pod  string `json:"pod"`
	Node string `json:"node,omitempty"`
	// Note is what is special: one of the constants.
	Note string `json:"note,omitempty"`
}

// What is special about a pod that uses a claim.
const (
	PodEnded    = "ended"
	PodDeleting = "being deleted"
	PodWaiting  = "waiting"
)

// Pool is a CSIStorageCapacity with what is left in it.
type Pool struct {
	Class, Name string
	// Capacity is what the driver published, negative where it did not; Free is that less what is Reserved.
	Capacity, Reserved, Free int64
	// Largest is the largest single volume, negative where the driver does not say.
	Largest int64
	// Where is from which nodes the pool is reached.
	Where Place
}

// Claim explains what holds a claim back; nil where the snapshot has none of the name. The question's pod does not count.
func Claim(question Question, key topology.Key) *ClaimExplanation {
	s := question.Snapshot
	claim := s.Claim(key.Namespace, key.Name)
	if claim == nil {
		return nil
	}
	e := &ClaimExplanation{
		Claim: Object{"PersistentVolumeClaim", key.Namespace, key.Name}, Spec: claim, Class: s.Class(claim.Class), Users: usersOf(s, key), Known: KnownOf(s),
	}
	switch r := s.Reservation(claim.Class, key); {
	case r == nil:
	case r.Uncertain:
		e.MayBeReserved = r.Bytes
	default:
		e.Reserved = r.Bytes
	}
	// What is true of a pod that has this one volume is true of the claim.
	alone := question
	alone.Pod, alone.Whole, alone.Said = &topology.Pod{
		Namespace: key.Namespace, Volumes: []topology.PodVolume{{Name: key.Name, Claim: key.Name}},
	}, nil, ""
	q := ask(alone)
	e.Volume = &q.d.Volumes[0]
	if v := e.Volume.Volume; v != nil {
		where := q.zones.place(s.Reach(v))
		e.Where = &where
		e.attach(start.Attachments(s, start.Objects{}, v.Name))
	}
	if e.Volume.State == placement.Delayed {
		for _, r := range q.v.Rooms(claim.Class).Pools {
			e.Pools = append(e.Pools, poolOf(r, &q.zones))
		}
	}
	if q.v.Feasible.Empty() || q.held() {
		e.Alone = Nowhere(alone)
	}
	if !claim.Bound() || claim.Lost || claim.Deleting || e.Where == nil {
		e.Wait = q.wait(e.Volume)
	}
	if u := q.unservedVolumes(); len(u) > 0 {
		e.Unserved = &u[0]
	}
	if !claim.Bound() {
		e.Warning = q.provisioningWarning(claim)
	}
	e.Earlier, e.Pinned = earlierVolumes(s, claim), pinnedBy(s, key)
	if whole := question.Claims[key]; whole != nil && claim.Bound() {
		running := slices.DeleteFunc(keepers(s, key), func(u User) bool { return u.Note == PodEnded })
		if e.Resize, e.Modify = resizeOf(whole, running), modifyOf(s, whole); e.Resize != nil || e.Modify != nil {
			e.Changing = q.warning(claim, event.Resize)
		}
	}
	e.Is = q.claimState(e)
	if e.Is == ClaimForWrongNode || e.Is == ClaimUnusable {
		e.Alone = Pod(alone)
	}
	switch e.Is {
	case ClaimBound:
		e.Fine = e.Where.Nodes > 0 && e.Unserved == nil &&
			(e.Resize == nil || !e.Resize.stuck(s.Time())) && (e.Modify == nil || !e.Modify.stuck(s.Time())) && (e.Changing == nil || passing(e.Changing))
	case ClaimWaiting:
		e.Fine = e.Consumer.Fits
	case ClaimProvisioning, ClaimUnused:
		e.Fine = e.Warning == nil || passing(e.Warning)
	}
	return e
}

// Attach takes in what is known of the volume's attachments beyond the snapshot.
func (e *ClaimExplanation) Attach(s *topology.Snapshot, objects start.Objects) {
	if e.Volume.Volume != nil {
		e.attach(start.Attachments(s, objects, e.Volume.Volume.Name))
	}
}

func (e *ClaimExplanation) attach(attachments []start.Attachment) {
	e.Attachments, e.AttachedTo = attachments, nil
	for i := range attachments {
		if attachments[i].Attached && !attachments[i].Deleting {
			e.AttachedTo = append(e.AttachedTo, attachments[i].Node.Name)
		}
	}
}

func poolOf(r *placement.Room, z *zones) Pool {
	largest, known := r.Pool.VolumeLimit()
	if !known {
		largest = -1
	}
	return Pool{
		Class: r.Pool.Class, Name: r.Pool.Key().String(), Capacity: r.Pool.Capacity, Reserved: r.Reserved, Free: r.Free(), Largest: largest,
		Where: z.place(r.Nodes),
	}
}

func usersOf(s *topology.Snapshot, claim topology.Key) []User {
	var out []User
	for pod := range s.Users(claim) {
		u := User{Pod: pod.Name, Node: pod.Node}
		switch {
		case pod.Terminal:
			u.Note = PodEnded
		case pod.Deleting:
			u.Note = PodDeleting
		case pod.Node == "":
			u.Note = PodWaiting
		}
		out = append(out, u)
	}
	return out
}

func (q *asked) claimState(e *ClaimExplanation) ClaimState {
	switch claim := e.Spec; {
	case claim.Lost:
		return ClaimLost
	case claim.Deleting:
		return ClaimDeleting
	case claim.Bound() && e.Where == nil:
		return ClaimWithoutVolume
	case claim.Bound():
		return ClaimBound
	case e.Class == nil && claim.Class != "":
		return ClaimWithoutClass
	case e.Volume.State == placement.Held:
		return ClaimUnbound
	case e.Unserved != nil:
		return ClaimUnserved
	case e.Pinned != nil:
		return ClaimPinned
	case claim.SelectedNode != "":
		if _, known := q.Snapshot.NodeIndex(claim.SelectedNode); !known {
			return ClaimForLostNode
		}
		if q.v.Feasible.Empty() {
			return ClaimForWrongNode
		}
		return ClaimProvisioning
	}
	for pod := range q.Snapshot.Users(e.Spec.Key()) {
		if pod.Node == "" && !pod.Terminal && !pod.Deleting {
			consumer := q.Question
			if consumer.Pod = pod; consumer.Pods != nil {
				consumer.Whole = consumer.Pods(pod.Key())
			}
			e.Consumer = Pod(consumer)
			return ClaimWaiting
		}
	}
	if q.v.Feasible.Empty() {
		return ClaimUnusable
	}
	return ClaimUnused
}
