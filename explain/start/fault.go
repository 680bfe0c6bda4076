// SPDX-License-Identifier: Apache-2.0

package start

import (
	"cmp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Kind is what keeps a volume from a pod.
type Kind int

// The kinds of faults, in the order in which they come before one another.
const (
	// DriverMissing: the driver is not registered on the node.
	DriverMissing Kind = iota
	// OutOfPlace: the volume can be used on other nodes only, and the kubelet does not mount it here.
	OutOfPlace
	// HeldElsewhere: another node has the volume. The attachment to this node may have failed for that.
	HeldElsewhere
	// AttachFails: the driver says why it does not attach the volume.
	AttachFails
	// AttachSilent: the attachment is asked for, and the driver has said nothing; NotAsked: it is not asked for.
	AttachSilent
	NotAsked
	// DataMissing: a Secret or ConfigMap that the volume names is not there, or lacks a key.
	DataMissing
	// SaidByEvent is an event about the volume: it is not attached or mounted, or an object that it names is not there.
	SaidByEvent
	// OfContainer is a container that cannot be started because of a volume.
	OfContainer
)

// Fault is one thing that keeps a volume from a pod.
type Fault struct {
	Kind Kind
	// Volume is nil for a volume that comes from no claim and no driver, such as a Secret; Name is its name in the pod, where that is known.
	Volume *placement.Volume
	Name   string
	Driver string
	// NoCSINode tells that the node has no CSINode at all (DriverMissing).
	NoCSINode bool
	// Here is the attachment to the pod's node, where there is one, and Elsewhere who has the volume instead.
	Here      *Attachment
	Elsewhere []Holder
	// Event is what was said, and Known what the table knows of that.
	Event *event.Event
	Known *event.Known
	// Missing are the Secrets and ConfigMaps that the volume waits for: DataMissing, and SaidByEvent where the event names several.
	Missing []MissingData
	// Young tells that what the fault waits for was asked for just now.
	Young bool
	// Slots are what the node's CSINode promises for the driver (negative for no limit), Attached how many volumes are attached there.
	Slots, Attached int
}

// Passing reports whether the fault ends by itself as a rule.
func (f *Fault) Passing() bool {
	switch f.Kind {
	case AttachSilent, NotAsked:
		return f.Young && (f.Here == nil || f.Here.DetachError == nil)
	case SaidByEvent:
		return f.Known != nil && f.Known.Passing && f.Known.ID != slowWalk && f.Event.Count < often && f.Event.Last.Sub(f.Event.First) < soon
	default:
		return false
	}
}

const (
	// slowWalk is the row of a text that the kubelet writes only where it takes long.
	slowWalk = "ownership-walk"
	// often is how many times something is said that does not end at once.
	often = 3
)

// faults are what keeps the pod's volumes from it, those that last first.
func (q *Question) faults(here string) []Fault {
	var out []Fault
	for i := range q.Volumes {
		v := &q.Volumes[i]
		if f := q.driverMissing(v, here); f != nil {
			out = append(out, *f)
		} else if q.outOfPlace(v, here) {
			out = append(out, Fault{Kind: OutOfPlace, Volume: v, Name: v.Name, Driver: v.Driver()})
		} else if f := q.attaching(v, here); f != nil {
			out = append(out, *f)
		}
	}
	out = append(out, q.withoutData()...)
	out = append(out, q.saidOfVolumes(out)...)
	slices.SortStableFunc(out, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(number(a.Passing()), number(b.Passing())), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

// driverMissing is for a driver that is not registered on the node, while the node says which are. A cluster without any CSINode says nothing.
func (q *Question) driverMissing(v *placement.Volume, here string) *Fault {
	driver := v.Driver()
	i, known := q.Snapshot.NodeIndex(here)
	if driver == "" || !known || q.Snapshot.WithCSINode().Empty() || q.Snapshot.Node(i).Driver(driver) != nil {
		return nil
	}
	if v.Volume != nil && v.Volume.Migration != nil && !q.Snapshot.MigratedOn(v.Volume.Migration.Plugin).Has(i) || v.Inline != nil {
		return nil // Kubernetes itself may serve it there.
	}
	return &Fault{Kind: DriverMissing, Volume: v, Name: v.Name, Driver: driver, NoCSINode: !q.Snapshot.Node(i).HasCSINode}
}

// outOfPlace reports whether a volume can be used on other nodes only, as the kubelet looks before it mounts (CheckNodeAffinity in
// k8s.io/component-helpers/storage/volume).
func (q *Question) outOfPlace(v *placement.Volume, here string) bool {
	i, known := q.Snapshot.NodeIndex(here)
	return known && v.Volume != nil && v.Volume.Affinity != nil && !q.Snapshot.Nodes(v.Volume.Affinity).Has(i)
}

// attaching is for a volume that is to be attached and is not.
func (q *Question) attaching(v *placement.Volume, here string) *Fault {
	if v.Volume == nil || v.Claim == nil || !q.Snapshot.Attaches(v.Driver()) {
		return nil
	}
	attachments := q.AttachmentsOf(v.Volume.Name)
	f := &Fault{Volume: v, Name: v.Name, Driver: v.Driver(), Slots: -1}
	for i := range attachments {
		if a := &attachments[i]; a.Node.Name == here && (f.Here == nil || f.Here.Deleting) {
			f.Here = a
		}
	}
	if f.Here != nil && f.Here.Attached && !f.Here.Deleting {
		return nil
	}
	if f.Here == nil && q.beingMounted(v.Volume.Name) {
		return nil // Its attachment is not known, and the kubelet has come further.
	}
	if i, known := q.Snapshot.NodeIndex(here); known {
		if d := q.Snapshot.Node(i).Driver(f.Driver); d != nil {
			f.Slots = int(d.Allocatable)
		}
	}
	f.Attached = q.attachedTo(here, f.Driver)
	if exclusive(v) {
		f.Elsewhere = q.holders(v, attachments, here)
	}
	f.Event, f.Known = q.newest(func(e *event.Event) bool {
		return event.StageOf(e.Reason) == event.Attach && event.Volume(e.Message) == v.Volume.Name
	})
	switch {
	case len(f.Elsewhere) > 0:
		f.Kind = HeldElsewhere
	case f.Here != nil && f.Here.AttachError != nil:
		f.Kind = AttachFails
	case f.Event != nil:
		f.Kind = SaidByEvent
	case f.Here != nil:
		f.Kind, f.Young = AttachSilent, q.young(f.Here.Created)
	case len(attachments) > 0 || q.attachmentsAreKnown():
		f.Kind, f.Young = NotAsked, q.young(q.scheduled())
	default:
		return nil // Files without any attachment say nothing of attachments.
	}
	return f
}

// beingMounted reports whether the kubelet has said of the volume what it says only once it is attached.
func (q *Question) beingMounted(volume string) bool {
	return slices.ContainsFunc(q.Events, func(e event.Event) bool {
		return event.StageOf(e.Reason) == event.Mount && event.Volume(e.Message) == volume &&
			(strings.HasPrefix(e.Message, "MountVolume.MountDevice") || strings.HasPrefix(e.Message, "MountVolume.SetUp"))
	})
}

// attachmentsAreKnown reports whether there are attachments at all: files may have left them out.
func (q *Question) attachmentsAreKnown() bool { return q.Snapshot.Len(topology.KindAttachment) > 0 }

// soon is how long it may take to attach a volume without anything to say: external-attacher is given two minutes for a try.
const soon = 2 * time.Minute

func (q *Question) young(since time.Time) bool {
	return !q.Now.IsZero() && !since.IsZero() && q.Now.Sub(since) < soon
}

// scheduled is when the pod got its node.
func (q *Question) scheduled() time.Time {
	for i := range q.Pod.Status.Conditions {
		if c := &q.Pod.Status.Conditions[i]; c.Type == corev1.PodScheduled && c.Status == corev1.ConditionTrue && !c.LastTransitionTime.IsZero() {
			return c.LastTransitionTime.Time
		}
	}
	return q.Pod.CreationTimestamp.Time
}

// attachedTo is how many volumes of the driver are attached to the node.
func (q *Question) attachedTo(node, driver string) int {
	n := 0
	for _, key := range q.Snapshot.Keys(topology.KindAttachment) {
		if a := q.Snapshot.Attachment(key.Name); a.Node == node && a.Driver == driver && a.Attached {
			n++
		}
	}
	return n
}

// staleAfter is how much older than the newest an event may be: the kubelet and the controllers try again every two minutes, and what they say
// is counted, but for floods, of which one in five minutes is let through.
const staleAfter = 10 * time.Minute

// newest is what was said last, of what was said lately: what tells a cause that lasts before what ends by itself, and that before what only
// says that something fails.
func (q *Question) newest(of func(*event.Event) bool) (*event.Event, *event.Known) {
	var best *event.Event
	var known *event.Known
	rank := -1
	var last time.Time
	for i := range q.Events {
		e := &q.Events[i]
		if !of(e) {
			continue
		}
		if last.IsZero() {
			last = e.Last
		}
		if last.Sub(e.Last) > staleAfter {
			break
		}
		k := e.Known()
		r := 2
		switch {
		case k != nil && k.Symptom:
			r = 0
		case k != nil && k.Passing:
			r = 1
		}
		if r > rank {
			best, known, rank = e, k, r
		}
	}
	return best, known
}

// saidOfVolumes are the mount events of the pod, one for each volume that has no other fault.
func (q *Question) saidOfVolumes(faults []Fault) []Fault {
	about := map[string][]string{} // The names by which events know a volume.
	var order []string
	add := func(key string, names ...string) {
		if about[key] == nil {
			order = append(order, key)
		}
		about[key] = append(about[key], names...)
	}
	for i := range q.Pod.Spec.Volumes {
		add(q.Pod.Spec.Volumes[i].Name, q.Pod.Spec.Volumes[i].Name)
	}
	byName, unseen := map[string]*placement.Volume{}, map[string]bool{}
	for i := range q.Volumes {
		v := &q.Volumes[i]
		byName[v.Name] = v
		switch {
		case v.Volume != nil:
			add(v.Name, v.Volume.Name)
		case v.Claim != nil && v.Claim.VolumeName != "": // It may not be looked at, and what is said of it may.
			add(v.Name, v.Claim.VolumeName)
			unseen[v.Name] = true
		}
	}
	var out []Fault
	for _, name := range order {
		if slices.ContainsFunc(faults, func(f Fault) bool { return f.Name == name }) {
			continue
		}
		e, known := q.newest(func(e *event.Event) bool {
			stage := event.StageOf(e.Reason)
			return (stage == event.Mount || stage == event.Attach && unseen[name] || stage == event.Resize && e.Object.Kind == "Pod") && slices.Contains(about[name], volumeOf(e.Message))
		})
		if e != nil {
			f := Fault{Kind: SaidByEvent, Volume: byName[name], Name: name, Event: e, Known: known}
			if missing := missingIn(e.Message); len(missing) > 1 && known != nil && known.Missing != "" {
				f.Missing = missing
			}
			if f.Volume != nil {
				f.Driver = f.Volume.Driver()
			}
			out = append(out, f)
		}
	}
	if len(out)+len(faults) > 0 {
		return out
	}
	// What names no volume, or says only that volumes are awaited.
	e, known := q.newest(func(e *event.Event) bool {
		stage := event.StageOf(e.Reason)
		return e.Object.Kind == "Pod" && (stage == event.Mount || stage == event.Attach)
	})
	if e != nil {
		out = append(out, Fault{Kind: SaidByEvent, Event: e, Known: known})
	}
	return out
}

// volumeOf is the volume that a text is about; of a text that lists volumes it is the only one that could not be processed.
func volumeOf(message string) string {
	if name := event.Volume(message); name != "" {
		return name
	}
	_, rest, found := strings.Cut(message, "failed to process volumes=[")
	if !found {
		return ""
	}
	name, _, _ := strings.Cut(rest, "]")
	return name
}
