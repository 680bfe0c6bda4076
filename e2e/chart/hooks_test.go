// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/internal/doctor"
)

// asHook makes the objects of the release's hook for an event, its pod excepted, until the test ends, and returns what runs moorage as that
// pod would: with its arguments, and with the rights of its service account. The manager is who makes them, by the API server's notes.
func asHook(t *testing.T, c *controlplane.ControlPlane, manager, event, account string) func(more ...string) (output string, err error) {
	t.Helper()
	api, err := newObjects(c)
	if err != nil {
		t.Fatal(err)
	}
	var args []string
	for _, o := range objects(t, (&combination{}).render(t)) {
		if o.GetAnnotations()["helm.sh/hook"] != event {
			continue
		}
		if pod := podOf(t, o); pod != nil {
			args = pod.Spec.Containers[0].Args
		}
		if o.GetKind() == "Pod" {
			continue
		}
		resource, resourceErr := api.resource(o)
		if resourceErr != nil {
			t.Fatal(resourceErr)
		}
		// The labels show below what the release leaves behind.
		o.SetLabels(nil)
		if _, err = resource.Create(t.Context(), o, metav1.CreateOptions{FieldManager: manager}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			background := metav1.DeletePropagationBackground
			if fault := resource.Delete(context.Background(), o.GetName(), metav1.DeleteOptions{PropagationPolicy: &background}); fault != nil {
				t.Error(fault)
			}
		})
	}
	file, err := binaries.Builder{}.Moorage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := c.Kubeconfig("system:serviceaccount:"+release+":"+account, "system:serviceaccounts", "system:authenticated")
	if err != nil {
		t.Fatal(err)
	}
	return func(more ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), file, append(append(args, "--kubeconfig="+kubeconfig), more...)...).CombinedOutput()
		return string(out), err
	}
}

// test runs what `helm test` runs. Every check that needs no running pods runs: no check is skipped for want of a right.
func test(t *testing.T, c *controlplane.ControlPlane, metricsURL string) {
	t.Helper()
	// Some checks fail: no pod is ready, and the webhook's Service leads nowhere.
	out, _ := asHook(t, c, "helm", "test", "moorage-test")("--metrics-url="+metricsURL, "-o", "json")
	var found struct {
		Checks []doctor.Check `json:"checks"`
	}
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	states := map[string]doctor.State{}
	for _, check := range found.Checks {
		states[check.Name] = check.State
		if strings.Contains(check.Message, "not allowed") || strings.Contains(check.Message, "forbidden") {
			t.Errorf("check %s lacks a right: %s", check.Name, check.Message)
		}
	}
	for _, name := range []string{"api-server", "permissions", "webhook-configuration", "scheduler", "dedicated-scheduler", "cache"} {
		if states[name] != doctor.OK {
			t.Errorf("check %s is %q, want ok:\n%s", name, states[name], out)
		}
	}
}
