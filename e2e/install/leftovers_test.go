// SPDX-License-Identifier: Apache-2.0

//go:build linux

package install

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// everything returns all objects that the cluster has, of every kind that can be listed, as resource namespace/name. Events are left out:
// they tell what happened, and go by themselves.
func (c *cluster) everything(ctx context.Context) (map[string]bool, error) {
	config := c.RESTConfig()
	config.WarningHandler = rest.NoWarnings{} // one of the kinds is deprecated
	client, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	lists, err := c.Client().Discovery().ServerPreferredResources()
	if err != nil {
		return nil, err
	}
	objects := make(map[string]bool)
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}, lists) {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			if resource.Name == "events" {
				continue
			}
			found, err := client.Resource(group.WithResource(resource.Name)).List(ctx, metav1.ListOptions{})
			if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", resource.Name, err)
			}
			for i := range found.Items {
				objects[fmt.Sprintf("%s.%s %s/%s", resource.Name, group.Group, found.Items[i].Namespace, found.Items[i].Name)] = true
			}
		}
	}
	return objects, nil
}

// assertSame waits until the cluster has what it had before, neither more nor less.
func (c *cluster) assertSame(t *testing.T, before map[string]bool) {
	t.Helper()
	var differences []string
	defer func() {
		if len(differences) > 0 {
			t.Errorf("what the cluster has more (+) or less (-) than before:\n%s", strings.Join(differences, "\n"))
		}
	}()
	await(t, "the cluster to be as it was", leftoverTimeout, func(ctx context.Context) (bool, error) {
		after, err := c.everything(ctx)
		if err != nil {
			return false, err
		}
		differences = nil
		for object := range after {
			if !before[object] {
				differences = append(differences, "+ "+object)
			}
		}
		for object := range before {
			if !after[object] {
				differences = append(differences, "- "+object)
			}
		}
		slices.Sort(differences)
		return len(differences) == 0, nil
	})
}
