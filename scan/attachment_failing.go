// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
)

var attachmentFailingKind = Kind{
	ID: "attachment-failing", Section: Stuck,
	Means:  "A driver says that it cannot attach a volume to a node, or cannot detach it.",
	Known:  "The status.attachError of a VolumeAttachment that is not attached, or the status.detachError of one that is being deleted.",
	Not:    "Within 60 seconds of the attachment's creation, or deletion: the error's own time is that of the newest try. Where an attachment to a node that is gone holds the volume.",
	Remedy: "do what the driver's words ask for; what it does is in the logs of its controller (external-attacher)",
	Needs:  []topology.Kind{topology.KindAttachment},

	Explains: true,
	Find:     attachmentFailing,
}

// attachErrorGrace is how long an attachment fails before it is reported.
const attachErrorGrace = 60 * time.Second

func attachmentFailing(c *Cluster) []Finding {
	var found []Finding
	for _, name := range slices.Sorted(maps.Keys(c.Attachments)) {
		a := c.Attachments[name]
		if c.explained[attachmentObject(name)] {
			continue
		}
		var failure *storagev1.VolumeError
		stage, since, field, does := event.Attach, a.CreationTimestamp.Time, "attachError", "attach"
		switch {
		case a.DeletionTimestamp != nil && a.Status.DetachError != nil:
			failure, stage, since, field, does = a.Status.DetachError, event.Detach, askedToGo(a), "detachError", "detach"
		case a.DeletionTimestamp == nil && !a.Status.Attached:
			failure = a.Status.AttachError
		}
		if failure == nil || !c.lasts(since, attachErrorGrace) {
			continue
		}
		what, from := "a volume", "to"
		if does == "detach" {
			from = "from"
		}
		f := Finding{Objects: []Object{attachmentObject(name)}, Since: since}
		if v := a.Spec.Source.PersistentVolumeName; v != nil {
			what, f.Hurts = "volume "+*v, c.waitingFor(a)
		}
		f.Cause = fmt.Sprintf("driver %s does not %s %s %s node %s: %s", a.Spec.Attacher, does, what, from, a.Spec.NodeName, event.Words(failure.Message))
		f.Evidence = []string{fmt.Sprintf("VolumeAttachment %s: status.%s at %s: %s", name, field, moment(failure.Time.Time), failure.Message)}
		if known := event.Explain(stage, failure.Message); known != nil && known.Remedy != "" {
			f.Remedy = known.Remedy
		}
		f.Command = typed("kubectl", "get", "volumeattachment", name, "-o", "yaml")
		found = append(found, f)
	}
	return found
}

// waitingFor are the pods that have not started for what an attachment does not do: those on its node where the volume is to be attached, those elsewhere
// where it is to be detached.
func (c *Cluster) waitingFor(a *storagev1.VolumeAttachment) []Object {
	if a.DeletionTimestamp != nil {
		return c.heldBackBy(*a.Spec.Source.PersistentVolumeName, a.Spec.NodeName)
	}
	return c.unstarted(*a.Spec.Source.PersistentVolumeName, func(node string) bool { return node == a.Spec.NodeName })
}
