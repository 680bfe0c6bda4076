// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// This file follows claims on their way to a volume.
//
// A claim is in flight from the moment that a node is selected for it (an annotation, which kube-scheduler writes, and which
// anybody can who may write the claim) until it has its volume. It reserves room only once all else shows that the annotation
// can be true (couldBeTrue), and no longer than Options.InFlightLimit at one node: claims that no driver can ever make keep
// their annotation. That the pod goes does not end it, since the provisioner goes on.

// DefaultInFlightLimit is how long a claim may reserve room without a volume.
const DefaultInFlightLimit = 10 * time.Minute

// flight is what is remembered of a claim that has had a node selected, until it has a volume or is gone. Immutable.
type flight struct {
	uid   types.UID
	class string
	// node is the one that was selected last, and selected the claim's resource version when it was.
	node      string
	selected  ResourceVersion
	witnessed bool
	// spent is how long the claim has reserved room at this node before: a node that is taken away and selected again does not
	// restart the clock. lapsed tells that the time is over.
	spent  time.Duration
	lapsed bool
	// failed are the places where a failure of this claim has been counted.
	failed []*Selector
}

// reserve keeps a claim's reservation in step with the claim, of which nil is a deleted one. It is called before the claim is
// put in.
func (s *state) reserve(key Key, old, claim *Claim) {
	f, _ := s.flights.Get(key)
	var was *Reservation
	if old != nil {
		was = s.Reservation(old.Class, key)
	}
	if claim == nil || f != nil && (f.uid != claim.UID || f.class != claim.Class) || was != nil && (was.UID != claim.UID || was.Class != claim.Class) {
		if was != nil {
			s.forsaken(was)
		}
		s.flights = s.flights.Delete(key)
		f, was = nil, nil
	}
	switch {
	case claim == nil:
	case claim.VolumeName != "":
		s.named(claim, f, was)
	case claim.SelectedNode == "" || !claim.HasRequest || claim.Lost:
		s.provisioningFailed(f, was)
	default:
		if was != nil && (was.Node != claim.SelectedNode || was.Provisioned) {
			f = s.provisioningFailed(f, was)
			was = nil
		}
		if old == nil || f == nil || old.UID != claim.UID || old.SelectedNode != claim.SelectedNode || f.node != claim.SelectedNode {
			f = s.selectedAnew(key, f, claim)
		}
		if was == nil || was.Bytes != claim.Request {
			s.begin(claim, f)
		}
	}
}

// selectedAnew notes that a node was selected for the claim: the clock starts with another node than before.
func (s *state) selectedAnew(key Key, before *flight, claim *Claim) *flight {
	f := &flight{
		uid: claim.UID, class: claim.Class, node: claim.SelectedNode, selected: claim.ResourceVersion, witnessed: !s.starting(),
	}
	if before != nil {
		f.failed = before.failed
		if before.node == f.node {
			f.spent, f.lapsed = before.spent, before.lapsed
		}
	}
	s.flights = s.flights.Set(key, f)
	return f
}

// begin reserves room for a claim that is not reserved for, or for another size, if it can be true.
func (s *state) begin(claim *Claim, f *flight) {
	was := s.Reservation(claim.Class, claim.Key())
	if f.lapsed || f.spent >= s.limits.inFlight || !s.couldBeTrue(claim) {
		if was != nil {
			s.release(was, endedFailed)
		}
		return
	}
	now := s.now()
	r := &Reservation{
		Claim: claim.Key(), UID: claim.UID, Class: claim.Class, Node: claim.SelectedNode, Bytes: claim.Request,
		selected: f.selected, since: now, witnessed: f.witnessed,
		// A reader who saw it begin may have ended it by time long ago.
		Uncertain: !f.witnessed && !claim.Created.IsZero() && now.Sub(claim.Created) >= s.limits.inFlight,
	}
	if was != nil {
		r.since, r.Uncertain = was.since, was.Uncertain
	}
	s.setReservation(r)
	s.expireBy(r)
}

// revisit looks again at a claim in flight after something changed that its reservation may have waited for.
func (s *state) revisit(key Key) {
	f, _ := s.flights.Get(key)
	if f == nil || f.lapsed {
		return
	}
	claim, _ := s.claims.Get(key)
	if claim != nil && claim.VolumeName == "" && claim.SelectedNode == f.node && s.Reservation(claim.Class, key) == nil {
		s.begin(claim, f)
	}
}

// revisitAll looks again at the claims in flight of a class, or of all classes where it is empty.
func (s *state) revisitAll(class string) {
	for key, f := range s.flights.All() {
		if class == "" || f.class == class {
			s.revisit(key)
		}
	}
}

// revisitClaimsOf looks again at the claims that the pod uses.
func (s *state) revisitClaimsOf(pod *Pod) {
	if s.flights.Len() == 0 {
		return
	}
	for i := range pod.Volumes {
		if claim := pod.Volumes[i].Claim; claim != "" {
			s.revisit(Key{pod.Namespace, claim})
		}
	}
}

// named follows a claim that names its volume. Anybody can write the name, once; that there is a volume which names the claim in
// turn, nobody but the driver's provisioner and the volume controller. Until such a volume is seen nothing is sure.
func (s *state) named(claim *Claim, f *flight, was *Reservation) {
	if was != nil && was.Provisioned || was == nil && f == nil {
		return
	}
	volume, _ := s.volumes.Get(Key{Name: claim.VolumeName})
	if volume == nil || !volume.KeptFor(claim) {
		if was != nil && was.bound == 0 {
			r := *was
			r.bound, r.Uncertain = claim.ResourceVersion, true
			s.setReservation(&r)
		}
		return
	}
	s.flights = s.flights.Delete(claim.Key())
	if was == nil {
		// Nothing was reserved, for want of a pod that was seen or of time. The volume is there all the same.
		if !s.couldBeMade(claim, f.node) {
			return
		}
		was = &Reservation{
			Claim: claim.Key(), UID: claim.UID, Class: claim.Class, Node: f.node, Bytes: claim.Request, selected: f.selected,
			witnessed: f.witnessed,
		}
	}
	bound := was.bound
	if bound == 0 {
		bound = claim.ResourceVersion
	}
	s.provisioned(was, bound, s.now())
}

// volumeSeen follows the claim that a volume names.
func (s *state) volumeSeen(volume *Volume) {
	if s.flights.Len() == 0 {
		return
	}
	claim, _ := s.claims.Get(volume.ClaimRef)
	if f, _ := s.flights.Get(volume.ClaimRef); f != nil && claim != nil && claim.VolumeName == volume.Name {
		s.named(claim, f, s.Reservation(claim.Class, claim.Key()))
	}
}

// starting tells that the cache is being filled for the first time: what a claim is then may have come about before.
func (s *state) starting() bool {
	return s.ledger.filling && !s.ledger.recovered
}
