// SPDX-License-Identifier: Apache-2.0

//go:build binaries

package binaries

// These imports keep in this module's go.mod what the table builds from it. They are programs and are never compiled in: the
// build tag is set by nobody, and only `go mod tidy` looks past it.
import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-proxy"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
	_ "k8s.io/kubernetes/cmd/kubelet"
)
