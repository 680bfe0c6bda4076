// SPDX-License-Identifier: Apache-2.0

//go:build binaries

// Package binaries keeps in this module's go.mod the one program that is built from it.
package binaries

import _ "k8s.io/kubernetes/cmd/kubectl"
