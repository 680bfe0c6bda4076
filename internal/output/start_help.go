// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
)

// startHelp is what to do for a pod that has its node and does not start: nothing that loses data without saying so, and to wait where it ends
// by itself.
func (w causeWords) startHelp(e *explain.Explanation) []Help {
	s := w.ofStart(e)
	var out []Help
	add := func(what string) {
		if what != "" && !slices.ContainsFunc(out, func(h Help) bool { return h.What == what }) {
			out = append(out, Help{What: what})
		}
	}
	if s.State == start.DeletingLong || s.State == start.NodeLost {
		for _, what := range s.afterNode(&s.Node, s.Node.Lost()) {
			add(what)
		}
		if s.State == start.DeletingLong {
			return out
		}
	}
	if s.State != start.Hanging && s.State != start.NodeLost {
		return out
	}
	for i := range s.Faults {
		f := &s.Faults[i]
		switch f.Kind {
		case start.DriverMissing:
			add(fmt.Sprintf("make the node plugin of %s run on %s: it is a DaemonSet as a rule; look at its pod there, its tolerations and its node selector",
				f.Driver, s.Node.Name))
		case start.DataMissing:
			for _, what := range dataHelp(f.Missing, s.namespace) {
				add(what)
			}
		case start.OutOfPlace:
			add(fmt.Sprintf("recreate the pod where the volume can be used (%s): without nodeName in its template kube-scheduler sees to that", strings.TrimSuffix(s.placeOf(f), " only")))
		case start.HeldElsewhere:
			for k := range f.Elsewhere {
				for _, what := range s.release(f, &f.Elsewhere[k]) {
					add(what)
				}
			}
		case start.AttachFails:
			add(remedyOf(f.Here.AttachError.Known, "look at the log of the driver's controller, in which external-attacher runs; it is tried again by itself"))
		case start.AttachSilent:
			if f.Here.DetachError != nil {
				add(remedyOf(f.Here.DetachError.Known, "look at the log of the driver's controller: it tells why the detach fails"))
			} else {
				add(fmt.Sprintf("look at the controller of driver %s: does it run, with its csi-attacher container, and what is in its log", f.Driver))
			}
		case start.NotAsked:
			add("wait; where it lasts, look at kube-controller-manager, whose attach-detach controller makes VolumeAttachments")
		default:
			if len(f.Missing) > 0 {
				for _, what := range dataHelp(f.Missing, s.namespace) {
					add(what)
				}
				continue
			}
			add(remedyOf(f.Known, "look at "+s.whereSaid(f)))
		}
	}
	return out[:min(len(out), maxHelp)]
}

// whereSaid is where to look for more about a text that is not known.
func (s *startWords) whereSaid(f *start.Fault) string {
	driver := "the driver"
	if f.Driver != "" {
		driver = "driver " + f.Driver
	}
	switch {
	case f.Event != nil && event.StageOf(f.Event.Reason) == event.Attach:
		return "the log of the controller of " + driver
	case f.Driver != "":
		return fmt.Sprintf("the log of the node plugin of %s on %s, and of the kubelet there", driver, s.Node.Name)
	default:
		return "the log of the kubelet on " + s.Node.Name
	}
}

// remedyOf is a known text's remedy with where to look, or something else.
func remedyOf(known *event.Known, otherwise string) string {
	if known == nil {
		return otherwise
	}
	return fmt.Sprintf("%s (look at: %s)", known.Remedy, known.Look)
}

// release is what lets a node go of a volume.
func (s *startWords) release(f *start.Fault, h *start.Holder) []string {
	running := slices.DeleteFunc(slices.Clone(h.Pods), func(p start.HolderPod) bool { return p.Deleting })
	names := func(pods []start.HolderPod) string {
		return text.Few(pods, func(p start.HolderPod) string { return "pod " + s.name(p.Key) })
	}
	a := h.Attachment
	switch {
	case h.Node.Gone:
		return s.afterGone(h)
	case h.Node.OutOfService:
		return append([]string{fmt.Sprintf("wait: %s is out of service, so its pods are deleted and the volume is detached at once", h.Node.Name)}, detachHelp(a)...)
	case !h.Node.Ready:
		return s.afterNode(&h.Node, len(h.Pods) > 0)
	case len(running) > 0 && running[0].Replaced:
		return []string{
			fmt.Sprintf("end %s, of the template before this one: a rolling update waits for the new pod, which waits for its volume", names(running)),
			"give the Deployment strategy Recreate, so that it does not happen again: only one node can have such a volume",
		}
	case len(running) > 0:
		return []string{fmt.Sprintf("end %s on %s, or let this pod go to %s too: only one node can have the volume", names(running), h.Node.Name, h.Node.Name)}
	case len(h.Pods) > 0:
		return append([]string{fmt.Sprintf("wait until %s has ended on %s: the volume is then detached by itself", names(h.Pods), h.Node.Name)}, detachHelp(a)...)
	case a != nil && a.DetachError != nil:
		return detachHelp(a)
	default:
		return []string{fmt.Sprintf("wait: no pod uses the volume on %s any more, so it is detached by itself once the kubelet there has unmounted it; "+
			"where it lasts, look at that kubelet (status.volumesInUse of the node) and at the controller of driver %s", h.Node.Name, f.Driver)}
	}
}

func detachHelp(a *start.Attachment) []string {
	if a == nil || a.DetachError == nil {
		return nil
	}
	return []string{remedyOf(a.DetachError.Known, "look at the log of the driver's controller: it tells why the detach fails; it is tried again by itself")}
}

// sureOff is what must be so before a volume is taken from a machine.
const sureOff = "a machine that still runs goes on writing to the volume, and two writers destroy its data"

// afterNode is what frees the volumes of a node whose kubelet does not report. Pods on it end only when it does again.
func (s *startWords) afterNode(n *start.Node, pods bool) []string {
	switch {
	case n.Gone:
		return []string{fmt.Sprintf("wait: kube-controller-manager deletes the pods of node %s, which is gone, by itself", n.Name)}
	case n.Ready:
		if len(s.Finalizers) > 0 {
			return []string{"look at who is to remove the finalizer " + text.And(s.Finalizers)}
		}
		return []string{fmt.Sprintf("look at the kubelet of %s: it ends the containers and unmounts the volumes; its events and log tell at what it hangs", n.Name)}
	}
	out := []string{fmt.Sprintf("bring node %s back: its kubelet then ends what is to end, and lets go of the volumes", n.Name)}
	off := fmt.Sprintf("if the machine of %s is surely off and stays so: kubectl taint nodes %s node.kubernetes.io/out-of-service=nodeshutdown:NoExecute; "+
		"its pods are then deleted and its volumes detached at once. Not before: %s", n.Name, plain.Quote(n.Name), sureOff)
	if pods {
		return append(out, off, fmt.Sprintf("it does not end by itself: the pods on %s are deleted five minutes after it went, "+
			"and stay until its kubelet says that they have ended; a StatefulSet makes no other before that", n.Name))
	}
	return append(out, "wait: no pod uses the volume there any more, so kube-controller-manager detaches it by force six minutes after the last one has gone "+
		"(unless it runs with --disable-force-detach-on-timeout)", off)
}

// afterGone is what frees a volume of a node that is not in the cluster any more.
func (s *startWords) afterGone(h *start.Holder) []string {
	a := h.Attachment
	if a == nil {
		return []string{fmt.Sprintf("wait: kube-controller-manager deletes the pods of node %s, which is gone, and lets go of their volumes", h.Node.Name)}
	}
	if a.DetachError == nil {
		return []string{fmt.Sprintf("wait: the volume is detached from %s, which is gone, by itself; where it lasts, look at the log of the driver's controller", h.Node.Name)}
	}
	return []string{
		fmt.Sprintf("see in the storage backend whether the machine of %s still runs and has the volume; detach it there once the machine is surely off: %s", h.Node.Name, sureOff),
		fmt.Sprintf("only when the backend shows it attached to no machine that runs (%s): take the finalizer off with "+
			"kubectl patch volumeattachment %s --type=merge -p '{\"metadata\":{\"finalizers\":null}}'", sureOff, plain.Quote(a.Name)),
	}
}
