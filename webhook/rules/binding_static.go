// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// bindCompleted is the annotation of a claim that has its volume.
const bindCompleted = "pv.kubernetes.io/bind-completed"

var bindingStaticMismatchRule = Rule{
	ID: "binding-static-mismatch",
	Summary: "A claim names a volume (volumeName), or a volume a claim (claimRef), and the two cannot be bound: another class, size, access mode, " +
		"volumeMode or VolumeAttributesClass, a claimRef that is incomplete or names another claim, two claims for one volume, a volume that is not there.",
	Kinds:       []Kind{PersistentVolumeClaim, PersistentVolume},
	Action:      Warn,
	Symptom:     "'Cannot bind to requested volume …'; the claim and its pod stay Pending",
	Remediation: "let the claim and the volume agree",
	NeedsLookup: true,
	Check:       bindingStaticMismatch,
}

// bindingStaticMismatch fires where kube-controller-manager does not bind what was meant for each other (syncUnboundClaim and
// checkVolumeSatisfyClaim in pkg/controller/volume/persistentvolume/pv_controller.go, IsVolumeBoundToClaim in
// k8s.io/component-helpers/storage/volume). What is bound already is left alone: it may have changed since.
func bindingStaticMismatch(in *Input) []Finding {
	switch o := in.Object.(type) {
	case *corev1.PersistentVolume:
		return volumeKeptInVain(in, o)
	case *corev1.PersistentVolumeClaim:
		if in.Lookup == nil || o.Annotations[bindCompleted] != "" {
			return nil
		}
		if o.Spec.VolumeName == "" {
			return noVolumeFits(in, o)
		}
		return claimOfNoVolume(in, o)
	}
	return nil
}

func claimOfNoVolume(in *Input, o *corev1.PersistentVolumeClaim) []Finding {
	at := field.NewPath("spec")
	key := topology.Key{Namespace: in.Namespace, Name: o.Name}
	if known := in.Lookup.Claim(key.Namespace, key.Name); known != nil && known.Bound() {
		return nil
	}
	pv := in.Lookup.Volume(o.Spec.VolumeName)
	if pv == nil {
		return missingVolume(in, o.Spec.VolumeName, at.Child("volumeName"))
	}
	if in.AsWritten && pv.HasClaimRef && (pv.ClaimRef.Namespace == "" || pv.ClaimRef.Name == "") {
		// That is reported on the volume itself.
		return nil
	}
	if pv.HasClaimRef && (pv.ClaimRef != key || (pv.ClaimRefUID != "" && pv.ClaimRefUID != o.UID)) {
		return []Finding{keptForAnother(in, pv, key, at.Child("volumeName"))}
	}
	if in.Beside != nil && !pv.HasClaimRef {
		for _, other := range in.Beside.claimsOf[pv.Name] {
			if other.Compare(key) < 0 {
				return []Finding{{
					Path:        at.Child("volumeName"),
					Message:     fmt.Sprintf("claim %s/%s names volume %q as well, and only one of them can have it", other.Namespace, other.Name, pv.Name),
					Remediation: "give each claim a volume of its own (two PersistentVolumes may be of one NFS export)",
				}}
			}
		}
	}
	c := claim{o.Annotations, &o.Spec, at, field.NewPath("metadata"), ""}
	var found []Finding
	for _, m := range c.mismatches(in, pv) {
		message := fmt.Sprintf("volume %q is %s, and the claim that names it %s", pv.Name, m.volume, m.claim)
		if !in.AsWritten {
			message = fmt.Sprintf("the claim cannot be bound to volume %q: %s", pv.Name, m.quoted)
		}
		found = append(found, Finding{
			Path: m.path, Message: message,
			Symptom: fmt.Sprintf("VolumeMismatch 'Cannot bind to requested volume %q: %s'; the claim and its pod stay Pending", pv.Name, m.quoted),
		})
	}
	return found
}

func missingVolume(in *Input, name string, at *field.Path) []Finding {
	message := fmt.Sprintf("volume %q does not exist yet", name)
	if in.Beside != nil && in.Beside.written[topology.KindVolume][topology.Key{Name: name}] {
		return nil // It is there, in several versions.
	}
	if in.Partial {
		near := in.Beside.nearlyNamed(topology.KindVolume, name)
		if len(near) == 0 {
			return nil
		}
		message = fmt.Sprintf("the files hold no volume %q; %s", name, suggest.Sentence(name, near))
	}
	return []Finding{{
		Path: at, Message: message, Symptom: "the claim and its pod stay Pending until there is a volume of that name", Remediation: "fix the name, or create the volume",
	}}
}

// keptForAnother names the other claim in files only: the author of a claim need not be allowed to see other namespaces, nor volumes.
func keptForAnother(in *Input, pv *topology.Volume, key topology.Key, at *field.Path) Finding {
	f := Finding{
		Path: at, Symptom: "the claim and its pod stay Pending: 'volume already bound to a different claim'",
		Remediation: "set the volume's claimRef to the claim's namespace and name",
	}
	switch {
	case pv.ClaimRef == key:
		f.Message = fmt.Sprintf("volume %q is kept for an earlier claim of this name, by its uid", pv.Name)
		f.Symptom = "the volume stays Released, and the claim and its pod Pending"
		f.Remediation = "remove uid and resourceVersion from the volume's claimRef"
	case pv.ClaimRef.Namespace == "" || pv.ClaimRef.Name == "":
		f.Message = fmt.Sprintf("volume %q has a claimRef that names no claim, since it lacks a namespace or a name", pv.Name)
	case in.AsWritten:
		f.Message = fmt.Sprintf("volume %q is kept for claim %s/%s", pv.Name, pv.ClaimRef.Namespace, pv.ClaimRef.Name)
	default:
		f.Message = fmt.Sprintf("volume %q is kept for another claim", pv.Name)
	}
	return f
}

// mismatch is one thing in which a claim and a volume differ.
type mismatch struct {
	path                  *field.Path
	volume, claim, quoted string
}

// mismatches are what checkVolumeSatisfyClaim finds. A class that is not named may be filled in, and is only compared where it is known
// what with, or where nothing that is filled in would fit.
func (c claim) mismatches(in *Input, pv *topology.Volume) []mismatch {
	var found []mismatch
	request := c.spec.Resources.Requests[corev1.ResourceStorage]
	if size := topology.Bytes(request); size > pv.Capacity {
		found = append(found, mismatch{
			c.path.Child("resources", "requests").Key("storage"), "of " + resource.NewQuantity(pv.Capacity, resource.BinarySI).String(),
			"requests " + request.String(), "requested PV is too small",
		})
	}
	if class, known := c.classInTheEnd(in, pv.Class); known && class != pv.Class {
		has := "is of class " + quotedClass(class)
		if c.unclassed() && class == "" {
			has = "names no class"
		}
		found = append(found, mismatch{c.path.Child("storageClassName"), "of class " + quotedClass(pv.Class), has, "storageClassName does not match"})
	}
	if attributes := deref(c.spec.VolumeAttributesClassName); attributes != pv.AttributesClass {
		found = append(found, mismatch{
			c.path.Child("volumeAttributesClassName"), fmt.Sprintf("of VolumeAttributesClass %q", pv.AttributesClass), fmt.Sprintf("is of %q", attributes),
			"volumeAttributesClassName does not match",
		})
	}
	if block := c.volumeMode() == corev1.PersistentVolumeBlock; block != pv.Block {
		found = append(found, mismatch{c.path.Child("volumeMode"), "of volumeMode " + modeName(pv.Block), "is of " + modeName(block), "incompatible volumeMode"})
	}
	if modes := topology.AccessModesOf(c.spec.AccessModes); !pv.AccessModes.Has(modes) {
		asked := make([]string, len(c.spec.AccessModes))
		for i, m := range c.spec.AccessModes {
			asked[i] = string(m)
		}
		found = append(found, mismatch{c.path.Child("accessModes"), "not " + strings.Join(asked, " and "), "asks for that", "incompatible accessMode"})
	}
	return found
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func quotedClass(name string) string {
	if name == "" {
		return `"" (none)`
	}
	return fmt.Sprintf("%q", name)
}

func modeName(block bool) string {
	if block {
		return string(corev1.PersistentVolumeBlock)
	}
	return string(corev1.PersistentVolumeFilesystem)
}

// classInTheEnd is the class that the claim has when it is bound, as far as that can be known.
func (c claim) classInTheEnd(in *Input, volumes string) (class string, known bool) {
	if !c.unclassed() {
		return c.className(), true
	}
	if standard, ok := in.Lookup.DefaultStorageClass(); ok {
		return standard.Name, true
	}
	// Without a default it stays "". A default that is not in the files may be any, but hardly the one that a static volume names.
	return "", in.seesCluster() || volumes != ""
}

// volumeKeptInVain looks at a volume's claimRef.
func volumeKeptInVain(in *Input, pv *corev1.PersistentVolume) []Finding {
	ref := pv.Spec.ClaimRef
	at := field.NewPath("spec", "claimRef")
	switch {
	case ref == nil || pv.Annotations[provisionedBy] != "":
		return nil
	case ref.Name == "" || ref.Namespace == "":
		missing := "namespace"
		if ref.Name == "" {
			missing = "name"
		}
		return []Finding{{
			Path: at, Message: fmt.Sprintf("the claimRef has no %s, so that it names no claim and keeps the volume from every one", missing),
			Symptom: "no claim ever gets the volume, and no event says why", Remediation: "write the claim's namespace and name, or drop the claimRef",
		}}
	case in.Lookup == nil:
		return nil
	}
	c := in.Lookup.Claim(ref.Namespace, ref.Name)
	if other := otherKeptFor(in, pv, topology.Key{Namespace: ref.Namespace, Name: ref.Name}); other != "" && (c == nil || c.VolumeName != pv.Name) {
		return []Finding{{
			Path: at, Message: fmt.Sprintf("volume %q is kept for claim %s/%s as well, which can have only one", other, ref.Namespace, ref.Name),
			Symptom: "one of the two volumes is never bound", Remediation: "name a claim of its own in each claimRef",
		}}
	}
	if c == nil && ref.UID != "" && in.AsWritten && in.Partial {
		return []Finding{{
			Path: at.Child("uid"), Message: fmt.Sprintf("the claimRef has the uid of a claim %s/%s that was there once", ref.Namespace, ref.Name),
			Symptom: "in another cluster, or once that claim is gone, the volume stays Released", Remediation: "remove uid and resourceVersion from the claimRef",
		}}
	}
	if c == nil || c.Bound() || c.VolumeName == pv.Name {
		// Mismatches of what names the volume are reported there.
		return nil
	}
	if c.VolumeName != "" {
		return []Finding{{Path: at, Message: fmt.Sprintf("claim %s/%s, for which the volume is kept, names volume %q", ref.Namespace, ref.Name, c.VolumeName)}}
	}
	if ref.UID != "" && ref.UID != c.UID {
		return []Finding{{
			Path: at.Child("uid"), Message: fmt.Sprintf("the volume is kept for an earlier claim %s/%s, by its uid", ref.Namespace, ref.Name),
			Symptom: "the volume stays Released", Remediation: "remove uid and resourceVersion from the claimRef",
		}}
	}
	var what string
	capacity := pv.Spec.Capacity[corev1.ResourceStorage]
	switch size := topology.Bytes(capacity); {
	case c.HasRequest && c.Request > size:
		what = fmt.Sprintf("requests %s, and the volume has %s", resource.NewQuantity(c.Request, resource.BinarySI), &capacity)
	case c.Block != (volumeModeOf(pv.Spec.VolumeMode) == corev1.PersistentVolumeBlock):
		what = fmt.Sprintf("is of volumeMode %s", modeName(c.Block))
	case !topology.AccessModesOf(pv.Spec.AccessModes).Has(c.AccessModes):
		what = "asks for access modes that the volume does not have"
	case c.Class != "" && c.Class != pv.Spec.StorageClassName && pv.Annotations[corev1.BetaStorageClassAnnotation] == "":
		what = fmt.Sprintf("is of class %q", c.Class)
	default:
		return nil
	}
	return []Finding{{
		Path: at, Message: fmt.Sprintf("claim %s/%s, for which the volume is kept, %s", ref.Namespace, ref.Name, what),
		Symptom: "the volume is never bound, and the claim gets another or stays Pending",
	}}
}

// otherKeptFor is a volume before this one in the alphabet whose claimRef names the same claim; empty where there is none.
func otherKeptFor(in *Input, pv *corev1.PersistentVolume, claim topology.Key) string {
	if in.Beside == nil {
		return ""
	}
	for v := range in.Lookup.KeptFor(claim) {
		if v.Name < pv.Name && v.ClaimRefUID == "" {
			return v.Name
		}
	}
	return ""
}

var volumeHandleSharedRule = Rule{
	ID:          "volume-handle-shared",
	Summary:     "Two PersistentVolumes have the same CSI driver and volumeHandle.",
	Kinds:       []Kind{PersistentVolume},
	Action:      Warn,
	Symptom:     "a pod with both stays in ContainerCreating, without an event; on one node the second may show the first one's data",
	Remediation: "give each volume a handle of its own, or use one volume",
	FilesOnly:   true,
	Check:       volumeHandleShared,
}

// volumeHandleShared fires on the second of two volumes that the kubelet takes for one: it knows them by driver and handle.
func volumeHandleShared(in *Input) []Finding {
	pv, ok := in.Object.(*corev1.PersistentVolume)
	if !ok || pv.Spec.CSI == nil || in.Beside == nil {
		return nil
	}
	names := in.Beside.volumesOf[volumeHandle{pv.Spec.CSI.Driver, pv.Spec.CSI.VolumeHandle}]
	if len(names) < 2 || names[0] == pv.Name {
		return nil
	}
	return []Finding{{
		Path:    field.NewPath("spec", "csi", "volumeHandle"),
		Message: fmt.Sprintf("PersistentVolume %q has the same driver and volumeHandle", names[0]),
	}}
}
