// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// replicated is a storage system that keeps replicas of volumes on nodes, and says where in objects of its own.
type replicated struct {
	driver, crds string
	// resource is the one whose objects say where replicas are.
	group, resource string
	// replica is the object of a replica, and store that of a node whose disk has so much room; store is nil where there is none.
	replica func(volume, node string) string
	store   func(node string, room int64) string
}

var longhorn = replicated{
	driver: "driver.longhorn.io", crds: "longhorn-crds.yaml", group: "longhorn.io", resource: "replicas",
	replica: func(volume, node string) string {
		return fmt.Sprintf(`{apiVersion: longhorn.io/v1beta2, kind: Replica, metadata: {namespace: longhorn-system, name: %[1]s-r-1},
spec: {volumeName: %[1]s, nodeID: %[2]s, healthyAt: "2026-01-01T00:00:00Z", failedAt: "", active: true, dataEngine: v1, diskID: d}}`, volume, node)
	},
	store: func(node string, room int64) string {
		return fmt.Sprintf(`{apiVersion: longhorn.io/v1beta2, kind: Node, metadata: {namespace: longhorn-system, name: %s}, spec: {allowScheduling: true, disks: {d: {allowScheduling: true}}},
status: {diskStatus: {d: {conditions: [{type: Schedulable, status: "True"}], storageAvailable: %d, storageMaximum: %d}}}}`, node, room, room)
	},
}

var linstor = replicated{
	driver: "linstor.csi.linbit.com", crds: "linstor-crds.yaml", group: "internal.linstor.linbit.com", resource: "resources",
	replica: func(volume, node string) string {
		return fmt.Sprintf(`{apiVersion: internal.linstor.linbit.com/v1-33-1, kind: Resources, metadata: {name: x-%s},
spec: {node_name: %s, resource_name: %s, snapshot_name: "", resource_flags: 0}}`, volume, strings.ToUpper(node), strings.ToUpper(volume))
	},
}

// A pod runs beside a replica of its volume, where kube-scheduler alone sends it anywhere, and so does moorage as it is installed, which may not
// even read where replicas are.
func TestPodsRunWhereTheReplicasAre(t *testing.T) {
	for _, storage := range []replicated{longhorn, linstor} {
		t.Run(storage.driver, func(t *testing.T) {
			c := control(t)
			nodes := zonalNodes(t, c)
			zonalStorage(t, nodes, zones.StorageOptions{Driver: storage.driver})
			k := installReplicated(t, c, storage)
			home := nodes.Names()[3]

			for _, asked := range []bool{false, true} {
				t.Run(map[bool]string{false: "as it is installed", true: "asked for"}[asked], func(t *testing.T) {
					config := "apiVersion: moorage.dev/v1alpha1\nkind: MoorageConfiguration\nextender: {}\n"
					if asked {
						config = strings.Replace(config, "{}", "{replicasOf: ["+storage.driver+"]}", 1)
					}
					m := startMoorage(t, c, moorage.Options{NoWebhook: true, Config: config})
					if may := mayListReplicas(t, c, storage); may != asked {
						t.Errorf("moorage may list %s: %v, want %v", storage.resource, may, asked)
					}
					url := m.ExtenderURL
					if !asked {
						url = "" // What follows is what kube-scheduler does alone.
					}
					ns := namespace(t, c)
					const pods = 6
					for i := range pods {
						volume := replicatedVolume(t, c, ns, storage.driver, fmt.Sprintf("data-%d", i))
						k.apply(t, storage.replica(volume, home))
					}
					if asked {
						awaitExplained(t, c, ns, config, "ReplicaLocality")
					}
					startScheduler(t, c, url)
					elsewhere := 0
					for i := range pods {
						name := fmt.Sprintf("pod-%d", i)
						createPod(t, c, ns, name, fmt.Sprintf("data-%d", i))
						if pod := awaitRunning(t, c, ns, name); pod.Spec.NodeName != home {
							elsewhere++
						}
					}
					if asked && elsewhere > 0 {
						t.Errorf("%d of %d pods run away from the only replica of their volume", elsewhere, pods)
					}
					if !asked && elsewhere == 0 {
						t.Errorf("all %d pods run beside their replicas without moorage: nothing is shown", pods)
					}
				})
			}
		})
	}
}

// With RebuildRoom enforced a pod waits rather than run where no replica of its volume can be made, and says so.
func TestPodsRunWhereAReplicaCanBeRebuilt(t *testing.T) {
	c := control(t)
	nodes := zonalNodes(t, c)
	k := installReplicated(t, c, longhorn)
	m := startMoorage(t, c, moorage.Options{NoWebhook: true, Config: `{apiVersion: moorage.dev/v1alpha1, kind: MoorageConfiguration,
extender: {replicasOf: [driver.longhorn.io], predicates: {RebuildRoom: Enforce}}}`})
	names := nodes.Names()
	for i, node := range names {
		k.apply(t, longhorn.store(node, map[bool]int64{false: gib, true: 20 * gib}[i == 1]))
	}
	ns := namespace(t, c)
	volume := replicatedVolume(t, c, ns, longhorn.driver, "data")
	k.apply(t, longhorn.replica(volume, names[0]))
	startScheduler(t, c, m.ExtenderURL)
	cordon := func(node string, closed bool) {
		if err := nodes.Update(t.Context(), node, func(n *corev1.Node) { n.Spec.Unschedulable = closed }); err != nil {
			t.Fatal(err)
		}
	}
	cordon(names[0], true)
	cordon(names[1], true)
	createPod(t, c, ns, "app", "data")
	awaitUnschedulable(t, c, ns, "app", "4 node(s) hold no replica of a volume and have no room to rebuild one")
	cordon(names[1], false)
	if pod := awaitRunning(t, c, ns, "app"); pod.Spec.NodeName != names[1] {
		t.Errorf("the pod runs on %s, want %s, the one node with room for a replica", pod.Spec.NodeName, names[1])
	}
}

// installReplicated gives the API server the storage system's kinds until the test ends, as its own installation does.
func installReplicated(t *testing.T, c *controlplane.ControlPlane, storage replicated) kubectl {
	t.Helper()
	k := newKubectl(t, c, "longhorn-system", t.TempDir())
	crds, err := filepath.Abs(filepath.Join("testdata", storage.crds))
	if err != nil {
		t.Fatal(err)
	}
	k.must(t, "apply", "-f", crds)
	cleanup(t, func(ctx context.Context) error {
		_, err := k.call(ctx, "delete", "-f", crds)
		return err
	})
	k.must(t, "wait", "--for=condition=Established", "--timeout=60s", "-f", crds)
	if storage.store != nil {
		k.run(t, "create", "namespace", "longhorn-system")
	}
	return k
}

// apply puts an object into the cluster.
func (k kubectl) apply(t *testing.T, object string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "object.yaml")
	if err := os.WriteFile(file, []byte(object), 0o600); err != nil {
		t.Fatal(err)
	}
	k.must(t, "apply", "-f", file)
}

// replicatedVolume makes a volume that every node reaches, as the driver does, and a claim that is bound to it.
func replicatedVolume(t *testing.T, c *controlplane.ControlPlane, ns, driver, claim string) string {
	t.Helper()
	size := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("5Gi")}
	modes := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	name := "pvc-" + ns + "-" + claim
	_, err := c.Client().CoreV1().PersistentVolumes().Create(t.Context(), &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: size, AccessModes: modes, PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			ClaimRef:               &corev1.ObjectReference{Namespace: ns, Name: claim},
			PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: name}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error {
		_, failed := c.Client().CoreV1().PersistentVolumes().Patch(ctx, name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		if failed == nil {
			failed = c.Client().CoreV1().PersistentVolumes().Delete(ctx, name, metav1.DeleteOptions{})
		}
		return ignoreNotFound(failed)
	})
	none := ""
	_, err = c.Client().CoreV1().PersistentVolumeClaims(ns).Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: claim},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &none, VolumeName: name, AccessModes: modes, Resources: corev1.VolumeResourceRequirements{Requests: size},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// mayListReplicas asks the API server what moorage's service account may.
func mayListReplicas(t *testing.T, c *controlplane.ControlPlane, storage replicated) bool {
	t.Helper()
	review, err := c.Client().AuthorizationV1().SubjectAccessReviews().Create(t.Context(), &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User:               "system:serviceaccount:moorage:moorage",
			ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "list", Group: storage.group, Resource: storage.resource},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}

// awaitExplained waits until explain -o wide, with moorage's configuration, shows a scorer's column for a pod of the first claim.
func awaitExplained(t *testing.T, c *controlplane.ControlPlane, ns, config, scorer string) {
	t.Helper()
	moor := newCommand(t, c.AdminKubeconfig())
	file, pod := filepath.Join(moor.dir, "config.yaml"), filepath.Join(moor.dir, "pod.yaml")
	for name, text := range map[string]string{
		file: config,
		pod: `{apiVersion: v1, kind: Pod, metadata: {name: asked}, spec: {containers: [{name: main, image: example.com/none}],
volumes: [{name: data-0, persistentVolumeClaim: {claimName: data-0}}]}}`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var last terminal
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("explain said at last, with status %d:\n%s%s", last.Status, last.Stdout, last.Stderr)
		}
	})
	await(t, "explain to tell of "+scorer, func(context.Context) (bool, error) {
		last = moor.run(t, "explain", "-f", pod, "-n", ns, "-o", "wide", "--config", file)
		return last.Status == 0 && strings.Contains(strings.ToUpper(last.Stdout), strings.ToUpper(scorer)), nil
	})
	if without := moor.run(t, "explain", "-f", pod, "-n", ns, "-o", "wide"); strings.Contains(strings.ToUpper(without.Stdout), strings.ToUpper(scorer)) {
		t.Errorf("explain tells of %s though its configuration names no driver:\n%s", scorer, without.Stdout)
	}
}
