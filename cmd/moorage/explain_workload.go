// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

func isWorkload(kind topology.Kind) bool {
	return slices.Contains([]topology.Kind{kindStatefulSet, kindDeployment, kindReplicaSet, kindDaemonSet, kindJob}, kind)
}

// workload is what is known of one from its own object.
type workload struct {
	replicas  *int
	ordinals  explain.Ordinals
	templates []string
	// failure is why its controller makes no pods.
	failure string
}

// workloadOf reads what counts of a workload's object.
func workloadOf(object runtime.Object) *workload {
	count := func(n *int32) *int {
		replicas := 1
		if n != nil {
			replicas = int(*n)
		}
		return &replicas
	}
	w := &workload{}
	switch o := object.(type) {
	case *appsv1.StatefulSet:
		w.replicas = count(o.Spec.Replicas)
		w.ordinals.Count = *w.replicas
		if o.Spec.Ordinals != nil {
			w.ordinals.First = int(o.Spec.Ordinals.Start)
		}
		for i := range o.Spec.VolumeClaimTemplates {
			w.templates = append(w.templates, o.Spec.VolumeClaimTemplates[i].Name)
		}
	case *appsv1.Deployment:
		w.replicas = count(o.Spec.Replicas)
		for i := range o.Status.Conditions {
			if c := &o.Status.Conditions[i]; c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
				w.failure = c.Message
			}
		}
	case *appsv1.ReplicaSet:
		w.replicas = count(o.Spec.Replicas)
		for i := range o.Status.Conditions {
			if c := &o.Status.Conditions[i]; c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue {
				w.failure = c.Message
			}
		}
	case *appsv1.DaemonSet:
		if o.Status.DesiredNumberScheduled > 0 {
			w.replicas = count(&o.Status.DesiredNumberScheduled)
		}
	case *batchv1.Job:
		w.replicas = count(o.Spec.Parallelism)
	default:
		return nil
	}
	return w
}

// workloadKind is the kind of a workload's object; empty for other objects.
func workloadKind(object runtime.Object) topology.Kind {
	switch object.(type) {
	case *appsv1.StatefulSet:
		return kindStatefulSet
	case *appsv1.Deployment:
		return kindDeployment
	case *appsv1.ReplicaSet:
		return kindReplicaSet
	case *appsv1.DaemonSet:
		return kindDaemonSet
	case *batchv1.Job:
		return kindJob
	default:
		return ""
	}
}

// readWorkload asks an API server for a workload; nil where there is none.
func readWorkload(ctx context.Context, client kubernetes.Interface, kind topology.Kind, key topology.Key) (*workload, error) {
	var object runtime.Object
	var err error
	options := metav1.GetOptions{}
	switch kind {
	case kindStatefulSet:
		object, err = client.AppsV1().StatefulSets(key.Namespace).Get(ctx, key.Name, options)
	case kindDeployment:
		object, err = client.AppsV1().Deployments(key.Namespace).Get(ctx, key.Name, options)
	case kindReplicaSet:
		object, err = client.AppsV1().ReplicaSets(key.Namespace).Get(ctx, key.Name, options)
	case kindDaemonSet:
		object, err = client.AppsV1().DaemonSets(key.Namespace).Get(ctx, key.Name, options)
	default:
		object, err = client.BatchV1().Jobs(key.Namespace).Get(ctx, key.Name, options)
	}
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return workloadOf(object), nil
}

// workloadKeys are the workloads of a kind that files hold or pods name.
func (c *cluster) workloadKeys(kind topology.Kind) []topology.Key {
	met := map[topology.Key]bool{}
	for key := range c.whole.workloads[kind] {
		met[key] = true
	}
	for _, pod := range c.whole.pods {
		if owner := explain.OwnerOf(pod); owner.Kind == string(kind) {
			met[topology.Key{Namespace: owner.Namespace, Name: owner.Name}] = true
		} else if ref := metav1.GetControllerOf(pod); ref != nil && ref.Kind == string(kind) {
			met[topology.Key{Namespace: pod.Namespace, Name: ref.Name}] = true
		}
	}
	return slices.SortedFunc(maps.Keys(met), topology.Key.Compare)
}

// explainWorkload explains all replicas of a workload.
func (f *explainFlags) explainWorkload(cmd *cobra.Command, c *cluster, engine *placement.Engine, kind topology.Kind, key topology.Key) error {
	of, err := c.workload(cmd.Context(), kind, key)
	e := &output.WorkloadExplanation{
		Workload: explain.Object{Kind: string(kind), Namespace: key.Namespace, Name: key.Name}, Pods: []output.WorkloadPod{}, Known: explain.KnownOf(c.snapshot),
	}
	if err != nil {
		e.Unknown = append(e.Unknown, fmt.Sprintf("the %s itself (%v), so how many replicas there are to be", kind, err))
	}
	var pods, waiting []*corev1.Pod
	for _, k := range slices.SortedFunc(maps.Keys(c.whole.pods), topology.Key.Compare) {
		pod := c.whole.pods[k]
		if k.Namespace != key.Namespace || !explain.Owns(e.Workload, pod) {
			continue
		}
		pods = append(pods, pod)
		if explain.Unstarted(pod) {
			waiting = append(waiting, pod)
			continue
		}
		line := output.PodLine{Pod: explain.Object{Kind: "Pod", Namespace: key.Namespace, Name: pod.Name}, Node: pod.Spec.NodeName, Fits: true}
		e.Pods = append(e.Pods, output.WorkloadPod{PodLine: line, State: stateOf(pod)})
	}
	if of == nil && err == nil && len(pods) == 0 {
		return c.notFound(string(kind), kind, key)
	}
	lines, unasked, unknown := f.lines(cmd, c, engine, waiting)
	e.Unasked, e.Unknown = unasked, append(e.Unknown, unknown...)
	for _, line := range lines {
		e.Pods = append(e.Pods, output.WorkloadPod{PodLine: line, State: output.PodWaits})
	}
	if of == nil {
		of = &workload{ordinals: explain.OrdinalsOf(e.Workload, pods), templates: explain.TemplatesOf(pods)}
	}
	e.Replicas, e.Failure = of.replicas, of.failure
	if kind == kindStatefulSet {
		e.Retained = output.RetainedClaimsOf(explain.Retained(c.snapshot, e.Workload, of.templates, of.ordinals))
	}
	c.sign(&e.Known)
	stdout := cmd.OutOrStdout()
	if err := output.WriteWorkloadExplanation(stdout, e, f.output, colored(stdout), width(stdout), c.now()); err != nil {
		return err
	}
	if !e.Fine {
		return exitStatus(exitFound)
	}
	return nil
}

func stateOf(pod *corev1.Pod) string {
	switch {
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		return output.PodEnded
	case pod.DeletionTimestamp != nil:
		return output.PodDeleting
	default:
		return output.PodRuns
	}
}

// takeWorkload keeps a workload that files hold.
func (w *wholeObjects) takeWorkload(namespace string) func(runtime.Object) bool {
	return func(object runtime.Object) bool {
		kind := workloadKind(object)
		if kind == "" {
			return false
		}
		o, ok := object.(metav1.Object)
		if !ok || strings.TrimSpace(o.GetName()) == "" {
			return false
		}
		key := topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}
		if key.Namespace == "" {
			key.Namespace = namespace
		}
		if w.workloads[kind] == nil {
			w.workloads[kind] = map[topology.Key]*workload{}
		}
		w.workloads[kind][key] = workloadOf(object)
		return true
	}
}
