// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/internal/upstream"
	"github.com/moorage-k8s/moorage/topology"
)

var bindingImmediateZonalRule = Rule{
	ID:          "binding-immediate-zonal",
	Summary:     "A class of a zonal or node-local driver, or of statically created volumes, binds its claims immediately.",
	Kinds:       []Kind{StorageClass},
	Action:      Warn,
	Symptom:     "FailedScheduling '" + upstream.VolumeAffinity + "': the volume is in a zone where its pod cannot run",
	Remediation: "set volumeBindingMode: WaitForFirstConsumer",
	Check:       bindingImmediateZonal,
}

// bindingImmediateZonal fires on classes that choose a volume's place before anybody knows where its pod can run.
func bindingImmediateZonal(in *Input) []Finding {
	class, ok := in.Object.(*storagev1.StorageClass)
	if !ok || (class.VolumeBindingMode != nil && *class.VolumeBindingMode != storagev1.VolumeBindingImmediate) || onePlace(class.AllowedTopologies) {
		return nil
	}
	subject := ""
	if class.Provisioner == noProvisioner {
		if in.reachedFromAnywhere(class.Name) {
			return nil
		}
		subject = "statically created volumes may be reachable from some nodes only"
	} else if driver, known := in.Catalog.Driver(class.Provisioner); known && in.placed(driver) {
		subject = fmt.Sprintf("a volume of %s belongs to one %s", driver.Name, strings.ToLower(string(driver.Topology.Scope)))
	}
	if subject == "" {
		return nil
	}
	return []Finding{{
		Path:    field.NewPath("volumeBindingMode"),
		Message: subject + ", and with Immediate it is chosen before the pod is scheduled",
	}}
}

// BindsTooSoon reports whether a class of a zonal or node-local driver chooses a volume's place before anybody knows where its
// pod can run: what the rule binding-immediate-zonal says of drivers.
func BindsTooSoon(class *storagev1.StorageClass, lookup *topology.Snapshot, known *catalog.Catalog) bool {
	in := &Input{Kind: StorageClass, Object: class, Lookup: lookup, Catalog: known}
	return class.Provisioner != noProvisioner && len(bindingImmediateZonal(in)) > 0
}

// onePlace reports whether allowedTopologies leave one value of one key only, so that there is nothing to choose.
func onePlace(terms []corev1.TopologySelectorTerm) bool {
	return len(terms) == 1 && len(terms[0].MatchLabelExpressions) > 0 &&
		!slices.ContainsFunc(terms[0].MatchLabelExpressions, func(e corev1.TopologySelectorLabelRequirement) bool { return len(e.Values) != 1 })
}

// placed reports whether a driver's volumes are reached from a part of the cluster only. An installation that gives no
// topology keys on the nodes where it is registered says otherwise, and is believed.
func (in *Input) placed(driver *catalog.Driver) bool {
	if scope := driver.Topology.Scope; (scope != catalog.ScopeZone && scope != catalog.ScopeNode) || driver.Topology.Optional {
		return false
	}
	if in.Lookup != nil {
		if keys, registered := in.Lookup.DriverOnNodes(driver.Name); registered && len(keys) == 0 {
			return false
		}
	}
	return true
}

// reachedFromAnywhere reports whether there are available volumes of the class and none is bound to a place.
func (in *Input) reachedFromAnywhere(class string) bool {
	if in.Lookup == nil {
		return false
	}
	some := false
	for v := range in.Lookup.Unclaimed(class) {
		if v.Affinity != nil || len(v.Zones) > 0 {
			return false
		}
		some = true
	}
	return some
}

var bindingNoCommonNodeRule = Rule{
	ID:          "binding-no-common-node",
	Summary:     "A pod's bound volumes, the allowed topologies of its delayed claims' classes, and what these are clones of share no node.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "FailedScheduling '" + upstream.VolumeAffinity + "'; the pod stays Pending",
	Remediation: "use volumes of one zone, or recreate one of them there from a snapshot",
	NeedsLookup: true,
	Check:       bindingNoCommonNode,
}

// bindingNoCommonNode fires where a pod's volumes cannot all be reached from any one node.
func bindingNoCommonNode(in *Input) []Finding {
	if !in.seesCluster() || in.Lookup.NumNodes() == 0 {
		return nil
	}
	type place struct {
		what  string
		nodes topology.NodeSet
		path  *field.Path
	}
	var places []place
	eachNamedClaim(in.Object, func(c namedClaim) {
		claim := in.Lookup.Claim(in.Namespace, c.name)
		if claim == nil {
			return
		}
		if claim.Bound() {
			if v := in.Lookup.Volume(claim.VolumeName); v != nil {
				places = append(places, place{fmt.Sprintf("volume %s of claim %q", v.Name, c.name), in.Lookup.Reach(v), c.path})
			}
			return
		}
		class := in.Lookup.Class(claim.Class)
		// A volume that exists may be bound outside the allowed topologies, which are about provisioning, and whatever the claim's source.
		if class == nil || !class.Delayed || !class.Provisions() || claim.VolumeName != "" ||
			!none(in.Lookup.Unclaimed(claim.Class)) || !none(in.Lookup.KeptFor(claim.Key())) {
			return
		}
		if class.Allowed != nil {
			places = append(places, place{fmt.Sprintf("class %q of claim %q", class.Name, c.name), in.Lookup.Nodes(class.Allowed), c.path})
		}
		if source, nodes, ok := in.placeOfSource(claim, class); ok {
			places = append(places, place{fmt.Sprintf("%s, of which claim %q is a copy,", source, c.name), nodes, c.path})
		}
	})
	if len(places) == 0 {
		return nil
	}
	common := in.Lookup.AllNodes().Clone()
	for i, p := range places {
		common.And(p.nodes)
		if !common.Empty() {
			continue
		}
		message := p.what + " can be reached from no node of the cluster"
		if !p.nodes.Empty() {
			before := make([]string, i)
			for j := range i {
				before[j] = places[j].what
			}
			message = fmt.Sprintf("%s can be reached from no node from which %s can", p.what, strings.Join(before, " and "))
		}
		return []Finding{{Path: p.path, Message: message}}
	}
	return nil
}

// inTree begins the names of the provisioners that were part of Kubernetes.
const inTree = "kubernetes.io/"

var betaKeys = map[string]string{
	corev1.LabelFailureDomainBetaZone:   corev1.LabelTopologyZone,
	corev1.LabelFailureDomainBetaRegion: corev1.LabelTopologyRegion,
}

// GATopologyKey returns the label that took the place of a zone or region label of the beta era.
func GATopologyKey(key string) (ga string, beta bool) {
	ga, beta = betaKeys[key]
	return ga, beta
}

// labelKey is a node label's key in an object that says where volumes may be. It excludes where a node without the label is
// left out: a condition that a node meets by lacking the label needs nobody to carry it.
type labelKey struct {
	key      string
	path     *field.Path
	term     int
	excludes bool
}

// eachLabelKey visits the keys in a class's allowedTopologies and in a volume's node affinity.
func eachLabelKey(in *Input, visit func(labelKey)) {
	switch o := in.Object.(type) {
	case *storagev1.StorageClass:
		for i := range o.AllowedTopologies {
			for j, e := range o.AllowedTopologies[i].MatchLabelExpressions {
				path := field.NewPath("allowedTopologies").Index(i).Child("matchLabelExpressions").Index(j).Child("key")
				visit(labelKey{e.Key, path, i, true})
			}
		}
	case *corev1.PersistentVolume:
		if o.Spec.NodeAffinity == nil || o.Spec.NodeAffinity.Required == nil {
			return
		}
		terms := field.NewPath("spec", "nodeAffinity", "required", "nodeSelectorTerms")
		for i := range o.Spec.NodeAffinity.Required.NodeSelectorTerms {
			for j, e := range o.Spec.NodeAffinity.Required.NodeSelectorTerms[i].MatchExpressions {
				without := e.Operator == corev1.NodeSelectorOpNotIn || e.Operator == corev1.NodeSelectorOpDoesNotExist
				visit(labelKey{e.Key, terms.Index(i).Child("matchExpressions").Index(j).Child("key"), i, !without})
			}
		}
	}
}

var topologyBetaKeyRule = Rule{
	ID:          "topology-beta-key",
	Summary:     "Allowed topologies or a volume's node affinity use a deprecated beta zone or region label.",
	Kinds:       []Kind{StorageClass, PersistentVolume},
	Action:      Warn,
	Symptom:     "FailedScheduling '" + upstream.VolumeAffinity + "' on nodes that have only the current labels",
	Remediation: "use topology.kubernetes.io/zone and topology.kubernetes.io/region, or in a class the key of its driver",
	Check:       topologyBetaKey,
}

// topologyBetaKey believes a driver whose nodes give the old label as a key: its volumes are placed by that.
func topologyBetaKey(in *Input) []Finding {
	var found []Finding
	eachLabelKey(in, func(k labelKey) {
		if _, beta := betaKeys[k.key]; beta && !BetaKeyInUse(in.Lookup, in.Object, in.Catalog, k.key) {
			found = append(found, Finding{
				Path:        k.path,
				Message:     fmt.Sprintf("label %s is deprecated, and new nodes may not have it", k.key),
				Remediation: "use " + currentKey(in, k.key),
			})
		}
	})
	return found
}

// BetaKeyInUse reports whether the cluster still lives by a zone or region label of the beta era: the driver of the class or volume
// gives it as a topology key, or nodes carry it and not the label that took its place. Without a lookup it is false.
func BetaKeyInUse(lookup *topology.Snapshot, object runtime.Object, known *catalog.Catalog, key string) bool {
	if lookup == nil {
		return false
	}
	given, _ := lookup.DriverOnNodes(placingDriver(object, known))
	return slices.Contains(given, key) || (lookup.LabelOnNodes(key) && !lookup.LabelOnNodes(betaKeys[key]))
}

// placingDriver is the driver that a class's or a volume's places are those of, by the name under which nodes register it;
// empty if there is none.
func placingDriver(object runtime.Object, known *catalog.Catalog) string {
	switch o := object.(type) {
	case *storagev1.StorageClass:
		if driver, ok := known.Driver(o.Provisioner); ok && strings.HasPrefix(o.Provisioner, inTree) {
			return driver.Name
		}
		return o.Provisioner
	case *corev1.PersistentVolume:
		if o.Spec.CSI != nil {
			return o.Spec.CSI.Driver
		}
	}
	return ""
}

var topologyKeyUnknownRule = Rule{
	ID:          "topology-key-unknown",
	Summary:     "Allowed topologies or a volume's node affinity require a label that no node has and no driver reports.",
	Kinds:       []Kind{StorageClass, PersistentVolume},
	Action:      Warn,
	Symptom:     "FailedScheduling '" + upstream.NothingToBind + "' or '" + upstream.VolumeAffinity + "' on every node",
	Remediation: "use a label that nodes have (kubectl get nodes --show-labels) or a topology key of the driver (kubectl get csinodes -o yaml)",
	NeedsLookup: true,
	Check:       topologyKeyUnknown,
}

// topologyKeyUnknown fires where every alternative asks for a label that no node carries and that the driver reports
// nowhere. Volumes that a provisioner made are its own business.
func topologyKeyUnknown(in *Input) []Finding {
	if !in.seesCluster() || in.Lookup.NumNodes() == 0 {
		return nil
	}
	terms := 0
	switch o := in.Object.(type) {
	case *storagev1.StorageClass:
		terms = len(o.AllowedTopologies)
	case *corev1.PersistentVolume:
		if o.Annotations[provisionedBy] != "" || o.Spec.NodeAffinity == nil || o.Spec.NodeAffinity.Required == nil {
			return nil
		}
		terms = len(o.Spec.NodeAffinity.Required.NodeSelectorTerms)
	}
	reported, _ := in.Lookup.DriverOnNodes(placingDriver(in.Object, in.Catalog))
	var found []Finding
	hopeless := make([]bool, terms)
	eachLabelKey(in, func(k labelKey) {
		if !k.excludes || in.Lookup.LabelOnNodes(k.key) || slices.Contains(reported, k.key) {
			return
		}
		hopeless[k.term] = true
		if _, beta := betaKeys[k.key]; !beta {
			found = append(found, Finding{Path: k.path, Message: fmt.Sprintf("no node has the label %q, and no driver reports it", k.key)})
		}
	})
	if slices.Contains(hopeless, false) {
		return nil
	}
	return found
}

var topologyPVUnpinnedRule = Rule{
	ID:          "topology-pv-unpinned",
	Summary:     "A statically created PersistentVolume of a zonal or node-local driver has no node affinity.",
	Kinds:       []Kind{PersistentVolume},
	Action:      Warn,
	Symptom:     "AttachVolume.Attach failed, or MountVolume failed, on every node but those of the right zone",
	Remediation: "set spec.nodeAffinity.required to the zone or node where the volume is, by the driver's topology key",
	Check:       topologyPVUnpinned,
}

// topologyPVUnpinned fires on volumes made by hand that exist in one place and do not say so.
func topologyPVUnpinned(in *Input) []Finding {
	pv, ok := in.Object.(*corev1.PersistentVolume)
	if !ok || pv.Annotations[provisionedBy] != "" || (pv.Spec.NodeAffinity != nil && pv.Spec.NodeAffinity.Required != nil) {
		return nil
	}
	for _, label := range []string{corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaZone} {
		if pv.Labels[label] != "" {
			// kube-scheduler's volumezone reads it.
			return nil
		}
	}
	var driver *catalog.Driver
	source := topology.SourceField(&pv.Spec.PersistentVolumeSource)
	if source == "csi" {
		driver, ok = in.Catalog.Volume(pv.Spec.CSI.Driver, pv.Spec.CSI.VolumeHandle)
	} else {
		driver, ok = in.Catalog.RedirectedSource(source)
	}
	if !ok || !in.placed(driver) {
		return nil
	}
	return []Finding{{
		Path: field.NewPath("spec", "nodeAffinity"),
		Message: fmt.Sprintf("a volume of %s belongs to one %s, and the object does not say which", driver.Name,
			strings.ToLower(string(driver.Topology.Scope))),
	}}
}
