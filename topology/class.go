// SPDX-License-Identifier: Apache-2.0

package topology

import (
	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// defaultClassAnnotation marks the class that claims without one get, as betaDefaultClassAnnotation does (IsDefaultAnnotation in
// pkg/volume/util/storageclass.go of Kubernetes).
const (
	defaultClassAnnotation     = "storageclass.kubernetes.io/is-default-class"
	betaDefaultClassAnnotation = "storageclass.beta.kubernetes.io/is-default-class"
)

// noProvisioner is the provisioner of classes whose volumes are made by hand.
const noProvisioner = "kubernetes.io/no-provisioner"

// Class is a StorageClass. Immutable.
type Class struct {
	Name        string
	Provisioner string
	// Driver is the CSI driver that serves the provisioner: the provisioner itself, or for an in-tree one that which it is
	// migrated to. Empty for in-tree provisioners that kube-scheduler does not take as migrated.
	Driver string
	// Delayed is the binding mode WaitForFirstConsumer.
	Delayed bool
	Default bool
	// Allowed is the condition of allowedTopologies; nil allows every node.
	Allowed *Selector
	// Object is the whole object, without what only the API server needs. It must not be changed.
	Object *storagev1.StorageClass
}

// Provisions reports whether volumes of the class are made on demand.
func (c *Class) Provisions() bool { return c.Provisioner != "" && c.Provisioner != noProvisioner }

func classFromAPI(selectors *nodeset.Pool, c *storagev1.StorageClass) *Class {
	object := c.DeepCopy()
	object.ManagedFields = nil
	return &Class{
		Name:        shared(c.Name),
		Provisioner: shared(c.Provisioner),
		Driver:      shared(attachingDriver(c.Provisioner)),
		Delayed:     c.VolumeBindingMode != nil && *c.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer,
		Default:     c.Annotations[defaultClassAnnotation] == "true" || c.Annotations[betaDefaultClassAnnotation] == "true",
		Allowed:     selectors.Intern(nodeset.AllowedTopologies(c.AllowedTopologies)),
		Object:      object,
	}
}

// Driver is a CSIDriver. Immutable.
type Driver struct {
	Name string
	// StorageCapacity reports whether the driver publishes its pools and asks the scheduler to look at them.
	StorageCapacity bool
	// AttachRequired is true where the attach controller has to act, which is the default.
	AttachRequired bool
	// Required reports whether the driver asks that pods are kept off nodes without it (preventPodSchedulingIfMissing).
	Required bool
	// Object is the whole object, without what only the API server needs. It must not be changed.
	Object *storagev1.CSIDriver
}

func driverFromAPI(d *storagev1.CSIDriver) *Driver {
	object := d.DeepCopy()
	object.ManagedFields = nil
	return &Driver{
		Name:            shared(d.Name),
		StorageCapacity: d.Spec.StorageCapacity != nil && *d.Spec.StorageCapacity,
		AttachRequired:  d.Spec.AttachRequired == nil || *d.Spec.AttachRequired,
		Required:        d.Spec.PreventPodSchedulingIfMissing != nil && *d.Spec.PreventPodSchedulingIfMissing,
		Object:          object,
	}
}
