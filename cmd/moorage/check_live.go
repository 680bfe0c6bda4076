// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/live"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// askCluster asks about the objects of a cluster.
func (f *checkFlags) askCluster(cmd *cobra.Command, evaluator *rules.Evaluator, _ []string) (*check.Result, error) {
	ctx, stderr := cmd.Context(), cmd.ErrOrStderr()
	selected, err := labels.Parse(f.selector)
	if err != nil {
		return nil, fmt.Errorf("--selector %q: %w", f.selector, err)
	}
	found, err := f.source.server.Find()
	if err != nil {
		return nil, err
	}
	s := selection{selected: selected, selects: f.selector != ""}
	if !f.allNamespaces {
		s.namespace = cmp.Or(f.source.namespace, found.Namespace)
	}
	reading, cancel := context.WithTimeoutCause(ctx, f.source.timeout, fmt.Errorf("not read within %s; give it more time with --timeout", f.source.timeout))
	defer cancel()
	workloads, err := live.ListWorkloads(reading, found.Client, live.WorkloadOptions{
		Namespace: s.namespace, Selector: f.selector, Degrade: cmp.Or(f.source.namespace, found.Namespace),
	})
	if err != nil {
		return nil, fmt.Errorf("read the cluster at %s: %w", found.Server, withAdvice(reading, found.Client, err))
	}
	f.source.degrades = true
	listing, _, err := f.source.listing(ctx, stderr, func(o metav1.Object) metav1.Object {
		o.SetManagedFields(nil)
		return o
	})
	if err != nil {
		return nil, err
	}
	var left leftOut
	cache := topology.New(topology.Options{NodeDelay: -1, Fault: left.add})
	if err = cache.ReplaceAll(listing.Objects); err != nil {
		return nil, err
	}
	left.note(stderr)
	progress, clear := showProgress(stderr)
	result, err := check.Live(ctx, check.LiveOptions{
		Objects: append(workloads.Objects, s.of(listing)...), Cluster: cache.Snapshot(), Partial: len(listing.Denied)+len(listing.Left) > 0,
		Evaluator: evaluator, Progress: progress,
	})
	clear()
	if err != nil {
		return nil, err
	}
	result.Skipped.Unlisted = unlistedIn(listing, workloads, s.namespace)
	return result, nil
}

// selection says which of a cluster's objects are asked about: in one namespace or in all, and with labels if it selects.
type selection struct {
	namespace string
	selected  labels.Selector
	selects   bool
}

// of are the objects of a listing that are selected. Of volumes and classes these are, for one namespace, those that its claims use.
func (s selection) of(listing *live.Listing) []runtime.Object {
	used := map[topology.Kind]map[string]bool{topology.KindClass: {}, topology.KindVolume: {}, topology.KindAttributesClass: {}}
	var out []runtime.Object
	take := func(kinds ...topology.Kind) {
		for _, kind := range kinds {
			for _, o := range listing.Objects[kind] {
				if s.takes(o, used[kind]) {
					uses(o, used)
					out = append(out, o.(runtime.Object))
				}
			}
		}
	}
	take(topology.KindPod, topology.KindClaim, topology.KindVolumeSnapshot)
	take(topology.KindVolume, topology.KindVolumeSnapshotContent)
	take(topology.KindClass, topology.KindAttributesClass, topology.KindVolumeSnapshotClass)
	return out
}

func (s selection) takes(o metav1.Object, used map[string]bool) bool {
	if !s.selected.Matches(labels.Set(o.GetLabels())) {
		return false
	}
	return s.namespace == "" || o.GetNamespace() == s.namespace || (o.GetNamespace() == "" && used[o.GetName()])
}

// uses notes what an object names that is in no namespace.
func uses(o metav1.Object, used map[topology.Kind]map[string]bool) {
	class := func(name string) { used[topology.KindClass][name] = true }
	switch o := o.(type) {
	case *corev1.PersistentVolumeClaim:
		used[topology.KindVolume][o.Spec.VolumeName] = true
		if o.Spec.StorageClassName != nil {
			class(*o.Spec.StorageClassName)
		}
		if o.Spec.VolumeAttributesClassName != nil {
			used[topology.KindAttributesClass][*o.Spec.VolumeAttributesClassName] = true
		}
	case *corev1.PersistentVolume:
		class(o.Spec.StorageClassName)
	}
}

// unlistedIn says what may not be listed, or in one namespace only. Where that is the one asked about, nothing is missing.
func unlistedIn(listing *live.Listing, workloads *live.Workloads, namespace string) []string {
	var out []string
	tell := func(resource, within string) {
		switch {
		case within == "":
			out = append(out, resource)
		case within != namespace:
			out = append(out, fmt.Sprintf("%s outside namespace %s", resource, within))
		}
	}
	for _, denied := range workloads.Denied {
		tell(denied.Resource.String(), denied.Within)
	}
	for _, kind := range topology.AllKinds {
		if listing.Denied[kind] != nil || listing.Left[kind] != nil {
			tell(topology.ResourceOf(kind).GroupResource().String(), listing.Within[kind])
		}
	}
	return out
}
