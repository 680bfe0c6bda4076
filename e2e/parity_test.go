// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// parityPods is how many random pods are scheduled.
const parityPods = 300

// kube-scheduler asks an extender only about nodes that its own plugins have accepted. With the predicates off that only moorage has, it
// must therefore never reject one: not for a pod with claims of any kind, shared or its own, nor with inline disks, at full speed.
func TestMoorageAgreesWithTheScheduler(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	c := control(t)
	nodes := zonalNodes(t, c)
	limit := int32(40)
	storage := zonalStorage(t, nodes, zones.StorageOptions{PoolSize: 1 << 40, Pools: map[string]int64{"zone-c": 20 * gib}, AttachLimit: &limit}, "parity-zonal")
	if _, err := storage.AddClass(t.Context(), "parity-zone-a", func(class *storagev1.StorageClass) {
		class.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{
			{Key: storage.TopologyKey(), Values: []string{"zone-a"}},
		}}}
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := storage.AddClass(t.Context(), "parity-immediate", func(class *storagev1.StorageClass) {
		class.VolumeBindingMode = new(storagev1.VolumeBindingImmediate)
	}); err != nil {
		t.Fatal(err)
	}
	localVolumes(t, c, nodes, "parity-local", 40)
	ns := namespace(t, c)
	classes := []string{"parity-zonal", "parity-zone-a", "parity-immediate", "parity-local"}
	shared := sharedClaims(t, c, ns, classes, 12)

	m := startMoorage(t, c, moorage.Options{NoWebhook: true, Config: `
apiVersion: moorage.dev/v1alpha1
kind: MoorageConfiguration
extender: {predicates: {SingleWriter: Off, DriverReady: Off, TopologyKeys: Off, Sources: Off, JointCapacity: Off}}
`})
	startScheduler(t, c, m.ExtenderURL)
	for i := range parityPods {
		createParityPod(t, c, ns, fmt.Sprintf("pod-%d", i), random, classes, shared)
		if i%10 == 9 {
			// What others hold comes free again.
			forgetPod(t, c, ns, fmt.Sprintf("pod-%d", random.IntN(i)))
		}
	}
	awaitJudged(t, c, ns)

	if n := count(t, m, `moorage_extender_requests_total{code="200",verb="filter"}`); n < parityPods/2 {
		t.Errorf("the scheduler asked about %g pods, want at least half of %d, or this shows little", n, parityPods)
	}
	metrics, err := m.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "moorage_extender_rejections_total{") {
			t.Errorf("moorage rejected nodes that the scheduler's own plugins had accepted: %s", line)
		}
	}
}

// localVolumes makes a class without a provisioner, and volumes for it, each on one node.
func localVolumes(t *testing.T, c *controlplane.ControlPlane, nodes *zones.Nodes, class string, n int) {
	t.Helper()
	mode := storagev1.VolumeBindingWaitForFirstConsumer
	_, err := c.Client().StorageV1().StorageClasses().Create(t.Context(), &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "kubernetes.io/no-provisioner", VolumeBindingMode: &mode,
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error {
		return c.Client().StorageV1().StorageClasses().Delete(ctx, class, metav1.DeleteOptions{})
	})
	names := nodes.Names()
	for i := range n {
		name := fmt.Sprintf("%s-%d", class, i)
		_, err := c.Client().CoreV1().PersistentVolumes().Create(t.Context(), &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: corev1.PersistentVolumeSpec{
				StorageClassName:              class,
				AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				Capacity:                      corev1.ResourceList{corev1.ResourceStorage: *resource.NewQuantity(int64(i+1)*gib, resource.BinarySI)},
				PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
				PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/mnt/" + name}},
				NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
					MatchExpressions: []corev1.NodeSelectorRequirement{{
						Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{names[i%len(names)]},
					}},
				}}}},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		cleanup(t, func(ctx context.Context) error {
			return c.Client().CoreV1().PersistentVolumes().Delete(ctx, name, metav1.DeleteOptions{})
		})
	}
}

// sharedClaims makes claims that several pods will name; every third allows one pod only.
func sharedClaims(t *testing.T, c *controlplane.ControlPlane, ns string, classes []string, n int) []string {
	t.Helper()
	var names []string
	for i := range n {
		name := fmt.Sprintf("shared-%d", i)
		mode := corev1.ReadWriteOnce
		if i%3 == 2 && classes[i%len(classes)] != "parity-local" {
			mode = corev1.ReadWriteOncePod
		}
		createParityClaim(t, c, ns, name, classes[i%len(classes)], mode, 2)
		names = append(names, name)
	}
	return names
}

func createParityClaim(t *testing.T, c *controlplane.ControlPlane, ns, name, class string, mode corev1.PersistentVolumeAccessMode, gibibytes int) {
	t.Helper()
	_, err := c.Client().CoreV1().PersistentVolumeClaims(ns).Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class,
			AccessModes:      []corev1.PersistentVolumeAccessMode{mode},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: *resource.NewQuantity(int64(gibibytes)*gib, resource.BinarySI)},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// createParityPod makes a pod with up to three volumes: claims of its own, shared claims, ephemeral ones, inline disks.
func createParityPod(t *testing.T, c *controlplane.ControlPlane, ns, name string, random *rand.Rand, classes, shared []string) {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "example.com/none"}}},
	}
	for i := range 1 + random.IntN(3) {
		volume := corev1.Volume{Name: fmt.Sprintf("v%d", i)}
		class := classes[random.IntN(len(classes))]
		switch random.IntN(10) {
		case 0, 1, 2, 3:
			claim := fmt.Sprintf("%s-%d", name, i)
			createParityClaim(t, c, ns, claim, class, corev1.ReadWriteOnce, 1+random.IntN(8))
			volume.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}
		case 4, 5:
			volume.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: shared[random.IntN(len(shared))]}
		case 6, 7:
			volume.Ephemeral = &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{
				Spec: corev1.PersistentVolumeClaimSpec{
					StorageClassName: &class,
					AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
					Resources: corev1.VolumeResourceRequirements{
						Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
					},
				},
			}}
		case 8:
			volume.ISCSI = &corev1.ISCSIVolumeSource{
				TargetPortal: "192.0.2.1", IQN: fmt.Sprintf("iqn.2026-01.com.example:%d", random.IntN(8)), ReadOnly: random.IntN(2) == 0,
			}
		default:
			volume.GCEPersistentDisk = &corev1.GCEPersistentDiskVolumeSource{PDName: fmt.Sprintf("disk-%d", random.IntN(8)), ReadOnly: random.IntN(2) == 0}
		}
		pod.Spec.Volumes = append(pod.Spec.Volumes, volume)
	}
	if _, err := c.Client().CoreV1().Pods(ns).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// forgetPod deletes a pod that may be gone already.
func forgetPod(t *testing.T, c *controlplane.ControlPlane, ns, name string) {
	t.Helper()
	now := int64(0)
	err := c.Client().CoreV1().Pods(ns).Delete(t.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: &now})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
}

// awaitJudged waits until the scheduler has placed every pod or has said why not.
func awaitJudged(t *testing.T, c *controlplane.ControlPlane, ns string) {
	t.Helper()
	await(t, "every pod to be placed or refused", func(ctx context.Context) (bool, error) {
		pods, err := c.Client().CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		placed, refused := 0, 0
		for i := range pods.Items {
			for _, condition := range pods.Items[i].Status.Conditions {
				switch {
				case condition.Type != corev1.PodScheduled:
				case condition.Status == corev1.ConditionTrue:
					placed++
				default:
					refused++
				}
			}
		}
		if placed+refused < len(pods.Items) {
			return false, nil
		}
		t.Logf("%d pods placed, %d refused by the scheduler's own plugins", placed, refused)
		return true, nil
	})
}
