// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package realnode adds a node that really runs pods to a control plane of the suites: a kubelet and kube-proxy built from source, over
// the containerd and runc of the machine, with a network of its own for the pods and Services that work.
//
// It runs in an enclosure alone (see package enclosure), for which it says what that has to have: on the machine itself it would leave
// interfaces, packet filter rules and mounts behind. Images come from tarballs, as there is no registry within reach.
//
// The package does not know moorage.
package realnode

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/enclosure"
	"github.com/moorage-k8s/moorage/e2e/process"
)

// Name is the node's name.
const Name = "real-node"

// imageTimeout is how long containerd may take to read an image.
const imageTimeout = time.Minute

// Directories are what containerd, the kubelet and the CNI plugins write to whatever their settings say. They are to be the enclosure's own.
var Directories = []string{"/run", "/var/lib/kubelet", "/var/lib/cni", "/var/log/containers"}

// Options describe the node.
type Options struct {
	// Labels are put on the node besides those of the kubelet. The kubelet may set only some of Kubernetes' own, such as zone and region.
	Labels map[string]string
	// PauseImage is the tarball of the image that holds a pod's namespaces.
	PauseImage Image
}

// Node is a running node.
type Node struct {
	control *controlplane.ControlPlane
	dir     string
	// containerd is running from the start to the end.
	containerd *process.Process
}

// Start builds what the cache lacks, starts the node in an enclosure whose probe was Probe, and returns when the node is Ready. The control
// plane's PodAddress is to be Address. The node ends with the control plane.
func Start(ctx context.Context, control *controlplane.ControlPlane, options Options) (*Node, error) {
	dir := enclosure.Dir()
	if dir == "" {
		return nil, errors.New("start a real node: this is to be done in an enclosure alone")
	}
	programs, err := binaries.ForRealNode(binaries.DefaultKubernetes)
	if err != nil {
		return nil, err
	}
	files, err := binaries.Builder{Progress: os.Stderr}.Build(ctx, programs...)
	if err != nil {
		return nil, fmt.Errorf("build the programs of a real node: %w", err)
	}
	n := &Node{control: control, dir: dir}
	for _, step := range []func() error{
		guardKernelSettings,
		setUpNetwork,
		func() error { return n.startContainerd(ctx, options.PauseImage) },
		func() error { return n.startKubelet(ctx, files[binaries.Kubelet], options.Labels) },
		// kube-proxy waits for the node to exist, and ends if its address becomes another.
		func() error { return n.startProxy(ctx, files[binaries.Proxy]) },
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("start a real node: %w", err)
		}
	}
	return n, nil
}

// path returns the path of a file in the enclosure's directory.
func (n *Node) path(name string) string { return filepath.Join(n.dir, name) }

// write puts a file into the enclosure's directory and returns its path.
func (n *Node) write(name, text string) (string, error) {
	path := n.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("write a file of the node: %w", err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write a file of the node: %w", err)
	}
	return path, nil
}

// ready returns nil once the node can be scheduled to.
func (n *Node) ready(ctx context.Context) error {
	node, err := n.control.Client().CoreV1().Nodes().Get(ctx, Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			return fmt.Errorf("node %s is not ready: %s", Name, c.Message)
		}
	}
	if len(node.Spec.Taints) > 0 {
		return fmt.Errorf("node %s has taints %v", Name, node.Spec.Taints)
	}
	return nil
}

// Logs returns what the container of a pod has written, of all its runs.
func (n *Node) Logs(pod *corev1.Pod, container string) (string, error) {
	pattern := filepath.Join(n.path("pod-logs"), fmt.Sprintf("%s_%s_%s", pod.Namespace, pod.Name, pod.UID), container, "*.log")
	files, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	var all []byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read the log of pod %s/%s: %w", pod.Namespace, pod.Name, err)
		}
		all = append(all, data...)
	}
	return string(all), nil
}
