// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
)

// orders is the pod of the contrast, with two claims.
const orders = "examples/demo/2-orders.yaml"

var ordersClaims = []string{"orders-data", "orders-logs"}

// stuck shows what becomes of the pod where kube-scheduler alone places it, and takes it away again.
func (s *story) stuck(ctx context.Context) error {
	s.chapter("Without moorage: kube-scheduler looks at one claim at a time")
	scheduler, err := s.control.StartScheduler(ctx, controlplane.SchedulerOptions{})
	if err != nil {
		return err
	}
	if err = s.admitted(ctx, orders); err != nil {
		return err
	}
	made, err := s.awaitHalf(ctx)
	if err != nil {
		return err
	}
	if made != "zone-c" {
		return fmt.Errorf("the one volume of the orders should be in zone-c; it is in %s", made)
	}
	s.say("→ kube-scheduler chose zone-c, which the pod prefers and where either claim fits. One volume is there now,\n" +
		"  the other cannot be created, and the pod cannot leave its first volume: it is Pending for good.")
	if err = s.explained(ctx, "orders", "orders-data", "orders-logs"); err != nil {
		return err
	}
	if err = scheduler.Stop(ctx); err != nil {
		return err
	}
	if s.overCommits = len(s.storage.Driver.OverCommits()); s.overCommits == 0 {
		return errors.New("the driver should have been asked for more than it has")
	}
	return s.deleteOrders(ctx)
}

// awaitHalf waits until one claim of the orders is bound, and kube-scheduler has given the pod up. It returns the volume's zone.
func (s *story) awaitHalf(ctx context.Context) (zone string, err error) {
	core := s.control.Client().CoreV1()
	var pod *corev1.Pod
	err = wait.PollUntilContextTimeout(ctx, awaitPoll, awaitTimeout, true, func(ctx context.Context) (bool, error) {
		bound := ""
		for _, name := range ordersClaims {
			claim, getErr := core.PersistentVolumeClaims(corev1.NamespaceDefault).Get(ctx, name, metav1.GetOptions{})
			if getErr != nil {
				return false, getErr
			}
			if claim.Status.Phase == corev1.ClaimBound {
				bound += name
			}
		}
		if pod, err = core.Pods(corev1.NamespaceDefault).Get(ctx, "orders", metav1.GetOptions{}); err != nil {
			return false, err
		}
		if bound == strings.Join(ordersClaims, "") || pod.Spec.NodeName != "" {
			return false, fmt.Errorf("the pod should be stuck; it has node %q and volumes for %s", pod.Spec.NodeName, bound)
		}
		published, capacitiesErr := s.storage.Capacities(ctx, class)
		if capacitiesErr != nil {
			return false, capacitiesErr
		}
		pool := published["zone-c"]
		shown := pool.Capacity != nil && pool.Capacity.Value() < pools["zone-c"]
		if bound == "" || !shown || !strings.Contains(pendingBecause(pod), "nodes are available") {
			return false, nil
		}
		var in []string
		_, in, err = s.volumeOf(ctx, bound)
		zone = join(in)
		return true, err
	})
	if err != nil && pod != nil {
		return "", fmt.Errorf("wait for the orders to be stuck: %w; %s", err, states([]corev1.Pod{*pod}))
	}
	return zone, err
}

// pendingBecause is what kube-scheduler says in the pod's status.
func pendingBecause(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable {
			return c.Message
		}
	}
	return ""
}

func (s *story) deleteOrders(ctx context.Context) error {
	s.say("\n$ kubectl delete -f %s", orders)
	core := s.control.Client().CoreV1()
	if err := core.Pods(corev1.NamespaceDefault).Delete(ctx, "orders", metav1.DeleteOptions{}); err != nil {
		return err
	}
	for _, name := range ordersClaims {
		if err := core.PersistentVolumeClaims(corev1.NamespaceDefault).Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	err := wait.PollUntilContextTimeout(ctx, awaitPoll, awaitTimeout, true, func(ctx context.Context) (bool, error) {
		for _, name := range ordersClaims {
			if _, err := core.PersistentVolumeClaims(corev1.NamespaceDefault).Get(ctx, name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("wait for the claims of the orders to go: %w", err)
	}
	// The same pools as before, published, so that nothing below rests on what was here.
	return s.awaitPools(ctx, pools)
}

// unstuck shows the same manifest with moorage.
func (s *story) unstuck(ctx context.Context) error {
	s.chapter("The same pod, with moorage")
	if err := s.admitted(ctx, orders); err != nil {
		return err
	}
	var pod *corev1.Pod
	err := wait.PollUntilContextTimeout(ctx, awaitPoll, awaitTimeout, true, func(ctx context.Context) (done bool, err error) {
		pod, err = s.control.Client().CoreV1().Pods(corev1.NamespaceDefault).Get(ctx, "orders", metav1.GetOptions{})
		return err == nil && pod.Status.Phase == corev1.PodRunning, err
	})
	if err != nil {
		return fmt.Errorf("wait for the orders to run: %w", err)
	}
	zone := s.nodes.ZoneOf(pod.Spec.NodeName)
	if zone == "zone-c" {
		return fmt.Errorf("the orders run on %s, in zone-c: there is no room for both claims", pod.Spec.NodeName)
	}
	var rows [][]string
	for _, name := range ordersClaims {
		volume, in, err := s.volumeOf(ctx, name)
		if err != nil {
			return err
		}
		if join(in) != zone {
			return fmt.Errorf("pod orders is in %s, and volume %s in %v", zone, volume.Name, in)
		}
		size := volume.Spec.Capacity[corev1.ResourceStorage]
		rows = append(rows, []string{"orders", pod.Spec.NodeName, zone, name, size.String(), join(in)})
	}
	s.table([]string{"POD", "NODE", "ZONE", "CLAIM", "SIZE", "VOLUME IN"}, rows)
	s.say("→ it runs. moorage left zone-c out, because both claims do not fit there together.")
	return nil
}
