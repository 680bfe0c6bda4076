// SPDX-License-Identifier: Apache-2.0

package zones

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/csidriver"
	"github.com/moorage-k8s/moorage/e2e/process"
)

// StorageOptions describe a driver on a set of nodes.
type StorageOptions struct {
	// Driver is the driver's name; empty means csi.e2e.moorage.dev. Drivers in one control plane at once need different ones.
	Driver string
	// PerNode makes each node a segment of its own, as local storage is; otherwise each zone is one.
	PerNode bool
	// PoolSize is the size in bytes of each segment's pool; 0 means 100 GiB.
	PoolSize int64
	// Pools sets the sizes in bytes of single segments' pools (zone or node name), in place of PoolSize.
	Pools map[string]int64
	// MaximumVolumeSize bounds a single volume, in bytes; 0 means that only the pool does.
	MaximumVolumeSize int64
	// AttachLimit is the count that each CSINode reports as allocatable; nil means no limit.
	AttachLimit *int32
	// Attacher has the attach-detach controller attach the volumes, answered by the real csi-attacher; otherwise they need no attaching.
	Attacher bool
	// NoCapacity publishes no capacities, as many drivers of clouds do not: nobody then knows what a pool has room for.
	NoCapacity bool
	// CapacityPollInterval is how often capacities are published; 0 means each second.
	CapacityPollInterval time.Duration
	// LimitCapacityWrites leaves the provisioner its own limit on publishing capacities, one a second and five at once, as drivers are
	// mostly deployed.
	LimitCapacityWrites bool
}

// Storage is a driver with its provisioner, known to all nodes of a set.
type Storage struct {
	// Driver is the running driver, for failures on command and for looking into its pools.
	Driver *csidriver.Driver

	nodes       *Nodes
	options     StorageOptions
	namespace   string // holds the published capacities
	provisioner *process.Process
	attacher    *process.Process // nil without Attacher
	classes     []string
}

// AddStorage starts a driver and the real external-provisioner for it, and registers it with the nodes. It does not wait for
// capacities: there are none before there is a class. Remove takes all of it away again.
func (n *Nodes) AddStorage(ctx context.Context, options StorageOptions) (_ *Storage, err error) {
	if options.Driver == "" {
		options.Driver = "csi.e2e.moorage.dev"
	}
	if options.PoolSize == 0 {
		options.PoolSize = 100 << 30
	}
	if options.CapacityPollInterval == 0 {
		options.CapacityPollInterval = time.Second
	}
	s := &Storage{nodes: n, options: options}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Remove(context.WithoutCancel(ctx)))
		}
	}()
	if err = s.startDriver(); err != nil {
		return nil, err
	}
	if err = s.register(ctx); err != nil {
		return nil, err
	}
	if err = s.startProvisioner(); err != nil {
		return nil, err
	}
	if err = s.startAttacher(); err != nil {
		return nil, err
	}
	return s, nil
}

// TopologyKey returns the key of the driver's segments. It is a label of the nodes.
func (s *Storage) TopologyKey() string {
	if s.options.PerNode {
		return "topology." + s.options.Driver + "/node"
	}
	return "topology." + s.options.Driver + "/zone"
}

// SegmentOf returns the segment that a node is in.
func (s *Storage) SegmentOf(node string) string {
	if s.options.PerNode {
		return node
	}
	return s.nodes.ZoneOf(node)
}

// Segments returns all segments, each once.
func (s *Storage) Segments() []string {
	if s.options.PerNode {
		return s.nodes.Names()
	}
	return s.nodes.Zones()
}

// sockets counts the drivers that this program has started.
var sockets atomic.Int64

// startDriver starts the driver with a pool for each segment.
func (s *Storage) startDriver() error {
	pools := make(map[string]int64)
	for _, segment := range s.Segments() {
		pools[segment] = s.options.PoolSize
		if size, ok := s.options.Pools[segment]; ok {
			pools[segment] = size
		}
	}
	// Short, because a socket's path may have about 100 bytes, and in the control plane's directory, which goes in every case.
	socket := filepath.Join(s.nodes.control.Dir(), fmt.Sprintf("csi%d.sock", sockets.Add(1)))
	var err error
	s.Driver, err = csidriver.Start(socket, csidriver.Options{
		Name: s.options.Driver, TopologyKey: s.TopologyKey(), Pools: pools, MaximumVolumeSize: s.options.MaximumVolumeSize,
		Publish: s.options.Attacher,
	})
	return err
}

// startProvisioner starts the sidecar with the flags of a driver that has topology and publishes capacities.
func (s *Storage) startProvisioner() error {
	control := s.nodes.control
	kubeconfig, err := control.Kubeconfig("provisioner-"+s.options.Driver, "system:masters")
	if err != nil {
		return err
	}
	args := []string{
		"--csi-address=" + s.Driver.Socket(), "--kubeconfig=" + kubeconfig,
		// The selected node's segment alone for delayed claims, all segments for immediate ones.
		"--strict-topology", "--immediate-topology",
		"--kube-api-qps=1000", "--kube-api-burst=2000",
		"--retry-interval-start=200ms", "--retry-interval-max=5s", "--timeout=60s",
		"--v=4",
	}
	if !s.options.NoCapacity {
		// No pod runs the sidecar, so capacities have no owner.
		args = append(args, "--enable-capacity", "--capacity-ownerref-level=-1", "--capacity-poll-interval="+s.options.CapacityPollInterval.String())
	}
	if !s.options.LimitCapacityWrites {
		args = append(args, "--kube-api-capacity-qps=100", "--kube-api-capacity-burst=200")
	}
	s.provisioner, err = control.Run(process.Command{
		Name: binaries.Provisioner.Name + "-" + s.options.Driver,
		Path: control.Program(binaries.Provisioner.Name),
		Args: args,
		Env:  []string{"NAMESPACE=" + s.namespace},
	})
	return err
}

// AddClass makes a class of the driver that waits for the first consumer, and returns when its capacity, if any is, is published for each
// segment. The caller may change it before it is made; change can be nil. The class goes when the storage is removed.
func (s *Storage) AddClass(ctx context.Context, name string, change func(*storagev1.StorageClass)) (*storagev1.StorageClass, error) {
	mode, policy := storagev1.VolumeBindingWaitForFirstConsumer, corev1.PersistentVolumeReclaimDelete
	class := &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: s.options.Driver, VolumeBindingMode: &mode, ReclaimPolicy: &policy,
	}
	if change != nil {
		change(class)
	}
	class, err := s.nodes.control.Client().StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("create StorageClass %s: %w", name, err)
	}
	s.classes = append(s.classes, class.Name)
	if s.options.NoCapacity || *class.VolumeBindingMode != storagev1.VolumeBindingWaitForFirstConsumer {
		// The scheduler would not look at the capacities of an immediate class, so the provisioner publishes none.
		return class, nil
	}
	return class, controlplane.AwaitReady(ctx, s.provisioner, func(ctx context.Context) error {
		capacities, err := s.Capacities(ctx, class.Name)
		if err == nil && len(capacities) != len(s.Segments()) {
			err = fmt.Errorf("the capacity of class %s is published for %d of %d segments", class.Name, len(capacities), len(s.Segments()))
		}
		return err
	})
}

// Capacities returns the CSIStorageCapacity objects of a class, by segment.
func (s *Storage) Capacities(ctx context.Context, class string) (map[string]storagev1.CSIStorageCapacity, error) {
	list, err := s.nodes.control.Client().StorageV1().CSIStorageCapacities(s.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the capacities of driver %s: %w", s.options.Driver, err)
	}
	bySegment := make(map[string]storagev1.CSIStorageCapacity)
	for _, c := range list.Items {
		if c.StorageClassName == class && c.Capacity != nil {
			bySegment[c.NodeTopology.MatchLabels[s.TopologyKey()]] = c
		}
	}
	return bySegment, nil
}

// Remove waits until the driver's volumes are deleted, which they are once their claims have been, and then takes away classes, driver
// and provisioner. Volumes that stay are an error that names them.
func (s *Storage) Remove(ctx context.Context) error {
	var errs []error
	client := s.nodes.control.Client()
	errs = append(errs, s.awaitNoVolumes(ctx), s.awaitDetached(ctx))
	for _, class := range s.classes {
		errs = append(errs, ignoreNotFound(client.StorageV1().StorageClasses().Delete(ctx, class, metav1.DeleteOptions{})))
	}
	if s.provisioner != nil {
		errs = append(errs, s.provisioner.Stop(ctx))
	}
	if s.attacher != nil {
		errs = append(errs, s.attacher.Stop(ctx))
	}
	for _, name := range s.nodes.Names() {
		errs = append(errs, ignoreNotFound(s.Unregister(ctx, name)))
	}
	errs = append(errs,
		ignoreNotFound(client.StorageV1().CSIDrivers().Delete(ctx, s.options.Driver, metav1.DeleteOptions{})),
		s.removeNamespace(ctx))
	if s.Driver != nil {
		errs = append(errs, s.Driver.Stop())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove driver %s: %w", s.options.Driver, err)
	}
	return nil
}

// awaitNoVolumes waits until what was provisioned has gone from the driver, and then from the API server: without the provisioner the objects
// would stay for good.
func (s *Storage) awaitNoVolumes(ctx context.Context) error {
	if s.Driver == nil {
		return nil
	}
	var left []string
	err := wait.PollUntilContextTimeout(ctx, awaitPoll, awaitTimeout, true, func(ctx context.Context) (bool, error) {
		left = nil
		for _, volume := range s.Driver.Volumes() {
			left = append(left, fmt.Sprintf("%v of the driver", volume))
		}
		volumes, err := s.nodes.control.Client().CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		for i := range volumes.Items {
			v := &volumes.Items[i]
			provisioned := v.Annotations[provisionedBy] == s.options.Driver
			if s.provisioner != nil && provisioned && v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete {
				left = append(left, v.Name)
			}
		}
		return len(left) == 0, nil
	})
	if err != nil {
		return fmt.Errorf("wait for the volumes to be deleted (delete their claims first): %w; left are %v", err, left)
	}
	return nil
}

// provisionedBy is the annotation by which a provisioner knows its volumes.
const provisionedBy = "pv.kubernetes.io/provisioned-by"

// removeNamespace deletes the published capacities, which a class of the same name would inherit, and then their namespace, for which
// it does not wait: the controller that deletes it takes its time.
func (s *Storage) removeNamespace(ctx context.Context) error {
	if s.namespace == "" {
		return nil
	}
	client := s.nodes.control.Client()
	return errors.Join(
		client.StorageV1().CSIStorageCapacities(s.namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}),
		ignoreNotFound(client.CoreV1().Namespaces().Delete(ctx, s.namespace, metav1.DeleteOptions{})))
}
