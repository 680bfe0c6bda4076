// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/moorage-k8s/moorage/topology"
)

// completionTime is how long a shell waits for names.
const completionTime = 3 * time.Second

// complete completes a kind, or the name of an object of it that the cluster has. Where the cluster cannot be read in time
// there is nothing to offer.
func (f *explainFlags) complete(cmd *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		if prefix, rest, found := strings.Cut(start, "/"); found {
			k := kindNamed(prefix)
			if k == nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			names := f.names(cmd.Context(), k.kind, rest)
			for i := range names {
				names[i] = prefix + "/" + names[i]
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		}
		var kinds []string
		for i := range explainedKinds {
			kinds = append(kinds, explainedKinds[i].names[0]+"\t"+explainedKinds[i].what)
		}
		return kinds, cobra.ShellCompDirectiveNoFileComp
	}
	k := kindNamed(args[0])
	if k == nil || len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return f.names(cmd.Context(), k.kind, start), cobra.ShellCompDirectiveNoFileComp
}

// names are those of the cluster's objects of a kind that begin so.
func (f *clusterFlags) names(ctx context.Context, kind topology.Kind, start string) []string {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	quick := *f
	quick.timeout, quick.stdin = completionTime, nil
	c, err := quick.open(ctx, io.Discard)
	if err != nil {
		return nil
	}
	var names []string
	for _, key := range c.keys(kind) {
		if (key.Namespace == "" || key.Namespace == c.namespace) && strings.HasPrefix(key.Name, start) {
			names = append(names, key.Name)
		}
	}
	return names
}

// namespaces are those in which the cluster has claims, or pods with volumes.
func (f *clusterFlags) namespaces(ctx context.Context, start string) []string {
	quick := *f
	quick.timeout, quick.stdin = completionTime, nil
	c, err := quick.open(ctx, io.Discard)
	if err != nil {
		return nil
	}
	var names []string
	for _, kind := range []topology.Kind{topology.KindPod, topology.KindClaim} {
		for _, key := range c.snapshot.Keys(kind) {
			if strings.HasPrefix(key.Namespace, start) {
				names = append(names, key.Namespace)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
