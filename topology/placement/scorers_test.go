// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// TestScorersAgainstTheirDefinition holds the scorers on random clusters against definitions that look at one node at a time
// and at nothing but the API objects; and a scorer is left out if, and only if, its definition tells no candidates apart.
func TestScorersAgainstTheirDefinition(t *testing.T) {
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	spoke := map[string]int{}
	for seed := range uint64(400) {
		w := newWorld(seed)
		s := w.snapshot(t)
		verdict := engine.Filter(s, placement.NewDemand(s, topology.PodFromAPI(w.pod)))
		candidates := topology.NewNodeSet(s.NumNodes())
		for i := range s.NumNodes() {
			if w.rng.IntN(6) > 0 {
				candidates.Add(i)
			}
		}
		scores := engine.Score(s, verdict, candidates)
		among := candidates.Clone()
		among.And(verdict.Feasible)
		var compared []string
		for i := range among.All() {
			compared = append(compared, s.Node(i).Name)
		}
		for name, define := range map[string]func(node string, among []string) float64{
			placement.Attached: w.attachedShare, placement.ZoneBalance: w.balance,
			placement.ZoneHeadroom: w.headroom, placement.AttachSlots: w.slotsLeft,
		} {
			low, high := 1.0, 0.0
			for _, node := range compared {
				rate := define(node, compared)
				low, high = min(low, rate), max(high, rate)
			}
			if math.Abs(high-low-0.05) < 1e-4 {
				continue // On the edge between flat and not, rounding decides.
			}
			at := slices.Index(scores.Names, name)
			if tells := high-low > 0.05; tells != (at >= 0) {
				t.Fatalf("seed %d: %s rates the candidates from %g to %g, and is among those who speak: %t", seed, name, low, high, at >= 0)
			}
			if at < 0 {
				continue
			}
			spoke[name]++
			for _, node := range compared {
				i, _ := s.NodeIndex(node)
				if got, want := scores.Part(at, i), define(node, compared); math.Abs(got-want) > 1e-4 {
					t.Errorf("seed %d: %s gives node %s %g, want %g", seed, name, node, got, want)
				}
			}
		}
	}
	for _, name := range []string{placement.Attached, placement.ZoneBalance, placement.ZoneHeadroom, placement.AttachSlots} {
		if spoke[name] < 20 {
			t.Errorf("%s spoke in %d of the clusters: too few to prove anything", name, spoke[name])
		}
	}
}

// world is a small random cluster of one driver, and a pod of the StatefulSet db.
type world struct {
	rng         *rand.Rand
	nodes       map[string]*corev1.Node
	limits      map[string]*int32 // of the nodes that have the driver
	claims      map[string]*corev1.PersistentVolumeClaim
	volumes     map[string]*corev1.PersistentVolume
	attachments []*storagev1.VolumeAttachment
	pods        []*corev1.Pod
	pod         *corev1.Pod
}

func newWorld(seed uint64) *world {
	w := &world{
		rng:   rand.New(rand.NewPCG(seed, 7)),
		nodes: map[string]*corev1.Node{}, limits: map[string]*int32{},
		claims: map[string]*corev1.PersistentVolumeClaim{}, volumes: map[string]*corev1.PersistentVolume{},
	}
	count := 2 + w.rng.IntN(8)
	node := func() string { return fmt.Sprint("n", w.rng.IntN(count)) }
	zone := func() string { return []string{"a", "a", "b", "c"}[w.rng.IntN(4)] }
	for i := range count {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("n", i), Labels: map[string]string{synthetic.ZoneKey: zone()}}}
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
		switch w.rng.IntN(12) {
		case 0:
			n.Spec.Unschedulable = true
		case 1:
			n.Status.Conditions[0].Status = corev1.ConditionUnknown
		case 2:
			n.Spec.Taints = []corev1.Taint{{Key: corev1.TaintNodeOutOfService, Effect: corev1.TaintEffectNoExecute}}
		}
		w.nodes[n.Name] = n
		if w.rng.IntN(8) > 0 {
			w.limits[n.Name] = []*int32{nil, new(int32(2)), new(int32(4)), new(int32(9))}[w.rng.IntN(4)]
		}
	}
	for i := range w.rng.IntN(7) {
		name := fmt.Sprint([]string{"data", "wal"}[i%2], "-db-", i/2)
		claim := synthetic.Claim(name, synthetic.Zonal, 1<<30)
		switch w.rng.IntN(5) {
		case 0:
		case 1:
			claim.Annotations = map[string]string{"volume.kubernetes.io/selected-node": node()}
		default:
			w.bind(claim, [][]string{nil, {zone()}, {zone()}, {zone(), zone()}}[w.rng.IntN(4)])
		}
		w.claims[name] = claim
	}
	w.bind(w.claim("other"), nil)
	w.bind(w.claim("shared"), nil)
	w.claim("data-db-7")
	w.claim("wal-db-7")
	for i := range w.rng.IntN(6) {
		claims := []string{"other", "data-db-0", "wal-db-1", "data-db-2"}[w.rng.IntN(4)]
		if w.claims[claims] != nil {
			w.pods = append(w.pods, synthetic.PodWithClaims(fmt.Sprint("p", i), node(), claims))
		}
	}
	for i := range w.rng.IntN(4) {
		volume := "pv-" + []string{"other", "shared"}[i%2]
		w.attachments = append(w.attachments, &storagev1.VolumeAttachment{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("at", i)},
			Spec: storagev1.VolumeAttachmentSpec{
				Attacher: synthetic.Driver, NodeName: node(), Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &volume},
			},
			Status: storagev1.VolumeAttachmentStatus{Attached: w.rng.IntN(3) > 0},
		})
	}
	w.pod = synthetic.PodWithClaims("db-7", "", [][]string{
		{"data-db-7"}, {"data-db-7", "wal-db-7"}, {"data-db-7", "shared"}, {"shared", "other"},
	}[w.rng.IntN(4)]...)
	return w
}

func (w *world) claim(name string) *corev1.PersistentVolumeClaim {
	w.claims[name] = synthetic.Claim(name, synthetic.Zonal, 1<<30)
	return w.claims[name]
}

// bind gives the claim a volume in the zones, or one that all nodes reach.
func (w *world) bind(claim *corev1.PersistentVolumeClaim, zones []string) {
	volume := synthetic.Volume(0)
	volume.Name = "pv-" + claim.Name
	volume.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
	volume.Spec.CSI.VolumeHandle = volume.Name
	volume.Spec.ClaimRef.Name, volume.Spec.ClaimRef.UID = claim.Name, ""
	volume.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values = zones
	if zones == nil {
		volume.Spec.NodeAffinity = nil
	}
	claim.Annotations = map[string]string{"pv.kubernetes.io/bind-completed": "yes"}
	claim.Spec.VolumeName = volume.Name
	w.volumes[volume.Name] = volume
}

func (w *world) snapshot(t *testing.T) *topology.Snapshot {
	t.Helper()
	objects := []metav1.Object{&storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: synthetic.Zonal}, Provisioner: synthetic.Driver,
		VolumeBindingMode: new(storagev1.VolumeBindingWaitForFirstConsumer),
	}}
	for name, n := range w.nodes {
		csi := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if limit, ok := w.limits[name]; ok {
			driver := storagev1.CSINodeDriver{Name: synthetic.Driver, TopologyKeys: []string{synthetic.ZoneKey}}
			if limit != nil {
				driver.Allocatable = &storagev1.VolumeNodeResources{Count: limit}
			}
			csi.Spec.Drivers = append(csi.Spec.Drivers, driver)
		}
		objects = append(objects, n, csi)
	}
	for _, o := range w.claims {
		objects = append(objects, o)
	}
	for _, o := range w.volumes {
		objects = append(objects, o)
	}
	for _, o := range w.attachments {
		objects = append(objects, o)
	}
	for _, o := range w.pods {
		objects = append(objects, o)
	}
	cache := topology.New(topology.Options{NodeDelay: -1})
	for _, i := range w.rng.Perm(len(objects)) {
		if err := cache.Upsert(objects[i]); err != nil {
			t.Fatal(err)
		}
	}
	cache.Flush()
	return cache.Snapshot()
}

// podClaims are the pod's claims, with a volume or without.
func (w *world) podClaims(bound bool) (out []*corev1.PersistentVolumeClaim) {
	for i := range w.pod.Spec.Volumes {
		if c := w.claims[w.pod.Spec.Volumes[i].PersistentVolumeClaim.ClaimName]; (c.Spec.VolumeName != "") == bound {
			out = append(out, c)
		}
	}
	return out
}

func (w *world) attachedShare(node string, _ []string) float64 {
	here, somewhere := 0.0, 0.0
	for _, claim := range w.podClaims(true) {
		on := map[string]bool{}
		for _, a := range w.attachments {
			if *a.Spec.Source.PersistentVolumeName == claim.Spec.VolumeName && a.Status.Attached {
				on[a.Spec.NodeName] = true
			}
		}
		if len(on) > 0 {
			somewhere++
		}
		if on[node] {
			here++
		}
	}
	return here / max(somewhere, 1)
}

func (w *world) zoneOf(node string) string { return w.nodes[node].Labels[synthetic.ZoneKey] }

// oneZone reports whether the nodes with the driver are all in one zone, so that there is none to choose.
func (w *world) oneZone() bool {
	zones := map[string]bool{}
	for node := range w.limits {
		zones[w.zoneOf(node)] = true
	}
	return len(zones) < 2
}

func (w *world) balance(node string, among []string) float64 {
	sum, claims := 0.0, 0.0
	for _, claim := range w.podClaims(false) {
		held := func(zone string) (n int) {
			for ordinal := range 7 {
				sibling := w.claims[fmt.Sprint(claim.Name[:len(claim.Name)-1], ordinal)]
				if sibling == nil {
					continue
				}
				if selected := sibling.Annotations["volume.kubernetes.io/selected-node"]; selected != "" && w.zoneOf(selected) == zone {
					n++
				}
				if v := w.volumes[sibling.Spec.VolumeName]; v != nil && v.Spec.NodeAffinity != nil &&
					slices.Contains(v.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values, zone) {
					n++
				}
			}
			return n
		}
		fewest, most := math.MaxInt, 0
		for _, other := range among {
			n := held(w.zoneOf(other))
			fewest, most = min(fewest, n), max(most, n)
		}
		if w.oneZone() || fewest == most {
			continue
		}
		claims++
		sum += float64(most-held(w.zoneOf(node))) / float64(most-fewest)
	}
	return sum / max(claims, 1)
}

// holds are the distinct volumes that hold a slot of the node.
func (w *world) holds(node string) map[string]bool {
	out := map[string]bool{}
	for _, pod := range w.pods {
		if pod.Spec.NodeName == node {
			out[w.volumeOf(w.claims[pod.Spec.Volumes[0].PersistentVolumeClaim.ClaimName])] = true
		}
	}
	for _, a := range w.attachments {
		if a.Spec.NodeName == node {
			out[*a.Spec.Source.PersistentVolumeName] = true
		}
	}
	return out
}

func (w *world) volumeOf(claim *corev1.PersistentVolumeClaim) string {
	if claim.Spec.VolumeName != "" {
		return claim.Spec.VolumeName
	}
	return "for " + claim.Name
}

func (w *world) headroom(node string, _ []string) float64 {
	if len(w.podClaims(false)) == 0 || w.oneZone() {
		return 0
	}
	takers := 0.0
	for other, limit := range w.limits {
		n := w.nodes[other]
		room := limit == nil || len(w.holds(other))+len(w.pod.Spec.Volumes) <= int(*limit)
		if room && w.zoneOf(other) == w.zoneOf(node) && !n.Spec.Unschedulable && len(n.Spec.Taints) == 0 &&
			n.Status.Conditions[0].Status == corev1.ConditionTrue {
			takers++
		}
	}
	return 1 - 1/max(takers, 1)
}

func (w *world) slotsLeft(node string, _ []string) float64 {
	limit := w.limits[node]
	if limit == nil {
		return 1
	}
	holds := w.holds(node)
	for _, bound := range []bool{true, false} {
		for _, claim := range w.podClaims(bound) {
			holds[w.volumeOf(claim)] = true
		}
	}
	return max(0, float64(int(*limit)-len(holds))/float64(*limit))
}
