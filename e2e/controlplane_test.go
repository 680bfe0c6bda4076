// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

const gib = int64(1) << 30

// What all other suites stand on: with no moorage anywhere, the cluster schedules a pod, provisions its volume in the pod's zone and says
// what is left.
func TestControlPlaneProvisionsWhereThePodLands(t *testing.T) {
	c := control(t)
	t.Logf("the control plane was ready after %s", c.ReadyAfter())
	nodes, err := zones.AddNodes(t.Context(), c, zones.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, nodes.Remove)
	storage, err := nodes.AddStorage(t.Context(), zones.StorageOptions{
		PoolSize: 10 * gib, Pools: map[string]int64{"zone-b": 30 * gib}, MaximumVolumeSize: 20 * gib,
	})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, storage.Remove)
	class, err := storage.AddClass(t.Context(), "zonal", nil)
	if err != nil {
		t.Fatal(err)
	}
	awaitCapacities(t, storage, class.Name, map[string]capacity{
		"zone-a": {10 * gib, 10 * gib}, "zone-b": {30 * gib, 20 * gib}, "zone-c": {10 * gib, 10 * gib},
	})

	scheduler, err := c.StartScheduler(t.Context(), controlplane.SchedulerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, scheduler.Stop)

	ns := namespace(t, c)
	createClaim(t, c, ns, "data", class.Name, "15Gi")
	createPod(t, c, ns, "db", "data")
	pod := awaitRunning(t, c, ns, "db")
	zone := nodes.ZoneOf(pod.Spec.NodeName)
	if zone != "zone-b" {
		t.Errorf("the pod is on %s in %s, want it in zone-b, the only one with room for its volume", pod.Spec.NodeName, zone)
	}

	pv := boundVolume(t, c, ns, "data")
	if pv.Spec.NodeAffinity == nil || pv.Spec.NodeAffinity.Required == nil {
		t.Fatalf("volume %s has no node affinity", pv.Name)
	}
	selector, err := nodeaffinity.NewNodeSelector(pv.Spec.NodeAffinity.Required)
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.Client().CoreV1().Nodes().List(t.Context(), metav1.ListOptions{LabelSelector: labels.Everything().String()})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		node := &list.Items[i]
		if got, want := selector.Match(node), nodes.ZoneOf(node.Name) == zone; got != want {
			t.Errorf("the volume can be reached from node %s in %s: %t, want %t", node.Name, nodes.ZoneOf(node.Name), got, want)
		}
	}
	if got := storage.Driver.Pools()[zone].Used; got != 15*gib {
		t.Errorf("%d bytes of the pool in %s are used, want 15 GiB", got, zone)
	}
	if got := storage.Driver.OverCommits(); len(got) > 0 {
		t.Errorf("the driver was asked for more than it has: %v", got)
	}
	awaitCapacities(t, storage, class.Name, map[string]capacity{
		"zone-a": {10 * gib, 10 * gib}, "zone-b": {15 * gib, 15 * gib}, "zone-c": {10 * gib, 10 * gib},
	})
}

// capacity is what is published for a segment, in bytes.
type capacity struct{ Free, Largest int64 }

func awaitCapacities(t *testing.T, storage *zones.Storage, class string, want map[string]capacity) {
	t.Helper()
	await(t, "the published capacities to be right", func(ctx context.Context) (bool, error) {
		published, err := storage.Capacities(ctx, class)
		if err != nil {
			return false, err
		}
		got := make(map[string]capacity)
		for segment, c := range published {
			got[segment] = capacity{Free: c.Capacity.Value(), Largest: c.MaximumVolumeSize.Value()}
		}
		return cmp.Equal(want, got), nil
	})
}

func createClaim(t *testing.T, c *controlplane.ControlPlane, ns, name, class, size string) {
	t.Helper()
	_, err := c.Client().CoreV1().PersistentVolumeClaims(ns).Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class,
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// createPod makes a pod with the claims as volumes of the same names.
func createPod(t *testing.T, c *controlplane.ControlPlane, ns, name string, claims ...string) {
	t.Helper()
	createPodWith(t, c, ns, name, func(*corev1.Pod) {}, claims...)
}

// createPodWith makes such a pod with changes.
func createPodWith(t *testing.T, c *controlplane.ControlPlane, ns, name string, change func(*corev1.Pod), claims ...string) {
	t.Helper()
	container := corev1.Container{Name: "main", Image: "example.com/none"}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, claim := range claims {
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: claim, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
		}})
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: claim, MountPath: "/" + claim})
	}
	pod.Spec.Containers = []corev1.Container{container}
	change(pod)
	if _, err := c.Client().CoreV1().Pods(ns).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func awaitRunning(t *testing.T, c *controlplane.ControlPlane, ns, name string) *corev1.Pod {
	t.Helper()
	var pod *corev1.Pod
	await(t, "pod "+name+" to run", func(ctx context.Context) (bool, error) {
		var err error
		pod, err = c.Client().CoreV1().Pods(ns).Get(ctx, name, metav1.GetOptions{})
		return err == nil && pod.Status.Phase == corev1.PodRunning, err
	})
	return pod
}

// boundVolume returns the volume that the claim is bound to.
func boundVolume(t *testing.T, c *controlplane.ControlPlane, ns, claim string) *corev1.PersistentVolume {
	t.Helper()
	pvc, err := c.Client().CoreV1().PersistentVolumeClaims(ns).Get(t.Context(), claim, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if pvc.Status.Phase != corev1.ClaimBound {
		t.Fatalf("claim %s is %s, want it Bound", claim, pvc.Status.Phase)
	}
	pv, err := c.Client().CoreV1().PersistentVolumes().Get(t.Context(), pvc.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pv
}

// A zone that has run out although its capacity said otherwise: the provisioner gives the claim back, and the pod is scheduled again
// until its volume can be made.
func TestControlPlaneSchedulesAnewWhenAZoneHasRunOut(t *testing.T) {
	c := control(t)
	nodes, err := zones.AddNodes(t.Context(), c, zones.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, nodes.Remove)
	storage, err := nodes.AddStorage(t.Context(), zones.StorageOptions{Pools: map[string]int64{"zone-a": 0, "zone-b": 50 * gib}})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, storage.Remove)
	class, err := storage.AddClass(t.Context(), "zonal", nil)
	if err != nil {
		t.Fatal(err)
	}
	// The first request fails wherever the pod goes.
	storage.Driver.FailCreate("zone-b", 1, codes.ResourceExhausted)
	storage.Driver.FailCreate("zone-c", 1, codes.ResourceExhausted)
	scheduler, err := c.StartScheduler(t.Context(), controlplane.SchedulerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, scheduler.Stop)

	ns := namespace(t, c)
	createClaim(t, c, ns, "data", class.Name, "1Gi")
	createPod(t, c, ns, "db", "data")
	pod := awaitRunning(t, c, ns, "db")
	if zone := nodes.ZoneOf(pod.Spec.NodeName); zone == "zone-a" || storage.Driver.Pools()[zone].Used != gib {
		t.Errorf("the pod is in %s and the pools are %v, want both in zone-b or zone-c", zone, storage.Driver.Pools())
	}
	await(t, "the event that tells of the failure", func(ctx context.Context) (bool, error) {
		events, err := c.Client().CoreV1().Events(ns).List(ctx, metav1.ListOptions{FieldSelector: "reason=ProvisioningFailed"})
		return err == nil && len(events.Items) > 0, err
	})
}

// Local storage: each node is a segment of its own, and the volume's node is the pod's.
func TestControlPlaneProvisionsOnTheNode(t *testing.T) {
	c := control(t)
	nodes, err := zones.AddNodes(t.Context(), c, zones.Options{Zones: []string{"zone-a"}, NodesPerZone: 3, Prefix: "local"})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, nodes.Remove)
	storage, err := nodes.AddStorage(t.Context(), zones.StorageOptions{
		Driver: "local.csi.e2e.moorage.dev", PerNode: true, PoolSize: gib, Pools: map[string]int64{"local-zone-a-1": 5 * gib},
	})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, storage.Remove)
	class, err := storage.AddClass(t.Context(), "local", nil)
	if err != nil {
		t.Fatal(err)
	}
	scheduler, err := c.StartScheduler(t.Context(), controlplane.SchedulerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, scheduler.Stop)

	ns := namespace(t, c)
	createClaim(t, c, ns, "data", class.Name, "4Gi")
	createPod(t, c, ns, "db", "data")
	if pod := awaitRunning(t, c, ns, "db"); pod.Spec.NodeName != "local-zone-a-1" {
		t.Errorf("the pod is on %s, want it on the only node with room", pod.Spec.NodeName)
	}
	want := []string{"local-zone-a-1"}
	var got []string
	for _, v := range storage.Driver.Volumes() {
		got = append(got, v.Segment)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("segments of the volumes (-want +got):\n%s", diff)
	}
}
