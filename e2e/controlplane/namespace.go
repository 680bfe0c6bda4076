// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	namespacePoll    = 50 * time.Millisecond
	namespaceTimeout = time.Minute
)

// CreateNamespace makes a namespace whose name begins with the prefix, and returns the name once pods can be made in it.
func (c *ControlPlane) CreateNamespace(ctx context.Context, prefix string) (string, error) {
	ns, err := c.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix}}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("create a namespace: %w", err)
	}
	err = wait.PollUntilContextTimeout(ctx, namespacePoll, namespaceTimeout, true, func(ctx context.Context) (bool, error) {
		_, getErr := c.client.CoreV1().ServiceAccounts(ns.Name).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(getErr) {
			return false, nil
		}
		return getErr == nil, getErr
	})
	if err != nil {
		return "", fmt.Errorf("wait for the service account of namespace %s: %w", ns.Name, err)
	}
	return ns.Name, nil
}

// RemoveNamespace deletes the workloads, pods and claims in the namespace, waits until they are gone, and then deletes the namespace, for which
// nobody waits: the controller that does it takes its time.
func (c *ControlPlane) RemoveNamespace(ctx context.Context, name string) error {
	if err := c.EmptyNamespace(ctx, name); err != nil {
		return err
	}
	return c.client.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
}

// EmptyNamespace deletes workloads, pods and claims, and returns when they are gone. The namespace's own deletion would do so too, but it starts
// after five seconds and comes back to objects with a grace period or a finalizer after many more.
func (c *ControlPlane) EmptyNamespace(ctx context.Context, name string) error {
	client, now, all := c.client, int64(0), metav1.ListOptions{}
	background := metav1.DeletePropagationBackground
	options := metav1.DeleteOptions{PropagationPolicy: &background, GracePeriodSeconds: &now}
	err := errors.Join(
		client.AppsV1().StatefulSets(name).DeleteCollection(ctx, options, all),
		client.AppsV1().Deployments(name).DeleteCollection(ctx, options, all),
		client.BatchV1().Jobs(name).DeleteCollection(ctx, options, all),
	)
	if err != nil {
		return fmt.Errorf("delete the workloads of namespace %s: %w", name, err)
	}
	err = wait.PollUntilContextTimeout(ctx, namespacePoll, 2*namespaceTimeout, true, func(ctx context.Context) (bool, error) {
		deleteErr := errors.Join(
			client.CoreV1().Pods(name).DeleteCollection(ctx, options, all),
			client.CoreV1().PersistentVolumeClaims(name).DeleteCollection(ctx, options, all),
		)
		if deleteErr != nil {
			return false, deleteErr
		}
		return c.holdsNothing(ctx, name)
	})
	if err != nil {
		return fmt.Errorf("empty namespace %s: %w", name, err)
	}
	return nil
}

// holdsNothing says whether the namespace has neither pods nor claims.
func (c *ControlPlane) holdsNothing(ctx context.Context, name string) (bool, error) {
	pods, err := c.client.CoreV1().Pods(name).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return false, err
	}
	claims, err := c.client.CoreV1().PersistentVolumeClaims(name).List(ctx, metav1.ListOptions{Limit: 1})
	return err == nil && len(pods.Items)+len(claims.Items) == 0, err
}
