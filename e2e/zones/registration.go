// SPDX-License-Identifier: Apache-2.0

package zones

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
)

// controllerManagedAttach is the annotation by which a kubelet leaves attaching to the attach-detach controller.
const controllerManagedAttach = "volumes.kubernetes.io/controller-managed-attach-detach"

// register writes what the driver's operator (CSIDriver) and each node's kubelet (label and CSINode) write.
func (s *Storage) register(ctx context.Context) error {
	client := s.nodes.control.Client()
	namespace, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "csi-driver-"}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create the namespace of driver %s: %w", s.options.Driver, err)
	}
	s.namespace = namespace.Name
	_, err = client.StorageV1().CSIDrivers().Create(ctx, &storagev1.CSIDriver{
		ObjectMeta: metav1.ObjectMeta{Name: s.options.Driver},
		Spec: storagev1.CSIDriverSpec{
			AttachRequired: new(s.options.Attacher), PodInfoOnMount: new(false), StorageCapacity: new(!s.options.NoCapacity),
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create CSIDriver %s: %w", s.options.Driver, err)
	}
	for _, name := range s.nodes.Names() {
		if err := s.Register(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// Register writes what the kubelet of a node writes when the driver starts there. A node that knows the driver already stays as it is.
func (s *Storage) Register(ctx context.Context, name string) error {
	err := s.nodes.Update(ctx, name, func(node *corev1.Node) {
		node.Labels[s.TopologyKey()] = s.SegmentOf(name)
		if s.options.Attacher {
			// The attach-detach controller looks after no other nodes.
			node.Annotations[controllerManagedAttach] = "true"
		}
	})
	if err != nil {
		return err
	}
	return s.updateCSINode(ctx, name, func(drivers []storagev1.CSINodeDriver) []storagev1.CSINodeDriver {
		driver := storagev1.CSINodeDriver{Name: s.options.Driver, NodeID: name, TopologyKeys: []string{s.TopologyKey()}}
		if s.options.AttachLimit != nil {
			driver.Allocatable = &storagev1.VolumeNodeResources{Count: s.options.AttachLimit}
		}
		return append(s.others(drivers), driver)
	})
}

// Unregister takes the driver from a node's CSINode, as its kubelet does when the driver stops there. The label of the segment stays, as
// it does then.
func (s *Storage) Unregister(ctx context.Context, name string) error {
	return s.updateCSINode(ctx, name, s.others)
}

// others returns the drivers of a CSINode without this one.
func (s *Storage) others(drivers []storagev1.CSINodeDriver) []storagev1.CSINodeDriver {
	return slices.DeleteFunc(drivers, func(d storagev1.CSINodeDriver) bool { return d.Name == s.options.Driver })
}

func (s *Storage) updateCSINode(ctx context.Context, name string, change func([]storagev1.CSINodeDriver) []storagev1.CSINodeDriver) error {
	client := s.nodes.control.Client().StorageV1().CSINodes()
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		csiNode, err := client.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		csiNode.Spec.Drivers = change(csiNode.Spec.Drivers)
		_, err = client.Update(ctx, csiNode, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("update CSINode %s: %w", name, err)
	}
	return nil
}
