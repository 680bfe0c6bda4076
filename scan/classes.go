// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagehelpers "k8s.io/component-helpers/storage/volume"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

var classImmediateZonalKind = Kind{
	ID: "class-immediate-zonal", Section: WillStick,
	Means: "A class in use makes volumes before their pod has a node, in a zone by chance: the pod can then only go there, whatever else it asks for.",
	Known: "StorageClass, volumeBindingMode Immediate and allowedTopologies; the topology keys of the driver; the volumes of the class; the claims and templates that name it.",
	Not:   "For classes that no claim and no template names; with one zone, or where allowedTopologies leave one; where the volumes of the class are reached from several zones.",
	Remedy: "create a class with volumeBindingMode: WaitForFirstConsumer and the same parameters, and name it in templates and claims to come: the binding mode of a class cannot be changed, " +
		"and volumes that exist stay where they are",
	Needs: []topology.Kind{topology.KindClass, topology.KindNode, topology.KindCSINode, topology.KindClaim},
	Find:  classImmediateZonal,
}

var noDefaultClassKind = Kind{
	ID: "no-default-class", Section: WillStick,
	Means:    "A claim or a template leaves the class to the cluster's default, and there is no default: nobody makes the volume.",
	Known:    "spec.storageClassName is absent; no StorageClass has the annotation storageclass.kubernetes.io/is-default-class (or its beta form) set to true.",
	Not:      "For claims that have their volume, or are younger than 2 minutes; for templates whose claims are bound to volumes without a class; for an empty class name, which asks for such a volume; in a cluster without any class.",
	Remedy:   "mark one class as the default, or name a class; a claim that waits gets the new default by itself",
	Needs:    []topology.Kind{topology.KindClass, topology.KindClaim},
	Explains: true,
	Find:     noDefaultClass,
}

var twoDefaultClassesKind = Kind{
	ID: "two-default-classes", Section: WillStick,
	Means:  "Several classes are marked as the default: claims that name none get the newest of them, which may be none that anybody meant.",
	Known:  "StorageClass, metadata.annotations: storageclass.kubernetes.io/is-default-class (or its beta form) is true on more than one; metadata.creationTimestamp.",
	Not:    "Where one class alone has it.",
	Remedy: "leave the annotation on one class; claims that have their volume are not touched",
	Needs:  []topology.Kind{topology.KindClass},
	Find:   twoDefaultClasses,
}

// namedClasses are the claims and workloads that name each class, the default for those that name none; claims of a template come with its workload.
func (c *Cluster) namedClasses() map[string][]Object {
	out := map[string][]Object{}
	fallback, _ := c.Snapshot.DefaultStorageClass()
	add := func(claim *corev1.PersistentVolumeClaim, by Object) {
		class := storagehelpers.GetPersistentVolumeClaimClass(claim)
		if unclassed(claim) && fallback != nil {
			class = fallback.Name
		}
		// What names a class several times does so in a row.
		if of := out[class]; class != "" && (len(of) == 0 || of[len(of)-1] != by) {
			out[class] = append(of, by)
		}
	}
	templates := map[topology.Key]bool{}
	for _, w := range c.statefulSets() {
		for i := range w.Set.Spec.VolumeClaimTemplates {
			add(&w.Set.Spec.VolumeClaimTemplates[i], w.Object)
			templates[seriesOf(w, w.Set.Spec.VolumeClaimTemplates[i].Name)] = true
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(c.Workloads), func(a, b Object) int { return compareObjects([]Object{a}, []Object{b}) }) {
		volumes := c.Workloads[at].Pod.Spec.Volumes
		for i := range volumes {
			if e := volumes[i].Ephemeral; e != nil && e.VolumeClaimTemplate != nil {
				add(&corev1.PersistentVolumeClaim{ObjectMeta: e.VolumeClaimTemplate.ObjectMeta, Spec: e.VolumeClaimTemplate.Spec}, at)
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(c.Claims), topology.Key.Compare) {
		series, _, numbered := topology.ClaimSeries(key.Name)
		if claim := c.Claims[key]; claim.DeletionTimestamp == nil && (!numbered || !templates[topology.Key{Namespace: key.Namespace, Name: series}]) {
			add(claim, claimObject(key))
		}
	}
	return out
}

func classImmediateZonal(c *Cluster) []Finding {
	used := c.namedClasses()
	var found []Finding
	for _, key := range c.Snapshot.Keys(topology.KindClass) {
		class := c.Snapshot.Class(key.Name)
		if class.Delayed || !class.Provisions() || class.Driver == "" || len(used[key.Name]) == 0 {
			continue
		}
		zones := c.Snapshot.Zones(class.Driver)
		if !zones.Reach || explain.NamesNode(zones.Key) || c.reachedWidely(key.Name, zones) {
			continue
		}
		where := zones.Touched(class.Allowed)
		if class.Allowed == nil {
			where = nil
			for z := range zones.Len() {
				where = append(where, int32(z))
			}
		}
		if len(where) < 2 {
			continue
		}
		var names []string
		for _, z := range where {
			names = append(names, zones.Name(int(z)))
		}
		found = append(found, Finding{
			Objects: []Object{classObject(key.Name)}, Hurts: used[key.Name],
			Cause: fmt.Sprintf("class %s makes a volume as soon as a claim is there, in one of %s by chance, and its pod can only go there",
				key.Name, text.Or(names)),
			Evidence: []string{
				fmt.Sprintf("StorageClass %s: volumeBindingMode Immediate, provisioner %s", key.Name, class.Provisioner),
				fmt.Sprintf("driver %s tells zones apart by %s", class.Driver, zones.Key),
			},
			Command: fmt.Sprintf("kubectl get storageclass %s -o yaml", key.Name),
		})
	}
	return found
}

// reachedWidely reports whether the volumes of a class show that they are not bound to a zone.
func (c *Cluster) reachedWidely(class string, zones *topology.Zones) bool {
	seen := false
	for _, key := range c.Snapshot.Keys(topology.KindVolume) {
		v := c.Snapshot.Volume(key.Name)
		if v.Class != class {
			continue
		}
		in := map[int]bool{}
		for i := range c.Snapshot.Reach(v).All() {
			in[zones.Of(i)] = true
		}
		if len(in) < 2 {
			return false
		}
		seen = true
	}
	return seen
}

func noDefaultClass(c *Cluster) []Finding {
	if _, ok := c.Snapshot.DefaultStorageClass(); ok || c.Snapshot.Len(topology.KindClass) == 0 {
		return nil
	}
	var found []Finding
	raise := func(by Object, field string, hurts []Object, since time.Time) {
		found = append(found, Finding{
			Objects: []Object{by}, Hurts: hurts, Since: since,
			Cause:    fmt.Sprintf("%s %s/%s names no class, and no class is the cluster's default", by.Kind, by.Namespace, by.Name),
			Evidence: []string{fmt.Sprintf("%s %s/%s: %s is absent", by.Kind, by.Namespace, by.Name, field), fmt.Sprintf("StorageClasses: %d, none of them marked as the default", c.Snapshot.Len(topology.KindClass))},
			Command:  `kubectl patch storageclass CLASS -p '{"metadata":{"annotations":{"storageclass.kubernetes.io/is-default-class":"true"}}}'`,
		})
	}
	series := c.claimSeries()
	templates := map[topology.Key]bool{}
	for _, w := range c.statefulSets() {
		for i := range w.Set.Spec.VolumeClaimTemplates {
			t := &w.Set.Spec.VolumeClaimTemplates[i]
			at := seriesOf(w, t.Name)
			templates[at] = true
			bound := slices.ContainsFunc(series[at], func(claim *corev1.PersistentVolumeClaim) bool { return claim.Spec.VolumeName != "" })
			if !unclassed(t) || bound || w.Meta.DeletionTimestamp != nil {
				continue
			}
			var hurts []Object
			for _, claim := range series[at] {
				key := topology.Key{Namespace: claim.Namespace, Name: claim.Name}
				hurts = append(append(hurts, claimObject(key)), c.unplacedUsers(key)...)
			}
			raise(w.Object, "spec.volumeClaimTemplates["+t.Name+"].spec.storageClassName", hurts, time.Time{})
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(c.Claims), topology.Key.Compare) {
		claim := c.Claims[key]
		name, _, numbered := topology.ClaimSeries(key.Name)
		if !unclassed(claim) || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil || !c.lasts(claim.CreationTimestamp.Time, unclassedGrace) ||
			numbered && templates[topology.Key{Namespace: key.Namespace, Name: name}] {
			continue
		}
		raise(claimObject(key), "spec.storageClassName", c.unplacedUsers(key), claim.CreationTimestamp.Time)
	}
	return found
}

// unclassedGrace is how long a claim may wait for a default class to come.
const unclassedGrace = 2 * time.Minute

// unplacedUsers are the pods without a node that use a claim.
func (c *Cluster) unplacedUsers(claim topology.Key) []Object {
	var out []Object
	for _, pod := range c.Users(claim) {
		if pod.Spec.NodeName == "" && !ended(pod) {
			out = append(out, podObject(keyOf(pod)))
		}
	}
	return out
}

func twoDefaultClasses(c *Cluster) []Finding {
	var defaults []*topology.Class
	for _, key := range c.Snapshot.Keys(topology.KindClass) {
		if class := c.Snapshot.Class(key.Name); class.Default {
			defaults = append(defaults, class)
		}
	}
	if len(defaults) < 2 {
		return nil
	}
	chosen, _ := c.Snapshot.DefaultStorageClass()
	slices.SortStableFunc(defaults, func(a, b *topology.Class) int {
		return cmp.Or(b.Object.CreationTimestamp.Compare(a.Object.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	f := Finding{Command: fmt.Sprintf("kubectl annotate storageclass %s storageclass.kubernetes.io/is-default-class=false --overwrite", defaults[0].Name)}
	var names []string
	for _, class := range defaults {
		f.Objects = append(f.Objects, classObject(class.Name))
		names = append(names, class.Name)
		f.Evidence = append(f.Evidence, fmt.Sprintf("StorageClass %s: marked as the default, created %s", class.Name, class.Object.CreationTimestamp.UTC().Format(time.RFC3339)))
	}
	f.Cause = fmt.Sprintf("%s are all marked as the default class, and claims that name none get %s", text.And(names), chosen.Name)
	return []Finding{f}
}
