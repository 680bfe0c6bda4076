// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
)

// started is the headline of a pod that has its node.
func (w causeWords) started(e *explain.Explanation) string {
	s := w.ofStart(e)
	a := s.Answer
	switch a.State {
	case start.Hanging:
		return fmt.Sprintf("it is on node %s and waits: %s", a.Node.Name, s.clauses())
	case start.NodeLost:
		line := fmt.Sprintf("its node %s, so nothing starts there", s.nodeIs(&a.Node))
		if len(a.Faults) > 0 {
			line += "; and " + s.clauses()
		}
		return line
	case start.Failing:
		return fmt.Sprintf("it is on node %s, and its volumes are not to blame: %s", a.Node.Name, containerWords(a.Container))
	case start.Starting:
		if len(a.Faults) > 0 {
			return fmt.Sprintf("it is on node %s and is starting: %s", a.Node.Name, s.clauses())
		}
		return startingWords(a)
	case start.Deleting:
		return fmt.Sprintf("it is being deleted, and ends on node %s", a.Node.Name)
	case start.DeletingLong:
		return s.deletingLong()
	default:
		return w.placed(e)
	}
}

// startWords say why a pod that has its node does not run there.
type startWords struct {
	causeWords
	*start.Answer
	pod     explain.Object
	volumes []explain.Volume
}

func (w causeWords) ofStart(e *explain.Explanation) startWords {
	return startWords{w, e.Start, e.Pod, e.Volumes}
}

// placeOf is where the volume of a fault can be used.
func (s *startWords) placeOf(f *start.Fault) string {
	i := slices.IndexFunc(s.volumes, func(v explain.Volume) bool { return v.Of.Name == f.Volume.Name })
	if i < 0 || s.volumes[i].Allowed.Nodes == 0 {
		return "on no node that is there"
	}
	return only(&s.volumes[i].Allowed)
}

// startingWords are for a pod of which nothing is seen that keeps it.
func startingWords(a *start.Answer) string {
	switch {
	case a.Init != "":
		return fmt.Sprintf("it is on node %s, its volumes are there, and its init container %s runs", a.Node.Name, a.Init)
	case a.Mounted:
		return fmt.Sprintf("it is on node %s, its volumes are there, and its containers are starting", a.Node.Name)
	default:
		return fmt.Sprintf("it is on node %s and has not started, and nothing of its volumes is seen that keeps it", a.Node.Name)
	}
}

// mostFaults is how many faults are in the headline.
const mostFaults = 2

// clauses say the faults, the first of them in full.
func (s *startWords) clauses() string {
	faults := s.Faults
	if len(faults) > mostFaults {
		faults = faults[:mostFaults]
	}
	var parts []string
	for i := range faults {
		parts = append(parts, s.clause(&faults[i]))
	}
	line := strings.Join(parts, "; and ")
	if rest := len(s.Faults) - len(faults); rest > 0 {
		line += fmt.Sprintf("; and %s more", text.Count(rest, "volume"))
	}
	return line
}

// clause says one fault.
func (s *startWords) clause(f *start.Fault) string {
	switch f.Kind {
	case start.DriverMissing:
		if f.NoCSINode {
			return fmt.Sprintf("driver %s of %s is not registered on node %s, which has no CSINode", f.Driver, subjectOf(f), s.Node.Name)
		}
		return fmt.Sprintf("driver %s of %s is not registered on node %s, as its CSINode says", f.Driver, subjectOf(f), s.Node.Name)
	case start.OutOfPlace:
		return fmt.Sprintf("volume %s of %s cannot be used on node %s: it can be used %s", f.Volume.Volume.Name, subjectOf(f), s.Node.Name, s.placeOf(f))
	case start.HeldElsewhere:
		parts := make([]string, len(f.Elsewhere))
		for i := range f.Elsewhere {
			parts[i] = s.holder(&f.Elsewhere[i])
		}
		line := fmt.Sprintf("volume %s of %s %s", f.Volume.Volume.Name, subjectOf(f), strings.Join(parts, "; and it "))
		if f.Here != nil && f.Here.AttachError != nil {
			line += fmt.Sprintf("; attaching it to %s fails: %s", s.Node.Name, spoken(f.Here.AttachError.Words))
		}
		return line
	case start.AttachFails:
		said := f.Here.AttachError
		code := ""
		if said.Code != "" {
			code = " (" + said.Code + ")"
		}
		return fmt.Sprintf("driver %s does not attach volume %s of %s: %s%s%s", f.Driver, f.Volume.Volume.Name, subjectOf(f), spoken(said.Words), code, s.slots(f))
	case start.AttachSilent:
		if f.Here.Deleting {
			return fmt.Sprintf("volume %s of %s is being detached from %s%s, and is attached again after that%s", f.Volume.Volume.Name, subjectOf(f), s.Node.Name,
				s.since(f.Here.Deleted), detachFails(f.Here))
		}
		return fmt.Sprintf("volume %s of %s is not attached to %s yet: VolumeAttachment %s asks for it%s, and external-attacher of driver %s has said nothing",
			f.Volume.Volume.Name, subjectOf(f), s.Node.Name, f.Here.Name, s.since(f.Here.Created), f.Driver)
	case start.NotAsked:
		return fmt.Sprintf("volume %s of %s is not attached to %s, and no VolumeAttachment asks for it yet", f.Volume.Volume.Name, subjectOf(f), s.Node.Name)
	case start.DataMissing:
		return fmt.Sprintf("%s: %s", subjectOf(f), missingData(f.Missing))
	case start.OfContainer:
		return fmt.Sprintf("container %s cannot start: %s", s.Container.Name, f.Known.Cause)
	default:
		return s.said(f)
	}
}

// said is a fault that an event reports: what is known of the text, or the text.
func (s *startWords) said(f *start.Fault) string {
	what := subjectOf(f)
	switch stage := event.StageOf(f.Event.Reason); {
	case f.Volume == nil || f.Volume.Volume == nil:
	case stage == event.Attach:
		what = fmt.Sprintf("volume %s of %s is not attached to %s", f.Volume.Volume.Name, what, s.Node.Name)
	case stage == event.Mount:
		what = fmt.Sprintf("volume %s of %s is not mounted on %s", f.Volume.Volume.Name, what, s.Node.Name)
	}
	if f.Known == nil {
		return fmt.Sprintf("%s: %s says: %s", what, by(f), spoken(f.Event.Message))
	}
	if len(f.Missing) > 0 {
		return fmt.Sprintf("%s: %s", what, missingData(f.Missing))
	}
	words := ""
	if code := event.CodeOf(f.Event.Message); code != "" {
		words = fmt.Sprintf(" (driver %s says: %s, %s)", f.Driver, code, shortly(event.Words(f.Event.Message)))
	}
	return fmt.Sprintf("%s: %s%s", what, f.Known.Cause, words)
}

// mostWords is how much of a driver's words is quoted beside what they mean.
const mostWords = 200

func shortly(message string) string {
	message = spoken(message)
	if runes := []rune(message); len(runes) > mostWords {
		return string(runes[:mostWords]) + "…"
	}
	return message
}

func by(f *start.Fault) string {
	if f.Event.By == "" {
		return f.Event.Reason
	}
	return f.Event.By
}

// subjectOf names a volume by its claim, or else by its name in the pod.
func subjectOf(f *start.Fault) string {
	switch {
	case f.Volume != nil:
		return subject(f.Volume)
	case f.Name != "":
		return "volume " + f.Name
	default:
		return "its volumes"
	}
}

// holder says who else has a volume, as what follows its name.
func (s *startWords) holder(h *start.Holder) string {
	line := "is in use on " + h.Node.Name
	if h.Attachment != nil {
		line = "is still attached to " + h.Node.Name
	}
	if state := s.lost(&h.Node); state != "" {
		line += ", which " + state
	}
	if len(h.Pods) > 0 {
		line += ", where " + text.Few(h.Pods, func(p start.HolderPod) string {
			if p.Deleting {
				return "pod " + s.name(p.Key) + " uses it (being deleted" + s.since(p.Since) + ")"
			}
			return "pod " + s.name(p.Key) + " uses it"
		})
	}
	if a := h.Attachment; a != nil && a.Deleting {
		details := []string{"VolumeAttachment " + a.Name, "being deleted" + s.since(a.Deleted)}
		if len(a.Finalizers) > 0 {
			details = append(details, "held by finalizer "+text.And(a.Finalizers))
		}
		line += " (" + strings.Join(details, ", ") + detachFails(a) + ")"
	}
	return line
}

func detachFails(a *start.Attachment) string {
	if a.DetachError == nil {
		return ""
	}
	return "; detach fails: " + spoken(a.DetachError.Words)
}

// lost says what a node is that does nothing for its pods; empty for another.
func (s *startWords) lost(n *start.Node) string {
	switch {
	case n.Gone:
		return "is not in the cluster any more"
	case n.OutOfService && !n.Ready:
		return "is out of service"
	case !n.Ready:
		return "is not ready" + s.since(n.Since)
	default:
		return ""
	}
}

func (s *startWords) nodeIs(n *start.Node) string { return n.Name + " " + s.lost(n) }

// slots says that a node promises more attach slots than it has.
func (s *startWords) slots(f *start.Fault) string {
	known := f.Here.AttachError.Known
	if known == nil || !slices.Contains(attachLimits, known.ID) || f.Slots < 0 || f.Slots <= f.Attached {
		return ""
	}
	return fmt.Sprintf("; the CSINode of %s promises %s, and %d are attached: the promise is %d too many here",
		s.Node.Name, text.Count(f.Slots, "attach slot"), f.Attached, f.Slots-f.Attached)
}

// attachLimits are the rows of the table of known texts that speak of attach slots.
var attachLimits = []string{"attach-limit-of-backend", "attach-exhausted", "attach-limit"}

func (s *startWords) deletingLong() string {
	line := "it should have ended" + s.at(s.Deleted) + " and is still being deleted"
	switch {
	case s.Node.Lost():
		line += fmt.Sprintf(": its node %s, so nobody tells that its containers have stopped", s.nodeIs(&s.Node))
	case len(s.Finalizers) > 0:
		line += ": finalizer " + text.And(s.Finalizers) + " keeps it"
	default:
		line += fmt.Sprintf(": the kubelet of %s has not ended it yet", s.Node.Name)
	}
	if kind, name, ok := strings.Cut(s.Controller, " "); ok && kind == "StatefulSet" {
		line += fmt.Sprintf("; StatefulSet %s makes no other pod of the name before it is gone", name)
	}
	return line
}

// since is ' since' a time, and for how long that is, where the time is known.
func (s *startWords) since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	line := " since " + t.UTC().Format(time.RFC3339)
	if lasted := s.Now.Sub(t); !s.Now.IsZero() && lasted > 0 {
		line += " (" + text.Duration(lasted) + ")"
	}
	return line
}

func (s *startWords) at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " at " + t.UTC().Format(time.RFC3339)
}

// containerWords say what keeps a container from running.
func containerWords(c *start.Container) string {
	message := ""
	if c.Message != "" {
		message = ": " + spoken(c.Message)
	}
	switch {
	case c.Reason == start.NotReady:
		return fmt.Sprintf("container %s runs and is not ready, as its probes say", c.Name)
	case c.Name == "":
		return "the sandbox of the pod cannot be created, which comes after its volumes" + message
	default:
		restarts := ""
		if c.Restarts > 0 {
			restarts = ", " + text.Count(c.Restarts, "restart")
		}
		return fmt.Sprintf("container %s waits (%s%s)%s", c.Name, c.Reason, restarts, message)
	}
}

// mostQuoted is how much of a text is quoted in a sentence; the events below have it in full.
const mostQuoted = 500

// spoken is what somebody said, on one line and without a full stop.
func spoken(message string) string {
	message = strings.TrimRight(plain.Line(strings.Join(strings.Fields(message), " ")), ". ")
	if runes := []rune(message); len(runes) > mostQuoted {
		return string(runes[:mostQuoted]) + "…"
	}
	return message
}
