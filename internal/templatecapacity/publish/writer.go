// SPDX-License-Identifier: Apache-2.0

// Package publish keeps what room a node would bring that an autoscaler adds published in a cluster.
package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	storagev1 "k8s.io/api/storage/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/internal/templatecapacity"
	"github.com/moorage-k8s/moorage/topology"
)

// interval is how often capacities are reckoned, and written where they have changed. A group's room changes with its machines.
const interval = 30 * time.Second

// Writer keeps the capacities of template nodes published. Several replicas may run one each: they write the same.
type Writer struct {
	Client kubernetes.Interface
	// Namespace is where the objects are, and Lease the name of the one there that owns them.
	Namespace, Lease string
	GroupLabels      []string
	// Snapshot is the cluster as it is now; nil until it has been read.
	Snapshot func() *topology.Snapshot
	Logger   logr.Logger
	// Interval is that between two looks; half a minute where 0.
	Interval time.Duration
}

// Run writes until the context ends. What could not be written is tried again.
func (w *Writer) Run(ctx context.Context) {
	every := w.Interval
	if every == 0 {
		every = interval
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if s := w.Snapshot(); s != nil {
			if err := w.Write(ctx, templatecapacity.Of(s, w.GroupLabels)); err != nil && ctx.Err() == nil {
				w.Logger.Error(err, "The room of nodes that an autoscaler may add could not be published; it is tried again")
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Write makes the objects what the capacities say. Of a group without an empty node what was published stays: its machines are the same.
func (w *Writer) Write(ctx context.Context, all []templatecapacity.Capacity) error {
	lease, err := w.Client.CoordinationV1().Leases(w.Namespace).Get(ctx, w.Lease, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("get Lease %s/%s, which is to own the capacities: %w", w.Namespace, w.Lease, err)
	}
	owner := &metav1.OwnerReference{APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Name: lease.Name, UID: lease.UID}
	api := w.Client.StorageV1().CSIStorageCapacities(w.Namespace)
	list, err := api.List(ctx, metav1.ListOptions{LabelSelector: topology.TemplateCapacityLabel + "=true"})
	if err != nil {
		return fmt.Errorf("list the capacities of template nodes: %w", err)
	}
	there := map[string]*storagev1.CSIStorageCapacity{}
	for i := range list.Items {
		there[list.Items[i].Name] = &list.Items[i]
	}
	for i := range all {
		c := &all[i]
		want := c.Object(w.Namespace, owner)
		has := there[want.Name]
		delete(there, want.Name)
		switch {
		case !c.Known():
			continue
		case has == nil:
			if _, err = api.Create(ctx, want, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
				return fmt.Errorf("create the capacity of class %s for %s=%s: %w", c.Class, c.Label, c.Group, err)
			}
			w.Logger.Info("Published the room of nodes that an autoscaler may add", "class", c.Class, "group", c.Label+"="+c.Group, "bytes", c.Bytes)
		case !same(has, want):
			want.ResourceVersion = has.ResourceVersion
			if _, err = api.Update(ctx, want, metav1.UpdateOptions{}); err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
				return fmt.Errorf("update the capacity of class %s for %s=%s: %w", c.Class, c.Label, c.Group, err)
			}
		}
	}
	for name := range there { // Of groups and classes that are no more.
		if err = api.Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete the capacity %s: %w", name, err)
		}
	}
	return nil
}

func same(a, b *storagev1.CSIStorageCapacity) bool {
	return apiequality.Semantic.DeepEqual(a.Capacity, b.Capacity) && apiequality.Semantic.DeepEqual(a.MaximumVolumeSize, b.MaximumVolumeSize) &&
		apiequality.Semantic.DeepEqual(a.OwnerReferences, b.OwnerReferences) && apiequality.Semantic.DeepEqual(a.Labels, b.Labels)
}
