// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
)

// crds are those of the objects that the chart makes only if its values say so, by the module that has them.
var crds = map[string][]string{
	"github.com/cert-manager/cert-manager": {"deploy/crds/cert-manager.io_certificates.yaml", "deploy/crds/cert-manager.io_issuers.yaml"},
	"github.com/prometheus-operator/prometheus-operator": {
		"example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
		"example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
	},
}

// The API server accepts each object of every combination, hooks included, without a field that it does not know and without a warning; and
// it lets each pod of theirs into a namespace that enforces the Pod Security Standard restricted, but for those that are on the host's network by choice.
func TestTheAPIServerAcceptsEveryCombination(t *testing.T) {
	c := control(t)
	ctx := t.Context()
	installCRDs(t, c)
	api, err := newObjects(c)
	if err != nil {
		t.Fatal(err)
	}
	restricted := makeNamespace(t, c, "restricted", map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	pods := 0
	for _, combination := range combinations(t) {
		for _, o := range objects(t, combination.render(t)) {
			if namespace := o.GetNamespace(); namespace != "" {
				makeNamespace(t, c, namespace, nil)
			}
			pod := podOf(t, o)
			if o.GetKind() == "Pod" {
				// Its own account would have to be there.
				o.Object["spec"].(map[string]any)["serviceAccountName"] = "default"
			}
			if err := api.try(ctx, o); err != nil {
				t.Errorf("%s: %v", combination.name, err)
			}
			if pod == nil || pod.Spec.HostNetwork {
				continue
			}
			// Whether these are there is another matter.
			pod.Spec.ServiceAccountName, pod.Spec.PriorityClassName = "", ""
			pod.ObjectMeta = metav1.ObjectMeta{Name: "pod"}
			if _, err := c.Client().CoreV1().Pods(restricted).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
				t.Errorf("%s: a pod of %s %s: %v", combination.name, o.GetKind(), o.GetName(), err)
			}
			pods++
		}
	}
	if pods == 0 {
		t.Error("no combination has a pod")
	}
}

// podOf is the pod that the object makes, or nil.
func podOf(t *testing.T, o *unstructured.Unstructured) *corev1.Pod {
	t.Helper()
	at := []string{"spec", "template", "spec"}
	switch o.GetKind() {
	case "Deployment", "DaemonSet", "Job":
	case "Pod":
		at = []string{"spec"}
	default:
		return nil
	}
	spec, found, err := unstructured.NestedMap(o.Object, at...)
	if err != nil || !found {
		t.Fatalf("%s %s has no pod: %v", o.GetKind(), o.GetName(), err)
	}
	pod := &corev1.Pod{}
	convert(t, &unstructured.Unstructured{Object: map[string]any{"spec": spec}}, pod)
	return pod
}

// apiObjects sends objects of any kind to the API server.
type apiObjects struct {
	client   dynamic.Interface
	mapper   meta.RESTMapper
	warnings []string
}

func newObjects(c *controlplane.ControlPlane) (*apiObjects, error) {
	kinds, err := discovery.NewDiscoveryClientForConfig(c.RESTConfig())
	if err != nil {
		return nil, err
	}
	out := &apiObjects{mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(kinds))}
	config := c.RESTConfig()
	config.WarningHandler = out
	out.client, err = dynamic.NewForConfig(config)
	return out, err
}

// HandleWarningHeader notes a warning.
func (a *apiObjects) HandleWarningHeader(_ int, _, text string) {
	a.warnings = append(a.warnings, text)
}

func (a *apiObjects) resource(o *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := o.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		if o.GetNamespace() == "" {
			return nil, errors.New("it names no namespace")
		}
		return a.client.Resource(mapping.Resource).Namespace(o.GetNamespace()), nil
	}
	if o.GetNamespace() != "" {
		return nil, fmt.Errorf("it is of the namespace %s, and the kind has none", o.GetNamespace())
	}
	return a.client.Resource(mapping.Resource), nil
}

// try applies an object as a dry run. A field that the API server does not know is an error.
func (a *apiObjects) try(ctx context.Context, o *unstructured.Unstructured) error {
	resource, err := a.resource(o)
	if err == nil {
		_, err = resource.Create(ctx, o, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict})
	}
	for _, warning := range a.warnings {
		err = errors.Join(err, errors.New("warning: "+warning))
	}
	a.warnings = nil
	if err != nil {
		return fmt.Errorf("%s %s: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}

// makeNamespace makes a namespace, if it is not there, in which pods can be made.
func makeNamespace(t *testing.T, c *controlplane.ControlPlane, name string, labels map[string]string) string {
	t.Helper()
	_, err := c.Client().CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	await(t, "namespace "+name+" has its service account", func(ctx context.Context) (bool, error) {
		_, err := c.Client().CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		return err == nil, nil
	})
	return name
}

// installCRDs makes the kinds of cert-manager and of the Prometheus operator, with the schemas that these have.
func installCRDs(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	client, err := dynamic.NewForConfig(c.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	api := client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	for module, files := range crds {
		directory := moduleDirectory(t, module)
		for _, file := range files {
			text, err := os.ReadFile(filepath.Join(directory, filepath.FromSlash(file)))
			if err != nil {
				t.Fatal(err)
			}
			crd := &unstructured.Unstructured{}
			if err := yaml.Unmarshal(text, &crd.Object); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if _, err := api.Create(t.Context(), crd, metav1.CreateOptions{}); err != nil {
				t.Fatalf("install %s: %v", file, err)
			}
			await(t, crd.GetName()+" is served", func(ctx context.Context) (bool, error) {
				now, err := api.Get(ctx, crd.GetName(), metav1.GetOptions{})
				if err != nil {
					return false, err
				}
				status, _ := now.Object["status"].(map[string]any)
				conditions, _ := status["conditions"].([]any)
				return slices.ContainsFunc(conditions, func(condition any) bool {
					of := condition.(map[string]any)
					return of["type"] == "Established" && of["status"] == "True"
				}), nil
			})
		}
	}
}

// moduleDirectory is where the go command has a module of crds/go.mod.
func moduleDirectory(t *testing.T, module string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
	cmd.Dir = "crds"
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("download %s: %v\n%s", module, err, out)
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(out, &downloaded); err != nil {
		t.Fatal(err)
	}
	return downloaded.Dir
}
