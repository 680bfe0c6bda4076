// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"iter"

	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// Lookup is what the rules may ask about the objects beside the one at hand. Implementations answer from memory, without
// blocking, and two calls during one evaluation give the same answer; what they return is shared and read-only. What is not
// found is nil or false. Both a cluster and a set of files are asked through a topology.Snapshot: see InCluster and InFiles.
type Lookup interface {
	// Whole says that it sees the whole cluster, so that what it does not find does not exist. What a set of files does not
	// hold may well exist.
	Whole() bool

	// StorageClass returns a class by its name.
	StorageClass(name string) (*storagev1.StorageClass, bool)
	// DefaultStorageClass returns the class that a claim without one gets.
	DefaultStorageClass() (*storagev1.StorageClass, bool)
	// CSIDriver returns what a driver says of itself.
	CSIDriver(name string) (*storagev1.CSIDriver, bool)
	// Claim returns a claim.
	Claim(namespace, name string) *topology.Claim
	// Volume returns a PersistentVolume.
	Volume(name string) *topology.Volume
	// Unclaimed ranges over the class's volumes that are available and kept for no claim.
	Unclaimed(class string) iter.Seq[*topology.Volume]
	// KeptFor ranges over the volumes whose claimRef names the claim.
	KeptFor(claim topology.Key) iter.Seq[*topology.Volume]
	// Users ranges over the pods that use the claim.
	Users(claim topology.Key) iter.Seq[*topology.Pod]
	// Class returns a class as placement sees it.
	Class(name string) *topology.Class

	// AttributesClass returns a VolumeAttributesClass.
	AttributesClass(name string) *topology.AttributesClass
	// VolumeSnapshot returns a snapshot.
	VolumeSnapshot(namespace, name string) *topology.VolumeSnapshot
	// VolumeSnapshotContent returns a snapshot's content.
	VolumeSnapshotContent(name string) *topology.VolumeSnapshotContent
	// VolumeSnapshotClass returns a snapshot class.
	VolumeSnapshotClass(name string) *topology.VolumeSnapshotClass
	// VolumeSnapshotClasses ranges over all snapshot classes, by name.
	VolumeSnapshotClasses() iter.Seq[*topology.VolumeSnapshotClass]

	// NamespaceLabels returns a namespace's labels, that of its name included. They are known only where somebody asked that
	// namespaces be read.
	NamespaceLabels(name string) (labels map[string]string, known bool)

	// NumNodes is the number of nodes; questions about nodes mean nothing where it is 0.
	NumNodes() int
	// NodeIndex tells whether there is a node of that name.
	NodeIndex(name string) (int, bool)
	// LabelOnNodes tells whether any node carries a label of that key.
	LabelOnNodes(key string) bool
	// DriverOnNodes tells whether any node registers the driver, and the topology keys that it gives on any.
	DriverOnNodes(driver string) (topologyKeys []string, registered bool)
	// AllNodes is the set of all nodes, Nodes those on which a condition holds or cannot be decided, and Reach those from
	// which a volume can be reached.
	AllNodes() topology.NodeSet
	Nodes(*topology.Selector) topology.NodeSet
	Reach(*topology.Volume) topology.NodeSet
}

// InCluster asks a picture of a whole cluster.
func InCluster(s *topology.Snapshot) Lookup { return inCluster{s} }

// InFiles asks what is in a set of files: a cache into which their objects were put.
func InFiles(s *topology.Snapshot) Lookup { return inFiles{s} }

type inCluster struct{ *topology.Snapshot }

func (inCluster) Whole() bool { return true }

type inFiles struct{ *topology.Snapshot }

func (inFiles) Whole() bool { return false }
