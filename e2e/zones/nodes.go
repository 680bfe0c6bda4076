// SPDX-License-Identifier: Apache-2.0

// Package zones puts nodes in zones, and storage on them, into a running control plane.
//
// The nodes are kwok's: objects that are Ready and run pods, without a machine. The storage is real but for the disks: a driver of
// package csidriver behind the real external-provisioner, which writes volumes with node affinity and publishes capacities as
// it does in production, and, if asked for, behind the real external-attacher, which carries out what the attach-detach controller wants.
// CSINode, CSIDriver and StorageClass objects are as the driver's operator and the kubelets would write them. Several sets of
// nodes and several drivers can be in one control plane, one after the other or at once.
//
// The package does not know moorage.
package zones

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
)

const (
	awaitPoll    = 50 * time.Millisecond
	awaitTimeout = time.Minute
	// region is the one region that all zones are in.
	region = "e2e"
)

// Options describe a set of nodes. The zero value means two nodes in each of three zones.
type Options struct {
	// Zones are the values of the zone label; nil means zone-a, zone-b and zone-c.
	Zones []string
	// NodesPerZone is how many nodes each zone gets; 0 means 2.
	NodesPerZone int
	// NodesIn sets the number of nodes of single zones, in place of NodesPerZone.
	NodesIn map[string]int
	// Prefix begins each node's name, <prefix>-<zone>-<number>; empty means node. Sets in one control plane at once need different ones.
	Prefix string
	// Allocatable is what each node offers; nil means 16 CPUs, 64 GiB of memory and 110 pods.
	Allocatable corev1.ResourceList
}

// Nodes is a set of nodes in a control plane.
type Nodes struct {
	control *controlplane.ControlPlane
	options Options
	zoneOf  map[string]string // by node name
}

// AddNodes makes the nodes and returns when pods can be scheduled to them. Remove takes them away again.
func AddNodes(ctx context.Context, control *controlplane.ControlPlane, options Options) (_ *Nodes, err error) {
	if options.Zones == nil {
		options.Zones = []string{"zone-a", "zone-b", "zone-c"}
	}
	if options.NodesPerZone == 0 {
		options.NodesPerZone = 2
	}
	if options.Prefix == "" {
		options.Prefix = "node"
	}
	if options.Allocatable == nil {
		options.Allocatable = corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("16"),
			corev1.ResourceMemory: resource.MustParse("64Gi"),
			corev1.ResourcePods:   resource.MustParse("110"),
		}
	}
	n := &Nodes{control: control, options: options, zoneOf: make(map[string]string)}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Remove(context.WithoutCancel(ctx)))
		}
	}()
	for _, zone := range options.Zones {
		count, ok := options.NodesIn[zone]
		if !ok {
			count = options.NodesPerZone
		}
		for i := range count {
			if err = n.add(ctx, fmt.Sprintf("%s-%s-%d", options.Prefix, zone, i), zone); err != nil {
				return nil, err
			}
		}
	}
	if err = n.awaitSchedulable(ctx); err != nil {
		return nil, err
	}
	return n, nil
}

// add makes one node, and its CSINode, which has no drivers yet.
func (n *Nodes) add(ctx context.Context, name, zone string) error {
	client := n.control.Client()
	node, err := client.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname:       name,
				corev1.LabelTopologyZone:   zone,
				corev1.LabelTopologyRegion: region,
				corev1.LabelOSStable:       "linux",
				corev1.LabelArchStable:     "amd64",
			},
			Annotations: map[string]string{controlplane.KwokAnnotation: controlplane.KwokAnnotationValue},
		},
		Status: corev1.NodeStatus{
			Capacity: n.options.Allocatable, Allocatable: n.options.Allocatable,
			Addresses: []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: name}},
			NodeInfo:  corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: "amd64"},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create node %s: %w", name, err)
	}
	n.zoneOf[name] = zone
	_, err = client.StorageV1().CSINodes().Create(ctx, &storagev1.CSINode{
		ObjectMeta: metav1.ObjectMeta{
			Name:            name,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: name, UID: node.UID}},
		},
		Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{}},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create CSINode %s: %w", name, err)
	}
	return nil
}

// awaitSchedulable waits until all nodes are Ready and the taint that new nodes get is gone.
func (n *Nodes) awaitSchedulable(ctx context.Context) error {
	unready := ""
	err := wait.PollUntilContextTimeout(ctx, awaitPoll, awaitTimeout, true, func(ctx context.Context) (bool, error) {
		for _, name := range n.Names() {
			node, err := n.control.Client().CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return false, err
			}
			ready := slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
				return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
			})
			if !ready || len(node.Spec.Taints) > 0 {
				unready = fmt.Sprintf("%s (conditions %v, taints %v)", name, node.Status.Conditions, node.Spec.Taints)
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("wait for node %s to be schedulable: %w", unready, err)
	}
	return nil
}

// Update changes a node but for its status, for a test of what happens then: a cordon, a taint, a label less.
func (n *Nodes) Update(ctx context.Context, name string, change func(*corev1.Node)) error {
	return n.write(ctx, name, n.control.Client().CoreV1().Nodes().Update, change)
}

// UpdateStatus changes a node's status. No kubelet sets it right again.
func (n *Nodes) UpdateStatus(ctx context.Context, name string, change func(*corev1.NodeStatus)) error {
	return n.write(ctx, name, n.control.Client().CoreV1().Nodes().UpdateStatus, func(node *corev1.Node) { change(&node.Status) })
}

// write changes a node as it is at the moment, by one of the calls that the API has for it.
func (n *Nodes) write(
	ctx context.Context, name string, call func(context.Context, *corev1.Node, metav1.UpdateOptions) (*corev1.Node, error), change func(*corev1.Node),
) error {
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		node, err := n.control.Client().CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		change(node)
		_, err = call(ctx, node, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("update node %s: %w", name, err)
	}
	return nil
}

// Remove deletes the nodes and their CSINodes. Storage on them is to be removed first.
func (n *Nodes) Remove(ctx context.Context) error {
	var errs []error
	client := n.control.Client()
	for _, name := range n.Names() {
		errs = append(errs,
			ignoreNotFound(client.StorageV1().CSINodes().Delete(ctx, name, metav1.DeleteOptions{})),
			ignoreNotFound(client.CoreV1().Nodes().Delete(ctx, name, metav1.DeleteOptions{})))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove the nodes: %w", err)
	}
	return nil
}

// Names returns the nodes' names in order.
func (n *Nodes) Names() []string { return slices.Sorted(maps.Keys(n.zoneOf)) }

// Zones returns the zones' names as they were given.
func (n *Nodes) Zones() []string { return slices.Clone(n.options.Zones) }

// ZoneOf returns the zone of a node, or "" if the node is not of this set.
func (n *Nodes) ZoneOf(node string) string { return n.zoneOf[node] }

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
