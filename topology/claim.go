// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	storagehelpers "k8s.io/component-helpers/storage/volume"
)

// AccessModes is a set of access modes.
type AccessModes uint8

// The access modes that Kubernetes knows.
const (
	ReadWriteOnce AccessModes = 1 << iota
	ReadOnlyMany
	ReadWriteMany
	ReadWriteOncePod
)

// Has reports whether every mode of want is in the set.
func (m AccessModes) Has(want AccessModes) bool { return m&want == want }

// AccessModesOf is the set of the modes; those that this build does not know are left out.
func AccessModesOf(modes []corev1.PersistentVolumeAccessMode) AccessModes {
	var out AccessModes
	for _, m := range modes {
		switch m {
		case corev1.ReadWriteOnce:
			out |= ReadWriteOnce
		case corev1.ReadOnlyMany:
			out |= ReadOnlyMany
		case corev1.ReadWriteMany:
			out |= ReadWriteMany
		case corev1.ReadWriteOncePod:
			out |= ReadWriteOncePod
		}
	}
	return out
}

// Claim is a trimmed PersistentVolumeClaim. Immutable.
type Claim struct {
	Namespace, Name string
	UID             types.UID
	ResourceVersion ResourceVersion
	// Class is the class's name; the beta annotation comes before the field. Empty where the claim names none. Unclassed tells a claim that
	// leaves the class to the cluster's default from one that wants a volume without a class.
	Class string
	// VolumeName is spec.volumeName, and BindCompleted the binder's annotation: a claim is bound when it has both,
	// whatever its phase says (isPVCFullyBound in kube-scheduler's volumebinding).
	VolumeName    string
	BindCompleted bool
	// SelectedNode is the annotation with which the scheduler asks for provisioning; HasSelectedNode tells an empty
	// annotation from none.
	SelectedNode    string
	HasSelectedNode bool
	// Request is the requested storage in bytes, rounded up; HasRequest is false where the claim asks for no size.
	Request         int64
	HasRequest      bool
	AccessModes     AccessModes
	Block           bool
	Unclassed       bool
	AttributesClass string
	// Selector is the claim's selector over volumes' labels, nil where it has none. SelectorErr is why it cannot be read.
	Selector    labels.Selector
	SelectorErr error
	// Created is when the API server stored the claim first, to the second.
	Created time.Time
	// Populated tells that the claim's data comes from a source that CSI provisioners leave to a volume populator, which has the
	// volume made for a claim of its own and hands it over.
	Populated bool
	// Source is what the claim's volume is to be made from.
	Source ClaimSource
	// Lost is the phase Lost: its volume is gone. Deleting: it has a deletion timestamp.
	Lost, Deleting bool
	// Owner is the UID of the controlling owner: for a claim of an ephemeral volume, the pod. Owned tells that there is one other than a pod.
	Owner types.UID
	Owned bool
	// Family is what the claim's labels say of the set of replicas that it belongs to (Options.Families); empty where they say nothing.
	Family string
}

// Key is the claim's namespace and name.
func (c *Claim) Key() Key { return Key{c.Namespace, c.Name} }

// Bound reports whether the claim is fully bound to a volume.
func (c *Claim) Bound() bool { return c.VolumeName != "" && c.BindCompleted }

func claimFromAPI(r *reader, c *corev1.PersistentVolumeClaim) *Claim {
	out := &Claim{
		Namespace:       shared(c.Namespace),
		Name:            c.Name,
		UID:             c.UID,
		Class:           shared(storagehelpers.GetPersistentVolumeClaimClass(c)),
		ResourceVersion: resourceVersion(c.ResourceVersion),
		VolumeName:      c.Spec.VolumeName,
		AccessModes:     AccessModesOf(c.Spec.AccessModes),
		Block:           c.Spec.VolumeMode != nil && *c.Spec.VolumeMode == corev1.PersistentVolumeBlock,
		Lost:            c.Status.Phase == corev1.ClaimLost,
		Deleting:        c.DeletionTimestamp != nil,
		Created:         c.CreationTimestamp.Time,
	}
	_, annotated := c.Annotations[corev1.BetaStorageClassAnnotation]
	out.Unclassed = c.Spec.StorageClassName == nil && !annotated
	out.Source, out.Populated = sourceOf(c)
	out.Family = shared(familyOf(c.Labels, r.families))
	_, out.BindCompleted = c.Annotations[storagehelpers.AnnBindCompleted]
	out.SelectedNode, out.HasSelectedNode = c.Annotations[storagehelpers.AnnSelectedNode]
	out.SelectedNode = shared(out.SelectedNode)
	if q, ok := c.Spec.Resources.Requests[corev1.ResourceStorage]; ok {
		out.Request, out.HasRequest = Bytes(q), true
	}
	if c.Spec.VolumeAttributesClassName != nil {
		out.AttributesClass = shared(*c.Spec.VolumeAttributesClassName)
	}
	if c.Spec.Selector != nil {
		out.Selector, out.SelectorErr = metav1.LabelSelectorAsSelector(c.Spec.Selector)
	}
	if ref := metav1.GetControllerOfNoCopy(c); ref != nil {
		out.Owner, out.Owned = ref.UID, ref.Kind != "Pod"
	}
	return out
}
