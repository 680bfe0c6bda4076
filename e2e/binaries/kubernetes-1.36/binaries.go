// SPDX-License-Identifier: Apache-2.0

//go:build binaries

// Package binaries keeps in this module's go.mod the programs that are built from it.
package binaries

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
)
