// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
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
			template.Annotations = map[string]string{IgnoreAnnotation: "size-suspicious: why", selectedNode: "n"}
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

// TestRulesGrowWithTheirObject holds all rules together to sixteen times the work for sixteen times the mounts, or a few times that, where
// comparing each with each would take 256 times: a client must not be able to keep moorage busy until no time is left for the rules
// that matter. It counts processor time, of several turns the least, and collects garbage between the turns: what a
// collection costs depends on the whole heap.
func TestRulesGrowWithTheirObject(t *testing.T) {
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const n, times, turns, limit = 1_000, 16, 4, 64.0
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for name, pod := range manyMounts {
		t.Run(name, func(t *testing.T) {
			took := func(pod *corev1.Pod) time.Duration {
				runtime.GC()
				start := processorTime(t)
				if result := e.Evaluate(context.Background(), Question{Kind: Pod, Object: pod, Namespace: "default", Lookup: cluster}); len(result.Panics) > 0 {
					t.Fatal(result.Panics)
				}
				return processorTime(t) - start
			}
			small, large := pod(n), pod(times*n)
			least := [2]time.Duration{took(small), took(large)}
			for range turns {
				least[0], least[1] = min(least[0], took(small)), min(least[1], took(large))
			}
			ratio := float64(least[1]) / float64(least[0])
			t.Logf("%d: %v, %d: %v, %.2f times", n, least[0], times*n, least[1], ratio)
			if ratio > limit {
				t.Errorf("%d times the mounts took %.2f times as long, over %g", times, ratio, limit)
			}
		})
	}
}

// processorTime is what the process has used of the processor.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
