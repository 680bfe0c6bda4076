// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"crypto/x509/pkix"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"path/filepath"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/process"
)

const (
	etcdName = "etcd"
	kwokName = "kwok"
)

// KwokAnnotation, with KwokAnnotationValue, marks the nodes that kwok plays the kubelet for. A node without it has to have a
// kubelet of its own.
const (
	KwokAnnotation      = "kwok.x-k8s.io/node"
	KwokAnnotationValue = "fake"
)

// ServiceRange is the range of Services' cluster IPs; the kubernetes Service has the first one of it.
const (
	ServiceRange   = "10.96.0.0/16"
	serviceAddress = "10.96.0.1"
)

// stages tells kwok what a kubelet would do.
//
//go:embed stages.yaml
var stages []byte

func (c *ControlPlane) path(name string) string { return filepath.Join(c.Dir(), name) }

// startEtcd starts the store, which only holders of a certificate of this cluster can talk to.
func (c *ControlPlane) startEtcd(ctx context.Context) error {
	pair, err := c.authority.issue(etcdName, pkix.Name{CommonName: etcdName})
	if err != nil {
		return err
	}
	client, err := FreePort()
	if err != nil {
		return err
	}
	peer, err := FreePort()
	if err != nil {
		return err
	}
	clientURL, peerURL := "https://"+Loopback(client), "http://"+Loopback(peer)
	p, err := c.group.Start(process.Command{Name: etcdName, Path: c.files[etcdName], Args: []string{
		"--name=e2e", "--data-dir=" + c.path("etcd-data"),
		"--listen-client-urls=" + clientURL, "--advertise-client-urls=" + clientURL,
		"--listen-peer-urls=" + peerURL, "--initial-advertise-peer-urls=" + peerURL, "--initial-cluster=e2e=" + peerURL,
		"--cert-file=" + pair.certFile, "--key-file=" + pair.keyFile,
		"--client-cert-auth", "--trusted-ca-file=" + c.authority.certFile(),
		// The data are thrown away with the cluster.
		"--unsafe-no-fsync",
		"--log-level=warn",
	}})
	if err != nil {
		return err
	}
	ready, err := c.probe(clientURL+"/health", pair)
	if err != nil {
		return err
	}
	c.etcdURL, c.etcdClient = clientURL, pair
	return AwaitReady(ctx, p, ready)
}

// startAPIServer starts kube-apiserver and connects to it.
func (c *ControlPlane) startAPIServer(ctx context.Context) error {
	if address := c.options.PodAddress; address != "" {
		c.authority.addresses = []net.IP{net.ParseIP(address), net.ParseIP(serviceAddress)}
	}
	serving, err := c.authority.issue("apiserver", pkix.Name{CommonName: "kube-apiserver"})
	if err != nil {
		return err
	}
	if err = writeSigningKey(c.path("service-accounts.key"), c.path("service-accounts.pub")); err != nil {
		return err
	}
	port, err := FreePort()
	if err != nil {
		return err
	}
	c.url = "https://" + Loopback(port)
	if err = c.connect(); err != nil {
		return err
	}
	args := []string{
		fmt.Sprintf("--secure-port=%d", port),
		"--etcd-servers=" + c.etcdURL, "--etcd-cafile=" + c.authority.certFile(),
		"--etcd-certfile=" + c.etcdClient.certFile, "--etcd-keyfile=" + c.etcdClient.keyFile,
		"--tls-cert-file=" + serving.certFile, "--tls-private-key-file=" + serving.keyFile,
		"--client-ca-file=" + c.authority.certFile(),
		// Without a front proxy's CA the components complain for ever; none of this cluster's certificates bears the name.
		"--requestheader-client-ca-file=" + c.authority.certFile(), "--requestheader-allowed-names=front-proxy",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.path("service-accounts.pub"),
		"--service-account-signing-key-file=" + c.path("service-accounts.key"),
		"--service-cluster-ip-range=" + ServiceRange,
		"--allow-privileged=true",
	}
	if address := c.options.PodAddress; address != "" {
		args = append(args, "--bind-address=0.0.0.0", "--advertise-address="+address,
			"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction")
	} else {
		args = append(args, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--authorization-mode=RBAC",
			// An endpoint on loopback is not valid, and nothing in this cluster follows the kubernetes Service.
			"--endpoint-reconciler-type=none")
	}
	p, err := c.group.Start(process.Command{Name: binaries.APIServer, Path: c.files[binaries.APIServer], Args: append(args, c.options.APIServerArgs...)})
	if err != nil {
		return err
	}
	return AwaitReady(ctx, p, func(ctx context.Context) error {
		return c.client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// startControllerManager starts kube-controller-manager, each of its controllers with its own, real permissions.
func (c *ControlPlane) startControllerManager(ctx context.Context) error {
	kubeconfig, err := c.Kubeconfig("system:kube-controller-manager")
	if err != nil {
		return err
	}
	args := []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + c.path("service-accounts.key"),
		"--root-ca-file=" + c.authority.certFile(),
		"--allocate-node-cidrs=false",
		"--flex-volume-plugin-dir=" + c.path("flex-volume-plugins"),
		"--kube-api-qps=500", "--kube-api-burst=1000",
	}
	_, err = c.runComponent(ctx, binaries.ControllerManager, args, c.options.ControllerManagerArgs)
	return err
}

// runComponent starts a program that serves /healthz as Kubernetes' components do, and waits until it is healthy.
func (c *ControlPlane) runComponent(ctx context.Context, name string, args, extra []string) (*process.Process, error) {
	serving, err := c.authority.issue(name, pkix.Name{CommonName: name})
	if err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	args = append(args, "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file="+serving.certFile, "--tls-private-key-file="+serving.keyFile)
	p, err := c.group.Start(process.Command{Name: name, Path: c.files[name], Args: append(args, extra...)})
	if err != nil {
		return nil, err
	}
	ready, err := c.probe("https://"+Loopback(port)+"/healthz", nil)
	if err != nil {
		return nil, err
	}
	if err := AwaitReady(ctx, p, ready); err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return p, nil
}

// startKwok starts kwok for the nodes that carry its annotation.
func (c *ControlPlane) startKwok(ctx context.Context) error {
	if err := writeFile(c.path("stages.yaml"), stages); err != nil {
		return err
	}
	kubeconfig, err := c.Kubeconfig("kwok", "system:masters")
	if err != nil {
		return err
	}
	port, err := FreePort()
	if err != nil {
		return err
	}
	p, err := c.group.Start(process.Command{Name: kwokName, Path: c.files[kwokName], Args: []string{
		"--kubeconfig=" + kubeconfig, "--config=" + c.path("stages.yaml"),
		"--manage-all-nodes=false", "--manage-nodes-with-annotation-selector=" + KwokAnnotation + "=" + KwokAnnotationValue,
		"--server-address=" + Loopback(port),
		// Leases keep the nodes alive at little cost, as real kubelets' do.
		"--node-lease-duration-seconds=40",
	}})
	if err != nil {
		return err
	}
	ready, err := c.probe("http://"+Loopback(port)+"/healthz", nil)
	if err != nil {
		return err
	}
	return AwaitReady(ctx, p, ready)
}
