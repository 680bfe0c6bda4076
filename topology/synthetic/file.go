// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// WriteFile writes a cluster of the size as an API server shows it: a stream of YAML documents, each one line of JSON. Its pods
// have a container and a status, which moorage does not look at and which are most of such a file.
func WriteFile(to io.Writer, size Size) error {
	out := bufio.NewWriter(to)
	encoder := json.NewEncoder(out)
	for o := range Objects(size) {
		object, err := typed(o)
		if err != nil {
			return err
		}
		_, _ = out.WriteString("---\n")
		if err := encoder.Encode(object); err != nil {
			return fmt.Errorf("write %s: %w", o.GetName(), err)
		}
	}
	return out.Flush()
}

// typed returns an object as an API server hands it out among others: with its type, and a pod with what every pod has.
func typed(o metav1.Object) (runtime.Object, error) {
	object, ok := o.(runtime.Object)
	if !ok {
		return nil, fmt.Errorf("%T is no API object", o)
	}
	kinds, _, err := scheme.Scheme.ObjectKinds(object)
	if err != nil {
		return nil, fmt.Errorf("find the kind of %s: %w", o.GetName(), err)
	}
	object.GetObjectKind().SetGroupVersionKind(kinds[0])
	if pod, ok := o.(*corev1.Pod); ok {
		dress(pod)
	}
	return object, nil
}

// dress gives a pod what every pod has.
func dress(pod *corev1.Pod) {
	pod.Labels = map[string]string{"app.kubernetes.io/name": "db", "statefulset.kubernetes.io/pod-name": pod.Name}
	mounts := make([]corev1.VolumeMount, len(pod.Spec.Volumes))
	for i := range pod.Spec.Volumes {
		mounts[i] = corev1.VolumeMount{Name: pod.Spec.Volumes[i].Name, MountPath: "/var/lib/db"}
	}
	pod.Spec.Containers = []corev1.Container{{
		Name: "db", Image: "registry.example.com/db:1.2.3", VolumeMounts: mounts,
		Env: []corev1.EnvVar{{Name: "PGDATA", Value: "/var/lib/db"}, {Name: "POD", Value: pod.Name}},
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("1Gi"),
		}},
	}}
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: "10.0.0.1", HostIP: "10.1.0.1",
		Conditions:        []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, {Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		ContainerStatuses: []corev1.ContainerStatus{{Name: "db", Ready: true, Image: "registry.example.com/db:1.2.3"}},
	}
}
