// SPDX-License-Identifier: Apache-2.0

//go:build binaries

// Package binaries keeps in this module's go.mod the one program that is built from it.
package binaries

import _ "github.com/kubernetes-csi/external-attacher/v4/cmd/csi-attacher"
