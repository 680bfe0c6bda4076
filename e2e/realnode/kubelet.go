// SPDX-License-Identifier: Apache-2.0

//go:build linux

package realnode

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/enclosure"
	"github.com/moorage-k8s/moorage/e2e/process"
)

// startKubelet starts the kubelet, with the rights of one, and waits until its node is Ready.
func (n *Node) startKubelet(ctx context.Context, program string, labels map[string]string) error {
	kubeconfig, err := n.control.Kubeconfig("system:node:"+Name, "system:nodes")
	if err != nil {
		return err
	}
	configuration, err := n.kubeletConfiguration()
	if err != nil {
		return err
	}
	file, err := n.write("kubelet.yaml", configuration)
	if err != nil {
		return err
	}
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, key+"="+labels[key])
	}
	p, err := n.control.Run(process.Command{Name: binaries.Kubelet, Path: program, Args: []string{
		"--config=" + file, "--kubeconfig=" + kubeconfig, "--root-dir=" + n.path("kubelet"), "--cert-dir=" + n.path("kubelet-pki"),
		"--hostname-override=" + Name, "--node-ip=" + Address, "--node-labels=" + strings.Join(pairs, ","),
	}})
	if err != nil {
		return err
	}
	return controlplane.AwaitReady(ctx, p, n.ready)
}

// kubeletConfiguration is a KubeletConfiguration. Plain maps say no more than what is set.
func (n *Node) kubeletConfiguration() (string, error) {
	port, err := controlplane.FreePort()
	if err != nil {
		return "", err
	}
	health, err := controlplane.FreePort()
	if err != nil {
		return "", err
	}
	// A pod that needs no names resolved gets none, whatever the machine has.
	resolver, err := n.write("resolv.conf", "")
	if err != nil {
		return "", err
	}
	none := map[string]any{"memory.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"}
	data, err := yaml.Marshal(map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1",
		"kind":       "KubeletConfiguration",
		"address":    "127.0.0.1", "port": port, "healthzBindAddress": "127.0.0.1", "healthzPort": health,
		"authentication": map[string]any{
			"anonymous": map[string]any{"enabled": false}, "webhook": map[string]any{"enabled": false},
			"x509": map[string]any{"clientCAFile": n.control.CertificateAuthority()},
		},
		"authorization":            map[string]any{"mode": "AlwaysAllow"},
		"containerRuntimeEndpoint": "unix://" + n.socket(),
		"podLogsDir":               n.path("pod-logs"),
		"resolvConf":               resolver,
		"cgroupDriver":             "cgroupfs",
		"cgroupRoot":               enclosure.ControlGroup(),
		// Both versions of control groups do, swap too: this node is to run where the suite does.
		"failCgroupV1": false, "failSwapOn": false,
		// The file system under a temporary directory is not always one whose use can be told.
		"localStorageCapacityIsolation": false,
		// Nobody is evicted and no image is thrown away because the machine's disk is full of other things.
		"evictionHard": none, "imageGCHighThresholdPercent": 100, "imageGCLowThresholdPercent": 99,
		"oomScoreAdj": 0,
	})
	if err != nil {
		return "", fmt.Errorf("write the kubelet's configuration: %w", err)
	}
	return string(data), nil
}
