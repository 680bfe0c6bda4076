// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/zones"
)

// Someone who may read nothing asks for a capture, has an administrator type what moorage says, and gets it; and moorage then says of a
// pod by the file what it says by the cluster.
func TestCaptureByWhoMayReadLittle(t *testing.T) {
	c := control(t)
	nodes := pairsOfNodes(t, c, "zone-a", "zone-b")
	zonalStorage(t, nodes, zones.StorageOptions{}, "captured")
	startScheduler(t, c, "")
	ns := namespace(t, c)
	createClaim(t, c, ns, "data", "captured", "1Gi")
	createPod(t, c, ns, "runs", "data")
	awaitRunning(t, c, ns, "runs")
	createClaim(t, c, ns, "huge", "captured", "900Ti")
	createPod(t, c, ns, "waits", "data", "huge")
	awaitUnschedulable(t, c, ns, "waits", "did not have enough free storage")

	kubeconfig, err := c.Kubeconfig("capturer")
	if err != nil {
		t.Fatal(err)
	}
	moorage := newCommand(t, kubeconfig)
	denied := moorage.run(t, "capture", "-o", "cluster.yaml")
	if denied.Status != 2 {
		t.Fatalf("a capture without any right ends with %+v", denied)
	}
	lines := strings.Split(strings.TrimSpace(denied.Stderr), "\n")
	if !strings.Contains(lines[0], "not allowed to list nodes, csinodes.storage.k8s.io, ") || !strings.Contains(lines[0], `User "capturer" cannot list resource "nodes"`) {
		t.Errorf("the first line does not say what is missing: %s", lines[0])
	}
	dir := t.TempDir()
	class := "{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshotClass, metadata: {name: nightly}, driver: csi.example.com, deletionPolicy: Delete}"
	if err = os.WriteFile(filepath.Join(dir, "class.yaml"), []byte(class), 0o600); err != nil {
		t.Fatal(err)
	}
	admin := newKubectl(t, c, ns, dir)
	cleanup(t, func(ctx context.Context) error {
		rbac := c.Client().RbacV1()
		return errors.Join(
			rbac.ClusterRoleBindings().Delete(ctx, "moorage-reader", metav1.DeleteOptions{}),
			rbac.ClusterRoles().Delete(ctx, "moorage-reader", metav1.DeleteOptions{}),
		)
	})
	for _, line := range lines[2:] {
		words := strings.Fields(line)
		if words[0] != "kubectl" {
			t.Fatalf("what is to be typed is %q", line)
		}
		if got := admin.run(t, words[1:]...); got.Status != 0 {
			t.Fatalf("%s: %+v", line, got)
		}
	}

	// What belongs to snapshots is taken along where the cluster has it.
	crds := snapshotCRDs(t)
	cleanup(t, func(ctx context.Context) error {
		got, callErr := admin.call(ctx, slices.Concat([]string{"delete", "--ignore-not-found"}, crds)...)
		if callErr != nil || got.Status != 0 {
			return errors.Join(callErr, errors.New(got.Stderr))
		}
		return nil
	})
	admin.must(t, slices.Concat([]string{"create"}, crds)...)
	admin.must(t, slices.Concat([]string{"wait", "--for=condition=Established"}, crds)...)
	admin.must(t, "create", "-f", "class.yaml")
	everything := newCommand(t, c.AdminKubeconfig()).run(t, "capture", "--anonymize")
	for _, kind := range []string{"VolumeSnapshotClass", "Namespace"} {
		if !strings.Contains(everything.Stdout, `{"kind":"`+kind+`"`) {
			t.Errorf("an administrator's capture holds no %s:\n%s", kind, everything.Stderr)
		}
	}

	captured := moorage.run(t, "capture", "-o", "cluster.yaml")
	if captured.Status != 0 || !strings.Contains(captured.Stderr, "4 Nodes, 4 CSINodes, ") {
		t.Fatalf("the capture ends with %+v", captured)
	}
	// The command that was typed grants nothing about kinds that a cluster may lack.
	for _, kind := range []string{"VolumeAttributesClass", "VolumeSnapshot", "Namespace"} {
		if !strings.Contains(captured.Stderr, "note: left out every "+kind+": ") {
			t.Errorf("that every %s was left out is not told:\n%s", kind, captured.Stderr)
		}
	}

	for pod, status := range map[string]int{"runs": 0, "waits": 1} {
		live := moorage.run(t, "explain", "pod", pod, "-n", ns, "-o", "json")
		file := moorage.run(t, "explain", "pod", pod, "-n", ns, "-o", "json", "--from", filepath.Join(moorage.dir, "cluster.yaml"))
		if live.Status != status || file.Status != status {
			t.Errorf("explain pod %s ends with %d on the cluster and %d on the capture, want %d\n%s%s", pod, live.Status, file.Status, status, live.Stderr, file.Stderr)
		}
		if diff := cmp.Diff(explanation(t, live.Stdout), explanation(t, file.Stdout)); diff != "" {
			t.Errorf("pod %s is explained otherwise by the capture (-cluster +capture):\n%s", pod, diff)
		}
	}
}

// explanation is all that explain says but where it looked.
func explanation(t *testing.T, text string) map[string]any {
	t.Helper()
	out := map[string]any{}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v in what explain printed:\n%s", err, text)
	}
	if out["known"] == nil {
		t.Errorf("explain does not tell where it looked:\n%s", text)
	}
	delete(out, "known")
	return out
}
