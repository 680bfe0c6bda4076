// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/moorage-k8s/moorage/e2e/chart"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/webhook"
)

const release = chart.DefaultRelease // and its namespace

// A release is installed, upgraded in every way that Helm has, and taken away. What moorage itself writes into objects of the release, with
// no more rights than the chart gives it, outlasts the upgrades that leave it alone, and is written again after one that does not; and in
// the end nothing is left.
func TestRelease(t *testing.T) {
	c := control(t)
	ctx := t.Context()
	// With such a certificate moorage looks after its authority every second, not every half minute.
	values := func(timeout int) map[string]any {
		return map[string]any{
			"webhook": map[string]any{"timeoutSeconds": timeout},
			"config":  map[string]any{"webhook": map[string]any{"authority": map[string]any{"lifetime": "1h", "servingLifetime": "12s"}}},
		}
	}
	helm, err := chart.NewHelm(c.AdminKubeconfig(), chart.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := helm.Install(ctx, values(2)); err != nil {
		t.Fatal(err)
	}
	url := runMoorage(t, c, chart.Options{Values: values(2)})
	await(t, "moorage is ready", func(ctx context.Context) (bool, error) { return answers(ctx, url+"/readyz"), nil })
	await(t, "the API server knows moorage's authority", func(ctx context.Context) (bool, error) {
		return bytes.HasPrefix(bundle(ctx, t, c), []byte("-----BEGIN CERTIFICATE-----")), nil
	})
	runScheduler(t, c, chart.Options{})
	await(t, "the scheduler holds its Lease", func(ctx context.Context) (bool, error) { return holder(ctx, t, c) != "", nil })
	leader := holder(ctx, t, c)
	known := bundle(ctx, t, c)

	for i, way := range []chart.Way{chart.ServerSideApply, chart.ThreeWayMerge} {
		if err := helm.Upgrade(ctx, values(3+i), way); err != nil {
			t.Fatal(err)
		}
		if got := *configurations(ctx, t, c)[0].TimeoutSeconds; got != int32(3+i) {
			t.Errorf("after an upgrade by %s the webhook has timeoutSeconds %d, want %d", way, got, 3+i)
		}
		if !bytes.Equal(bundle(ctx, t, c), known) {
			t.Errorf("after an upgrade by %s the caBundle is another", way)
		}
		secret, err := c.Client().CoreV1().Secrets(release).Get(ctx, "moorage-ca", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(known, secret.Data["tls.crt"]) || len(secret.Data["tls.key"]) == 0 {
			t.Errorf("after an upgrade by %s the Secret has lost the authority", way)
		}
		if got := holder(ctx, t, c); got != leader {
			t.Errorf("after an upgrade by %s the Lease is held by %q, not by %s", way, got, leader)
		}
	}
	if err := helm.Upgrade(ctx, values(5), chart.Replace); err != nil {
		t.Fatal(err)
	}
	await(t, "moorage has written again what was replaced", func(ctx context.Context) (bool, error) {
		secret, err := c.Client().CoreV1().Secrets(release).Get(ctx, "moorage-ca", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		trusted := bundle(ctx, t, c)
		return len(secret.Data["tls.crt"]) > 0 && bytes.Contains(trusted, secret.Data["tls.crt"]) && holder(ctx, t, c) != "", nil
	})

	test(t, c, url)
	unhook(t, c)
	// The configurations that are gone are recreated, and this time Helm itself takes them away.
	if err := helm.Upgrade(ctx, values(5), chart.ServerSideApply); err != nil {
		t.Fatal(err)
	}
	helm.HookTimeout = time.Minute
	uninstalled := make(chan error, 1)
	go func() { uninstalled <- helm.Uninstall() }()
	runUninstallHook(t, c)
	// Both are still at work, as pods are for a moment, and recreate nothing.
	if err := <-uninstalled; err != nil {
		t.Fatal(err)
	}
	await(t, "nothing of the release is left", func(ctx context.Context) (bool, error) {
		left := labelled(ctx, t, c)
		if len(left) > 0 {
			t.Logf("left: %s", strings.Join(left, ", "))
		}
		return len(left) == 0, nil
	})
}

// holder is who holds the Lease of the dedicated scheduler; empty if nobody does.
func holder(ctx context.Context, t *testing.T, c *controlplane.ControlPlane) string {
	t.Helper()
	lease, err := c.Client().CoordinationV1().Leases(release).Get(ctx, "moorage-scheduler", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// configurations are the webhooks of both configurations of the release, each as a validating one; fewer where one is gone.
func configurations(ctx context.Context, t *testing.T, c *controlplane.ControlPlane) []admissionregistrationv1.ValidatingWebhook {
	t.Helper()
	api := c.Client().AdmissionregistrationV1()
	validating, err := api.ValidatingWebhookConfigurations().Get(ctx, release, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	mutating, err := api.MutatingWebhookConfigurations().Get(ctx, release, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out := validating.Webhooks
	for i := range mutating.Webhooks {
		out = append(out, admissionregistrationv1.ValidatingWebhook{Name: webhook.MutateName, ClientConfig: mutating.Webhooks[i].ClientConfig})
	}
	return out
}

// bundle is the caBundle of both configurations; nil where they differ.
func bundle(ctx context.Context, t *testing.T, c *controlplane.ControlPlane) []byte {
	t.Helper()
	var out []byte
	for i, w := range configurations(ctx, t, c) {
		if i > 0 && !bytes.Equal(out, w.ClientConfig.CABundle) {
			return nil
		}
		out = w.ClientConfig.CABundle
	}
	return out
}

// labelled are all objects of the cluster, of any kind, with the label of the release.
func labelled(ctx context.Context, t *testing.T, c *controlplane.ControlPlane) []string {
	t.Helper()
	config := c.RESTConfig()
	config.WarningHandler = rest.NoWarnings{} // of kinds that go
	kinds, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := discovery.ServerPreferredResources(kinds)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list"}}, lists) {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range list.APIResources {
			found, err := client.Resource(version.WithResource(kind.Name)).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/instance=" + release})
			if apierrors.IsMethodNotSupported(err) || apierrors.IsNotFound(err) {
				continue
			}
			if err != nil {
				t.Fatalf("list %s: %v", kind.Name, err)
			}
			for i := range found.Items {
				out = append(out, kind.Name+"/"+found.Items[i].GetName())
			}
		}
	}
	return out
}
