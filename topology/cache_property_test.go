// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	storagehelpers "k8s.io/component-helpers/storage/volume"
	"pgregory.net/rapid"
)

// objects is the plain picture of a cluster that the cache must agree with.
type objects map[Kind]map[Key]metav1.Object

// TestIncrementalEqualsRebuilt applies random events, one at a time, and compares the cache with one that is given the
// final objects at once. Small name spaces make updates, deletes, moves between classes and reuse of names frequent.
func TestIncrementalEqualsRebuilt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := objects{}
		incremental := New(Options{NodeDelay: -1})
		for range rapid.IntRange(1, 120).Draw(t, "events") {
			kind := rapid.SampledFrom(Kinds).Draw(t, "kind")
			key := drawKey(t, kind)
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0, 1:
				delete(want[kind], key)
				incremental.Delete(kind, key)
			case 2:
				// A relist: what is gone and what is new arrive together.
				list := map[Key]metav1.Object{}
				for range rapid.IntRange(0, 3).Draw(t, "listed") {
					listed := drawKey(t, kind)
					list[listed] = drawObject(t, kind, listed)
				}
				want[kind] = list
				if err := incremental.Replace(kind, slices.Collect(maps.Values(list))); err != nil {
					t.Fatal(err)
				}
			case 3:
				incremental.Flush()
			default:
				object := drawObject(t, kind, key)
				if want[kind] == nil {
					want[kind] = map[Key]metav1.Object{}
				}
				want[kind][key] = object
				if err := incremental.Upsert(object); err != nil {
					t.Fatal(err)
				}
			}
		}
		incremental.Flush()
		rebuilt := New(Options{NodeDelay: -1})
		for _, kind := range Kinds {
			if err := rebuilt.Replace(kind, slices.Collect(maps.Values(want[kind]))); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(describe(rebuilt.Snapshot()), describe(incremental.Snapshot()), describedOptions); diff != "" {
			t.Fatalf("incremental cache differs from one made from scratch (-scratch +incremental):\n%s", diff)
		}
		checkSets(t, incremental.Snapshot())
		checkSeries(t, incremental.Snapshot())
	})
}

// checkSeries compares the series with a look at every claim and its volume.
func checkSeries(t *rapid.T, s *Snapshot) {
	count := func(counts map[string]int, series Key, affinity *Selector, node string, claims int) {
		counts[fmt.Sprintf("%s: %v %s", series, affinity, node)] += claims
	}
	want, got := map[string]int{}, map[string]int{}
	for key, claim := range s.claims.All() {
		series, _, ok := ClaimSeries(key.Name)
		if !ok || claim.Deleting {
			continue
		}
		switch volume := s.Volume(claim.VolumeName); {
		case claim.VolumeName == "" && claim.SelectedNode != "":
			count(want, Key{key.Namespace, series}, nil, claim.SelectedNode, 1)
		case volume == nil:
		case volume.Migration != nil && volume.Migration.Err == nil && volume.Migration.Affinity != nil:
			count(want, Key{key.Namespace, series}, volume.Migration.Affinity, "", 1)
		case (volume.Migration == nil || volume.Migration.Err != nil) && volume.Affinity != nil:
			count(want, Key{key.Namespace, series}, volume.Affinity, "", 1)
		}
	}
	for series := range s.series.All() {
		for place := range s.Series(series.Namespace, series.Name) {
			count(got, series, place.Affinity, place.Node, place.Claims)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("volumes by series and place (-claims +series):\n%s", diff)
	}
}

// checkSets compares every compiled set with the selector's plain definition, node by node.
func checkSets(t *rapid.T, s *Snapshot) {
	check := func(what string, selector *Selector) {
		set := s.Nodes(selector)
		for i := range s.NumNodes() {
			matches, _ := selector.Matches(labels.Set(s.Node(i).Labels))
			if set.Has(i) != matches {
				t.Fatalf("%s: selector %v on node %s with labels %v: compiled %t, plain %t",
					what, selector, s.Node(i).Name, s.Node(i).Labels, set.Has(i), matches)
			}
		}
	}
	for key, v := range s.volumes.All() {
		check(key.String(), v.Affinity)
		for _, zone := range v.Zones {
			check(key.String(), zone)
		}
		if v.Migration != nil {
			check(key.String(), v.Migration.Affinity)
		}
	}
	for key, c := range s.classes.All() {
		check(key.String(), c.Allowed)
	}
	for key, p := range s.pools.All() {
		check(key.String(), p.Topology)
	}
}

type description struct {
	Nodes         []*Node
	Claims        map[Key]*Claim
	Volumes       map[Key]*Volume
	Classes       map[Key]*Class
	Drivers       map[Key]*Driver
	Attachments   map[Key]*Attachment
	Pods          map[Key]*Pod
	Pools         map[Key]*Pool
	Unclaimed     map[string][]string
	KeptFor       map[Key][]string
	Users         map[Key][]string
	PoolsOf       map[string]map[string][]string
	ClaimsOf      map[Key][]string
	DiskUsers     map[Key][]string
	InlineUsers   map[Key][]string
	AttachmentsOf map[Key][]string
	Slots         map[string]map[string]int
	Held          map[Key]string
	Series        map[Key][]string
	Zones         map[string]map[string]string
}

// describe asks a snapshot everything that it can be asked, in a form that does not depend on history.
func describe(s *Snapshot) description {
	d := description{
		Nodes: s.table.nodes, Claims: maps.Collect(s.claims.All()), Volumes: maps.Collect(s.volumes.All()),
		Classes: maps.Collect(s.classes.All()), Drivers: maps.Collect(s.drivers.All()),
		Attachments: maps.Collect(s.attachments.All()), Pods: maps.Collect(s.pods.All()), Pools: maps.Collect(s.pools.All()),
		Unclaimed: map[string][]string{}, KeptFor: maps.Collect(s.keptFor.All()), Users: maps.Collect(s.users.All()),
		PoolsOf: map[string]map[string][]string{}, ClaimsOf: maps.Collect(s.claimsOf.All()), DiskUsers: maps.Collect(s.diskUsers.All()),
		InlineUsers:   maps.Collect(s.inlineUsers.All()),
		AttachmentsOf: maps.Collect(s.attachmentsOf.All()), Slots: map[string]map[string]int{}, Held: map[Key]string{},
		Series: map[Key][]string{}, Zones: map[string]map[string]string{},
	}
	for series := range s.series.All() {
		for place := range s.Series(series.Namespace, series.Name) {
			d.Series[series] = append(d.Series[series], fmt.Sprint(place.Affinity, place.Node, place.Claims))
		}
		slices.Sort(d.Series[series])
	}
	for _, driver := range []string{"d1", "d2", "nobody"} {
		zones := s.Zones(driver)
		d.Zones[driver] = map[string]string{}
		for i := range s.NumNodes() {
			if zone := zones.Of(i); zone >= 0 {
				d.Zones[driver][s.Node(i).Name] = zones.Key + "=" + zones.Name(zone)
			}
		}
	}
	for volume, holders := range s.usage.holders.All() {
		d.Held[volume] = fmt.Sprint(holders)
	}
	for driver := range s.usage.counts.All() {
		slots := AttachSlots{index: s.index, usage: s.usage, driver: driver.Name}
		slots.counts, _ = s.usage.dense.Get(driver)
		byNode := map[string]int{}
		for i := range s.NumNodes() {
			byNode[s.Node(i).Name] = slots.Used(i)
		}
		d.Slots[driver.Name] = byNode
	}
	for class := range s.unclaimed.All() {
		for v := range s.Unclaimed(class.Name) {
			d.Unclaimed[class.Name] = append(d.Unclaimed[class.Name], v.Name)
		}
		slices.Sort(d.Unclaimed[class.Name])
	}
	for class := range s.poolsOf.All() {
		groups := s.PoolGroups(class.Name)
		byNode := map[string][]string{}
		for i := range s.NumNodes() {
			names := []string{}
			for _, p := range groups.AppendPools(nil, groups.Of(i)) {
				names = append(names, fmt.Sprint(p.Key(), p.Capacity))
			}
			slices.Sort(names)
			byNode[s.Node(i).Name] = names
		}
		d.PoolsOf[class.Name] = byNode
	}
	return d
}

// describedOptions leave compiled selectors to checkSets and compare them by what they say.
var describedOptions = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(x, y *Selector) bool { return x.String() == y.String() }),
	cmp.Comparer(func(x, y labels.Selector) bool { return fmt.Sprint(x) == fmt.Sprint(y) }),
}

func drawKey(t *rapid.T, kind Kind) Key {
	name := fmt.Sprintf("x%d", rapid.IntRange(0, 4).Draw(t, "name"))
	switch kind {
	case KindClass:
		return Key{Name: rapid.SampledFrom([]string{"fast", "slow"}).Draw(t, "class")}
	case KindClaim:
		return Key{
			Namespace: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "namespace"),
			Name:      rapid.SampledFrom([]string{"x0", "x-0", "x-1", "data-x-0", "data-x-10"}).Draw(t, "claim name"),
		}
	case KindPod, KindPool:
		return Key{Namespace: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "namespace"), Name: name}
	default:
		return Key{Name: name}
	}
}

var drawLabels = rapid.MapOfN(
	rapid.SampledFrom([]string{"zone", "rack", "size"}), rapid.SampledFrom([]string{"1", "2", "30"}), 0, 3)

var drawTopologyKeys = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"zone", "rack", corev1.LabelOSStable}), 0, 2, rapid.ID)

func drawSelector(t *rapid.T) *corev1.VolumeNodeAffinity {
	if rapid.IntRange(0, 3).Draw(t, "affinity") == 0 {
		return nil
	}
	required := &corev1.NodeSelector{}
	for range rapid.IntRange(0, 2).Draw(t, "terms") {
		var term corev1.NodeSelectorTerm
		for range rapid.IntRange(0, 2).Draw(t, "requirements") {
			e := corev1.NodeSelectorRequirement{
				Key: rapid.SampledFrom([]string{"zone", "rack", "size", "nobody"}).Draw(t, "key"),
				Operator: rapid.SampledFrom([]corev1.NodeSelectorOperator{
					"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Near",
				}).Draw(t, "operator"),
			}
			switch e.Operator {
			case "In", "NotIn":
				e.Values = rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "30"}), 1, 2).Draw(t, "values")
			case "Gt", "Lt":
				e.Values = []string{rapid.SampledFrom([]string{"1", "2", "x"}).Draw(t, "value")}
			}
			term.MatchExpressions = append(term.MatchExpressions, e)
		}
		if rapid.IntRange(0, 4).Draw(t, "fields") == 0 {
			term.MatchFields = []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: "In", Values: []string{"x0"}}}
		}
		required.NodeSelectorTerms = append(required.NodeSelectorTerms, term)
	}
	return &corev1.VolumeNodeAffinity{Required: required}
}

func drawObject(t *rapid.T, kind Kind, key Key) metav1.Object {
	meta := metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}
	size := func(name string) resource.Quantity {
		return *resource.NewQuantity(rapid.Int64Range(1, 9).Draw(t, name), resource.BinarySI)
	}
	class := rapid.SampledFrom([]string{"", "fast", "slow"}).Draw(t, "class")
	switch kind {
	case KindNode:
		meta.Labels = drawLabels.Draw(t, "labels")
		status := rapid.SampledFrom([]corev1.ConditionStatus{"True", "False"}).Draw(t, "ready")
		return &corev1.Node{ObjectMeta: meta, Status: corev1.NodeStatus{
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}},
		}}
	case KindCSINode:
		n := &storagev1.CSINode{ObjectMeta: meta}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"d1", "d2"}), 0, 2, rapid.ID).Draw(t, "drivers") {
			n.Spec.Drivers = append(n.Spec.Drivers, storagev1.CSINodeDriver{Name: name, NodeID: key.Name, TopologyKeys: drawTopologyKeys.Draw(t, "topology keys")})
		}
		return n
	case KindClaim:
		c := &corev1.PersistentVolumeClaim{ObjectMeta: meta}
		c.Spec.StorageClassName = &class
		c.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: size("request")}
		if rapid.Bool().Draw(t, "bound") {
			c.Spec.VolumeName = drawKey(t, KindVolume).Name
		} else if rapid.Bool().Draw(t, "selected") {
			c.Annotations = map[string]string{storagehelpers.AnnSelectedNode: drawKey(t, KindNode).Name}
		}
		if rapid.IntRange(0, 5).Draw(t, "deleting") == 0 {
			c.DeletionTimestamp = &metav1.Time{}
		}
		return c
	case KindVolume:
		v := &corev1.PersistentVolume{ObjectMeta: meta}
		v.Spec.StorageClassName = class
		v.Spec.Capacity = corev1.ResourceList{corev1.ResourceStorage: size("capacity")}
		v.Spec.NodeAffinity = drawSelector(t)
		handle := rapid.SampledFrom([]string{"", "h1", "h2"}).Draw(t, "handle")
		switch rapid.IntRange(0, 2).Draw(t, "source") {
		case 0:
			v.Spec.CSI = &corev1.CSIPersistentVolumeSource{Driver: "d1", VolumeHandle: handle}
		case 1:
			v.Spec.AWSElasticBlockStore = &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: handle}
		}
		if rapid.Bool().Draw(t, "zoned") {
			v.Labels = map[string]string{corev1.LabelTopologyZone: rapid.SampledFrom([]string{"1", "1__2", "__", "1___2"}).Draw(t, "zone label")}
		}
		v.Spec.AccessModes = rapid.SliceOfNDistinct(rapid.SampledFrom(
			[]corev1.PersistentVolumeAccessMode{"ReadWriteOnce", "ReadOnlyMany"}), 0, 2, rapid.ID).Draw(t, "modes")
		v.Status.Phase = rapid.SampledFrom([]corev1.PersistentVolumePhase{"Available", "Bound", "Released"}).Draw(t, "phase")
		if rapid.Bool().Draw(t, "claimed") {
			claim := drawKey(t, KindClaim)
			v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: claim.Namespace, Name: claim.Name, UID: types.UID(claim.Name)}
		}
		return v
	case KindClass:
		c := &storagev1.StorageClass{ObjectMeta: meta}
		c.Provisioner = rapid.SampledFrom([]string{"d1", "d2", "kubernetes.io/aws-ebs"}).Draw(t, "provisioner")
		if rapid.Bool().Draw(t, "restricted") {
			c.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{
				{Key: "zone", Values: rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2"}), 0, 2).Draw(t, "zones")},
			}}}
		}
		return c
	case KindDriver:
		return &storagev1.CSIDriver{ObjectMeta: meta}
	case KindPool:
		p := &storagev1.CSIStorageCapacity{ObjectMeta: meta, StorageClassName: class}
		capacity := size("capacity")
		p.Capacity = &capacity
		if rapid.IntRange(0, 4).Draw(t, "reach") > 0 {
			p.NodeTopology = &metav1.LabelSelector{MatchLabels: rapid.MapOfN(
				rapid.SampledFrom([]string{"zone", "rack"}), rapid.SampledFrom([]string{"1", "2"}), 0, 2).Draw(t, "topology")}
		}
		return p
	case KindAttachment:
		volume := drawKey(t, KindVolume).Name
		return &storagev1.VolumeAttachment{ObjectMeta: meta, Spec: storagev1.VolumeAttachmentSpec{
			Attacher: "d1", NodeName: drawKey(t, KindNode).Name,
			Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &volume},
		}}
	default:
		p := &corev1.Pod{ObjectMeta: meta}
		p.Status.Phase = rapid.SampledFrom([]corev1.PodPhase{"Pending", "Running", "Succeeded"}).Draw(t, "pod phase")
		if rapid.IntRange(0, 3).Draw(t, "assigned") > 0 {
			p.Spec.NodeName = drawKey(t, KindNode).Name
		}
		if rapid.IntRange(0, 3).Draw(t, "inline") == 0 {
			p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "disk", VolumeSource: corev1.VolumeSource{
				AWSElasticBlockStore: &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: rapid.SampledFrom([]string{"h1", "h2"}).Draw(t, "disk")},
			}})
		}
		if rapid.IntRange(0, 3).Draw(t, "made by the node") == 0 {
			p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "csi", VolumeSource: corev1.VolumeSource{
				CSI: &corev1.CSIVolumeSource{Driver: "d1"},
			}})
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "volumes") {
			claim := drawKey(t, KindClaim).Name
			p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: fmt.Sprint("v", i), VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
			}})
		}
		return p
	}
}
