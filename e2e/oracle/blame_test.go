// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/placement/lift"
)

// blameSeed gives the clusters of TestOnlyTheGuiltyAreBlamed; without it, any.
var blameSeed = flag.Uint64("blame-seed", 0, "the seed of the clusters of which the evidence is looked at; without it, any")

// blameRounds are enough for every reason to be seen.
const blameRounds = 800

// On random clusters, what a verdict blames for rejecting a node is to blame, all of it and nothing else: where exactly that is taken away
// the predicate passes the node, and as long as any one of it is left it does not.
func TestOnlyTheGuiltyAreBlamed(t *testing.T) {
	engine, err := placement.NewEngine(placement.Config{AtSource: func(driver string, _ map[string]string, _ bool) bool { return driver == beyondDriver }})
	if err != nil {
		t.Fatal(err)
	}
	seed := *blameSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	seen := map[placement.Reason]int{}
	faults := 0
	for n := range uint64(blameRounds) {
		round := Generate(seed, n)
		rng := rand.New(rand.NewPCG(seed, n))
		cluster, pods := withBeyond(round, rng)
		s, err := snapshotOf(cluster, round.Loading)
		if err != nil {
			t.Fatal(err)
		}
		for _, pod := range pods {
			question := lift.Question{Engine: engine, Snapshot: s, Pod: topology.PodFromAPI(pod), Pending: somePending(s, rng)}
			for _, wrong := range question.Check(seen) {
				t.Errorf("seed %d, round %d: %s", seed, n, wrong)
				if faults++; faults == 10 {
					t.Fatal("and so on")
				}
			}
		}
	}
	t.Log(counts(seen))
	for reason := placement.ReasonReadWriteOncePod; reason <= placement.ReasonReserved; reason++ {
		if seen[reason] < 10 && reason != placement.ReasonDiskMachine { // It only scores, and the clusters have no machine types.
			t.Errorf("only %d nodes are rejected with %q: the clusters show little", seen[reason], reason)
		}
	}
}

func counts(seen map[placement.Reason]int) string {
	text := "nodes rejected"
	for reason := placement.ReasonReadWriteOncePod; reason <= placement.ReasonReserved; reason++ {
		text += fmt.Sprintf("\n%7d %s", seen[reason], reason)
	}
	return text
}

// beyond is the class of what moorage's own predicates look at and kube-scheduler's plugins do not; the generator leaves it out.
const beyond = "beyond"

// beyondDriver is its driver, which makes clones only where their source is.
const beyondDriver = "beyond.example.com"

// withBeyond makes most nodes Ready, and adds a class with small pools, a driver that gives topology keys on some nodes, with labels on some
// of these, and claims for the pods to be judged.
func withBeyond(r *Round, rng *rand.Rand) (*Cluster, []*corev1.Pod) {
	const driver, key, rack, site = beyondDriver, "beyond/zone", "beyond/rack", "beyond/site"
	some := func() bool { return rng.IntN(2) == 0 }
	c := r.Cluster.Clone()
	for i, node := range c.Nodes {
		node = node.DeepCopy()
		if rng.IntN(5) > 0 {
			node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
		}
		for _, label := range []string{key, rack, site} {
			if rng.IntN(5) > 0 {
				metav1.SetMetaDataLabel(&node.ObjectMeta, label, fmt.Sprint(rng.IntN(2)))
			}
		}
		c.Nodes[i] = node
	}
	for i, node := range c.CSINodes {
		if rng.IntN(6) == 0 {
			continue
		}
		registered := storagev1.CSINodeDriver{Name: driver, NodeID: node.Name}
		if rng.IntN(4) > 0 {
			registered.TopologyKeys = []string{key, rack}
		}
		node = node.DeepCopy()
		node.Spec.Drivers = append(node.Spec.Drivers, registered)
		c.CSINodes[i] = node
	}
	c.Drivers = append(c.Drivers, &storagev1.CSIDriver{
		ObjectMeta: metav1.ObjectMeta{Name: driver}, Spec: storagev1.CSIDriverSpec{StorageCapacity: new(true)},
	})
	class := &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: beyond}, Provisioner: driver, VolumeBindingMode: new(storagev1.VolumeBindingWaitForFirstConsumer),
	}
	if rng.IntN(4) == 0 { // The label site is none of the driver's keys.
		for _, label := range []string{site, key}[:1+rng.IntN(2)] {
			class.AllowedTopologies = append(class.AllowedTopologies, corev1.TopologySelectorTerm{
				MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: label, Values: []string{fmt.Sprint(rng.IntN(2))}}},
			})
		}
	}
	c.Classes = append(c.Classes, class)
	for i := range 1 + rng.IntN(3) {
		reached := &metav1.LabelSelector{}
		if some() {
			reached.MatchLabels = map[string]string{key: fmt.Sprint(rng.IntN(2))}
		}
		c.Pools = append(c.Pools, &storagev1.CSIStorageCapacity{
			ObjectMeta:       metav1.ObjectMeta{Namespace: "beyond", Name: fmt.Sprint("pool-", i)},
			StorageClassName: beyond, NodeTopology: reached, Capacity: resource.NewQuantity(int64(4+rng.IntN(8))<<30, resource.BinarySI),
		})
	}
	// A volume of the driver that has its place, or none.
	original := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "beyond-original"}}
	original.Spec.CSI = &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: original.Name}
	original.Spec.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	if some() {
		original.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{fmt.Sprint(rng.IntN(2))}}},
		}}}}
	}
	c.Volumes = append(c.Volumes, original)
	bound := map[string]bool{}
	var pods []*corev1.Pod
	for i, pod := range r.Pods {
		pod = pod.DeepCopy()
		for k := range rng.IntN(4) {
			claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: fmt.Sprintf("beyond-%d-%d", i, k)}}
			claim.Spec.StorageClassName = new(beyond)
			claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: *resource.NewQuantity(int64(1+rng.IntN(5))<<30, resource.BinarySI)}
			if rng.IntN(4) == 0 {
				if !bound[pod.Namespace] {
					bound[pod.Namespace] = true
					source := claim.DeepCopy()
					source.Name, source.Spec.VolumeName = "beyond-original", original.Name
					source.Annotations = map[string]string{"pv.kubernetes.io/bind-completed": "yes"}
					c.Claims = append(c.Claims, source)
				}
				claim.Spec.DataSource = &corev1.TypedLocalObjectReference{Kind: "PersistentVolumeClaim", Name: "beyond-original"}
			}
			c.Claims = append(c.Claims, claim)
			volume := corev1.Volume{Name: claim.Name}
			volume.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name}
			pod.Spec.Volumes = append(pod.Spec.Volumes, volume)
		}
		// What the generator gave the pod may leave no node, and then nothing of this is seen.
		if own := len(r.Pods[i].Spec.Volumes); some() {
			pod.Spec.Volumes = pod.Spec.Volumes[own:]
		}
		pods = append(pods, pod)
	}
	return c, pods
}

// somePending are claims of other pods that were let through, of any class, for some of the nodes or all.
func somePending(s *topology.Snapshot, rng *rand.Rand) []placement.Pending {
	var out []placement.Pending
	for i := range rng.IntN(4) {
		p := placement.Pending{
			Claim: topology.Key{Namespace: "pending", Name: fmt.Sprint(i)}, Class: pickOf(rng, append(slices.Clone(classNames), beyond, beyond, beyond)),
			Bytes: int64(1+rng.IntN(6)) << 30,
		}
		if rng.IntN(2) == 0 {
			p.Nodes = topology.NewNodeSet(s.NumNodes())
			for node := range s.NumNodes() {
				if rng.IntN(2) == 0 {
					p.Nodes.Add(node)
				}
			}
		}
		out = append(out, p)
	}
	return out
}

func pickOf(rng *rand.Rand, from []string) string { return from[rng.IntN(len(from))] }
