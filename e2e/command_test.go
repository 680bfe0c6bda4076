// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/binaries"
)

// command is moorage's own program, as a user with a kubeconfig runs it.
type command struct {
	file, kubeconfig string
	// dir is the directory that it runs in.
	dir string
}

func newCommand(t *testing.T, kubeconfig string) command {
	t.Helper()
	file, err := binaries.Builder{Progress: os.Stderr}.Moorage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return command{file: file, kubeconfig: kubeconfig, dir: t.TempDir()}
}

func (c command) run(t *testing.T, args ...string) terminal {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.file, args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"HOME=" + c.dir, "PATH=" + os.Getenv("PATH"), "KUBECONFIG=" + c.kubeconfig}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run moorage %q: %v", args, err)
	}
	return terminal{Stdout: stdout.String(), Stderr: stderr.String(), Status: cmd.ProcessState.ExitCode()}
}
