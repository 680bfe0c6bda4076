// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// missingReferences are the names of VolumeAttributesClasses, snapshots, their classes and sources that are not there. Of a set of files
// only what they hold under nearly that name, or in another namespace, shows that a name is wrong.
func missingReferences(in *Input) []Finding {
	var found []Finding
	tell := func(at *field.Path, message, symptom, remediation string) {
		found = append(found, Finding{Path: at, Message: message, Symptom: symptom, Remediation: remediation})
	}
	if o, ok := in.Object.(*snapshotv1.VolumeSnapshot); ok {
		at := field.NewPath("spec")
		if class := o.Spec.VolumeSnapshotClassName; class != nil && in.lacks(topology.KindVolumeSnapshotClass, "", *class) {
			tell(at.Child("volumeSnapshotClassName"), fmt.Sprintf("VolumeSnapshotClass %q does not exist yet", *class)+in.near(topology.KindVolumeSnapshotClass, *class),
				"the VolumeSnapshot never becomes ready", "fix the name, or create the VolumeSnapshotClass")
		}
		if source := o.Spec.Source.PersistentVolumeClaimName; source != nil {
			if message, missing := in.missingClaim(*source); missing {
				tell(at.Child("source", "persistentVolumeClaimName"), message, "the VolumeSnapshot never becomes ready: its source is not found",
					"name a claim of the VolumeSnapshot's own namespace")
			}
		}
		return found
	}
	eachClaim(in.Object, func(c claim) {
		if class := deref(c.spec.VolumeAttributesClassName); class != "" && in.lacks(topology.KindAttributesClass, "", class) {
			tell(c.path.Child("volumeAttributesClassName"),
				fmt.Sprintf("%sVolumeAttributesClass %q does not exist yet", c.origin, class)+in.near(topology.KindAttributesClass, class),
				"the claim and its pod stay Pending", "fix the name, or create the VolumeAttributesClass")
		}
		if name, namespace := c.snapshotSource(in.Namespace); name != "" && namespace == in.Namespace {
			other, exists := "", false
			if in.Beside != nil {
				other, exists = elsewhere(in.Beside.snapshots[name], namespace)
			}
			switch {
			case exists:
				tell(c.sourcePath(), fmt.Sprintf("%sVolumeSnapshot %q is in namespace %s, and a dataSource in the claim's own, %q", c.origin, name, other, namespace),
					"ProvisioningFailed; the claim and its pod stay Pending", "restore in the snapshot's namespace, or create a VolumeSnapshot here from its content")
			case in.lacks(topology.KindVolumeSnapshot, namespace, name):
				tell(c.sourcePath(), fmt.Sprintf("%sVolumeSnapshot %q does not exist yet in namespace %q", c.origin, name, namespace),
					"ProvisioningFailed; the claim and its pod stay Pending until the VolumeSnapshot exists", "fix the name, or create the VolumeSnapshot")
			}
		}
		if name := c.clonedFrom(); name != "" {
			if message, missing := in.missingClaim(name); missing {
				tell(c.sourcePath(), c.origin+message, "ProvisioningFailed 'claim in dataSource not bound or invalid'; the claim and its pod stay Pending",
					"name a claim of the same namespace")
			}
		}
	})
	if in.Partial && in.Beside != nil {
		eachClaim(in.Object, func(c claim) {
			name := c.className()
			if _, ok := in.Lookup.StorageClass(name); ok || name == "" || !none(in.Lookup.Unclaimed(name)) {
				return
			}
			near := slices.DeleteFunc(in.Beside.nearlyNamed(topology.KindClass, name), func(other string) bool { return !mistyped(name, other) })
			if len(near) > 0 {
				tell(c.path.Child("storageClassName"), fmt.Sprintf("%sthe files hold no StorageClass %q; %s", c.origin, name, suggest.Sentence(name, near)),
					fmt.Sprintf("ProvisioningFailed 'storageclass.storage.k8s.io %q not found'; the claim and its pod stay Pending", name),
					"fix the name, or check with the state of the cluster (--from, --context) where it has that class")
			}
		})
		eachNamedClaim(in.Object, func(c namedClaim) {
			if other, exists := elsewhere(in.Beside.claims[c.name], in.Namespace); exists {
				tell(c.path, fmt.Sprintf("claim %q of volume %q is in namespace %s, and the pod in %q", c.name, c.volume, other, in.Namespace),
					fmt.Sprintf("FailedScheduling 'persistentvolumeclaim %q not found'; the pod stays Pending", c.name), "create the claim in the pod's own namespace")
				return
			}
			if near := in.Beside.nearlyNamedClaim(in.Namespace, c.name); len(near) > 0 && in.Lookup.Claim(in.Namespace, c.name) == nil && !in.Beside.written[topology.KindClaim][topology.Key{Namespace: in.Namespace, Name: c.name}] {
				tell(c.path, fmt.Sprintf("the files hold no claim %q of volume %q; %s", c.name, c.volume, suggest.Sentence(c.name, near)),
					fmt.Sprintf("FailedScheduling 'persistentvolumeclaim %q not found'; the pod stays Pending", c.name), "fix the name, or create the claim")
			}
		})
	}
	return found
}

// lacks reports whether an object is known not to exist, or, of files, that they hold one of nearly its name. Kinds that a cluster may do
// without, and of which the webhook knows none, it may not be able to read.
func (in *Input) lacks(kind topology.Kind, namespace, name string) bool {
	switch kind {
	case topology.KindAttributesClass:
		if in.Lookup.AttributesClass(name) != nil {
			return false
		}
	case topology.KindVolumeSnapshotClass:
		if in.Lookup.VolumeSnapshotClass(name) != nil {
			return false
		}
	default:
		if in.Lookup.VolumeSnapshot(namespace, name) != nil {
			return false
		}
	}
	if in.Beside != nil && in.Beside.written[kind][topology.Key{Namespace: namespace, Name: name}] {
		return false // It is there, in several versions.
	}
	if in.Partial {
		return namespace == "" && slices.ContainsFunc(in.Beside.nearlyNamed(kind, name), func(other string) bool { return mistyped(name, other) })
	}
	return in.AsWritten || in.Lookup.Len(kind) > 0
}

// near asks whether one of the few objects of a kind was meant.
func (in *Input) near(kind topology.Kind, name string) string {
	if in.Lookup.Len(kind) > maxSuggested {
		return ""
	}
	var names []string
	for _, key := range in.Lookup.Keys(kind) {
		names = append(names, key.Name)
	}
	if near := suggest.Nearest(name, names); len(near) > 0 {
		return "; " + suggest.Sentence(name, near)
	}
	return ""
}

func (in *Input) missingClaim(name string) (message string, missing bool) {
	if in.Lookup.Claim(in.Namespace, name) != nil || (in.Beside != nil && slices.Contains(in.Beside.claims[name], in.Namespace)) {
		return "", false
	}
	if in.Beside != nil {
		if other, exists := elsewhere(in.Beside.claims[name], in.Namespace); exists {
			return fmt.Sprintf("claim %q is in namespace %s, and not in %q", name, other, in.Namespace), true
		}
	}
	return fmt.Sprintf("claim %q does not exist yet in namespace %q", name, in.Namespace), in.seesCluster()
}

// clonedFrom names the claim whose volume is to be copied; empty if there is none.
func (c claim) clonedFrom() string {
	if ref := c.spec.DataSourceRef; ref != nil {
		if group(ref.APIGroup) == "" && ref.Kind == "PersistentVolumeClaim" && deref(ref.Namespace) == "" {
			return ref.Name
		}
		return ""
	}
	if s := c.spec.DataSource; s != nil && group(s.APIGroup) == "" && s.Kind == "PersistentVolumeClaim" {
		return s.Name
	}
	return ""
}

func (c claim) sourcePath() *field.Path {
	if c.spec.DataSourceRef != nil {
		return c.path.Child("dataSourceRef", "name")
	}
	return c.path.Child("dataSource", "name")
}

var driverMissingRule = Rule{
	ID:          "driver-missing",
	Summary:     "A class, PersistentVolume or inline volume names a CSI driver that the cluster does not have.",
	Kinds:       append([]Kind{StorageClass, PersistentVolume}, podKinds...),
	Action:      Warn,
	Symptom:     "the claim stays Pending: 'waiting for a volume to be created …'",
	Remediation: "fix the driver's name, or install it",
	NeedsLookup: true,
	Check:       driverMissing,
}

// driverMissing fires where no node and no CSIDriver object knows a driver. A provisioner need not be a CSI driver: of those that the
// catalog does not know, only nearly the name of a driver of the cluster is.
func driverMissing(in *Input) []Finding {
	switch o := in.Object.(type) {
	case *storagev1.StorageClass:
		if o.Provisioner == "" || strings.HasPrefix(o.Provisioner, inTree) || !in.lacksDriver(o.Provisioner) {
			return nil
		}
		row, known := in.Catalog.Driver(o.Provisioner)
		if near := in.near(topology.KindDriver, o.Provisioner); near != "" || (known && row.Kind == catalog.CSI) {
			return []Finding{{Path: field.NewPath("provisioner"), Message: fmt.Sprintf("the cluster has no CSI driver %q yet", o.Provisioner) + near}}
		}
	case *corev1.PersistentVolume:
		if o.Spec.CSI == nil || o.Annotations[provisionedBy] != "" || !in.lacksDriver(o.Spec.CSI.Driver) {
			return nil
		}
		return []Finding{{
			Path: field.NewPath("spec", "csi", "driver"), Message: fmt.Sprintf("the cluster has no CSI driver %q yet", o.Spec.CSI.Driver) + in.near(topology.KindDriver, o.Spec.CSI.Driver),
			Symptom: "the volume is bound, and its pod stays in ContainerCreating: the driver is not found in the list of registered CSI drivers",
		}}
	default:
		return inlineDriverMissing(in)
	}
	return nil
}

func inlineDriverMissing(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil {
		return nil
	}
	var found []Finding
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.CSI == nil || !in.lacksDriver(v.CSI.Driver) {
			continue
		}
		found = append(found, Finding{
			Path:    path.Child("volumes").Index(i).Child("csi", "driver"),
			Message: fmt.Sprintf("volume %q: the cluster has no CSI driver %q yet", v.Name, v.CSI.Driver) + in.near(topology.KindDriver, v.CSI.Driver),
			Symptom: fmt.Sprintf("the pod stays in ContainerCreating: volume mode \"Ephemeral\" not supported by driver %s (no CSIDriver object)", v.CSI.Driver),
		})
	}
	return found
}
