// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"

	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/reserved"
)

// agree makes the running moorage say which reservations are real. Who has just read the cluster cannot tell it of all. It is not an error if
// nobody can be asked.
func (c *cluster) agree(ctx context.Context, client kubernetes.Interface, namespace string) {
	report, pod, err := reserved.Ask(ctx, client, namespace)
	if err != nil {
		c.unasked = err
		return
	}
	c.snapshot, c.witness = c.snapshot.WithReport(report), pod
}

// noteUnasked says on a command's stderr, where an answer has uncertain reservations, why nobody could be asked about them.
func (c *cluster) noteUnasked(stderr io.Writer, uncertain bool) {
	if uncertain && c.unasked != nil {
		_, _ = fmt.Fprintf(stderr, "note: some reservations are uncertain, and the running moorage could not be asked which are real: %s; "+
			"it takes the right to 'get pods/proxy' in its namespace (--moorage-namespace)\n", plain.Line(c.unasked.Error()))
	}
}
