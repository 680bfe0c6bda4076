// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"crypto/x509/pkix"
	"fmt"
	"path/filepath"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig makes a client certificate for the user, a member of the groups, and returns the path of a kubeconfig that
// holds it. What the user may do is up to the cluster's RBAC objects; members of system:masters may do everything.
func (c *ControlPlane) Kubeconfig(user string, groups ...string) (string, error) {
	name := "user-" + sanitize(user)
	pair, err := c.authority.issue(name, pkix.Name{CommonName: user, Organization: groups})
	if err != nil {
		return "", err
	}
	config := clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{
			"moorage-e2e": {Server: c.url, CertificateAuthorityData: c.authority.pem},
		},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{user: {ClientCertificateData: pair.certPEM, ClientKeyData: pair.keyPEM}},
		Contexts:       map[string]*clientcmdapi.Context{"moorage-e2e": {Cluster: "moorage-e2e", AuthInfo: user}},
		CurrentContext: "moorage-e2e",
	}
	path := filepath.Join(c.Dir(), name+".kubeconfig")
	if err := clientcmd.WriteToFile(config, path); err != nil {
		return "", fmt.Errorf("write the kubeconfig of user %s: %w", user, err)
	}
	return path, nil
}

// CertificateAuthority returns the file with the certificate of the authority that issues all of the cluster's.
func (c *ControlPlane) CertificateAuthority() string { return c.authority.certFile() }

// RESTConfig returns a new configuration of an administrator's client, without a limit on the client's side.
func (c *ControlPlane) RESTConfig() *rest.Config { return rest.CopyConfig(c.rest) }

// Client returns an administrator's client, without a limit on the client's side. It may be shared.
func (c *ControlPlane) Client() kubernetes.Interface { return c.client }

// connect sets up the administrator's kubeconfig and client.
func (c *ControlPlane) connect() error {
	var err error
	if c.adminKubeconfig, err = c.Kubeconfig("admin", "system:masters"); err != nil {
		return err
	}
	if c.rest, err = clientcmd.BuildConfigFromFlags("", c.adminKubeconfig); err != nil {
		return fmt.Errorf("read the administrator's kubeconfig: %w", err)
	}
	c.rest.QPS = -1
	if c.client, err = kubernetes.NewForConfig(c.rest); err != nil {
		return fmt.Errorf("make the administrator's client: %w", err)
	}
	return nil
}

// sanitize makes a file name of a user name such as system:kube-scheduler.
func sanitize(user string) string {
	out := []byte(user)
	for i, b := range out {
		if b == ':' || b == '/' {
			out[i] = '-'
		}
	}
	return string(out)
}
