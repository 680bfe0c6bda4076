// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
)

// planned is a pod that is to be placed.
type planned struct {
	workload string
	// pod is as the API server would keep it, on no node.
	pod *corev1.Pod
	// known is set in the place of pod for a pod of a lost node of which only the volumes are known.
	known *topology.Pod
	// from is the node that a pod of a lost node was on.
	from string
	// only is the one node that it is for, as with the pods of a DaemonSet.
	only string
	// claims are made with the pod, unless they are there already.
	claims []*corev1.PersistentVolumeClaim
}

// trimmed is the pod as the engine knows pods, on no node yet.
func (p *planned) trimmed() *topology.Pod {
	if p.known == nil {
		return topology.PodFromAPI(p.pod)
	}
	pod := *p.known
	pod.Node = ""
	return &pod
}

// bare reports whether nobody creates a pod of a lost node again.
func (p *planned) bare() bool {
	switch {
	case p.from == "":
		return false
	case p.pod != nil:
		return metav1.GetControllerOfNoCopy(p.pod) == nil
	default:
		return p.known.Owner == ""
	}
}

// MaxPods bounds how many pods a workload is taken to have, against a mistyped number.
const MaxPods = 10_000

// expand returns the pods that a workload's controller makes, in its order, as the API server would keep them; none for an object that is no
// workload.
func (m *simulation) expand(object runtime.Object, namespace string) ([]planned, error) {
	var pods []planned
	var err error
	if set, ok := object.(*appsv1.DaemonSet); ok {
		pods, err = m.daemonSet(set, namespace)
	} else {
		pods, err = expand(object, namespace)
	}
	for i := range pods {
		p := pods[i].pod
		if p.Spec.SchedulerName == "" {
			p.Spec.SchedulerName = corev1.DefaultSchedulerName
		}
		pods[i].pod = nodefit.AsCreated(p)
	}
	return pods, err
}

func expand(object runtime.Object, namespace string) ([]planned, error) {
	switch o := object.(type) {
	case *corev1.Pod:
		pod := o.DeepCopy()
		home(&pod.ObjectMeta, namespace)
		pod.Spec.NodeName, pod.Status = "", corev1.PodStatus{}
		return []planned{{workload: "Pod " + o.Name, pod: pod, claims: explain.EphemeralClaims(pod)}}, nil
	case *appsv1.StatefulSet:
		return statefulSet(o, namespace)
	case *appsv1.Deployment:
		template := *o.Spec.Template.DeepCopy()
		metav1.SetMetaDataLabel(&template.ObjectMeta, appsv1.DefaultDeploymentUniqueLabelKey, "simulated")
		return alike("Deployment", o.ObjectMeta, template, replicas(o.Spec.Replicas), namespace)
	case *appsv1.ReplicaSet:
		return alike("ReplicaSet", o.ObjectMeta, o.Spec.Template, replicas(o.Spec.Replicas), namespace)
	case *batchv1.Job:
		n := replicas(o.Spec.Parallelism)
		if o.Spec.Completions != nil {
			n = min(n, int(*o.Spec.Completions))
		}
		return alike("Job", o.ObjectMeta, o.Spec.Template, n, namespace)
	default:
		return nil, nil
	}
}

func replicas(n *int32) int {
	if n == nil {
		return 1
	}
	return int(*n)
}

func home(meta *metav1.ObjectMeta, namespace string) {
	if meta.Namespace == "" {
		meta.Namespace = namespace
	}
}

func fromTemplate(meta metav1.ObjectMeta, template *corev1.PodTemplateSpec, name string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: *template.ObjectMeta.DeepCopy(), Spec: *template.Spec.DeepCopy()}
	pod.Namespace, pod.Name = meta.Namespace, name
	pod.UID = types.UID("simulated:" + pod.Namespace + "/" + name)
	return pod
}

// alike are pods that differ in nothing but their names, which are numbered here and random in a cluster.
func alike(kind string, meta metav1.ObjectMeta, template corev1.PodTemplateSpec, n int, namespace string) ([]planned, error) {
	home(&meta, namespace)
	if n > MaxPods {
		return nil, fmt.Errorf("%s %s wants %d pods; at most %d are simulated", kind, meta.Name, n, MaxPods)
	}
	var out []planned
	for i := range n {
		pod := fromTemplate(meta, &template, fmt.Sprintf("%s-%d", meta.Name, i))
		out = append(out, planned{workload: kind + " " + meta.Name, pod: pod, claims: explain.EphemeralClaims(pod)})
	}
	return out, nil
}

// statefulSet names pods and claims as the StatefulSet controller does (getPodName and getPersistentVolumeClaimName in
// pkg/controller/statefulset). A template's claim takes the place of a volume of its name.
func statefulSet(o *appsv1.StatefulSet, namespace string) ([]planned, error) {
	meta := o.ObjectMeta
	home(&meta, namespace)
	n, start := replicas(o.Spec.Replicas), 0
	if n > MaxPods {
		return nil, fmt.Errorf("StatefulSet %s wants %d pods; at most %d are simulated", o.Name, n, MaxPods)
	}
	if o.Spec.Ordinals != nil {
		start = int(o.Spec.Ordinals.Start)
	}
	var out []planned
	for i := range n {
		pod := fromTemplate(meta, &o.Spec.Template, fmt.Sprintf("%s-%d", meta.Name, start+i))
		metav1.SetMetaDataLabel(&pod.ObjectMeta, appsv1.StatefulSetPodNameLabel, pod.Name)
		metav1.SetMetaDataLabel(&pod.ObjectMeta, appsv1.PodIndexLabel, fmt.Sprint(start+i))
		p := planned{workload: "StatefulSet " + meta.Name, pod: pod}
		for t := range o.Spec.VolumeClaimTemplates {
			claim := o.Spec.VolumeClaimTemplates[t].DeepCopy()
			volume := claim.Name
			claim.Namespace, claim.Name = meta.Namespace, fmt.Sprintf("%s-%s-%d", volume, meta.Name, start+i)
			p.claims = append(p.claims, claim)
			pod.Spec.Volumes = withClaim(pod.Spec.Volumes, volume, claim.Name)
		}
		p.claims = append(p.claims, explain.EphemeralClaims(pod)...)
		out = append(out, p)
	}
	return out, nil
}

func withClaim(volumes []corev1.Volume, name, claim string) []corev1.Volume {
	source := corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}
	for i := range volumes {
		if volumes[i].Name == name {
			volumes[i].VolumeSource = source
			return volumes
		}
	}
	return append(volumes, corev1.Volume{Name: name, VolumeSource: source})
}

// IsWorkload reports whether the object is one whose pods are placed.
func IsWorkload(object runtime.Object) bool {
	switch object.(type) {
	case *corev1.Pod, *appsv1.StatefulSet, *appsv1.Deployment, *appsv1.ReplicaSet, *batchv1.Job, *appsv1.DaemonSet:
		return true
	default:
		return false
	}
}
