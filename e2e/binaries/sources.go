// SPDX-License-Identifier: Apache-2.0

//go:build binaries

// Package binaries keeps in this module's go.mod what the control plane is built from. It is never compiled: the
// imports are programs, and the build tag that would include them is set by nobody. Programs whose dependencies
// do not go together with Kubernetes' own have a module each in a folder below.
package binaries

import (
	_ "github.com/container-storage-interface/spec/lib/go/csi"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/kubernetes-csi/csi-test/v5/pkg/sanity"
	_ "go.etcd.io/etcd/server/v3"
	_ "go.uber.org/goleak"
	_ "google.golang.org/grpc"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
	_ "sigs.k8s.io/controller-runtime"
	_ "sigs.k8s.io/yaml"
	_ "pgregory.net/rapid"
	_ "github.com/rogpeppe/go-internal/testscript"
)
