// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"context"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
)

const (
	gib = 1 << 30
	// creators is how many objects are made at once.
	creators = 16
	// podLabel names, on a claim, the pod that uses it.
	podLabel = "experiment/pod"
)

// each calls f for 0 to n-1, several at once, and returns all errors.
func each(ctx context.Context, n int, f func(i int) error) error {
	var (
		mu   sync.Mutex
		errs []error
	)
	workqueue.ParallelizeUntil(ctx, creators, n, func(i int) {
		if err := f(i); err != nil {
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		}
	})
	return errors.Join(append(errs, ctx.Err())...)
}

// podName and claimName are the names of a workload's objects.
func podName(i int) string            { return fmt.Sprintf("pod-%03d", i) }
func claimName(pod, claim int) string { return fmt.Sprintf("%s-claim-%d", podName(pod), claim) }

// createClaims makes the claims of n pods: for each pod one of each size in bytes.
func (l *Lab) createClaims(ctx context.Context, ns, class string, n int, sizes []int64) error {
	return each(ctx, n, func(i int) error {
		for j, size := range sizes {
			_, err := l.Control.Client().CoreV1().PersistentVolumeClaims(ns).Create(ctx, claim(i, j, class, size), metav1.CreateOptions{})
			if err != nil {
				return fmt.Errorf("create claim %s: %w", claimName(i, j), err)
			}
		}
		return nil
	})
}

// claim is the claim of one pod.
func claim(pod, number int, class string, size int64) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: claimName(pod, number), Labels: map[string]string{podLabel: podName(pod)}},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class,
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: *resource.NewQuantity(size, resource.BinarySI)},
			},
		},
	}
}

// createPods makes n pods, each with its claims.
func (l *Lab) createPods(ctx context.Context, ns string, n, claims int) error {
	no, now := false, int64(0)
	return each(ctx, n, func(i int) error {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: podName(i)},
			Spec: corev1.PodSpec{
				AutomountServiceAccountToken: &no, TerminationGracePeriodSeconds: &now,
				Containers: []corev1.Container{{Name: "main", Image: "example.com/none"}},
			},
		}
		for j := range claims {
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{
				Name: fmt.Sprintf("volume-%d", j),
				VolumeSource: corev1.VolumeSource{
					PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claimName(i, j)},
				},
			})
		}
		if _, err := l.Control.Client().CoreV1().Pods(ns).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create pod %s: %w", podName(i), err)
		}
		return nil
	})
}

// namespace makes a namespace that is emptied and deleted at the end of the run.
func (l *Lab) namespace(ctx context.Context, undo *teardown) (string, error) {
	ns, err := l.Control.CreateNamespace(ctx, "experiment-")
	if err != nil {
		return "", err
	}
	undo.add(func(ctx context.Context) error { return l.Control.RemoveNamespace(ctx, ns) })
	return ns, nil
}
