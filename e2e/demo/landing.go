// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

const replicas = 3

// landing shows where the database's pods and volumes are, and that they agree.
func (s *story) landing(ctx context.Context) error {
	s.chapter("Where the database landed")
	pods, err := s.awaitDatabase(ctx)
	if err != nil {
		return err
	}
	var rows [][]string
	for i := range pods {
		pod := &pods[i]
		zone := s.nodes.ZoneOf(pod.Spec.NodeName)
		for j := range pod.Spec.Volumes {
			source := pod.Spec.Volumes[j].PersistentVolumeClaim
			if source == nil {
				continue
			}
			volume, in, err := s.volumeOf(ctx, source.ClaimName)
			if err != nil {
				return err
			}
			if !slices.Equal(in, []string{zone}) {
				return fmt.Errorf("pod %s is in %s, and its volume %s can be reached from %v: they should agree", pod.Name, zone, volume.Name, in)
			}
			size := volume.Spec.Capacity[corev1.ResourceStorage]
			rows = append(rows, []string{pod.Name, pod.Spec.NodeName, zone, source.ClaimName, size.String(), join(in)})
		}
	}
	if len(rows) != 2*replicas {
		return fmt.Errorf("the database has %d volumes, want %d", len(rows), 2*replicas)
	}
	s.table([]string{"POD", "NODE", "ZONE", "CLAIM", "SIZE", "VOLUME IN"}, rows)
	s.say("→ every volume was provisioned in the zone of its pod, by the real external-provisioner.")
	return nil
}

// awaitDatabase waits until all replicas run.
func (s *story) awaitDatabase(ctx context.Context) ([]corev1.Pod, error) {
	var pods []corev1.Pod
	err := wait.PollUntilContextTimeout(ctx, awaitPoll, awaitTimeout, true, func(ctx context.Context) (bool, error) {
		list, err := s.control.Client().CoreV1().Pods(corev1.NamespaceDefault).List(ctx, metav1.ListOptions{LabelSelector: "app=database"})
		if err != nil {
			return false, err
		}
		pods = list.Items
		running := 0
		for i := range pods {
			if pods[i].Status.Phase == corev1.PodRunning {
				running++
			}
		}
		return running == replicas, nil
	})
	if err != nil {
		return nil, fmt.Errorf("wait for %d pods of the database to run: %w; %s", replicas, err, states(pods))
	}
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods, nil
}

func states(pods []corev1.Pod) string {
	var parts []string
	for i := range pods {
		part := fmt.Sprintf("%s is %s", pods[i].Name, pods[i].Status.Phase)
		for _, c := range pods[i].Status.Conditions {
			if c.Message != "" {
				part += ": " + c.Message
			}
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// volumeOf returns the volume that a claim is bound to, and the zones of the nodes that can reach it by its node affinity.
func (s *story) volumeOf(ctx context.Context, claimName string) (*corev1.PersistentVolume, []string, error) {
	core := s.control.Client().CoreV1()
	claim, err := core.PersistentVolumeClaims(corev1.NamespaceDefault).Get(ctx, claimName, metav1.GetOptions{})
	if err != nil {
		return nil, nil, err
	}
	volume, err := core.PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return nil, nil, err
	}
	if volume.Spec.NodeAffinity == nil || volume.Spec.NodeAffinity.Required == nil {
		return nil, nil, fmt.Errorf("volume %s should have a node affinity", volume.Name)
	}
	selector, err := nodeaffinity.NewNodeSelector(volume.Spec.NodeAffinity.Required)
	if err != nil {
		return nil, nil, fmt.Errorf("volume %s: %w", volume.Name, err)
	}
	nodes, err := core.Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, nil, err
	}
	var in []string
	for i := range nodes.Items {
		if zone := s.nodes.ZoneOf(nodes.Items[i].Name); selector.Match(&nodes.Items[i]) && !slices.Contains(in, zone) {
			in = append(in, zone)
		}
	}
	slices.Sort(in)
	return volume, in, nil
}
