// SPDX-License-Identifier: Apache-2.0

//go:build linux

package realnode

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	corev1 "k8s.io/api/core/v1"
)

// Kill ends all processes of a pod by SIGKILL, of which they learn nothing. The kubelet starts the containers again unless the pod is deleted.
func (n *Node) Kill(pod *corev1.Pod) error {
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return err
	}
	killed := 0
	for _, file := range groups {
		group, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(group, []byte("/pod"+string(pod.UID))) {
			continue // it has ended, or is not of the pod
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return err
		}
		if err = syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill process %d of pod %s/%s: %w", pid, pod.Namespace, pod.Name, err)
		}
		killed++
	}
	if killed == 0 {
		return fmt.Errorf("kill pod %s/%s: it has no processes", pod.Namespace, pod.Name)
	}
	return nil
}
