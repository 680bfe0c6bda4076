// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
	"github.com/moorage-k8s/moorage/internal/output"
)

// A burst is placed with one replica. Another starts in the middle of it and takes over, as the one beside the next leader does, and a second
// burst comes at once. It may promise twice what was being made while it started, as the documentation says, and no more; and once all is quiet it refuses
// nothing that the older one would not refuse, although it cannot know which of the volumes the pools show.
func TestReplicasAndARestartUnderBursts(t *testing.T) {
	const each, fit, asked = 4, 12, 18
	c := control(t)
	nodes := zonalNodes(t, c)
	// Each pool has room for four, and a rest that no pod of the bursts can use.
	storage := zonalStorage(t, nodes, zones.StorageOptions{PoolSize: each*4*gib + 3*gib}, "replicated")
	older := startMoorage(t, c, moorage.Options{NoWebhook: true})
	younger, err := older.Replica(t.Context())
	if younger != nil {
		cleanup(t, func(ctx context.Context) error { return younger.Process.Stop(ctx) })
	}
	if err != nil {
		t.Fatal(err)
	}
	ns := namespace(t, c)
	for i := range asked {
		createClaim(t, c, ns, fmt.Sprint("data-", i), "replicated", "4Gi")
	}
	first := startScheduler(t, c, older.ExtenderURL)
	burst := func(from, to int) {
		for i := from; i < to; i++ {
			createPod(t, c, ns, fmt.Sprint("pod-", i), fmt.Sprint("data-", i))
		}
	}
	burst(0, asked/2)
	await(t, "a part of the burst to be placed", func(ctx context.Context) (bool, error) {
		chosen, _, callErr := chosenAndBound(ctx, c, ns)
		return len(chosen) >= fit/3, callErr
	})
	// The replica goes without a good-bye, and comes back while volumes are being made.
	_, before, err := chosenAndBound(t.Context(), c, ns)
	if err != nil {
		t.Fatal(err)
	}
	if err = younger.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err = younger.Restart(); err != nil {
		t.Fatal(err)
	}
	if err = younger.AwaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err = first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	chosen, _, err := chosenAndBound(t.Context(), c, ns)
	if err != nil {
		t.Fatal(err)
	}
	startScheduler(t, c, younger.ExtenderURL)
	burst(asked/2, asked)
	making := 0
	for name := range chosen {
		if !before[name] {
			making++
		}
	}
	await(t, "the pools to be full", func(ctx context.Context) (bool, error) {
		_, bound, callErr := chosenAndBound(ctx, c, ns)
		return len(bound) == fit, callErr
	})
	over := len(storage.Driver.OverCommits())
	t.Logf("%d volumes were being made while the replica started; %d over-commits", making, over)
	if over > making {
		t.Errorf("the driver was asked for %d volumes more than it has room for, want no more than the %d that were being made at the start", over, making)
	}
	for zone, pool := range storage.Driver.Pools() {
		if pool.Free() != 3*gib {
			t.Errorf("the pool of %s has %d bytes free, want the 3 GiB that no pod of the bursts can use", zone, pool.Free())
		}
	}
	awaitPublished(t, storage, "replicated", 3)

	// One that has just started cannot tell what of all this the pools show.
	if err = younger.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err = younger.Restart(); err != nil {
		t.Fatal(err)
	}
	if err = younger.AwaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, size := range []string{"1Gi", "3Gi", "4Gi"} {
		claim := "ask-" + strings.ToLower(size)
		createClaim(t, c, ns, claim, "replicated", size)
		var byOlder, byYounger []string
		await(t, "the older one to know what it is asked about", func(ctx context.Context) (bool, error) {
			var callErr error
			byOlder, callErr = left(ctx, older, ns, claim, nodes.Names())
			return (len(byOlder) > 0) == (size != "4Gi"), callErr
		})
		if byYounger, err = left(t.Context(), younger, ns, claim, nodes.Names()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(byOlder, byYounger) {
			t.Errorf("for a claim of %s the older one leaves %v and the one that was restarted %v", size, byOlder, byYounger)
		}
	}
}

// chosenAndBound are the claims for which a node was selected, and those that are bound.
func chosenAndBound(ctx context.Context, c *controlplane.ControlPlane, ns string) (chosen, bound map[string]bool, err error) {
	claims, err := c.Client().CoreV1().PersistentVolumeClaims(ns).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, nil, err
	}
	chosen, bound = map[string]bool{}, map[string]bool{}
	for i := range claims.Items {
		claim := &claims.Items[i]
		if claim.Annotations["volume.kubernetes.io/selected-node"] != "" {
			chosen[claim.Name] = true
		}
		if claim.Status.Phase == corev1.ClaimBound {
			bound[claim.Name] = true
		}
	}
	return chosen, bound, nil
}

// left are the nodes that /filter leaves for a pod with the claim.
func left(ctx context.Context, m *moorage.Moorage, ns, claim string, names []string) ([]string, error) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "asking", UID: "asking"}}
	pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
	}}}
	body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: pod, NodeNames: &names})
	if err != nil {
		return nil, err
	}
	status, answer, err := post(ctx, m.ExtenderURL+"/filter", string(body))
	if err != nil {
		return nil, err
	}
	var result extenderv1.ExtenderFilterResult
	if err := json.Unmarshal([]byte(answer), &result); err != nil || status != http.StatusOK || result.NodeNames == nil {
		return nil, fmt.Errorf("/filter answers %d %s", status, answer)
	}
	return slices.Sorted(slices.Values(*result.NodeNames)), nil
}

// Right after a volume was made nobody who has just read the cluster can know whether the pool shows it. A user who may ask the running moorage gets the answer, and
// it says so; a user who may not gets that answer.
func TestExplainAsksTheRunningMoorage(t *testing.T) {
	c := control(t)
	nodes := pairsOfNodes(t, c, "zone-a")
	storage := zonalStorage(t, nodes, zones.StorageOptions{PoolSize: 10 * gib}, "asked")
	m := startMoorage(t, c, moorage.Options{NoWebhook: true})
	startScheduler(t, c, m.ExtenderURL)
	ns := namespace(t, c)
	createClaim(t, c, ns, "data", "asked", "4Gi")
	createPod(t, c, ns, "db", "data")
	awaitRunning(t, c, ns, "db")
	awaitPublished(t, storage, "asked", 1)
	await(t, "moorage to hold nothing reserved", func(ctx context.Context) (bool, error) {
		n, err := m.Count(ctx, `moorage_reservations{state="in-flight"}`)
		more, err2 := m.Count(ctx, `moorage_reservations{state="provisioned"}`)
		return n+more == 0 && err == nil && err2 == nil, nil
	})
	// Whether the provisioner writes the volume or the figure last is chance. Here it is the volume.
	claim, err := c.Client().CoreV1().PersistentVolumeClaims(ns).Get(t.Context(), "data", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	touch := []byte(`{"metadata": {"annotations": {"touched": "true"}}}`)
	_, err = c.Client().CoreV1().PersistentVolumes().Patch(t.Context(), claim.Spec.VolumeName, types.MergePatchType, touch, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Client().CoreV1().PersistentVolumeClaims(ns).Patch(t.Context(), "data", types.MergePatchType, touch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	runAsPod(t, c, m)

	kubeconfig, err := c.Kubeconfig("asker")
	if err != nil {
		t.Fatal(err)
	}
	asker := newCommand(t, kubeconfig)
	file := filepath.Join(asker.dir, "pod.yaml")
	text := `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: more}
spec: {storageClassName: asked, accessModes: [ReadWriteOnce], resources: {requests: {storage: 6Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: second}
spec:
  containers: [{name: main, image: example.com/none, volumeMounts: [{name: more, mountPath: /more}]}]
  volumes: [{name: more, persistentVolumeClaim: {claimName: more}}]
`
	if err = os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	documented := documentedRoles(t)
	ask := func(want string) output.Explanation {
		t.Helper()
		got := asker.run(t, "explain", "-f", file, "-n", ns, "-o", "json")
		var e output.Explanation
		if err := json.Unmarshal([]byte(got.Stdout), &e); err != nil || got.Status != 0 {
			t.Fatalf("explain ends with %+v: %v", got, err)
		}
		if !strings.Contains(got.Stderr, want) || want == "" && got.Stderr != "" {
			t.Errorf("explain says on standard error\n%s\nwant %q", got.Stderr, want)
		}
		return e
	}
	grantTo(t, c, "asker", documented["moorage-reader"])
	if e := ask("could not be asked which are real: "); len(e.Uncertain) != 1 || e.Known.ReservationsFrom != "" {
		t.Errorf("without the right to ask, %+v are uncertain by %q, want the one volume that was just made", e.Uncertain, e.Known.ReservationsFrom)
	}
	grantTo(t, c, "asker", documented["moorage-reservations"])
	if e := ask(""); len(e.Uncertain)+len(e.Reservations) != 0 || e.Known.ReservationsFrom != "moorage/moorage-scheduler-0" {
		t.Errorf("with it %+v are reserved and %+v uncertain by %q, want none by moorage/moorage-scheduler-0", e.Reservations, e.Uncertain, e.Known.ReservationsFrom)
	}
}

// runAsPod makes a running moorage be a pod of the dedicated scheduler, to the API server, until the test ends.
func runAsPod(t *testing.T, c *controlplane.ControlPlane, m *moorage.Moorage) {
	t.Helper()
	to, err := url.Parse(m.MetricsURL)
	if err != nil {
		t.Fatal(err)
	}
	// The API server refuses to pass anything to its own loopback.
	listener, err := net.Listen("tcp", net.JoinHostPort(ownAddress(t), "0"))
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(to))
	_ = front.Listener.Close()
	front.Listener = listener
	front.Start()
	t.Cleanup(front.Close)
	host, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("listens on %v", listener.Addr())
	}

	moorageNamespace(t, c)
	await(t, "the pod to be made", func(ctx context.Context) (bool, error) {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "moorage-scheduler-0", Labels: map[string]string{
				"app.kubernetes.io/name": "moorage", "app.kubernetes.io/component": "scheduler",
			}},
			Spec: corev1.PodSpec{SchedulerName: "nobody", Containers: []corev1.Container{{
				Name: "moorage", Image: "example.com/none", Ports: []corev1.ContainerPort{{Name: "metrics", ContainerPort: int32(host.Port)}}, //nolint:gosec // a port
			}}},
		}
		made, callErr := c.Client().CoreV1().Pods("moorage").Create(ctx, pod, metav1.CreateOptions{})
		if callErr != nil {
			return false, nil // The namespace's service account may not be there yet.
		}
		made.Status = corev1.PodStatus{
			Phase: corev1.PodRunning, PodIP: host.IP.String(), PodIPs: []corev1.PodIP{{IP: host.IP.String()}},
			ContainerStatuses: []corev1.ContainerStatus{{
				Name: "moorage", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Time{Time: time.Now()}}},
			}},
		}
		_, callErr = c.Client().CoreV1().Pods("moorage").UpdateStatus(ctx, made, metav1.UpdateOptions{})
		return true, callErr
	})
}

// ownAddress is an address of this machine that is not the loopback's.
func ownAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if network, ok := a.(*net.IPNet); ok && network.IP.To4() != nil && network.IP.IsGlobalUnicast() {
			return network.IP.String()
		}
	}
	t.Skip("this machine has no address but the loopback's")
	return ""
}
