// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/binaries"
)

// applier makes objects from manifests, as `kubectl create` does, and keeps the warnings that the API server sends.
type applier struct {
	client dynamic.Interface
	mapper meta.RESTMapper

	mu       sync.Mutex
	warnings []string
}

func newApplier(config *rest.Config) (*applier, error) {
	a := &applier{}
	config.WarningHandler = a
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	groups, err := restmapper.GetAPIGroupResources(client)
	if err != nil {
		return nil, fmt.Errorf("ask the API server for its kinds: %w", err)
	}
	a.mapper = restmapper.NewDiscoveryRESTMapper(groups)
	a.client, err = dynamic.NewForConfig(config)
	return a, err
}

// HandleWarningHeader collects the warnings of the object that is being made.
func (a *applier) HandleWarningHeader(_ int, _, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.warnings = append(a.warnings, text)
}

// outcome is what became of one object.
type outcome struct {
	name     string // such as pod/web
	warnings []string
	err      error
}

// file makes every object of a manifest, whose path is relative to the repository's root.
func (a *applier) file(ctx context.Context, path string) ([]outcome, error) {
	file, err := binaries.RepositoryFile(path)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var outcomes []outcome
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return outcomes, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		object := &unstructured.Unstructured{}
		if err = yaml.Unmarshal(document, &object.Object); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		made, err := a.object(ctx, object)
		if err != nil {
			return nil, fmt.Errorf("apply %s: %w", path, err)
		}
		outcomes = append(outcomes, made)
	}
}

func (a *applier) object(ctx context.Context, object *unstructured.Unstructured) (outcome, error) {
	kind := object.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return outcome{}, err
	}
	var client dynamic.ResourceInterface = a.client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		client = a.client.Resource(mapping.Resource).Namespace(corev1.NamespaceDefault)
	}
	name := strings.ToLower(kind.Kind)
	if kind.Group != "" {
		name += "." + kind.Group
	}
	a.mu.Lock()
	a.warnings = nil
	a.mu.Unlock()
	_, err = client.Create(ctx, object, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	a.mu.Lock()
	defer a.mu.Unlock()
	return outcome{name: name + "/" + object.GetName(), warnings: a.warnings, err: err}, nil
}
