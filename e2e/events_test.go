// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
)

// awaitUnschedulable waits for an event that says in these words why the pod is not scheduled, and returns all of its message.
func awaitUnschedulable(t *testing.T, c *controlplane.ControlPlane, ns, pod, words string) string {
	t.Helper()
	return awaitEvent(t, c, ns, "FailedScheduling", pod, words)
}

// unschedulable returns the messages of the events that say that the pod was not scheduled.
func unschedulable(ctx context.Context, t *testing.T, c *controlplane.ControlPlane, ns, pod string) []string {
	t.Helper()
	messages, err := events(ctx, c, ns, "FailedScheduling", pod)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// awaitEvent waits for an event about the object of this name, or any if that is empty, that says these words, and returns all of its message.
func awaitEvent(t *testing.T, c *controlplane.ControlPlane, ns, reason, object, words string) string {
	t.Helper()
	message := ""
	var heard []string
	defer func() {
		if t.Failed() && message == "" {
			t.Logf("all events about %s: %q", object, heard)
		}
	}()
	await(t, "an event "+reason+" of "+object+" that says: "+words, func(ctx context.Context) (bool, error) {
		var of metav1.ListOptions
		if object != "" {
			of.FieldSelector = "involvedObject.name=" + object
		}
		list, err := c.Client().CoreV1().Events(ns).List(ctx, of)
		if err != nil {
			return false, err
		}
		heard = heard[:0]
		for i := range list.Items {
			e := &list.Items[i]
			if heard = append(heard, e.Reason+": "+e.Message); e.Reason == reason && strings.Contains(e.Message, words) {
				message = e.Message
				return true, nil
			}
		}
		return false, nil
	})
	return message
}

// events returns the messages of the events of a reason about the object of this name.
func events(ctx context.Context, c *controlplane.ControlPlane, ns, reason, object string) ([]string, error) {
	list, err := c.Client().CoreV1().Events(ns).List(ctx, metav1.ListOptions{
		FieldSelector: "reason=" + reason + ",involvedObject.name=" + object,
	})
	if err != nil {
		return nil, err
	}
	var messages []string
	for i := range list.Items {
		messages = append(messages, list.Items[i].Message)
	}
	return messages, nil
}
