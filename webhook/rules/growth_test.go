// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/internal/growth"
)

// manyMounts are pods with n of something that a rule once compared with each other.
var manyMounts = map[string]func(n int) *corev1.Pod{
	"mounts of one volume": func(n int) *corev1.Pod {
		return podWithMany(n, func(_ int, pod *corev1.Pod, m *corev1.VolumeMount) {
			m.Name = "host"
			if len(pod.Spec.Volumes) == 0 {
				pod.Spec.Volumes = append(pod.Spec.Volumes, hostVolumeOf("host", "/etc"))
			}
		})
	},
	"subPaths of one volume": func(n int) *corev1.Pod {
		return podWithMany(n, func(i int, pod *corev1.Pod, m *corev1.VolumeMount) {
			m.Name, m.SubPath = "host", fmt.Sprint(i)
			if len(pod.Spec.Volumes) == 0 {
				pod.Spec.Volumes = append(pod.Spec.Volumes, hostVolumeOf("host", "/etc"))
			}
		})
	},
	"hostPath volumes": func(n int) *corev1.Pod {
		return podWithMany(n, func(i int, pod *corev1.Pod, m *corev1.VolumeMount) {
			m.Name = fmt.Sprint("v", i)
			pod.Spec.Volumes = append(pod.Spec.Volumes, hostVolumeOf(m.Name, fmt.Sprint("/etc/", i)))
		})
	},
	"Bidirectional hostPath volumes": func(n int) *corev1.Pod {
		return podWithMany(n, func(i int, pod *corev1.Pod, m *corev1.VolumeMount) {
			m.Name, m.MountPropagation = fmt.Sprint("v", i), new(corev1.MountPropagationBidirectional)
			pod.Spec.Volumes = append(pod.Spec.Volumes, hostVolumeOf(m.Name, fmt.Sprint("/etc/", i)))
		})
	},
	"Bidirectional emptyDirs": func(n int) *corev1.Pod {
		return podWithMany(n, func(i int, pod *corev1.Pod, m *corev1.VolumeMount) {
			m.Name, m.MountPropagation = fmt.Sprint("v", i), new(corev1.MountPropagationBidirectional)
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: m.Name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
		})
	},
	"mounts without a volume": func(n int) *corev1.Pod {
		return podWithMany(n, func(i int, pod *corev1.Pod, m *corev1.VolumeMount) {
			m.Name = fmt.Sprint("missing", i)
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: fmt.Sprint("v", i), VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
		})
	},
	"devices": func(n int) *corev1.Pod {
		return podWithMany(n, func(i int, pod *corev1.Pod, m *corev1.VolumeMount) {
			m.Name = fmt.Sprint("v", i)
			pod.Spec.Containers[0].VolumeDevices = append(pod.Spec.Containers[0].VolumeDevices, corev1.VolumeDevice{Name: m.Name, DevicePath: "/dev/" + m.Name})
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: m.Name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
		})
	},
	"annotated templates": func(n int) *corev1.Pod {
		return podWithMany(n, func(i int, pod *corev1.Pod, m *corev1.VolumeMount) {
			m.Name = fmt.Sprint("v", i)
			template := &corev1.PersistentVolumeClaimTemplate{}
			template.Annotations = map[string]string{IgnoreAnnotation: "size-suspicious: why", SelectedNodeAnnotation: "n"}
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: m.Name, VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{VolumeClaimTemplate: template}}})
		})
	},
}

func podWithMany(n int, fill func(i int, pod *corev1.Pod, m *corev1.VolumeMount)) *corev1.Pod {
	privileged := true
	pod := &corev1.Pod{}
	pod.Spec.Containers = []corev1.Container{{Name: "c", SecurityContext: &corev1.SecurityContext{Privileged: &privileged}}}
	mounts := make([]corev1.VolumeMount, n)
	for i := range mounts {
		mounts[i].MountPath = fmt.Sprint("/m/", i)
		fill(i, pod, &mounts[i])
	}
	pod.Spec.Containers[0].VolumeMounts = mounts
	return pod
}

func hostVolumeOf(name, path string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path}}}
}

// TestRulesGrowWithTheirObject holds all rules together to work in proportion to the mounts, where they once compared each with each: a
// client must not be able to keep moorage busy until no time is left for the rules that matter.
func TestRulesGrowWithTheirObject(t *testing.T) {
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const n = 1_000
	for name, pod := range manyMounts {
		t.Run(name, func(t *testing.T) {
			asking := func(pod *corev1.Pod) func() {
				return func() {
					if result := e.Evaluate(context.Background(), Question{Kind: Pod, Object: pod, Namespace: "default", Lookup: cluster}); len(result.Panics) > 0 {
						t.Fatal(result.Panics)
					}
				}
			}
			growth.Hold(t, 0, asking(pod(n)), asking(pod(growth.Times*n)))
		})
	}
}
