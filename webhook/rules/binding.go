// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"iter"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/internal/upstream"
	"github.com/moorage-k8s/moorage/topology"
)

func dynamic(class *storagev1.StorageClass) bool {
	return class.Provisioner != "" && class.Provisioner != noProvisioner
}

func delayed(class *storagev1.StorageClass) bool {
	return class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
}

// namedClaim is a claim that a pod spec names, by the volume that does.
type namedClaim struct {
	volume string
	name   string
	path   *field.Path
}

// eachNamedClaim visits the claims that a pod spec names. In a StatefulSet a claim template takes the place of a volume of
// the same name, which is then not visited.
func eachNamedClaim(obj runtime.Object, visit func(namedClaim)) {
	spec, path := podSpecOf(obj)
	if spec == nil {
		return
	}
	templates := claimTemplates(obj)
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.PersistentVolumeClaim == nil || v.PersistentVolumeClaim.ClaimName == "" || templates[v.Name] {
			continue
		}
		visit(namedClaim{v.Name, v.PersistentVolumeClaim.ClaimName, path.Child("volumes").Index(i).Child("persistentVolumeClaim", "claimName")})
	}
}

var bindingNodeNameRule = Rule{
	ID:      "binding-node-name",
	Summary: "nodeName is set on a pod with a claim that is not bound and waits for its first consumer to be scheduled.",
	Kinds:   podKinds,
	Action:  Deny,
	Symptom: "'" + fmt.Sprintf(upstream.WaitingForPod, "…") + "': the claim stays Pending and the pod in ContainerCreating, forever",
	Remediation: "leave nodeName out and choose the node with nodeAffinity or a nodeSelector on kubernetes.io/hostname, so that the " +
		"scheduler takes part",
	NeedsLookup: true,
	Check:       bindingNodeName,
}

// bindingNodeName fires where nobody will ever tell the volume controllers on which node a delayed claim is wanted: only the
// scheduler does, and a pod that has its node already does not pass it (kubernetes/kubernetes#89953). A claim that another
// pod uses too may get its volume by that one.
func bindingNodeName(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil || spec.NodeName == "" || in.Lookup == nil {
		return nil
	}
	var found []Finding
	tell := func(claim string) {
		f := Finding{
			Path:    path.Child("nodeName"),
			Message: fmt.Sprintf("nodeName %q bypasses the scheduler, so %s is never provisioned", spec.NodeName, claim),
		}
		if in.Kind != Pod {
			// Until the pods are made the claim may get its volume in another way.
			f.Action = Warn
		}
		found = append(found, f)
	}
	eachNamedClaim(in.Object, func(c namedClaim) {
		if claim := in.Lookup.Claim(in.Namespace, c.name); claim != nil && waitsForScheduler(in, claim) {
			tell(fmt.Sprintf("claim %q (class %q, WaitForFirstConsumer)", c.name, claim.Class))
		}
	})
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.Ephemeral == nil || v.Ephemeral.VolumeClaimTemplate == nil || v.Ephemeral.VolumeClaimTemplate.Spec.VolumeName != "" {
			continue
		}
		t := v.Ephemeral.VolumeClaimTemplate
		class, ok := claim{annotations: t.Annotations, spec: &t.Spec}.classOrDefault(in.Lookup)
		if ok && delayed(class) {
			tell(fmt.Sprintf("ephemeral volume %q (class %q, WaitForFirstConsumer)", v.Name, class.Name))
		}
	}
	return found
}

// StrandedByNodeName reports whether a new pod names its node although a claim of it waits for the scheduler: what the rule
// binding-node-name denies. Without a lookup it is false.
func StrandedByNodeName(pod *corev1.Pod, namespace string, lookup *topology.Snapshot) bool {
	return len(bindingNodeName(&Input{Kind: Pod, Object: pod, Namespace: namespace, Lookup: lookup})) > 0
}

// waitsForScheduler reports whether a claim that exists will be bound only when a pod that uses it passes the scheduler
// (IsDelayBindingMode and findMatchingVolume in pkg/controller/volume/persistentvolume of Kubernetes).
func waitsForScheduler(in *Input, c *topology.Claim) bool {
	class, ok := in.Lookup.StorageClass(c.Class)
	if !ok || !delayed(class) || c.VolumeName != "" || c.HasSelectedNode || c.Deleting || !none(in.Lookup.KeptFor(c.Key())) {
		return false
	}
	name := ""
	if pod, isPod := in.Object.(*corev1.Pod); isPod {
		name = pod.Name
	}
	for user := range in.Lookup.Users(c.Key()) {
		if user.Name != name {
			return false
		}
	}
	return true
}

func none[T any](all iter.Seq[T]) bool {
	for range all {
		return false
	}
	return true
}

// classOrDefault returns the class that a claim would have if it were made now.
func (c claim) classOrDefault(lookup *topology.Snapshot) (*storagev1.StorageClass, bool) {
	if c.unclassed() {
		return lookup.DefaultStorageClass()
	}
	return lookup.StorageClass(c.className())
}

// unclassed tells that the claim leaves its class open, rather than asking for none.
func (c claim) unclassed() bool {
	_, annotated := c.annotations[corev1.BetaStorageClassAnnotation]
	return !annotated && c.spec.StorageClassName == nil
}

var bindingNoClassRule = Rule{
	ID:          "binding-no-class",
	Summary:     "A claim has no StorageClass, there is no default one, and no available PersistentVolume fits.",
	Kinds:       claimKinds,
	Action:      Warn,
	Symptom:     "'" + upstream.NoClass + "'; the claim and its pod stay Pending",
	Remediation: "name a StorageClass (kubectl get storageclass), mark one as default, or create a PersistentVolume that fits",
	NeedsLookup: true,
	Check:       bindingNoClass,
}

// bindingNoClass fires on claims that nothing serves: there is no class to provision from, and no volume to bind.
func bindingNoClass(in *Input) []Finding {
	if !in.seesCluster() {
		return nil
	}
	var found []Finding
	eachClaim(in.Object, func(c claim) {
		if c.className() != "" || c.spec.VolumeName != "" || keptForSelf(in, "") {
			return
		}
		what := "asks for no StorageClass"
		if c.unclassed() {
			if _, ok := in.Lookup.DefaultStorageClass(); ok {
				return
			}
			what = "names no StorageClass, the cluster has no default one"
		}
		if c.fits(in.Lookup, "") {
			return
		}
		found = append(found, Finding{
			Path:    c.path.Child("storageClassName"),
			Message: fmt.Sprintf("%sthe claim %s, and no available PersistentVolume fits it", c.origin, what),
		})
	})
	return found
}

// keptForSelf reports whether some volume's claimRef names the claim that is asked about.
func keptForSelf(in *Input, class string) bool {
	pvc, ok := in.Object.(*corev1.PersistentVolumeClaim)
	if !ok {
		return false
	}
	for v := range in.Lookup.KeptFor(topology.Key{Namespace: in.Namespace, Name: pvc.Name}) {
		if v.Class == class {
			return true
		}
	}
	return false
}

// fits reports whether an available volume of the class fits the claim, as far as size, modes and selector say
// (FindMatchingVolume in k8s.io/component-helpers/storage/volume).
func (c claim) fits(lookup *topology.Snapshot, class string) bool {
	selector := labels.Everything()
	if c.spec.Selector != nil {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(c.spec.Selector); err != nil {
			// What cannot be read may fit.
			return true
		}
	}
	request := c.spec.Resources.Requests[corev1.ResourceStorage]
	modes := topology.AccessModesOf(c.spec.AccessModes)
	for v := range lookup.Unclaimed(class) {
		if v.Capacity >= topology.Bytes(request) && v.Block == (c.volumeMode() == corev1.PersistentVolumeBlock) && v.AccessModes.Has(modes) &&
			selector.Matches(labels.Set(v.Labels)) {
			return true
		}
	}
	return false
}

var bindingClassMissingRule = Rule{
	ID: "binding-class-missing",
	Summary: "A claim names a StorageClass, VolumeAttributesClass or source that does not exist, a pod a claim, a VolumeSnapshot its class or claim; " +
		"or what is named exists in another namespace only.",
	Kinds:       append([]Kind{VolumeSnapshot}, claimKinds...),
	Action:      Warn,
	Symptom:     "the claim and its pod stay Pending",
	Remediation: "fix the name, or create the StorageClass",
	NeedsLookup: true,
	Check:       bindingClassMissing,
}

// bindingClassMissing fires on names of classes and claims that are not there. A class that only names a group of volumes
// needs no object.
func bindingClassMissing(in *Input) []Finding {
	if in.Lookup == nil {
		return nil
	}
	found := missingReferences(in)
	if !in.seesCluster() {
		return found
	}
	eachClaim(in.Object, func(c claim) {
		name := c.className()
		if name == "" || c.spec.VolumeName != "" || !none(in.Lookup.Unclaimed(name)) || keptForSelf(in, name) {
			return
		}
		if _, ok := in.Lookup.StorageClass(name); ok {
			return
		}
		found = append(found, Finding{
			Path:    c.path.Child("storageClassName"),
			Message: fmt.Sprintf("%sStorageClass %q does not exist yet, nor an available PersistentVolume of that class", c.origin, name),
			Symptom: fmt.Sprintf("ProvisioningFailed 'storageclass.storage.k8s.io %q not found'; the claim and its pod stay Pending", name),
		})
	})
	if o, ok := in.Object.(metav1.Object); ok && metav1.GetControllerOfNoCopy(o) != nil {
		// A controller makes the pod's claims just before the pod, which may be sooner than they can be seen here.
		return found
	}
	eachNamedClaim(in.Object, func(c namedClaim) {
		if in.Lookup.Claim(in.Namespace, c.name) == nil {
			found = append(found, Finding{
				Path:        c.path,
				Message:     fmt.Sprintf("claim %q of volume %q does not exist yet in namespace %q", c.name, c.volume, in.Namespace),
				Symptom:     fmt.Sprintf("FailedScheduling 'persistentvolumeclaim %q not found'; the pod stays Pending until the claim exists", c.name),
				Remediation: "create the claim in the pod's own namespace, or fix its name",
			})
		}
	})
	return found
}

var bindingSelectorDynamicRule = Rule{
	ID:          "binding-selector-dynamic",
	Summary:     "A claim of a class that provisions has a selector, and no available PersistentVolume matches.",
	Kinds:       claimKinds,
	Action:      Warn,
	Symptom:     "ProvisioningFailed 'claim Selector is not supported'; the claim and its pod stay Pending",
	Remediation: "remove the selector, or bind a statically created PersistentVolume with storageClassName: \"\"",
	NeedsLookup: true,
	Check:       bindingSelectorDynamic,
}

// bindingSelectorDynamic fires on selectors that no volume meets: a provisioner makes none to measure ('claim Selector is not
// supported' in external-provisioner).
func bindingSelectorDynamic(in *Input) []Finding {
	if in.Lookup == nil {
		return nil
	}
	var found []Finding
	eachClaim(in.Object, func(c claim) {
		if c.spec.Selector == nil || c.spec.VolumeName != "" {
			return
		}
		class, ok := c.classOrDefault(in.Lookup)
		if !ok || !dynamic(class) || c.fits(in.Lookup, class.Name) || keptForSelf(in, class.Name) {
			return
		}
		found = append(found, Finding{
			Path: c.path.Child("selector"),
			Message: fmt.Sprintf("%sclass %q provisions volumes, and none is provisioned for a claim with a selector; no available one matches",
				c.origin, class.Name),
		})
	})
	return found
}
