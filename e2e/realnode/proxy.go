// SPDX-License-Identifier: Apache-2.0

//go:build linux

package realnode

import (
	"context"
	"fmt"
	"net/http"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/process"
)

// startProxy starts kube-proxy, which leads Services' addresses to pods: for pods and for the node, on which the API server runs.
func (n *Node) startProxy(ctx context.Context, program string) error {
	kubeconfig, err := n.control.Kubeconfig("system:kube-proxy")
	if err != nil {
		return err
	}
	health, err := controlplane.FreePort()
	if err != nil {
		return err
	}
	metrics, err := controlplane.FreePort()
	if err != nil {
		return err
	}
	p, err := n.control.Run(process.Command{Name: binaries.Proxy, Path: program, Args: []string{
		"--kubeconfig=" + kubeconfig, "--hostname-override=" + Name, "--proxy-mode=iptables",
		"--healthz-bind-address=" + controlplane.Loopback(health), "--metrics-bind-address=" + controlplane.Loopback(metrics),
		"--oom-score-adj=0",
		// The table of connections is the machine's.
		"--conntrack-max-per-core=0", "--conntrack-min=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0",
	}})
	if err != nil {
		return err
	}
	return controlplane.AwaitReady(ctx, p, func(ctx context.Context) error {
		return answers(ctx, "http://"+controlplane.Loopback(metrics)+"/healthz")
	})
}

// answers returns nil if the URL answers 200.
func answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // only read from
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return nil
}
