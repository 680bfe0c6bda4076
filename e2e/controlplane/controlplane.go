// SPDX-License-Identifier: Apache-2.0

// Package controlplane runs a real Kubernetes control plane on loopback, from programs that package binaries builds: etcd,
// kube-apiserver, kube-controller-manager, kwok in the kubelet's place, and, started and stopped on its own, kube-scheduler.
//
// Certificates, keys and logs are in a temporary directory; authorisation is RBAC; nothing listens anywhere but on 127.0.0.1, unless
// Options.PodAddress asks for more. All of it is
// gone after Stop, and likewise when the program ends without it, in whatever way (see package process).
//
// The package knows neither storage nor moorage: nodes, drivers and volumes are package zones' concern.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/process"
)

// Options say what control plane to start. The zero value is a good one.
type Options struct {
	// Kubernetes is the minor release to run, such as "1.37"; empty means what binaries.Kubernetes returns.
	Kubernetes string
	// Progress receives what is being built and started; it may be nil.
	Progress io.Writer
	// NoAttacher leaves csi-attacher out of what is built, for those who have no driver that attaches.
	NoAttacher bool
	// PodAddress is an address of this machine, not on loopback, at which pods with a network of their own reach the API server. It then
	// listens on all addresses, the kubernetes Service leads to it, and kubelets may do what the Node authoriser allows. Empty means that
	// there are no such pods.
	PodAddress string
	// APIServerArgs and ControllerManagerArgs are added to the programs' arguments, and win over earlier ones.
	APIServerArgs, ControllerManagerArgs []string
}

// ControlPlane is a running control plane. Its methods may be called from any goroutine, StartScheduler excepted.
type ControlPlane struct {
	options   Options
	group     *process.Group
	files     map[string]string // programs by name
	authority *authority
	url       string

	etcdURL    string
	etcdClient *keyPair

	adminKubeconfig string
	rest            *rest.Config
	client          kubernetes.Interface

	readyAfter time.Duration
}

// Start builds what the cache lacks, starts a control plane without a scheduler and returns when it is ready: the API server says so, the
// controllers run and the default namespace has its service account. Ending ctx afterwards does not stop it; Stop does.
func Start(ctx context.Context, options Options) (_ *ControlPlane, err error) {
	if options.Kubernetes == "" {
		options.Kubernetes = binaries.Kubernetes()
	}
	programs, err := binaries.ForControlPlane(options.Kubernetes)
	if err != nil {
		return nil, err
	}
	if options.NoAttacher {
		programs = slices.DeleteFunc(programs, func(b binaries.Binary) bool { return b.Name == binaries.Attacher.Name })
	}
	files, err := binaries.Builder{Progress: options.Progress}.Build(ctx, programs...)
	if err != nil {
		return nil, fmt.Errorf("build the control plane: %w", err)
	}

	started := time.Now()
	group, err := process.NewGroup("moorage-e2e-")
	if err != nil {
		return nil, err
	}
	c := &ControlPlane{options: options, group: group, files: files}
	defer func() {
		if err != nil {
			err = errors.Join(err, group.Stop())
		}
	}()
	if c.authority, err = newAuthority(group.Dir()); err != nil {
		return nil, err
	}
	for _, start := range []func(context.Context) error{c.startEtcd, c.startAPIServer, c.startControllerManager, c.startKwok, c.awaitServiceAccount} {
		if err = start(ctx); err != nil {
			return nil, fmt.Errorf("start the control plane: %w", err)
		}
	}
	c.readyAfter = time.Since(started)
	if options.Progress != nil {
		_, _ = fmt.Fprintf(options.Progress, "control plane of Kubernetes %s is ready after %.1f s\n", options.Kubernetes, c.readyAfter.Seconds())
	}
	return c, nil
}

// Stop kills all that runs in the control plane, what Run started included, and removes its directory.
func (c *ControlPlane) Stop() error { return c.group.Stop() }

// Dir returns the directory with the cluster's files and logs. It goes with the control plane.
func (c *ControlPlane) Dir() string { return c.group.Dir() }

// URL returns the API server's address.
func (c *ControlPlane) URL() string { return c.url }

// AdminKubeconfig returns the path of an administrator's kubeconfig.
func (c *ControlPlane) AdminKubeconfig() string { return c.adminKubeconfig }

// ReadyAfter returns how long the start took, building not included.
func (c *ControlPlane) ReadyAfter() time.Duration { return c.readyAfter }

// Program returns the file of a program that the control plane was built with, such as csi-provisioner, or "" if there is none of that name.
func (c *ControlPlane) Program(name string) string { return c.files[name] }

// Run starts a further program beside the control plane: a CSI sidecar, or moorage. It ends with the control plane at the latest.
func (c *ControlPlane) Run(command process.Command) (*process.Process, error) {
	return c.group.Start(command)
}
