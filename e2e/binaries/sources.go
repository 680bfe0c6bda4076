// SPDX-License-Identifier: Apache-2.0

//go:build binaries

// Package binaries keeps in this module's go.mod what the control plane is built from. It is never compiled: the
// imports are programs, and the build tag that would include them is set by nobody. Programs whose dependencies
// do not go together with Kubernetes' own have a module each in a folder below.
package binaries

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
)
