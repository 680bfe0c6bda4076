// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	schedulingv1beta1 "k8s.io/api/scheduling/v1beta1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

const (
	// noRoomBesideOthers is what a member reads for which the members before it leave no room.
	noRoomBesideOthers = "node(s) did not have enough free storage beside what is reserved for other pods"
	// strangerWithin is how soon a pod without volumes is placed that comes behind a group: an answer of filter takes milliseconds. A wait of a fifth of
	// a second for each member would take more.
	strangerWithin = 3 * time.Second
)

// From Kubernetes 1.36 the pods of a PodGroup are filtered one after the other before anything of them is written. A group that the pools have no room for is
// given up as a whole, at once, and nothing is asked of the driver for it; other pods do not wait behind it. When there is room it is placed as a whole.
func TestASchedulingGroupIsPlacedAsAWholeOrNotAtAll(t *testing.T) {
	c := groupControl(t)
	nodes := zonalNodes(t, c)
	m := startMoorage(t, c, moorage.Options{NoWebhook: true})
	startGroupScheduler(t, c, m.ExtenderURL)
	// Of 6 GiB each the pools hold 16, 1 and 0 members.
	storage := zonalStorage(t, nodes, zones.StorageOptions{
		Pools: map[string]int64{"zone-a": 100 * gib, "zone-b": 10 * gib, "zone-c": 5 * gib},
	}, "zonal")
	awaitPublished(t, storage, "zonal", 3)
	const members = 30

	ns := namespace(t, c)
	createGroup(t, c, ns, "workers", members, members)
	awaitStrangers(t, c, ns)
	awaitGroup(t, c, ns, "workers", metav1.ConditionFalse)
	// kube-scheduler gives the group up at the first member that cannot be placed, and names the cause on that one.
	awaitMemberUnschedulable(t, c, ns, noRoomBesideOthers)
	if placed, selected := membersPlaced(t.Context(), t, c, ns, "workers"); placed+selected != 0 {
		t.Errorf("%d members are placed and %d claims have a node, want none of a group that does not fit", placed, selected)
	}
	expectNoWaits(t, m)
	expectNoOverCommits(t, storage)

	// Once there is room for all in every pool, the event of the capacity wakes the group, and all of it is placed.
	enlarged := time.Now()
	storage.Driver.ResizePool("zone-a", 200*gib)
	storage.Driver.ResizePool("zone-b", 200*gib)
	awaitMembers(t, c, ns, "workers", members)
	t.Logf("the group ran %.1f s after there was room", time.Since(enlarged).Seconds())
	awaitGroup(t, c, ns, "workers", metav1.ConditionTrue)
	expectNoWaits(t, m)
	expectNoOverCommits(t, storage)

	// A group that may be placed in part is placed as far as it fits, here in one zone.
	for zone, pool := range storage.Driver.Pools() {
		storage.Driver.ResizePool(zone, pool.Used)
	}
	storage.Driver.ResizePool("zone-c", 20*gib)
	awaitPublished(t, storage, "zonal", 3)
	createGroup(t, c, ns, "some", 10, 1)
	awaitStrangers(t, c, ns)
	awaitMembers(t, c, ns, "some", 3)
	awaitStrangers(t, c, ns)
	if placed, selected := membersPlaced(t.Context(), t, c, ns, "some"); placed != 3 || selected != 3 {
		t.Errorf("%d members are placed and %d claims have a node, want 3 of each", placed, selected)
	}
	expectNoOverCommits(t, storage)
}

// groupControl starts a control plane that schedules groups, which no release does by itself yet.
func groupControl(t *testing.T) *controlplane.ControlPlane {
	t.Helper()
	if !since(t, 37) {
		t.Skip("before 1.37 the PodGroup has another form")
	}
	gate := []string{"--feature-gates=GenericWorkload=true"}
	c, err := controlplane.Start(t.Context(), controlplane.Options{
		Progress: os.Stderr, NoAttacher: true, ControllerManagerArgs: gate,
		APIServerArgs: append([]string{"--runtime-config=" + schedulingv1beta1.SchemeGroupVersion.String() + "=true"}, gate...),
	})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(context.Context) error { return c.Stop() })
	return c
}

func startGroupScheduler(t *testing.T, c *controlplane.ControlPlane, extenderURL string) {
	t.Helper()
	scheduler, err := c.StartScheduler(t.Context(), controlplane.SchedulerOptions{
		ExtenderURL: extenderURL, ClientQPS: 500, Args: []string{"--feature-gates=GenericWorkload=true"},
	})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, scheduler.Stop)
}

// createGroup makes a group of n pods with a claim of 6 GiB each, of which at least so many must be placed together.
func createGroup(t *testing.T, c *controlplane.ControlPlane, ns, name string, n int, atLeast int32) {
	t.Helper()
	_, err := c.Client().SchedulingV1beta1().PodGroups(ns).Create(t.Context(), &schedulingv1beta1.PodGroup{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: schedulingv1beta1.PodGroupSpec{SchedulingPolicy: schedulingv1beta1.PodGroupSchedulingPolicy{
			Gang: &schedulingv1beta1.GangSchedulingPolicy{MinCount: atLeast},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		createClaim(t, c, ns, fmt.Sprintf("%s-%d", name, i), "zonal", "6Gi")
	}
	for i := range n {
		member := fmt.Sprintf("%s-%d", name, i)
		createPodWith(t, c, ns, member, func(p *corev1.Pod) {
			p.Labels = map[string]string{"group": name}
			p.Spec.SchedulingGroup = &corev1.PodSchedulingGroup{PodGroupName: &name}
		}, member)
	}
}

// awaitStrangers makes pods without volumes, one after the other, and wants each placed soon.
func awaitStrangers(t *testing.T, c *controlplane.ControlPlane, ns string) {
	t.Helper()
	for range 3 {
		made := time.Now()
		pod, err := c.Client().CoreV1().Pods(ns).Create(t.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "stranger-"},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "example.com/none"}}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		await(t, "pod "+pod.Name+" to be placed", func(context.Context) (bool, error) {
			return getPod(t, c, ns, pod.Name).Spec.NodeName != "", nil
		})
		if took := time.Since(made); took > strangerWithin {
			t.Errorf("a pod without volumes was placed after %s, want it within %s", took, strangerWithin)
		}
	}
}

// awaitGroup waits until kube-scheduler says that the group is placed, or is not.
func awaitGroup(t *testing.T, c *controlplane.ControlPlane, ns, name string, want metav1.ConditionStatus) {
	t.Helper()
	await(t, "group "+name+" to be said to be placed: "+string(want), func(ctx context.Context) (bool, error) {
		group, err := c.Client().SchedulingV1beta1().PodGroups(ns).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		said := meta.FindStatusCondition(group.Status.Conditions, schedulingv1beta1.PodGroupInitiallyScheduled)
		return said != nil && said.Status == want, nil
	})
}

// awaitMemberUnschedulable waits for an event that says in these words why a pod is not scheduled.
func awaitMemberUnschedulable(t *testing.T, c *controlplane.ControlPlane, ns, words string) {
	t.Helper()
	awaitEvent(t, c, ns, "FailedScheduling", "", words)
}

// awaitMembers waits until so many members of the group run.
func awaitMembers(t *testing.T, c *controlplane.ControlPlane, ns, name string, want int) {
	t.Helper()
	await(t, fmt.Sprintf("%d members of group %s to run", want, name), func(ctx context.Context) (bool, error) {
		pods, err := c.Client().CoreV1().Pods(ns).List(ctx, metav1.ListOptions{LabelSelector: "group=" + name})
		if err != nil {
			return false, err
		}
		running := 0
		for i := range pods.Items {
			if pods.Items[i].Status.Phase == corev1.PodRunning {
				running++
			}
		}
		return running == want, nil
	})
}

// membersPlaced counts the group's pods that have a node, and its claims for which one was chosen.
func membersPlaced(ctx context.Context, t *testing.T, c *controlplane.ControlPlane, ns, name string) (placed, selected int) {
	t.Helper()
	pods, err := c.Client().CoreV1().Pods(ns).List(ctx, metav1.ListOptions{LabelSelector: "group=" + name})
	if err != nil {
		t.Fatal(err)
	}
	for i := range pods.Items {
		if pods.Items[i].Spec.NodeName != "" {
			placed++
		}
		claim, err := c.Client().CoreV1().PersistentVolumeClaims(ns).Get(ctx, pods.Items[i].Name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if claim.Annotations["volume.kubernetes.io/selected-node"] != "" {
			selected++
		}
	}
	return placed, selected
}

// expectNoWaits wants that filter waited for no pod that it had let through, and skipped no such wait.
func expectNoWaits(t *testing.T, m *moorage.Moorage) {
	t.Helper()
	for _, result := range []string{"seen", "timed-out", "given-up"} {
		if n := count(t, m, `moorage_extender_placement_wait_seconds_count{result="`+result+`"}`); n > 0 {
			t.Errorf("filter waited %g times for a member (%s), want no wait for members of one's own group", n, result)
		}
	}
	if n := count(t, m, `moorage_extender_waits_skipped_total{wait="placement"}`); n > 0 {
		t.Errorf("filter skipped %g waits for members, want none wanted", n)
	}
}

func expectNoOverCommits(t *testing.T, storage *zones.Storage) {
	t.Helper()
	if over := storage.Driver.OverCommits(); len(over) > 0 {
		t.Errorf("the driver was asked for more than it has: %v", over)
	}
}

// awaitPublished waits until so many pools of the class are published with what the driver has free.
func awaitPublished(t *testing.T, storage *zones.Storage, class string, n int) {
	t.Helper()
	await(t, "the pools to be published", func(ctx context.Context) (bool, error) {
		published, err := storage.Capacities(ctx, class)
		if err != nil || len(published) != n {
			return false, err
		}
		for zone, pool := range storage.Driver.Pools() {
			c, ok := published[zone]
			if !ok || c.Capacity == nil || c.Capacity.Value() != pool.Free() {
				return false, nil
			}
		}
		return true, nil
	})
}
