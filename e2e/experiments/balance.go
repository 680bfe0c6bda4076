// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/moorage-k8s/moorage/e2e/zones"
)

const (
	balanceClass = "balance"
	balanceLimit = 5 * time.Minute
)

// BalanceOptions describe the zones and the StatefulSet.
type BalanceOptions struct {
	// Zones is how many nodes each zone has.
	Zones []BalanceZone
	// AttachLimit is how many volumes a node can have attached.
	AttachLimit int32
	// Replicas is the StatefulSet's, each with one zonal claim.
	Replicas int32
	// Loads and Policies are run one after the other.
	Loads    []Load
	Policies []appsv1.PodManagementPolicyType
	// Repetitions are how often each side is measured, in alternating order: kube-scheduler chooses by chance among equals.
	Repetitions int
}

// BalanceZone is a zone and its number of nodes.
type BalanceZone struct {
	Name  string
	Nodes int
	// Busy is how many CPUs of each node's 16 other pods have asked for where Load is busy.
	Busy int64
}

// Load is what else runs on the nodes.
type Load string

const (
	// Idle nodes run nothing else.
	Idle Load = "idle"
	// Busy nodes run other pods, more in some zones than in others: kube-scheduler avoids the fuller nodes, and so their zones.
	Busy Load = "busy"
)

// BalanceRun is where one StatefulSet ended up.
type BalanceRun struct {
	Load       Load
	Policy     appsv1.PodManagementPolicyType
	Repetition int
	Side       Side
	// Volumes are the pods, each with a volume, of each zone.
	Volumes map[string]int
	// OnNode are the pods of each node.
	OnNode map[string]int
	// Lost and Replaced are of the node whose loss leaves most pods without a place: its pods, and how many of them the zone's other nodes can take.
	Lost, Replaced int
	// AllReplaced is the sum of Replaced over the losses of each single node: of all pods, how many would find a place after the loss of their node.
	AllReplaced int
}

// Balance runs the StatefulSet with each policy on both sides.
func (l *Lab) Balance(ctx context.Context, options BalanceOptions) (_ *BalanceReport, err error) {
	var undo teardown
	defer undo.run(ctx, &err)
	counts := make(map[string]int)
	var names []string
	for _, zone := range options.Zones {
		names = append(names, zone.Name)
		counts[zone.Name] = zone.Nodes
	}
	nodes, err := zones.AddNodes(ctx, l.Control, zones.Options{Zones: names, NodesIn: counts, Prefix: "balance"})
	if err != nil {
		return nil, err
	}
	undo.add(nodes.Remove)
	// Pools so large that their use does not show in a score: as in a cloud, what differs are the zones' nodes.
	storage, err := nodes.AddStorage(ctx, zones.StorageOptions{PoolSize: 1 << 20 * gib, AttachLimit: &options.AttachLimit})
	if err != nil {
		return nil, err
	}
	undo.add(storage.Remove)
	if _, err = storage.AddClass(ctx, balanceClass, nil); err != nil {
		return nil, err
	}
	report := &BalanceReport{Options: options}
	for _, load := range options.Loads {
		if report.Runs, err = l.balanceUnder(ctx, load, nodes, options, report.Runs); err != nil {
			return nil, err
		}
	}
	return report, nil
}

// balanceUnder adds the runs under one load.
func (l *Lab) balanceUnder(
	ctx context.Context, load Load, nodes *zones.Nodes, options BalanceOptions, runs []*BalanceRun,
) (_ []*BalanceRun, err error) {
	var undo teardown
	defer undo.run(ctx, &err)
	if load == Busy {
		ns, err := l.namespace(ctx, &undo)
		if err != nil {
			return nil, err
		}
		if err = l.occupy(ctx, ns, nodes, options.Zones); err != nil {
			return nil, err
		}
	}
	for _, policy := range options.Policies {
		for repetition := range options.Repetitions {
			sides := []Side{Without, With}
			for i := range sides {
				which := sides[(i+repetition)%len(sides)]
				run, err := l.balance(ctx, nodes, options, policy, which)
				if err != nil {
					return nil, fmt.Errorf("balance, %s, %s, repetition %d, %s: %w", load, policy, repetition, which, err)
				}
				run.Load, run.Repetition = load, repetition
				runs = append(runs, run)
				l.say("balance, %s, %s, repetition %d, %s: volumes %v; %d of %d pods would find a place after the loss of their node",
					load, policy, repetition+1, which, run.Volumes, run.AllReplaced, options.Replicas)
			}
		}
	}
	return runs, nil
}

// occupy puts a pod on each node of the busy zones.
func (l *Lab) occupy(ctx context.Context, ns string, nodes *zones.Nodes, busy []BalanceZone) error {
	for _, node := range nodes.Names() {
		i := slices.IndexFunc(busy, func(z BalanceZone) bool { return z.Name == nodes.ZoneOf(node) })
		if busy[i].Busy == 0 {
			continue
		}
		now := int64(0)
		_, err := l.Control.Client().CoreV1().Pods(ns).Create(ctx, &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "on-" + node},
			Spec: corev1.PodSpec{
				NodeName: node, TerminationGracePeriodSeconds: &now,
				Containers: []corev1.Container{{
					Name: "main", Image: "example.com/none",
					Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
						corev1.ResourceCPU: *resource.NewQuantity(busy[i].Busy, resource.DecimalSI),
						// As full of memory as of CPU: nodes have 4 GiB for each CPU.
						corev1.ResourceMemory: *resource.NewQuantity(4*busy[i].Busy*gib, resource.BinarySI),
					}},
				}},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("occupy node %s: %w", node, err)
		}
	}
	return nil
}

// balance runs one StatefulSet on one side.
func (l *Lab) balance(
	ctx context.Context, nodes *zones.Nodes, options BalanceOptions, policy appsv1.PodManagementPolicyType, which Side,
) (_ *BalanceRun, err error) {
	var undo teardown
	defer undo.run(ctx, &err)
	ns, err := l.namespace(ctx, &undo)
	if err != nil {
		return nil, err
	}
	s, err := l.start(ctx, which, &undo)
	if err != nil {
		return nil, err
	}
	if _, err = s.schedule(ctx, NoLimit, &undo); err != nil {
		return nil, err
	}
	client := l.Control.Client()
	if _, err = client.AppsV1().StatefulSets(ns).Create(ctx, balanceSet(options.Replicas, policy), metav1.CreateOptions{}); err != nil {
		return nil, fmt.Errorf("create the StatefulSet: %w", err)
	}
	run := &BalanceRun{Policy: policy, Side: which}
	err = wait.PollUntilContextTimeout(ctx, pollInterval, balanceLimit, true, func(ctx context.Context) (bool, error) {
		pods, listErr := client.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
		if listErr != nil {
			return false, listErr
		}
		run.place(nodes, pods.Items)
		placed := 0
		for _, n := range run.Volumes {
			placed += n
		}
		return placed == int(options.Replicas), nil
	})
	if err != nil {
		return nil, fmt.Errorf("wait for %d pods to be placed, so far %v: %w", options.Replicas, run.Volumes, err)
	}
	run.lose(nodes, int(options.AttachLimit))
	return run, nil
}

// place counts the pods that have a node. The volume of each is in its node's zone.
func (r *BalanceRun) place(nodes *zones.Nodes, pods []corev1.Pod) {
	r.Volumes, r.OnNode = make(map[string]int), make(map[string]int)
	for i := range pods {
		if node := pods[i].Spec.NodeName; node != "" {
			r.Volumes[nodes.ZoneOf(node)]++
			r.OnNode[node]++
		}
	}
}

// lose computes what would become of the pods of each node: their volumes tie them to the zone, whose other nodes can take as many as they have
// attach slots left.
func (r *BalanceRun) lose(nodes *zones.Nodes, attachLimit int) {
	worst := -1
	for _, lost := range nodes.Names() {
		room := 0
		for _, other := range nodes.Names() {
			if other != lost && nodes.ZoneOf(other) == nodes.ZoneOf(lost) {
				room += attachLimit - r.OnNode[other]
			}
		}
		pods := r.OnNode[lost]
		replaced := min(pods, room)
		r.AllReplaced += replaced
		if pods-replaced > worst {
			worst, r.Lost, r.Replaced = pods-replaced, pods, replaced
		}
	}
}

// balanceSet is a StatefulSet as users write them: without constraints of its own on zones.
func balanceSet(replicas int32, policy appsv1.PodManagementPolicyType) *appsv1.StatefulSet {
	const name = "db"
	class, now := balanceClass, int64(0)
	labels := map[string]string{"app": name}
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, ServiceName: name, PodManagementPolicy: policy, Selector: &metav1.LabelSelector{MatchLabels: labels},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{
				ObjectMeta: metav1.ObjectMeta{Name: "data"},
				Spec: corev1.PersistentVolumeClaimSpec{
					StorageClassName: &class,
					AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
					Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
				},
			}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: &now,
					Containers: []corev1.Container{{
						Name: "main", Image: "example.com/none", VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}},
						Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
							corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("1Gi"),
						}},
					}},
				},
			},
		},
	}
}
