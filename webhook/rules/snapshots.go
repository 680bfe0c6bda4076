// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strconv"
	"strings"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/topology"
)

var snapshotRemovedVersionRule = Rule{
	ID:          "snapshot-removed-version",
	Summary:     "A snapshot object uses v1alpha1 or v1beta1, or has a field of those versions.",
	Kinds:       []Kind{VolumeSnapshot, VolumeSnapshotContent, VolumeSnapshotClass},
	Action:      Deny,
	Symptom:     `no matches for kind "VolumeSnapshot" in version "snapshot.storage.k8s.io/v1alpha1"`,
	Remediation: "write apiVersion: snapshot.storage.k8s.io/v1 and that version's fields",
}

const defaultSnapshotClass = "snapshot.storage.kubernetes.io/is-default-class"

var snapshotSourceGroupRule = Rule{
	ID:          "snapshot-source-group",
	Summary:     "A claim's dataSource is not one that the API server keeps: a VolumeSnapshot without its apiGroup, or with a version in it.",
	Kinds:       claimKinds,
	Action:      Deny,
	Symptom:     "no error at all: the API server drops the dataSource, and the claim gets an empty volume",
	Remediation: "write apiGroup: snapshot.storage.k8s.io",
	ExplainsAPI: true,
	Check:       snapshotSourceGroup,
}

// snapshotSourceGroup fires on a dataSource that the API server drops before it stores the claim, which then gets an empty
// volume (EnforceDataSourceBackwardsCompatibility in pkg/api/persistentvolumeclaim of Kubernetes). Only claims and
// VolumeSnapshots stay there; dataSourceRef keeps everything, and is validated.
func snapshotSourceGroup(in *Input) []Finding {
	var found []Finding
	eachClaim(in.Object, func(c claim) {
		if ref := c.spec.DataSourceRef; ref != nil {
			if f, bad := snapshotGroup(ref.APIGroup, ref.Kind); bad {
				f.Path, f.RefusedByAPI = c.path.Child("dataSourceRef", "apiGroup"), true
				f.Symptom = "Invalid value: the API server rejects the claim"
				f.Message = c.origin + "dataSourceRef: " + f.Message
				found = append(found, f)
			}
			return
		}
		source := c.spec.DataSource
		if source == nil {
			return
		}
		f, bad := snapshotGroup(source.APIGroup, source.Kind)
		switch {
		case bad:
			f.Path, f.Message = c.path.Child("dataSource", "apiGroup"), c.origin+"dataSource: "+f.Message
		case group(source.APIGroup) == snapshotv1.GroupName && source.Kind == "VolumeSnapshot",
			group(source.APIGroup) == "" && source.Kind == "PersistentVolumeClaim":
			return
		default:
			f = Finding{
				Action: Warn, Path: c.path.Child("dataSource"),
				Message:     fmt.Sprintf("%sdataSource of kind %q and apiGroup %q is dropped", c.origin, source.Kind, group(source.APIGroup)),
				Remediation: "use dataSourceRef, which takes any kind that a volume populator serves",
			}
		}
		// The claim that comes to be validated has lost the field; a template still has it.
		f.RefusedByAPI = in.Kind == PersistentVolumeClaim
		found = append(found, f)
	})
	return found
}

func group(apiGroup *string) string {
	if apiGroup == nil {
		return ""
	}
	return *apiGroup
}

// snapshotGroup looks at a reference that was meant to be a VolumeSnapshot.
func snapshotGroup(apiGroup *string, kind string) (Finding, bool) {
	g := group(apiGroup)
	switch {
	case g == "" && kind == "VolumeSnapshot":
		return Finding{Message: "a VolumeSnapshot without apiGroup " + snapshotv1.GroupName}, true
	case strings.HasPrefix(g, snapshotv1.GroupName+"/"):
		return Finding{Message: fmt.Sprintf("apiGroup %q has a version in it", g)}, true
	}
	return Finding{}, false
}

// restore is a claim that is to be provisioned from a snapshot that the lookup knows.
type restore struct {
	claim
	// driver is the class's.
	driver string
	class  string
	// snapshot is what it is made from, and content what that is bound to; content may be nil.
	snapshot *topology.VolumeSnapshot
	content  *topology.VolumeSnapshotContent
}

// eachRestore visits the claims that a new volume is to be provisioned for from a snapshot.
func eachRestore(in *Input, visit func(restore)) {
	if in.Lookup == nil {
		return
	}
	eachClaim(in.Object, func(c claim) {
		name, namespace := c.snapshotSource(in.Namespace)
		if name == "" || (namespace != in.Namespace && !in.AsWritten) {
			// The author of the claim need not be allowed to read the other namespace, and must not learn what is in it.
			return
		}
		class, ok := c.provisionedFrom(in)
		if !ok {
			return
		}
		snapshot := in.Lookup.VolumeSnapshot(namespace, name)
		if snapshot == nil {
			return
		}
		r := restore{claim: c, driver: class.Driver, class: class.Name, snapshot: snapshot}
		if snapshot.Content != "" {
			r.content = in.Lookup.VolumeSnapshotContent(snapshot.Content)
		}
		visit(r)
	})
}

// clone is a claim that is to be provisioned as a copy of another's volume.
type clone struct {
	claim
	driver, class string
	source        *topology.Claim
}

// eachClone visits the claims that a new volume is to be provisioned for as a copy (getPVCSource in pkg/controller/controller.go of
// external-provisioner).
func eachClone(in *Input, visit func(clone)) {
	if in.Lookup == nil {
		return
	}
	eachClaim(in.Object, func(c claim) {
		name := c.clonedFrom()
		if name == "" {
			return
		}
		source := in.Lookup.Claim(in.Namespace, name)
		class, ok := c.provisionedFrom(in)
		if source != nil && ok {
			visit(clone{c, class.Driver, class.Name, source})
		}
	})
}

// provisionedFrom returns the class that the claim's volume will be made from by a known driver. A claim that may be bound to
// a volume that exists has none.
func (c claim) provisionedFrom(in *Input) (*topology.Class, bool) {
	object, ok := c.dynamicClass(in.Lookup)
	if !ok {
		return nil, false
	}
	class := in.Lookup.Class(object.Name)
	if class == nil || !class.Provisions() || class.Driver == "" || !none(in.Lookup.Unclaimed(class.Name)) || keptForSelf(in, class.Name) {
		return nil, false
	}
	return class, true
}

// snapshotSource names the VolumeSnapshot that the claim's volume is made from; empty if there is none.
func (c claim) snapshotSource(own string) (name, namespace string) {
	if ref := c.spec.DataSourceRef; ref != nil && group(ref.APIGroup) == snapshotv1.GroupName && ref.Kind == "VolumeSnapshot" {
		if ref.Namespace != nil && *ref.Namespace != "" {
			return ref.Name, *ref.Namespace
		}
		return ref.Name, own
	}
	if s := c.spec.DataSource; s != nil && group(s.APIGroup) == snapshotv1.GroupName && s.Kind == "VolumeSnapshot" {
		return s.Name, own
	}
	return "", ""
}

// driverOfClaim is the CSI driver of a claim's volume, or of its class if it is to get one; empty if that is not known.
func driverOfClaim(lookup *topology.Snapshot, c *topology.Claim) string {
	if c.VolumeName != "" {
		return driverOfVolume(lookup.Volume(c.VolumeName))
	}
	if class := lookup.Class(c.Class); class != nil && class.Provisions() && c.Selector == nil && none(lookup.KeptFor(c.Key())) &&
		none(lookup.Unclaimed(c.Class)) {
		return class.Driver
	}
	return ""
}

func driverOfVolume(v *topology.Volume) string {
	switch {
	case v == nil:
		return ""
	case v.Migration != nil:
		return v.Migration.Driver
	}
	return v.Driver
}

// snapshotDriver is the driver that took the snapshot, or is to take it; empty if that is not known.
func (r restore) snapshotDriver(lookup *topology.Snapshot) string {
	if r.snapshot.Content != "" || r.snapshot.SourceContent != "" {
		content := r.content
		if content == nil {
			content = lookup.VolumeSnapshotContent(r.snapshot.SourceContent)
		}
		if content == nil {
			return ""
		}
		return content.Driver
	}
	if class := lookup.VolumeSnapshotClass(r.snapshot.Class); class != nil {
		return class.Driver
	}
	if source := lookup.Claim(r.snapshot.Namespace, r.snapshot.SourceClaim); source != nil {
		return driverOfClaim(lookup, source)
	}
	return ""
}

var snapshotDriverMismatchRule = Rule{
	ID:          "snapshot-driver-mismatch",
	Summary:     "A VolumeSnapshot's class and volume belong to different drivers, or a claim restores a snapshot, or copies a volume, with another driver's class.",
	Kinds:       append([]Kind{VolumeSnapshot}, claimKinds...),
	Action:      Deny,
	Symptom:     "ProvisioningFailed 'snapshotcontent … is not handled by CSI driver of StorageClass …'; the claim stays Pending",
	Remediation: "use classes of the same driver",
	NeedsLookup: true,
	Check:       snapshotDriverMismatch,
}

// snapshotDriverMismatch fires where one driver is asked to read what another wrote.
func snapshotDriverMismatch(in *Input) []Finding {
	if in.Lookup == nil {
		return nil
	}
	if o, ok := in.Object.(*snapshotv1.VolumeSnapshot); ok {
		return snapshotOfAnotherDriver(in, o)
	}
	var found []Finding
	eachClone(in, func(c clone) {
		if driver := driverOfClaim(in.Lookup, c.source); driver != "" && driver != c.driver {
			found = append(found, Finding{
				Path:        c.path.Child("storageClassName"),
				Message:     fmt.Sprintf("%sclass %q provisions with %s, and the volume of claim %q is of %s", c.origin, c.class, c.driver, c.source.Name, driver),
				Symptom:     "ProvisioningFailed 'claim in dataSource not bound or invalid'; the claim stays Pending",
				Remediation: "use a StorageClass of " + driver,
			})
		}
	})
	eachRestore(in, func(r restore) {
		driver := r.snapshotDriver(in.Lookup)
		if driver == "" || driver == r.driver {
			return
		}
		found = append(found, Finding{
			Path: r.path.Child("storageClassName"),
			Message: fmt.Sprintf("%sclass %q provisions with %s, and VolumeSnapshot %q is of %s", r.origin, r.class, r.driver,
				r.snapshot.Name, driver),
			Remediation: "use a StorageClass of " + driver,
		})
	})
	return found
}

func snapshotOfAnotherDriver(in *Input, o *snapshotv1.VolumeSnapshot) []Finding {
	if o.Spec.VolumeSnapshotClassName == nil || o.Spec.Source.PersistentVolumeClaimName == nil {
		return nil
	}
	class := in.Lookup.VolumeSnapshotClass(*o.Spec.VolumeSnapshotClassName)
	source := in.Lookup.Claim(in.Namespace, *o.Spec.Source.PersistentVolumeClaimName)
	if class == nil || source == nil {
		return nil
	}
	driver := driverOfClaim(in.Lookup, source)
	if driver == "" || driver == class.Driver {
		return nil
	}
	return []Finding{{
		Path: field.NewPath("spec", "volumeSnapshotClassName"),
		Message: fmt.Sprintf("VolumeSnapshotClass %q is of %s, and the volume of claim %q is of %s", class.Name, class.Driver,
			source.Name, driver),
		Symptom:     "the VolumeSnapshot never becomes ready: the driver does not know the volume",
		Remediation: "use a VolumeSnapshotClass of " + driver,
	}}
}

var snapshotTooSmallRule = Rule{
	ID:          "snapshot-too-small",
	Summary:     "A claim requests less than the restoreSize of the VolumeSnapshot that it is restored from, or than the claim that it is a copy of.",
	Kinds:       claimKinds,
	Action:      Deny,
	Symptom:     "ProvisioningFailed 'requested volume size … is less than the size … for the source snapshot'",
	Remediation: "request at least the snapshot's restoreSize",
	NeedsLookup: true,
	Check:       snapshotTooSmall,
}

// snapshotTooSmall fires on restores that external-provisioner refuses (getSnapshotSource in pkg/controller/controller.go).
func snapshotTooSmall(in *Input) []Finding {
	var found []Finding
	eachClaim(in.Object, func(c claim) {
		name := c.clonedFrom()
		if name == "" || in.Lookup == nil || c.spec.VolumeName != "" {
			return
		}
		source := in.Lookup.Claim(in.Namespace, name)
		request, ok := c.spec.Resources.Requests[corev1.ResourceStorage]
		if source == nil || !ok || !source.HasRequest || topology.Bytes(request) >= source.Request {
			return
		}
		needed := resource.NewQuantity(source.Request, resource.BinarySI)
		found = append(found, Finding{
			Path:        c.path.Child("resources", "requests").Key("storage"),
			Message:     fmt.Sprintf("%s%s is requested, and claim %q, which is copied, requests %s", c.origin, request.String(), name, needed),
			Symptom:     "ProvisioningFailed 'new PVC request must be greater than or equal in size to the specified PVC data source'",
			Remediation: fmt.Sprintf("request %s or more", needed),
		})
	})
	eachRestore(in, func(r restore) {
		request, ok := r.spec.Resources.Requests[corev1.ResourceStorage]
		if !ok || r.snapshot.RestoreSize == 0 || topology.Bytes(request) >= r.snapshot.RestoreSize {
			return
		}
		needed := resource.NewQuantity(r.snapshot.RestoreSize, resource.BinarySI)
		found = append(found, Finding{
			Path:    r.path.Child("resources", "requests").Key("storage"),
			Message: fmt.Sprintf("%s%s is requested, and VolumeSnapshot %q needs %s", r.origin, request.String(), r.snapshot.Name, needed),
			Symptom: fmt.Sprintf("ProvisioningFailed 'requested volume size %s is less than the size %s for the source snapshot'",
				strconv.FormatInt(request.Value(), 10), strconv.FormatInt(r.snapshot.RestoreSize, 10)),
			Remediation: fmt.Sprintf("request %s or more", needed),
		})
	})
	return found
}

var snapshotModeChangeRule = Rule{
	ID:      "snapshot-mode-change",
	Summary: "A claim's volumeMode differs from that of the VolumeSnapshot's source volume, and the snapshot's content does not allow that.",
	Kinds:   claimKinds,
	Action:  Deny,
	Symptom: "ProvisioningFailed 'requested volume … modifies the mode of the source volume but does not have permission to do so'",
	Remediation: "keep the volumeMode, or ask an administrator to annotate the VolumeSnapshotContent with " +
		"snapshot.storage.kubernetes.io/allow-volume-mode-change: \"true\"",
	NeedsLookup: true,
	Check:       snapshotModeChange,
}

// snapshotModeChange fires on restores that change the volumeMode without leave (--prevent-volume-mode-conversion of
// external-provisioner, which is on by default). Whether leave was given is known only of a content.
func snapshotModeChange(in *Input) []Finding {
	var found []Finding
	eachClone(in, func(c clone) {
		if block := c.volumeMode() == corev1.PersistentVolumeBlock; block != c.source.Block {
			found = append(found, Finding{
				Path:        c.path.Child("volumeMode"),
				Message:     fmt.Sprintf("%svolumeMode %s, and claim %q, which is copied, is of %s", c.origin, c.volumeMode(), c.source.Name, modeName(c.source.Block)),
				Symptom:     "ProvisioningFailed: the source's volumeMode differs; the claim stays Pending",
				Remediation: "keep the volumeMode",
			})
		}
	})
	eachRestore(in, func(r restore) {
		if r.content == nil || r.content.AllowModeChange || r.content.SourceMode == "" || r.content.SourceMode == r.volumeMode() {
			return
		}
		found = append(found, Finding{
			Path: r.path.Child("volumeMode"),
			Message: fmt.Sprintf("%svolumeMode %s, and VolumeSnapshot %q was taken of a %s volume", r.origin, r.volumeMode(),
				r.snapshot.Name, r.content.SourceMode),
		})
	})
	return found
}

var snapshotDefaultClassesRule = Rule{
	ID:          "snapshot-default-classes",
	Summary:     "A driver gets a second default VolumeSnapshotClass.",
	Kinds:       []Kind{VolumeSnapshotClass},
	Action:      Warn,
	Symptom:     "VolumeSnapshots that name no class fail with 'more than 1 default snapshot class'",
	Remediation: "remove the annotation snapshot.storage.kubernetes.io/is-default-class from all but one of the driver's classes",
	NeedsLookup: true,
	Check:       snapshotDefaultClasses,
}

func snapshotDefaultClasses(in *Input) []Finding {
	o, ok := in.Object.(*snapshotv1.VolumeSnapshotClass)
	if !ok || in.Lookup == nil || o.Annotations[defaultSnapshotClass] != "true" {
		return nil
	}
	for other := range in.Lookup.VolumeSnapshotClasses() {
		if other.Default && other.Driver == o.Driver && other.Name != o.Name {
			return []Finding{{
				Path:    field.NewPath("metadata", "annotations").Key(defaultSnapshotClass),
				Message: fmt.Sprintf("VolumeSnapshotClass %q is the default for %s already", other.Name, o.Driver),
			}}
		}
	}
	return nil
}
