// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
)

// terminal is what a user sees of one command.
type terminal struct {
	Stdout, Stderr string
	Status         int
}

// kubectl is the real one, for one namespace.
type kubectl struct {
	file, kubeconfig, namespace string
	// dir is the directory that it runs in, home is where it keeps its caches.
	dir, home string
}

// newKubectl runs in a directory of manifests, so that messages name them without a path.
func newKubectl(t *testing.T, c *controlplane.ControlPlane, ns, dir string) kubectl {
	t.Helper()
	files, err := binaries.Builder{Progress: os.Stderr}.Build(t.Context(), binaries.Kubectl)
	if err != nil {
		t.Fatal(err)
	}
	return kubectl{file: files[binaries.Kubectl.Name], kubeconfig: c.AdminKubeconfig(), namespace: ns, dir: dir, home: t.TempDir()}
}

func (k kubectl) run(t *testing.T, args ...string) terminal {
	t.Helper()
	got, err := k.call(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// call is for cleanups, in which the test's own context has ended.
func (k kubectl) call(ctx context.Context, args ...string) (terminal, error) {
	cmd := exec.CommandContext(ctx, k.file, append([]string{"--kubeconfig", k.kubeconfig, "--namespace", k.namespace}, args...)...)
	cmd.Dir = k.dir
	cmd.Env = []string{"HOME=" + k.home, "PATH=" + os.Getenv("PATH")}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return terminal{}, fmt.Errorf("run kubectl %q: %w", args, err)
	}
	return terminal{Stdout: stdout.String(), Stderr: stderr.String(), Status: cmd.ProcessState.ExitCode()}, nil
}

// shows runs a command and compares all that it prints.
func (k kubectl) shows(t *testing.T, want terminal, args ...string) {
	t.Helper()
	diff(t, want, k.run(t, args...), fmt.Sprintf("kubectl %q", args))
}

func diff(t *testing.T, want, got any, what string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
