// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/moorage"
)

// Who writes a claim's selected node is warned, unless it is a scheduler's or provisioner's to write, and then moorage is not even asked.
func TestSelectedNodeIsWrittenByHand(t *testing.T) {
	const (
		writer     = "system:serviceaccount:batch:volcano"
		annotation = "volume.kubernetes.io/selected-node"
	)
	c := control(t)
	ns, dir := namespace(t, c), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "claim.yaml"), []byte(`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data},
  spec: {storageClassName: none, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	k := newKubectl(t, c, ns, dir)
	k.must(t, "create", "-f", "claim.yaml")
	m := startMoorage(t, c, moorage.Options{
		Config: `{apiVersion: moorage.dev/v1alpha1, kind: MoorageConfiguration, webhook: {selectedNodeWriters: ["` + writer + `"]}}`,
	})
	asked := func() float64 {
		all := 0.0
		for _, decision := range []string{"allowed", "warned"} {
			all += count(t, m, `moorage_webhook_admissions_total{decision="`+decision+`",operation="update",webhook="validate"}`)
		}
		return all
	}
	warned := func(node string) string {
		return "Warning: binding-selected-node: annotation " + annotation + ` is set by the scheduler, and here it is "` + node + "\"\n"
	}
	var resourceVersion string
	for _, tc := range []struct {
		name, user, value, warning string
	}{
		{"a user sets it", "jane", annotation + "=n1", warned("n1")},
		{"a user changes it", "jane", annotation + "=n2", warned("n2")},
		{"a user changes another annotation", "jane", "owner=web", ""},
		{"a user removes it", "jane", annotation + "-", ""},
		{"kube-scheduler", "system:kube-scheduler", annotation + "=n3", ""},
		{"an account of kube-system", "system:serviceaccount:kube-system:provisioner", annotation + "=n4", ""},
		{"an account whose namespace only begins like it", "system:serviceaccount:kube-system-2:provisioner", annotation + "=n5", warned("n5")},
		{"a scheduler that is configured", writer, annotation + "=n6", ""},
		{"an account beside it", writer + "-2", annotation + "=n7", warned("n7")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := asked()
			got := k.run(t, "annotate", "--overwrite", "pvc", "data", tc.value, "--as="+tc.user, "--as-group=system:masters")
			diff(t, terminal{Stdout: "persistentvolumeclaim/data annotated\n", Stderr: tc.warning}, got, tc.value)
			if wasAsked := asked() != before; wasAsked != (tc.warning != "") {
				t.Errorf("moorage was asked: %t", wasAsked)
			}
			version := k.run(t, "get", "pvc", "data", "-o", "jsonpath={.metadata.resourceVersion}").Stdout
			if version == resourceVersion || strings.TrimSpace(version) == "" {
				t.Errorf("the claim was not written: version %q", version)
			}
			resourceVersion = version
		})
	}
}
