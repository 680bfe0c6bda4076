// SPDX-License-Identifier: Apache-2.0

package simulate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/simulate"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// world is a cluster as API objects, of which both halves are made again at each step.
type world struct {
	t       *testing.T
	rng     *rand.Rand
	engine  *placement.Engine
	nodes   []*corev1.Node
	pods    []*corev1.Pod
	claims  []*corev1.PersistentVolumeClaim
	volumes []*corev1.PersistentVolume
	number  int
}

var zoneNames = []string{"zone-a", "zone-b", "zone-c"}

func newWorld(t *testing.T, rng *rand.Rand) *world {
	t.Helper()
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, rng: rng, engine: engine}
	for i := range 2 + rng.IntN(7) {
		name := fmt.Sprintf("n%d", i)
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			corev1.LabelHostname: name, corev1.LabelTopologyZone: zoneNames[i%3], "pool": []string{"old", "new"}[rng.IntN(2)],
		}}}
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
		n.Status.Allocatable = corev1.ResourceList{
			corev1.ResourceCPU: *resource.NewQuantity(int64(1+rng.IntN(8)), resource.DecimalSI), corev1.ResourceMemory: resource.MustParse("8Gi"),
			corev1.ResourcePods: *resource.NewQuantity(int64(2+rng.IntN(8)), resource.DecimalSI),
		}
		if rng.IntN(5) == 0 {
			n.Spec.Taints = []corev1.Taint{{Key: "dedicated", Value: "gpu", Effect: corev1.TaintEffectNoSchedule}}
		}
		n.Spec.Unschedulable = rng.IntN(10) == 0
		w.nodes = append(w.nodes, n)
	}
	for range rng.IntN(15) {
		p := w.pod()
		p.Spec.NodeName = w.nodes[rng.IntN(len(w.nodes))].Name
		p.Status.Phase = corev1.PodRunning
		w.pods = append(w.pods, p)
	}
	return w
}

// pod is a random pod, perhaps with a volume that is bound in some zone.
func (w *world) pod() *corev1.Pod {
	w.number++
	rng := w.rng
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "prod", Name: fmt.Sprintf("p%02d", w.number), Labels: map[string]string{"app": fmt.Sprintf("a%d", rng.IntN(3))},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "s", UID: "s", Controller: new(true)}},
	}}
	p.UID = types.UID("uid-" + p.Name)
	c := corev1.Container{Name: "c", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: *resource.NewMilliQuantity(int64(rng.IntN(3000)), resource.DecimalSI),
	}}}
	if rng.IntN(8) == 0 {
		c.Ports = []corev1.ContainerPort{{HostPort: 8080, ContainerPort: 8080, Protocol: corev1.ProtocolTCP}}
	}
	p.Spec.Containers = []corev1.Container{c}
	p.Spec.SchedulerName = corev1.DefaultSchedulerName
	alike := &metav1.LabelSelector{MatchLabels: map[string]string{"app": p.Labels["app"]}}
	if rng.IntN(3) == 0 {
		p.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
			TopologyKey: []string{corev1.LabelHostname, corev1.LabelTopologyZone}[rng.IntN(2)], LabelSelector: alike,
		}}}}
	}
	if rng.IntN(3) == 0 {
		p.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: alike,
		}}
	}
	if rng.IntN(4) == 0 {
		p.Spec.Tolerations = []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpExists}}
	}
	if rng.IntN(3) == 0 {
		w.bind(p, zoneNames[rng.IntN(3)])
	}
	return p
}

func (w *world) bind(p *corev1.Pod, zone string) {
	gi := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	modes := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "of-" + p.Name, UID: p.UID, Annotations: map[string]string{"pv.kubernetes.io/bind-completed": "yes"}},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: modes, StorageClassName: new(""), VolumeName: "pv-" + p.Name, Resources: corev1.VolumeResourceRequirements{Requests: gi},
		},
	}
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv-" + p.Name}, Spec: corev1.PersistentVolumeSpec{
		AccessModes: modes, Capacity: gi, ClaimRef: &corev1.ObjectReference{Namespace: "prod", Name: claim.Name, UID: claim.UID},
		NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{zone}}},
		}}}},
		PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: "csi.example.com", VolumeHandle: p.Name}},
	}}
	w.claims, w.volumes = append(w.claims, claim), append(w.volumes, volume)
	p.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name}}}}
}

func (w *world) halves() (*topology.Snapshot, *nodefit.Cluster) {
	cache := topology.New(topology.Options{NodeDelay: -1})
	put := func(o metav1.Object) {
		if err := cache.Upsert(o); err != nil {
			w.t.Fatal(err)
		}
	}
	o := nodefit.Objects{Nodes: w.nodes, Namespaces: map[string]map[string]string{}}
	for _, n := range w.nodes {
		put(n)
	}
	for i := range w.claims {
		put(w.claims[i])
		put(w.volumes[i])
	}
	for _, p := range w.pods {
		put(p)
		o.Pods = append(o.Pods, nodefit.PodFromAPI(p))
	}
	cache.Flush()
	return cache.Snapshot(), nodefit.New(o, nodefit.Config{})
}

func (w *world) question() simulate.Question {
	s, others := w.halves()
	return simulate.Question{Snapshot: s, Engine: w.engine, Others: others, Pods: w.pods, Namespace: "prod"}
}

// passes are the nodes that both halves pass the pod, each asked by itself.
func (w *world) passes(p *corev1.Pod) []string {
	s, others := w.halves()
	volumes := w.engine.Filter(s, placement.NewDemand(s, topology.PodFromAPI(p)))
	rest := others.Judge(p)
	var out []string
	for i := range s.NumNodes() {
		if at, ok := others.NodeIndex(s.Node(i).Name); ok && volumes.Feasible.Has(i) && rest.Feasible.Has(at) {
			out = append(out, s.Node(i).Name)
		}
	}
	return out
}

// follow checks that a pod was placed where it passes, or that there is no such node, and puts it there.
func (w *world) follow(p *corev1.Pod, node string) {
	w.t.Helper()
	p = p.DeepCopy()
	p.Spec.NodeName = ""
	p.Status = corev1.PodStatus{}
	passes := w.passes(p)
	if node == "" {
		if len(passes) > 0 {
			w.t.Errorf("pod %s finds no place, and passes on %v", p.Name, passes)
		}
		return
	}
	if !slices.Contains(passes, node) {
		w.t.Errorf("pod %s is placed on %s, and passes on %v alone", p.Name, node, passes)
	}
	p.Spec.NodeName = node
	p.Status.Phase = corev1.PodRunning
	w.pods = append(w.pods, p)
}

// lose takes a node and its pods away, and returns the pods.
func (w *world) lose(name string) (gone []*corev1.Pod) {
	w.nodes = slices.DeleteFunc(slices.Clone(w.nodes), func(n *corev1.Node) bool { return n.Name == name })
	left := []*corev1.Pod{}
	for _, p := range w.pods {
		if p.Spec.NodeName == name {
			gone = append(gone, p)
		} else {
			left = append(left, p)
		}
	}
	w.pods = left
	return gone
}

func find(pods []*corev1.Pod, name string) *corev1.Pod {
	return pods[slices.IndexFunc(pods, func(p *corev1.Pod) bool { return p.Name == name })]
}

// Every pod that is placed passes both halves on the cluster as it is before, with the pods placed so far, and one that finds no place passes nowhere.
func TestPlacedPodsPassBothHalves(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	placed, unplaced := 0, 0
	for round := range uint64(150) {
		w := newWorld(t, rand.New(rand.NewPCG(seed, round)))
		var given []*corev1.Pod
		for range w.rng.IntN(8) {
			given = append(given, w.pod())
		}
		question := w.question()
		for _, p := range given {
			question.Workloads = append(question.Workloads, runtime.Object(p))
		}
		if w.rng.IntN(2) == 0 {
			question.Drain = []string{w.nodes[w.rng.IntN(len(w.nodes))].Name}
		}
		result, err := simulate.Run(t.Context(), question)
		if err != nil {
			t.Fatal(err)
		}
		all := append(slices.Clone(given), w.pods...)
		for _, name := range question.Drain {
			w.lose(name)
		}
		for _, p := range result.Pods {
			if w.follow(find(all, p.Name), p.Node); p.Node == "" {
				unplaced++
			} else {
				placed++
			}
		}
		if t.Failed() {
			t.Fatalf("round %d of seed %d", round, seed)
		}
	}
	if placed < 100 || unplaced < 20 {
		t.Errorf("%d pods were placed and %d not", placed, unplaced)
	}
}

// Every step of a plan finds places that pass both halves, and evicts no pod that a budget keeps; nodes that are stuck have one that it keeps, or that finds no place.
func TestDrainPlansPassBothHalves(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	steps, stuck, added := 0, 0, 0
	for round := range uint64(150) {
		w := newWorld(t, rand.New(rand.NewPCG(seed, round)))
		question := w.question()
		kept := fmt.Sprintf("a%d", w.rng.IntN(6))
		question.Budgets = []*policyv1.PodDisruptionBudget{{
			ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "none"},
			Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": kept}}},
			Status:     policyv1.PodDisruptionBudgetStatus{ObservedGeneration: 1, DisruptionsAllowed: 0},
		}}
		selector := labels.SelectorFromSet(labels.Set{"pool": "old"})
		nodes := 0
		for i, n := range w.nodes {
			if n.Labels["pool"] == "old" {
				nodes++
				cordoned := n.DeepCopy()
				cordoned.Spec.Unschedulable = true
				w.nodes[i] = cordoned
			}
		}
		if nodes == 0 {
			continue
		}
		plan, err := simulate.DrainAll(t.Context(), question, selector)
		if err != nil {
			t.Fatal(err)
		}
		if len(plan.Steps)+len(plan.Stuck) != nodes || plan.Feasible != (len(plan.Stuck) == 0 && !slices.ContainsFunc(plan.Steps, func(s simulate.Step) bool { return s.Add != "" })) {
			t.Errorf("%d nodes, %d steps, %d stuck, feasible %t", nodes, len(plan.Steps), len(plan.Stuck), plan.Feasible)
		}
		stuck += len(plan.Stuck)
		for _, step := range plan.Steps {
			if step.Add != "" {
				added++
				break // From here on there are nodes that the test does not have.
			}
			steps++
			gone := w.lose(step.Node)
			if len(gone) != len(step.Pods) {
				t.Errorf("step %s moves %d of %d pods", step.Node, len(step.Pods), len(gone))
			}
			for _, p := range step.Pods {
				pod := find(gone, p.Name)
				if pod.Labels["app"] == kept {
					t.Errorf("pod %s is evicted, which a budget keeps", p.Name)
				}
				w.follow(pod, p.Node)
			}
		}
		if t.Failed() {
			t.Fatalf("round %d of seed %d", round, seed)
		}
	}
	if steps < 50 || stuck < 10 || added < 5 {
		t.Errorf("%d steps, %d nodes stuck, %d added", steps, stuck, added)
	}
}
