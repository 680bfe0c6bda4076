// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Seen is what is said of a pod where what decides about nodes could not be read, as with the rights of the ClusterRole 'view': of the pod
// itself, its claims, and by kube-scheduler.
type Seen struct {
	Runs bool
	// Gates hold back a pod that waits, and Waiting is what its first container that does not run says.
	Gates   []string
	Waiting string
	Claims  []SeenClaim
	// Unsure tells that the pod waits, and nothing says whether it can run.
	Unsure bool
}

// SeenClaim is what a claim says by itself.
type SeenClaim struct {
	// Volume is the pod's, where a pod is asked about.
	Volume, Name string
	State        SeenState
	// Bound is the volume that the claim names.
	Class, Bound string
	Bytes        int64
	SelectedNode string
}

// SeenState is how far a claim is, as it says itself.
type SeenState string

// The states of a claim that is seen alone.
const (
	SeenBound    SeenState = "Bound"
	SeenPending  SeenState = "Pending"
	SeenLost     SeenState = "Lost"
	SeenDeleting SeenState = "Deleting"
	SeenMissing  SeenState = "missing"
	SeenUnknown  SeenState = "not known"
)

// deciding are the kinds without which nothing can be said of nodes.
var deciding = []topology.Kind{topology.KindNode, topology.KindVolume, topology.KindClaim, topology.KindClass, topology.KindPod}

// certain are the causes that a claim shows by itself. One that is not bound may wait for its first consumer, by a class that is not seen.
var certain = []placement.Cause{placement.CauseClaimMissing, placement.CauseClaimLost, placement.CauseClaimDeleting, placement.CauseClaimNotOurs}

// Blind reports whether nothing can be said of nodes without the kinds.
func Blind(unlisted []topology.Kind) bool {
	return slices.ContainsFunc(deciding, func(kind topology.Kind) bool { return slices.Contains(unlisted, kind) })
}

// meant are what the kinds tell, in the order of an answer.
var meant = []struct {
	kind topology.Kind
	what string
}{
	{topology.KindNode, "which nodes there are, and what keeps the pod off them"},
	{topology.KindVolume, "where volumes that exist can be used"},
	{topology.KindClass, "how and where classes provision"},
	{topology.KindCSINode, "which drivers nodes have, and how many volumes they take"},
	{topology.KindDriver, "what drivers promise"},
	{topology.KindPool, "what room there is for new volumes"},
	{topology.KindAttachment, "which volumes are attached where"},
	{topology.KindClaim, "claims of other namespaces"},
	{topology.KindPod, "pods of other namespaces"},
}

// unknownOf is what was not looked at for want of rights.
func unknownOf(unlisted []topology.Kind) []string {
	var out []string
	for _, m := range meant {
		if slices.Contains(unlisted, m.kind) {
			out = append(out, m.what+" (your rights do not allow to list "+topology.ResourceOf(m.kind).Resource+")")
		}
	}
	return out
}

// seen explains a pod by itself and its claims.
func seen(q Question) *Explanation {
	e := &Explanation{
		Pod:  Object{Kind: "Pod", Namespace: q.Pod.Namespace, Name: q.Pod.Name},
		Node: q.Pod.Node, Ended: q.Pod.Terminal, Failed: failed(q.Whole), Said: q.Said, Events: q.Events, Fits: true, Unknown: unknownOf(q.Unlisted), Nodes: []Node{}, Known: KnownOf(q.Snapshot),
		Seen: &Seen{},
	}
	e.Seen.look(q.Whole)
	d := placement.NewDemand(q.Snapshot, q.Pod)
	for i := range d.Volumes {
		v := &d.Volumes[i]
		if v.ClaimName == "" {
			continue
		}
		c := seenClaim(v.Claim)
		if q.ClaimsUnseen {
			c.State = SeenUnknown
		}
		c.Volume, c.Name = v.Name, v.ClaimName
		e.Seen.Claims = append(e.Seen.Claims, c)
		if e.Node == "" && c.State == SeenPending {
			if warning := q.provisioningWarning(v.Claim); warning != nil && !passing(warning) {
				e.Failing = append(e.Failing, Failing{v, warning})
			}
		}
	}
	if e.Ended || e.Seen.Runs {
		return e
	}
	e.HeldBy = q.seenToHold(d)
	if e.Held = len(e.HeldBy) > 0; !e.Held && e.Node != "" && q.Whole != nil {
		e.Start = start.Of(start.Question{
			Objects: q.Objects, Snapshot: q.Snapshot, Pod: q.Whole, Volumes: d.Volumes, Events: q.Events, Now: q.Now, Seen: q.Seen,
		})
		if e.Fits = !e.Start.Blocked(); q.Unread != "" {
			e.Unknown = append(e.Unknown, "Warning events, which would say more: "+q.Unread)
		}
		return e
	}
	e.Fits = !e.Held && len(e.Seen.Gates) == 0 && e.Said == "" && len(e.Failing) == 0
	e.Seen.Unsure = e.Fits
	return e
}

// seenToHold are the volumes of which a claim itself shows that the pod cannot have it as it is.
func (q *Question) seenToHold(d *placement.Demand) []Held {
	var out []Held
	for _, u := range d.Undecided {
		if q.ClaimsUnseen || !slices.Contains(certain, u.Cause) {
			continue
		}
		for i := range d.Volumes {
			if v := &d.Volumes[i]; v.Name == u.Volume && v.State == placement.Held {
				out = append(out, Held{Volume: v, Cause: u.Cause, Detail: u.Detail, Names: claimsIn(q.Snapshot, q.Pod.Namespace)})
				break
			}
		}
	}
	return out
}

// look notes what the pod says of itself.
func (s *Seen) look(pod *corev1.Pod) {
	if pod == nil {
		return
	}
	s.Runs = !Unstarted(pod) && pod.Spec.NodeName != ""
	for _, gate := range pod.Spec.SchedulingGates {
		s.Gates = append(s.Gates, gate.Name)
	}
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if w := c.State.Waiting; w != nil && s.Waiting == "" {
			s.Waiting = strings.TrimSuffix("container "+c.Name+" waits: "+w.Reason+": "+w.Message, ": ")
		}
	}
}

func seenClaim(claim *topology.Claim) SeenClaim {
	if claim == nil {
		return SeenClaim{State: SeenMissing}
	}
	c := SeenClaim{Name: claim.Name, State: SeenPending, Class: claim.Class, Bound: claim.VolumeName, Bytes: claim.Request, SelectedNode: claim.SelectedNode}
	switch {
	case claim.Lost:
		c.State = SeenLost
	case claim.Deleting:
		c.State = SeenDeleting
	case claim.Bound():
		c.State = SeenBound
	}
	return c
}

// SeenClaimExplanation is what a claim says by itself, and who uses it.
type SeenClaimExplanation struct {
	Namespace string
	Claim     SeenClaim
	Users     []User
	// Warning is what went wrong when its volume was to be made, bound or changed; nil where no event says so.
	Warning *event.Event
	Unknown []string
	Known   Known
}

// Fine reports whether the claim has its volume, Unsure that nothing says if it will get one.
func (e *SeenClaimExplanation) Fine() bool { return e.Claim.State == SeenBound }

// Unsure reports whether it is not known if the claim will get a volume.
func (e *SeenClaimExplanation) Unsure() bool { return e.Claim.State == SeenPending && e.Warning == nil }

// OfSeenClaim explains a claim by itself, where what decides about it could not be read; nil where there is none of the name.
func OfSeenClaim(q Question, key topology.Key) *SeenClaimExplanation {
	s := q.Snapshot
	claim := s.Claim(key.Namespace, key.Name)
	if claim == nil {
		return nil
	}
	e := &SeenClaimExplanation{
		Namespace: key.Namespace, Claim: seenClaim(claim), Users: usersOf(s, key), Unknown: unknownOf(q.Unlisted), Known: KnownOf(s),
	}
	switch e.Claim.State {
	case SeenPending:
		if e.Warning = q.provisioningWarning(claim); e.Warning != nil && passing(e.Warning) {
			e.Warning = nil
		}
	case SeenBound:
		e.Warning = q.warning(claim, event.Resize)
	}
	return e
}
