// SPDX-License-Identifier: Apache-2.0

//go:build linux

package realnode

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/enclosure"
)

// RunSuite runs the tests of a package in an enclosure in which a node can run, and returns their exit status. Outside prepares on the
// machine what only that can, such as images, in the enclosure's directory. Where the machine lacks something for a node, skipped says what,
// and nothing has been run.
func RunSuite(tests func() int, outside func(ctx context.Context, dir string) error) (status int, skipped string) {
	if missing := MissingPackages(); len(missing) > 0 {
		return 0, "a real node needs Debian's packages " + strings.Join(missing, ", ") + ": apt-get install --no-install-recommends " + strings.Join(missing, " ")
	}
	status, err := enclosure.Run(context.Background(), enclosure.Options{
		Directories: Directories,
		Outside: func(ctx context.Context, dir string) error {
			if err := build(ctx); err != nil {
				return err
			}
			return outside(ctx, dir)
		},
		Probe:  Probe,
		Inside: tests,
	})
	var refused *enclosure.RefusedError
	switch {
	case errors.As(err, &refused):
		return 0, "a real node cannot run on this machine: " + refused.Reason
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1, ""
	}
	return status, ""
}

// build builds the programs that the inside takes from the cache: there it could not download their sources.
func build(ctx context.Context) error {
	cluster, err := binaries.ForControlPlane(binaries.DefaultKubernetes)
	if err != nil {
		return err
	}
	node, err := binaries.ForRealNode(binaries.DefaultKubernetes)
	if err != nil {
		return err
	}
	_, err = binaries.Builder{Progress: os.Stderr}.Build(ctx, append(cluster, node...)...)
	return err
}
