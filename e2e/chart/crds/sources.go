// SPDX-License-Identifier: Apache-2.0

//go:build crds

// Package crds keeps in this module's go.mod the modules that carry the CRDs of the objects which the chart can make.
package crds

import (
	_ "github.com/cert-manager/cert-manager/pkg/apis/certmanager"
	_ "github.com/prometheus-operator/prometheus-operator/pkg/versionutil"
)
