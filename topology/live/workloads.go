// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/topology"
)

// WorkloadOptions say which workloads are listed.
type WorkloadOptions struct {
	// Namespace is the one whose workloads are listed; empty for all.
	Namespace string
	// Selector selects them by labels; empty for all.
	Selector string
	// Degrade is the namespace that is listed alone where all may not be.
	Degrade string
}

// Workloads are the objects from whose templates pods are made. The cache keeps none of them.
type Workloads struct {
	// Objects are kind by kind, in the API server's order.
	Objects []runtime.Object
	// Denied are the resources that may not be listed, and of those that may be in one namespace, which one; empty for none.
	Denied []DeniedWorkload
}

// DeniedWorkload is a resource that may not be listed everywhere.
type DeniedWorkload struct {
	Resource schema.GroupResource
	Within   string
}

// workloads are the resources in the order in which one is made by another.
var workloads = []topology.Resource{
	workload("Deployment", appsv1.SchemeGroupVersion.WithResource("deployments"), func() runtime.Object { return &appsv1.DeploymentList{} }),
	workload("StatefulSet", appsv1.SchemeGroupVersion.WithResource("statefulsets"), func() runtime.Object { return &appsv1.StatefulSetList{} }),
	workload("DaemonSet", appsv1.SchemeGroupVersion.WithResource("daemonsets"), func() runtime.Object { return &appsv1.DaemonSetList{} }),
	workload("CronJob", batchv1.SchemeGroupVersion.WithResource("cronjobs"), func() runtime.Object { return &batchv1.CronJobList{} }),
	workload("Job", batchv1.SchemeGroupVersion.WithResource("jobs"), func() runtime.Object { return &batchv1.JobList{} }),
	workload("ReplicaSet", appsv1.SchemeGroupVersion.WithResource("replicasets"), func() runtime.Object { return &appsv1.ReplicaSetList{} }),
	workload("ReplicationController", corev1.SchemeGroupVersion.WithResource("replicationcontrollers"), func() runtime.Object { return &corev1.ReplicationControllerList{} }),
}

func workload(kind topology.Kind, resource schema.GroupVersionResource, list func() runtime.Object) topology.Resource {
	return topology.Resource{Kind: kind, GroupVersionResource: resource, Namespaced: true, Optional: true, NewList: list}
}

// WorkloadResources are the resources of workloads.
func WorkloadResources() []topology.Resource { return slices.Clone(workloads) }

// ListWorkloads lists workloads in pages. What may not be listed is in the answer, and no error.
func ListWorkloads(ctx context.Context, client kubernetes.Interface, options WorkloadOptions) (*Workloads, error) {
	out := &Workloads{}
	for _, r := range workloads {
		objects, err := listSelected(ctx, pageIn(client, r, options.Namespace), options.Selector)
		if apierrors.IsForbidden(err) {
			denied := DeniedWorkload{Resource: r.GroupResource()}
			if options.Namespace == metav1.NamespaceAll && options.Degrade != "" {
				if objects, err = listSelected(ctx, pageIn(client, r, options.Degrade), options.Selector); err == nil {
					denied.Within = options.Degrade
				}
			}
			if err == nil || apierrors.IsForbidden(err) {
				out.Denied, err = append(out.Denied, denied), nil
			}
		}
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", qualifiedName(r), err)
		}
		for _, o := range objects {
			o.SetManagedFields(nil)
			out.Objects = append(out.Objects, o.(runtime.Object))
		}
	}
	return out, nil
}

func listSelected(ctx context.Context, next page, selector string) ([]metav1.Object, error) {
	return list(ctx, func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		options.LabelSelector = selector
		return next(ctx, options)
	}, func(o metav1.Object) metav1.Object { return o })
}
