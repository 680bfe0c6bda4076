// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/topology"
)

// change is something that a release of Kubernetes changes for volumes. To tell of another one, add a row to the table and a case to
// testdata/upgrade; where it needs a new kind of finding, a Kind as well.
type change struct {
	// kind is the ID of the kind of finding that tells of it.
	kind string
	// release is the first in which it holds; empty where it holds in none yet: what is deprecated goes at some time.
	release string
	// what is changed, for people, and where it is said. Key is the annotation or the label.
	what, source, key string
}

// changes are those of Kubernetes itself. Those of in-tree plugins are the catalog's (catalog.yaml, removed).
var changes = []change{
	{
		kind: "upgrade-selinux-mount", release: "1.37",
		what:   "volumes of drivers with seLinuxMount are mounted with the SELinux label of their pod, so that pods with different labels cannot share one on a node",
		source: "SELinuxMount in pkg/features/kube_features.go; https://kep.k8s.io/1710",
	},
	{
		kind: "upgrade-deprecated", key: corev1.BetaStorageClassAnnotation,
		what:   "deprecated since 1.8; storageClassName takes its place",
		source: "pkg/api/persistentvolume/util.go, pkg/api/persistentvolumeclaim/util.go",
	},
	{
		kind: "upgrade-deprecated", key: "volume.beta.kubernetes.io/mount-options",
		what:   "deprecated since 1.31; mountOptions takes its place",
		source: "pkg/api/persistentvolume/util.go",
	},
	{
		kind: "upgrade-deprecated", key: corev1.LabelFailureDomainBetaZone,
		what:   "deprecated since 1.17; " + corev1.LabelTopologyZone + " takes its place",
		source: "deprecatedNodeLabels in pkg/api/node/util.go",
	},
	{
		kind: "upgrade-deprecated", key: corev1.LabelFailureDomainBetaRegion,
		what:   "deprecated since 1.17; " + corev1.LabelTopologyRegion + " takes its place",
		source: "deprecatedNodeLabels in pkg/api/node/util.go",
	},
	{
		kind: "upgrade-deprecated", key: "beta.kubernetes.io/os",
		what:   "deprecated since 1.14; " + corev1.LabelOSStable + " takes its place",
		source: "deprecatedNodeLabels in pkg/api/node/util.go",
	},
	{
		kind: "upgrade-deprecated", key: "beta.kubernetes.io/arch",
		what:   "deprecated since 1.14; " + corev1.LabelArchStable + " takes its place",
		source: "deprecatedNodeLabels in pkg/api/node/util.go",
	},
}

// upgrades are the kinds of what an upgrade would change.
var upgrades = []Kind{
	{
		ID: "upgrade-selinux-mount", Section: WillStick,
		Means:  "From Kubernetes 1.37 on, a volume is mounted with the SELinux label of its pod: of pods that share it with different labels only those of one label start on a node.",
		Known:  "The pods' seLinuxOptions, the claims that they share, and CSIDriver, spec.seLinuxMount, as the rule selinux-label-conflict compares them.",
		Not:    "Without --upgrade-to; where all of the pods have seLinuxChangePolicy: Recursive.",
		Remedy: "give the pods the same seLinuxOptions, or set securityContext.seLinuxChangePolicy: Recursive on all of them before the upgrade",
		Needs:  []topology.Kind{topology.KindPod, topology.KindClaim}, Find: selinuxMounts,
	},
	{
		ID: "upgrade-plugin-removed", Section: WillStick,
		Means:  "The upgrade takes away an in-tree volume plugin that is in use.",
		Known:  "The sources of PersistentVolumes and of the volumes of pods and templates, and the provisioners of classes, against the catalog.",
		Not:    "Without --upgrade-to; for plugins that the cluster's version does not have any more.",
		Remedy: "move the data to a volume of a CSI driver before the upgrade",
		Needs:  []topology.Kind{topology.KindVolume, topology.KindClass}, Find: func(c *Cluster) []Finding { return c.plugins(catalog.Gone) },
	},
	{
		ID: "upgrade-plugin-migrated", Section: WillStick,
		Means:  "The upgrade hands an in-tree volume plugin that is in use to a CSI driver, and the cluster does not have that driver.",
		Known:  "The sources of PersistentVolumes and of the volumes of pods and templates, and the provisioners of classes, against the catalog; CSIDriver and CSINode.",
		Not:    "Without --upgrade-to; where the driver is there.",
		Remedy: "install the CSI driver before the upgrade",
		Needs:  []topology.Kind{topology.KindVolume, topology.KindClass, topology.KindDriver, topology.KindCSINode},
		Find:   func(c *Cluster) []Finding { return c.plugins(catalog.Redirected) },
	},
	{
		ID: "upgrade-deprecated", Section: WillStick,
		Means:  "An annotation or a label is in use that Kubernetes has deprecated.",
		Known:  "The annotations of claims and volumes, the labels that volumes' node affinity and classes' allowedTopologies name.",
		Not:    "Without --upgrade-to.",
		Remedy: "use what takes its place: in the template or the manifest for objects to come; a volume's affinity cannot be changed, and goes with the volume",
		Needs:  []topology.Kind{topology.KindVolume, topology.KindClaim, topology.KindClass}, Find: deprecatedKeys,
	},
}

// selinuxMounts tells of the workloads that the rule about SELinux labels tells of, with their pods.
func selinuxMounts(c *Cluster) []Finding {
	at := changes[0]
	if !c.Upgrade.Passes(at.release) {
		return nil
	}
	var found []Finding
	for _, f := range c.ruleFindings() {
		if f.Rule != "selinux-label-conflict" {
			continue
		}
		root := Object{Kind: f.Object.Kind, Namespace: f.Object.Namespace, Name: f.Object.Name}
		out := Finding{
			Objects: []Object{root}, Cause: f.Message, Remedy: f.Remediation,
			Evidence: []string{fmt.Sprintf("%s: %s", f.Object.Name, f.Path), at.what, at.source},
			Command:  fmt.Sprintf("kubectl get %s %s -n %s -o yaml", strings.ToLower(root.Kind), root.Name, root.Namespace),
		}
		for _, pod := range c.PodsOf(root) {
			out.Hurts = append(out.Hurts, podObject(keyOf(pod)))
		}
		found = append(found, out)
	}
	return found
}

// plugins tells of in-tree plugins in use that the upgrade takes away, or hands over to a driver that is not there.
func (c *Cluster) plugins(outcome catalog.Outcome) []Finding {
	if c.Upgrade == nil {
		return nil
	}
	var found []Finding
	for _, r := range catalog.Default().RemovedPlugins() {
		if r.Outcome != outcome || !c.Upgrade.Passes(r.Since) {
			continue
		}
		if outcome == catalog.Redirected {
			if _, registered := c.Snapshot.DriverOnNodes(r.Replacement); registered || c.Snapshot.Driver(r.Replacement) != nil {
				continue
			}
		}
		becomes := fmt.Sprintf("Kubernetes %s takes away the in-tree plugin %s", r.Since, r.Field)
		if outcome == catalog.Redirected {
			becomes = fmt.Sprintf("Kubernetes %s hands the in-tree plugin %s to driver %s, which is not there", r.Since, r.Field, r.Replacement)
		}
		add := func(root Object, field string, hurts []Object) {
			found = append(found, Finding{
				Objects: []Object{root}, Hurts: hurts, Cause: fmt.Sprintf("%s, and %s %s uses it", becomes, root.Kind, topology.Key{Namespace: root.Namespace, Name: root.Name}),
				Evidence: []string{fmt.Sprintf("%s %s: %s", root.Kind, root.Name, field), "catalog.yaml, removed"},
				Command:  strings.TrimSpace(fmt.Sprintf("kubectl get %s %s %s", strings.ToLower(root.Kind), root.Name, inNamespace(root.Namespace))),
			})
		}
		for _, name := range slices.Sorted(maps.Keys(c.Volumes)) {
			v := c.Volumes[name]
			if topology.SourceField(&v.Spec.PersistentVolumeSource) == r.Field {
				add(volumeObject(name), "spec."+r.Field, c.claimAndUsers(v))
			}
		}
		for _, key := range c.Snapshot.Keys(topology.KindClass) {
			if class := c.Snapshot.Class(key.Name); r.Provisioner != "" && class.Provisioner == r.Provisioner {
				add(classObject(key.Name), "provisioner "+r.Provisioner, nil)
			}
		}
	}
	return found
}

func inNamespace(namespace string) string {
	if namespace == "" {
		return ""
	}
	return "-n " + namespace
}

// deprecatedKeys tells of annotations and labels that are deprecated, object by object.
func deprecatedKeys(c *Cluster) []Finding {
	var found []Finding
	for _, at := range changes {
		if at.key == "" || !c.Upgrade.Passes(at.release) {
			continue
		}
		add := func(root Object, field string) {
			found = append(found, Finding{
				Objects: []Object{root}, Cause: fmt.Sprintf("%s %s uses %s: %s", root.Kind, topology.Key{Namespace: root.Namespace, Name: root.Name}, at.key, at.what),
				Evidence: []string{fmt.Sprintf("%s %s: %s", root.Kind, root.Name, field), at.source},
				Command:  strings.TrimSpace(fmt.Sprintf("kubectl get %s %s %s -o yaml", strings.ToLower(root.Kind), root.Name, inNamespace(root.Namespace))),
			})
		}
		for _, key := range slices.SortedFunc(maps.Keys(c.Claims), topology.Key.Compare) {
			if _, ok := c.Claims[key].Annotations[at.key]; ok {
				add(claimObject(key), "metadata.annotations")
			}
		}
		for _, name := range slices.Sorted(maps.Keys(c.Volumes)) {
			_, annotated := c.Volumes[name].Annotations[at.key]
			seen := c.Snapshot.Volume(name)
			switch {
			case annotated:
				add(volumeObject(name), "metadata.annotations")
			case seen != nil && slices.Contains(seen.Affinity.Keys(), at.key):
				add(volumeObject(name), "spec.nodeAffinity")
			}
		}
		for _, key := range c.Snapshot.Keys(topology.KindClass) {
			if allows(c.Snapshot.Class(key.Name).Object, at.key) {
				add(classObject(key.Name), "allowedTopologies")
			}
		}
	}
	return found
}

// allows reports whether a class's allowedTopologies name a label.
func allows(class *storagev1.StorageClass, key string) bool {
	for i := range class.AllowedTopologies {
		for _, e := range class.AllowedTopologies[i].MatchLabelExpressions {
			if e.Key == key {
				return true
			}
		}
	}
	return false
}
