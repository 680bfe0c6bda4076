// SPDX-License-Identifier: Apache-2.0

package moorage

import (
	"bufio"
	"bytes"
	"context"
	_ "embed" // rights.yaml
	"errors"
	"fmt"
	"io"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

const (
	// user is whom moorage is to the API server: the service account of the release moorage in the namespace moorage.
	user = "system:serviceaccount:moorage:moorage"

	// AuthorityNamespace is where a moorage with an authority of its own keeps it.
	AuthorityNamespace = "moorage"
	// AuthoritySecret is the Secret that it keeps it in.
	AuthoritySecret = "moorage-ca" //nolint:gosec // a name
)

// Grant gives moorage the rights that the chart gives to a moorage of this configuration: those, and no others. For an authority of
// its own it makes the chart's empty Secret as well.
func (m *Moorage) Grant(ctx context.Context) error {
	objects, err := m.grantable()
	if err != nil {
		return fmt.Errorf("grant moorage its rights: %w", err)
	}
	if m.ownAuthority {
		_, err = m.control.Client().CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: AuthorityNamespace}}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("grant moorage its rights: %w", err)
		}
	}
	client, err := dynamic.NewForConfig(m.control.RESTConfig())
	if err != nil {
		return fmt.Errorf("grant moorage its rights: %w", err)
	}
	for _, o := range objects {
		if _, err = client.Resource(resourceOf(o)).Namespace(o.GetNamespace()).Create(ctx, o, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("grant moorage its rights: %w", err)
		}
		m.granted = append(m.granted, o)
	}
	return nil
}

// Rights are the roles and bindings of a moorage that the cluster's own kube-scheduler asks, and with an authority of its own the Secret
// for that. config is what rights depend on of the configuration.
type Rights func(config map[string]any, ownAuthority bool) ([]*unstructured.Unstructured, error)

// plainRights are what the chart renders where the configuration asks for nothing more: in a file, for those who do without Helm.
//
//go:embed rights.yaml
var plainRights []byte

// PlainRights are the rights that rights.yaml holds, which do for a configuration that asks for no more.
func PlainRights(config map[string]any, ownAuthority bool) ([]*unstructured.Unstructured, error) {
	if len(config) > 0 || ownAuthority {
		return nil, errors.New("rights.yaml does not do for this configuration: set Options.Rights")
	}
	var out []*unstructured.Unstructured
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(plainRights)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		o := &unstructured.Unstructured{}
		if err = yaml.Unmarshal(document, &o.Object); err != nil {
			return nil, fmt.Errorf("read rights.yaml: %w", err)
		}
		if len(o.Object) > 0 { // A comment is a document, too.
			out = append(out, o)
		}
	}
}

// grantable are the objects that give moorage its rights.
func (m *Moorage) grantable() ([]*unstructured.Unstructured, error) {
	var given struct {
		Webhook  map[string]any `json:"webhook"`
		Extender map[string]any `json:"extender"`
	}
	if err := yaml.Unmarshal([]byte(m.config), &given); err != nil {
		return nil, fmt.Errorf("read moorage's configuration: %w", err)
	}
	config := map[string]any{}
	keep := func(part string, given map[string]any, keys ...string) { // What rights depend on.
		kept := map[string]any{}
		for _, key := range keys {
			if value, found := given[key]; found {
				kept[key] = value
				config[part] = kept
			}
		}
	}
	keep("webhook", given.Webhook, "schedulerName", "namespaceRules")
	keep("extender", given.Extender, "replicasOf")
	return m.rights(config, m.ownAuthority)
}

// resourceOf is the resource of an object of a kind with a regular plural.
func resourceOf(o *unstructured.Unstructured) schema.GroupVersionResource {
	return o.GroupVersionKind().GroupVersion().WithResource(strings.ToLower(o.GetKind()) + "s")
}

// Revoke takes moorage's rights away and returns when the API server refuses it: a moorage that starts then cannot read the
// cluster. One that has read it goes on, as its watches do.
func (m *Moorage) Revoke(ctx context.Context) error {
	client, err := dynamic.NewForConfig(m.control.RESTConfig())
	if err != nil {
		return fmt.Errorf("revoke moorage's rights: %w", err)
	}
	for _, o := range m.granted {
		err = errors.Join(err, gone(client.Resource(resourceOf(o)).Namespace(o.GetNamespace()).Delete(ctx, o.GetName(), metav1.DeleteOptions{})))
	}
	if err != nil {
		return fmt.Errorf("revoke moorage's rights: %w", err)
	}
	m.granted = nil
	err = wait.PollUntilContextTimeout(ctx, asksPoll, asksWithin, true, func(ctx context.Context) (bool, error) {
		review, reviewErr := m.control.Client().AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{
				User: user, ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "list", Resource: "nodes"},
			},
		}, metav1.CreateOptions{})
		return reviewErr == nil && !review.Status.Allowed, reviewErr
	})
	if err != nil {
		return fmt.Errorf("wait for the API server to refuse moorage: %w", err)
	}
	return nil
}

// gone makes 'not found' the success that it is for a deletion.
func gone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
