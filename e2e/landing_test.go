// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// A StatefulSet with two zonal claims for each replica, one of each of two classes: every pod runs, and in the zone in which its volumes are.
func TestStatefulSetLandsWithItsVolumes(t *testing.T) {
	c := control(t)
	nodes := zonalNodes(t, c)
	storage := zonalStorage(t, nodes, zones.StorageOptions{PoolSize: 20 * gib}, "fast", "large")
	m := startMoorage(t, c, moorage.Options{})
	startScheduler(t, c, m.ExtenderURL)
	ns := namespace(t, c)

	const replicas = 3
	createStatefulSet(t, c, ns, "db", replicas, map[string]string{"data": "fast", "logs": "large"})
	var landed []string
	for i := range replicas {
		pod := awaitRunning(t, c, ns, fmt.Sprintf("db-%d", i))
		zone := nodes.ZoneOf(pod.Spec.NodeName)
		landed = append(landed, zone)
		for _, claim := range []string{"data-" + pod.Name, "logs-" + pod.Name} {
			pv := boundVolume(t, c, ns, claim)
			if got := zonesOfVolume(pv, storage.TopologyKey()); !slices.Equal(got, []string{zone}) {
				t.Errorf("pod %s is in %s, and its claim %s has a volume that can be reached from %v", pod.Name, zone, claim, got)
			}
		}
	}
	slices.Sort(landed)
	if !slices.Equal(landed, nodes.Zones()) {
		t.Errorf("the replicas are in %v, want one in each zone as the StatefulSet asks", landed)
	}
	if got := storage.Driver.OverCommits(); len(got) > 0 {
		t.Errorf("the driver was asked for more than it has: %v", got)
	}
	for zone, pool := range storage.Driver.Pools() {
		if pool.Used != 7*gib {
			t.Errorf("%d bytes of the pool in %s are used, want the 4 GiB and 3 GiB of one replica", pool.Used, zone)
		}
	}
	for _, verb := range []string{"filter", "prioritize"} {
		if got := count(t, m, `moorage_extender_requests_total{code="200",verb="`+verb+`"}`); got < replicas {
			t.Errorf("moorage answered %g calls of /%s, want at least one for each of the %d pods", got, verb, replicas)
		}
	}
}

// createStatefulSet makes a StatefulSet that is spread over the zones, with a claim template for each of the classes: of 4 GiB if it is called
// data, else of 3 GiB.
func createStatefulSet(t *testing.T, c *controlplane.ControlPlane, ns, name string, replicas int32, classOf map[string]string) {
	t.Helper()
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
	container := corev1.Container{Name: "main", Image: "example.com/none"}
	var templates []corev1.PersistentVolumeClaim
	for claim, class := range classOf {
		size := "3Gi"
		if claim == "data" {
			size = "4Gi"
		}
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: claim, MountPath: "/" + claim})
		templates = append(templates, corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Name: claim},
			Spec: corev1.PersistentVolumeClaimSpec{
				StorageClassName: &class,
				AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}},
			},
		})
	}
	_, err := c.Client().AppsV1().StatefulSets(ns).Create(t.Context(), &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, ServiceName: name, Selector: selector, VolumeClaimTemplates: templates,
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: selector.MatchLabels},
				Spec: corev1.PodSpec{
					Containers: []corev1.Container{container},
					TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
						MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: selector,
					}},
				},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "all pods of StatefulSet "+name+" to be ready", func(ctx context.Context) (bool, error) {
		set, err := c.Client().AppsV1().StatefulSets(ns).Get(ctx, name, metav1.GetOptions{})
		return err == nil && set.Status.ReadyReplicas == replicas, err
	})
}

// zonesOfVolume returns the values that the volume's node affinity allows for the key.
func zonesOfVolume(pv *corev1.PersistentVolume, key string) []string {
	var values []string
	if pv.Spec.NodeAffinity == nil || pv.Spec.NodeAffinity.Required == nil {
		return nil
	}
	for _, term := range pv.Spec.NodeAffinity.Required.NodeSelectorTerms {
		for _, e := range term.MatchExpressions {
			if e.Key == key && e.Operator == corev1.NodeSelectorOpIn {
				values = append(values, e.Values...)
			}
		}
	}
	return values
}
