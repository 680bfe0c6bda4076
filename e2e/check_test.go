// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/moorage"
)

// A claim alone says nothing wrong. The class that it names is in a live cluster, and of a driver that cannot serve it.
func TestCheckLooksThingsUpInACluster(t *testing.T) {
	c := control(t)
	m := startMoorage(t, c, moorage.Options{NoWebhook: true})
	mode := storagev1.VolumeBindingWaitForFirstConsumer
	classes := c.Client().StorageV1().StorageClasses()
	_, err := classes.Create(t.Context(), &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: "check"}, Provisioner: "ebs.csi.aws.com", VolumeBindingMode: &mode,
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error { return classes.Delete(ctx, "check", metav1.DeleteOptions{}) })

	file, err := binaries.Builder{}.Moorage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	claim := filepath.Join(t.TempDir(), "claim.yaml")
	const text = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n  storageClassName: check\n  accessModes: [ReadWriteMany]\n" +
		"  resources: {requests: {storage: 1Gi}}\n"
	if err := os.WriteFile(claim, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		flags  []string
		status int
		says   string
	}{
		{nil, 0, "nothing found"},
		{[]string{"--kubeconfig", m.Kubeconfig}, 1, `:6:17: deny access-mode-unsupported: ebs.csi.aws.com (class "check")`},
	} {
		cmd := exec.CommandContext(t.Context(), file, append([]string{"check", claim}, tc.flags...)...)
		out, err := cmd.Output()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		said := strings.Join(strings.Fields(string(out)), " ")
		if cmd.ProcessState.ExitCode() != tc.status || !strings.Contains(said, tc.says) {
			t.Errorf("%v: status %d, want %d and %q in\n%s", cmd.Args, cmd.ProcessState.ExitCode(), tc.status, tc.says, out)
		}
	}
}
