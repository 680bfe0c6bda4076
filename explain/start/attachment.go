// SPDX-License-Identifier: Apache-2.0

package start

import (
	"cmp"
	"slices"
	"time"

	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
)

// Attachment is a VolumeAttachment: a volume that is, was or shall be attached to a node.
type Attachment struct {
	Name string
	Node Node
	// Attached is what external-attacher says of it. Created and Deleted are since when it is asked for and no more.
	Attached         bool
	Created, Deleted time.Time
	// Deleting may be true where Deleted is not known.
	Deleting   bool
	Finalizers []string
	// AttachError and DetachError are what the driver said last; nil for nothing.
	AttachError, DetachError *Said
}

// Said is what a driver said.
type Said struct {
	// Message is in full, Words without what gRPC puts around them, and Code the gRPC code.
	Message, Words, Code string
	At                   time.Time
	// Known is what the table of known texts has of it; nil for nothing.
	Known *event.Known
}

func said(stage event.Stage, e *storagev1.VolumeError) *Said {
	if e == nil || e.Message == "" && e.ErrorCode == nil {
		return nil
	}
	out := &Said{Message: e.Message, Words: event.Words(e.Message), Code: event.CodeOf(e.Message), At: e.Time.Time, Known: event.Explain(stage, e.Message)}
	return out
}

// AttachmentsOf are the attachments of a volume, those that are attached first, then by node and name.
func (q *Question) AttachmentsOf(volume string) []Attachment {
	whole := map[string]*storagev1.VolumeAttachment{}
	if q.Attachments != nil {
		for _, a := range q.Attachments(volume) {
			whole[a.Name] = a
		}
	}
	var out []Attachment
	for a := range q.Snapshot.AttachmentsOf(volume) {
		out = append(out, q.attachment(a, whole[a.Name]))
	}
	slices.SortFunc(out, func(a, b Attachment) int {
		return cmp.Or(-cmp.Compare(number(a.Attached), number(b.Attached)), cmp.Compare(a.Node.Name, b.Node.Name), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// Attachments are those of a volume, as AttachmentsOf tells them.
func Attachments(s *topology.Snapshot, objects Objects, volume string) []Attachment {
	q := Question{Objects: objects, Snapshot: s}
	return q.AttachmentsOf(volume)
}

// Unused are attachments to a node of volumes that no pod there uses, by volume: those of one driver, or of all where it is empty.
func Unused(s *topology.Snapshot, objects Objects, node, driver string) []UnusedVolume {
	q := Question{Objects: objects, Snapshot: s}
	var out []UnusedVolume
	for _, key := range s.Keys(topology.KindAttachment) {
		a := s.Attachment(key.Name)
		if a.Node != node || a.Volume == "" || driver != "" && a.Driver != driver || used(s, a.Volume, node) {
			continue
		}
		for _, told := range q.AttachmentsOf(a.Volume) {
			if told.Name == a.Name {
				out = append(out, UnusedVolume{a.Volume, told})
			}
		}
	}
	slices.SortFunc(out, func(a, b UnusedVolume) int { return cmp.Compare(a.Volume, b.Volume) })
	return out
}

// UnusedVolume is a volume with its attachment to a node on which no pod uses it.
type UnusedVolume struct {
	Volume string
	Attachment
}

// used reports whether a pod uses the volume on the node.
func used(s *topology.Snapshot, volume, node string) bool {
	v := s.Volume(volume)
	if v == nil || !v.HasClaimRef {
		return false
	}
	for pod := range s.Users(v.ClaimRef) {
		if pod.Node == node && !pod.Terminal {
			return true
		}
	}
	return false
}

func (q *Question) attachment(a *topology.Attachment, whole *storagev1.VolumeAttachment) Attachment {
	out := Attachment{Name: a.Name, Node: q.node(a.Node), Attached: a.Attached, Deleting: a.Deleting}
	if whole == nil {
		return out
	}
	out.Created, out.Finalizers = whole.CreationTimestamp.Time, whole.Finalizers
	if whole.DeletionTimestamp != nil {
		out.Deleted = whole.DeletionTimestamp.Time
	}
	out.AttachError, out.DetachError = said(event.Attach, whole.Status.AttachError), said(event.Detach, whole.Status.DetachError)
	if out.Attached {
		out.AttachError = nil // It is from before.
	}
	if !out.Deleting {
		out.DetachError = nil
	}
	return out
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
