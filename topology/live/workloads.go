// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
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

// listOf adapts a typed list call.
func listOf[L runtime.Object](call func(context.Context, metav1.ListOptions) (L, error)) page {
	return func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return call(ctx, options)
	}
}

// workloadLists are the resources in the order in which one is made by another.
var workloadLists = []struct {
	resource schema.GroupResource
	in       func(client kubernetes.Interface, namespace string) page
}{
	{appsv1.Resource("deployments"), func(c kubernetes.Interface, ns string) page { return listOf(c.AppsV1().Deployments(ns).List) }},
	{appsv1.Resource("statefulsets"), func(c kubernetes.Interface, ns string) page { return listOf(c.AppsV1().StatefulSets(ns).List) }},
	{appsv1.Resource("daemonsets"), func(c kubernetes.Interface, ns string) page { return listOf(c.AppsV1().DaemonSets(ns).List) }},
	{batchv1.Resource("cronjobs"), func(c kubernetes.Interface, ns string) page { return listOf(c.BatchV1().CronJobs(ns).List) }},
	{batchv1.Resource("jobs"), func(c kubernetes.Interface, ns string) page { return listOf(c.BatchV1().Jobs(ns).List) }},
	{appsv1.Resource("replicasets"), func(c kubernetes.Interface, ns string) page { return listOf(c.AppsV1().ReplicaSets(ns).List) }},
	{corev1.Resource("replicationcontrollers"), func(c kubernetes.Interface, ns string) page {
		return listOf(c.CoreV1().ReplicationControllers(ns).List)
	}},
}

// WorkloadResourceNames are the resources of workloads, in the form that kubectl create clusterrole takes.
func WorkloadResourceNames() []string {
	names := make([]string, len(workloadLists))
	for i, w := range workloadLists {
		names[i] = w.resource.String()
	}
	return names
}

// ListWorkloads lists workloads in pages. What may not be listed is in the answer, and no error.
func ListWorkloads(ctx context.Context, client kubernetes.Interface, options WorkloadOptions) (*Workloads, error) {
	out := &Workloads{}
	for _, w := range workloadLists {
		objects, err := listSelected(ctx, w.in(client, options.Namespace), options.Selector)
		if apierrors.IsForbidden(err) {
			denied := DeniedWorkload{Resource: w.resource}
			if options.Namespace == metav1.NamespaceAll && options.Degrade != "" {
				if objects, err = listSelected(ctx, w.in(client, options.Degrade), options.Selector); err == nil {
					denied.Within = options.Degrade
				}
			}
			if err == nil || apierrors.IsForbidden(err) {
				out.Denied, err = append(out.Denied, denied), nil
			}
		}
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", w.resource, err)
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
