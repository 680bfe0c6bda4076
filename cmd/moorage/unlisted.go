// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/live"
)

// degrade tells which kinds may not be listed, in the order of all kinds. Where it is the pools, or which drivers nodes have, it takes the
// drivers out of the listing: what they promise could not be looked for, and nodes would be rejected that only lack what is not seen.
func degrade(listing *live.Listing) []topology.Kind {
	var unlisted []topology.Kind
	for _, kind := range topology.Kinds {
		if listing.Denied[kind] != nil {
			unlisted = append(unlisted, kind)
		}
	}
	if slices.Contains(unlisted, topology.KindPool) || slices.Contains(unlisted, topology.KindCSINode) {
		listing.Objects[topology.KindDriver] = nil
	}
	return unlisted
}

// noteUnlisted says on a command's stderr what may not be listed, and how that can be granted.
func noteUnlisted(ctx context.Context, stderr io.Writer, client kubernetes.Interface, unlisted []topology.Kind) {
	_, _ = fmt.Fprintf(stderr, "note: the answer does without %s, which may not be listed with your rights. An administrator can grant it:\n  %s\n",
		text.And(resourcesOf(unlisted)), strings.Join(grantCommands(ctx, client), "\n  "))
}

func resourcesOf(kinds []topology.Kind) []string {
	var out []string
	for _, kind := range kinds {
		out = append(out, topology.ResourceOf(kind).GroupResource().String())
	}
	return out
}

// needed are the kinds without which an answer about a kind would be wrong, and not only less.
var needed = map[topology.Kind][]topology.Kind{
	topology.KindNode:   {topology.KindNode, topology.KindCSINode},
	topology.KindVolume: {topology.KindVolume, topology.KindNode},
	topology.KindClass: {
		topology.KindClass, topology.KindNode, topology.KindCSINode, topology.KindPool, topology.KindDriver, topology.KindVolume, topology.KindClaim,
	},
}

// listed is an error where the objects of some kinds may not be listed that an answer about a kind needs.
func (c *cluster) listed(about topology.Kind, needs ...topology.Kind) error {
	missing := slices.DeleteFunc(slices.Clone(needs), func(kind topology.Kind) bool { return !slices.Contains(c.unlisted, kind) })
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("not allowed to list %s, so nothing can be said of a %s", text.And(resourcesOf(missing)), about)
}
