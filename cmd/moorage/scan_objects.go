// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1alpha3 "k8s.io/api/scheduling/v1alpha3"
	schedulingv1beta1 "k8s.io/api/scheduling/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/live"
)

// scannedResources are the kinds that scan reads beside those of every command: what makes pods, and so names claims of
// which no pod is there, and what they are scheduled with.
var scannedResources = append(live.WorkloadResources(),
	podGroup(schedulingv1beta1.SchemeGroupVersion, func() runtime.Object { return &schedulingv1beta1.PodGroupList{} }),
	podGroup(schedulingv1alpha3.SchemeGroupVersion, func() runtime.Object { return &schedulingv1alpha3.PodGroupList{} }))

func podGroup(version schema.GroupVersion, list func() runtime.Object) topology.Resource {
	return topology.Resource{Kind: "PodGroup", GroupVersionResource: version.WithResource("podgroups"), Namespaced: true, Optional: true, NewList: list}
}

// eachOfFiles gives each object of files to who asks for each; those that name no namespace are in 'default'.
func (f *clusterFlags) eachOfFiles() func(runtime.Object) {
	if f.each == nil {
		return nil
	}
	return func(object runtime.Object) {
		if o, ok := object.(metav1.Object); ok && o.GetNamespace() == "" && scanned(object) {
			o.SetNamespace(metav1.NamespaceDefault)
		}
		f.each(object)
	}
}

// restOfFiles takes what files hold beside what the cache reads: of what is given to who asks for each, nothing was left out.
func (f *clusterFlags) restOfFiles(take func(runtime.Object) bool) func(runtime.Object) bool {
	return func(object runtime.Object) bool { return take(object) || f.each != nil && scanned(object) }
}

// scanned reports whether an object is of one of the scannedResources.
func scanned(object runtime.Object) bool {
	of := object.GetObjectKind().GroupVersionKind()
	return slices.ContainsFunc(scannedResources, func(r topology.Resource) bool { return string(r.Kind) == of.Kind && r.Group == of.Group })
}

// eachOfCluster does the same with those of a cluster. What the cache does not read is not kept.
func (f *clusterFlags) eachOfCluster() func(metav1.Object) metav1.Object {
	if f.each == nil {
		return nil
	}
	return func(o metav1.Object) metav1.Object {
		object, ok := o.(runtime.Object)
		if !ok {
			return o
		}
		f.each(object)
		if _, kept := topology.KindOf(object); kept || o.GetName() == "" {
			return o
		}
		if _, budget := object.(*policyv1.PodDisruptionBudget); budget {
			return o
		}
		return nil
	}
}

// clock is the API server's, where the answer depends on how long something has lasted; else that of this machine.
func (f *clusterFlags) clock(ctx context.Context, client kubernetes.Interface) time.Time {
	if f.each == nil {
		return time.Now()
	}
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil || review.CreationTimestamp.IsZero() {
		return time.Now()
	}
	return review.CreationTimestamp.Time
}

// unreadOf are the kinds that were not listed, or not all of them, and why.
func unreadOf(listing *live.Listing) map[topology.Kind]string {
	out := map[topology.Kind]string{}
	for kind, err := range listing.Left {
		out[kind] = plain.Line(err.Error())
	}
	for kind := range listing.Denied {
		out[kind] = "with your rights"
		if namespace := listing.Within[kind]; namespace != "" {
			out[kind] += ", other than in namespace " + namespace
		}
	}
	return out
}
