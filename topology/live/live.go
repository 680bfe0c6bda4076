// SPDX-License-Identifier: Apache-2.0

// Package live feeds a topology.Cache from an API server.
//
// For each kind it runs one reflector straight into the cache, without an informer's own store between: the cache is the
// only copy of the cluster in the process. Objects are trimmed before they are kept, also while a list is being read. It
// asks for list and watch on the kinds of topology.Kinds, and on those of topology.OptionalKinds where there are any.
package live

import (
	"context"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/moorage-k8s/moorage/topology"
)

// Run keeps the cache in step with the API server until the context ends, and returns when every watch has stopped. Lost
// connections and expired resource versions are taken up again with a backoff; meanwhile the cache keeps what it has, and
// its ages grow.
func Run(ctx context.Context, client kubernetes.Interface, into *topology.Cache) {
	var running sync.WaitGroup
	for _, r := range topology.Resources() {
		if r.Optional {
			continue
		}
		source := cache.ToListWatcherWithWatchListSemantics(
			cache.NewListWatchFromClient(clientFor(client, r), r.Resource, metav1.NamespaceAll, fields.Everything()), client)
		running.Go(func() { reflectorOf(source, r, into).RunWithContext(ctx) })
	}
	running.Wait()
}

func reflectorOf(source cache.ListerWatcher, r topology.Resource, into *topology.Cache) *cache.Reflector {
	return cache.NewReflectorWithOptions(source, r.New(), &store{kind: r.Kind, cache: into},
		cache.ReflectorOptions{Name: "moorage/" + string(r.Kind)})
}

// clientFor is the client of a resource that is Kubernetes' own.
func clientFor(client kubernetes.Interface, r topology.Resource) rest.Interface {
	switch r.Group {
	case storagev1.GroupName:
		return client.StorageV1().RESTClient()
	case appsv1.GroupName:
		return client.AppsV1().RESTClient()
	case batchv1.GroupName:
		return client.BatchV1().RESTClient()
	default:
		return client.CoreV1().RESTClient()
	}
}

// WaitForSync waits until every kind has been read in full. Its error names the kinds that were not, when the context ends
// first.
func WaitForSync(ctx context.Context, c *topology.Cache) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		missing := c.Missing()
		if len(missing) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("read the cluster: no complete list of %v yet; can the API server be reached, and may moorage list them? %w",
				missing, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// store is the reflector's view of the cache, for one kind.
type store struct {
	kind  topology.Kind
	cache *topology.Cache
}

var (
	_ cache.TransformingStore      = &store{}
	_ cache.ReflectorBookmarkStore = &store{}
)

func (s *store) Add(object any) error {
	o, err := meta.Accessor(object)
	if err != nil {
		return fmt.Errorf("cache a %s: %w", s.kind, err)
	}
	return s.cache.Upsert(o)
}

func (s *store) Update(object any) error { return s.Add(object) }

func (s *store) Delete(object any) error {
	o, err := meta.Accessor(object)
	if err != nil {
		return fmt.Errorf("drop a %s from the cache: %w", s.kind, err)
	}
	s.cache.Delete(s.kind, topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()})
	return nil
}

func (s *store) Replace(list []any, _ string) error {
	objects := make([]metav1.Object, len(list))
	for i, object := range list {
		o, err := meta.Accessor(object)
		if err != nil {
			return fmt.Errorf("cache the list of %s: %w", s.kind, err)
		}
		objects[i] = o
	}
	return s.cache.Replace(s.kind, objects)
}

func (s *store) Resync() error { return nil }

func (s *store) Bookmark(string) error {
	s.cache.Heard(s.kind)
	return nil
}

// Transformer trims what a list holds while it is being read: what the cache does not look at would otherwise be in memory
// for the whole cluster at once.
func (s *store) Transformer() cache.TransformFunc {
	return func(object any) (any, error) {
		switch o := object.(type) {
		case *corev1.Pod:
			o.ManagedFields, o.Annotations = nil, nil
			o.Spec.Containers, o.Spec.InitContainers, o.Spec.EphemeralContainers = nil, nil, nil
			o.Status = corev1.PodStatus{Phase: o.Status.Phase}
		case *corev1.Node:
			o.ManagedFields, o.Annotations = nil, nil
			o.Status = corev1.NodeStatus{Conditions: o.Status.Conditions}
		case metav1.Object:
			o.SetManagedFields(nil)
		}
		return object, nil
	}
}
