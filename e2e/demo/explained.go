// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// pending ends the story with a pod that no scheduler can place, and why.
func (s *story) pending(ctx context.Context) error {
	s.chapter("A pod that fits nowhere, and why")
	if err := s.admitted(ctx, "examples/demo/7-report.yaml"); err != nil {
		return err
	}
	err := wait.PollUntilContextTimeout(ctx, awaitPoll, awaitTimeout, true, func(ctx context.Context) (bool, error) {
		pod, err := s.control.Client().CoreV1().Pods(corev1.NamespaceDefault).Get(ctx, "report", metav1.GetOptions{})
		return err == nil && pendingBecause(pod) != "", err
	})
	if err != nil {
		return fmt.Errorf("wait for kube-scheduler to give the report up: %w", err)
	}
	return s.explained(ctx, "report", "report-data", "report-logs", "zone-c", "What would help")
}

// explained prints the head of what explain says of a Pending pod: what is to blame, and what would help. All of the names are to be in it.
func (s *story) explained(ctx context.Context, pod string, names ...string) error {
	s.say("\n$ kubectl moorage explain %s", pod)
	cmd := exec.CommandContext(ctx, s.program, "explain", pod)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.control.AdminKubeconfig(), "COLUMNS=100", "NO_COLOR=1")
	var out, diagnostics bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diagnostics
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return fmt.Errorf("explain pod %s: %w\n%s", pod, err, &diagnostics)
	} else if err == nil {
		return fmt.Errorf("pod %s should fit nowhere, and explain says:\n%s", pod, &out)
	}
	head, _, found := strings.Cut(out.String(), "\nkube-scheduler's words: ")
	if !found {
		return fmt.Errorf("explain of pod %s has no words of kube-scheduler:\n%s", pod, &out)
	}
	for _, name := range names {
		if !strings.Contains(head, name) {
			return fmt.Errorf("explain of pod %s should name %s:\n%s", pod, name, &out)
		}
	}
	s.say("%s\n…", strings.TrimRight(head, "\n"))
	return nil
}
