// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/e2e/chart"
	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/rights"
)

// Each service account of moorage's pods has the rights that the configuration of its pods needs: no fewer, and no more. Beside a
// kube-scheduler of its own it has those, too, that Kubernetes gives to its kube-scheduler.
func TestPodsHaveTheRightsThatTheyNeed(t *testing.T) {
	for _, c := range combinations(t) {
		t.Run(c.name, func(t *testing.T) {
			rendered := c.render(t)
			granted, err := rendered.Rights()
			if err != nil {
				t.Fatal(err)
			}
			if len(granted.Roles) == 0 {
				t.Skip("with these values somebody else grants the rights")
			}
			for account, pods := range servingPods(t, rendered) {
				var needed []rights.Right
				var ofScheduler []string
				for _, pod := range pods {
					configuration := configurationOf(t, rendered, pod)
					needed = append(needed, rights.Needed(configuration)...)
					if len(pod.Containers) == 1 {
						continue
					}
					ofScheduler = []string{"system:kube-scheduler", "system:volume-scheduler"}
					if reader, set, _ := unstructured.NestedBool(c.options.Values, "rbac", "authenticationReader"); reader || !set {
						ofScheduler = slices.Insert(ofScheduler, 0, "extension-apiserver-authentication-reader")
					}
					lease := configuration.Webhook.SchedulerName.Lease
					for _, r := range rights.OfScheduler(lease.Namespace, lease.Name) {
						if r.Resource == "leases" { // The others show that those roles are bound.
							needed = append(needed, r)
						}
					}
				}
				namespace, name, _ := strings.Cut(account, ":")
				has, ofKubernetes := granted.Of(namespace, name)
				if diff := cmp.Diff(sentences(rights.Together(needed)), sentences(has)); diff != "" {
					t.Errorf("the rights of service account %s (-needed +granted):\n%s", account, diff)
				}
				if diff := cmp.Diff(ofScheduler, ofKubernetes); diff != "" {
					t.Errorf("the roles that Kubernetes makes of service account %s (-needed +granted):\n%s", account, diff)
				}
			}
		})
	}
}

// sentences say each right for itself, for a legible difference.
func sentences(all []rights.Right) []string {
	var out []string
	for _, r := range all {
		out = append(out, rights.Sentence([]rights.Right{r}))
	}
	return out
}

// servingPods are the pods that the chart runs for good, by their service account as namespace:name.
func servingPods(t *testing.T, rendered *chart.Rendered) map[string][]corev1.PodSpec {
	t.Helper()
	out := map[string][]corev1.PodSpec{}
	each(t, rendered, func(o *unstructured.Unstructured) {
		if o.GetKind() != "Deployment" && o.GetKind() != "DaemonSet" {
			return
		}
		spec, _, err := unstructured.NestedMap(o.Object, "spec", "template", "spec")
		if err != nil {
			t.Fatal(err)
		}
		var pod corev1.PodSpec
		if err = runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &pod); err != nil {
			t.Fatal(err)
		}
		account := o.GetNamespace() + ":" + pod.ServiceAccountName
		out[account] = append(out[account], pod)
	})
	if len(out) == 0 {
		t.Fatal("the chart runs no pods")
	}
	return out
}

// configurationOf is the pod's, with what its arguments say of the webhook.
func configurationOf(t *testing.T, rendered *chart.Rendered, pod corev1.PodSpec) *config.Configuration {
	t.Helper()
	at := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == "configuration" })
	if at < 0 {
		t.Fatal("the pod has no volume with moorage's configuration")
	}
	var c *config.Configuration
	each(t, rendered, func(o *unstructured.Unstructured) {
		if o.GetKind() != "ConfigMap" || o.GetName() != pod.Volumes[at].ConfigMap.Name {
			return
		}
		text, _, err := unstructured.NestedString(o.Object, "data", "moorage.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if c, err = config.Parse([]byte(text)); err != nil {
			t.Fatal(err)
		}
	})
	for _, arg := range pod.Containers[0].Args {
		if address, found := strings.CutPrefix(arg, "--webhook-bind-address="); found {
			c.Webhook.BindAddress = address
		}
		if address, found := strings.CutPrefix(arg, "--extender-bind-address="); found {
			c.Extender.BindAddress = address
		}
	}
	return c
}

func each(t *testing.T, rendered *chart.Rendered, do func(*unstructured.Unstructured)) {
	t.Helper()
	objects, err := rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if !chart.IsHook(o) {
			do(o)
		}
	}
}
