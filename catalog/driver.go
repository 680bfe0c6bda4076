// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Driver is one row of the matrix: a CSI driver, or a provisioner outside Kubernetes that is not CSI.
type Driver struct {
	// Name is the CSI driver's or provisioner's registered name.
	Name string `json:"name"`
	// AnyPrefix says that installations put a prefix and a dot before the name.
	AnyPrefix bool `json:"anyPrefix,omitempty"`
	// OtherHandles are what the volumeHandle of another kind of volume begins with, one that this row does not speak of.
	OtherHandles []string `json:"otherHandles,omitempty"`
	// Kind says whether the volumes it makes are CSI volumes.
	Kind DriverKind `json:"kind"`
	// AcceptsReadWriteOncePod is for drivers that are not CSI and yet take ReadWriteOncePod claims on purpose.
	AcceptsReadWriteOncePod bool `json:"acceptsReadWriteOncePod,omitempty"`
	// MountProgram says that it mounts by a program of its own, whose options are not those of mount.
	MountProgram bool `json:"mountProgram,omitempty"`
	// Filesystem and Block are what it serves for each volumeMode.
	Filesystem *Modes `json:"filesystem"`
	Block      *Modes `json:"block"`
	// Expansion and Snapshots say whether volumes can grow and be snapshotted.
	Expansion Knowledge `json:"expansion"`
	Snapshots Knowledge `json:"snapshots"`
	// Ephemeral says whether pods can have its volumes inline, without a claim; empty where that is not known.
	Ephemeral Knowledge `json:"ephemeral,omitempty"`
	// IDMap says whether the kernel can mount its file systems with an ID mapping, as pods with a user namespace of their own need it; empty
	// where that is not known.
	IDMap Knowledge `json:"idmap,omitempty"`
	// Topology is where its volumes can be reached from.
	Topology Topology `json:"topology"`
	// CloneTopology is where a volume can be that is made from another or from a snapshot; nil where that is not known.
	CloneTopology *CloneTopology `json:"cloneTopology,omitempty"`
	// Machines is which of its disks can be attached to which machines; nil where that is not known, or all can.
	Machines *Machines `json:"machines,omitempty"`
	// AttachLimit is how many of its volumes one node takes.
	AttachLimit AttachLimit `json:"attachLimit"`
	// Parameters are those of a class, where the driver refuses others; nil where it does not or that is not known.
	Parameters *Parameters `json:"parameters,omitempty"`
}

// Parameters are all the parameters of a StorageClass that a driver takes.
type Parameters struct {
	// Names are read without regard to case. Prefixes begin the names of further ones.
	Names    []string `json:"names"`
	Prefixes []string `json:"prefixes,omitempty"`
	// Needs are parameters that the driver's storage system wants.
	Needs []ParameterNeed `json:"needs,omitempty"`
}

// ParameterNeed is a parameter without which no volume is made.
type ParameterNeed struct {
	When  ParameterValue `json:"when"`
	AnyOf []string       `json:"anyOf"`
}

// ParameterValue holds where a class parameter has one of some values. Both are read without regard to case.
type ParameterValue struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Holds reports whether the parameters have one of the values.
func (p *ParameterValue) Holds(parameters map[string]string) bool {
	for name, value := range parameters {
		if strings.EqualFold(name, p.Name) && slices.ContainsFunc(p.Values, func(v string) bool { return strings.EqualFold(v, value) }) {
			return true
		}
	}
	return false
}

// Knows reports whether the driver takes a parameter.
func (p *Parameters) Knows(name string) bool {
	return slices.ContainsFunc(p.Names, func(n string) bool { return strings.EqualFold(n, name) }) ||
		slices.ContainsFunc(p.Prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// DriverKind tells CSI drivers from other provisioners.
type DriverKind string

// The kinds of driver.
const (
	CSI      DriverKind = "CSI"
	External DriverKind = "External"
)

// Knowledge is a fact that may not be known.
type Knowledge string

// The states of a fact.
const (
	Supported   Knowledge = "Supported"
	Unsupported Knowledge = "Unsupported"
	Conditional Knowledge = "Conditional"
	Unknown     Knowledge = "Unknown"
)

// Modes says which access modes are served for one volumeMode.
type Modes struct {
	// Support is Unsupported where the volumeMode itself is not served, Unknown where it is served but nobody wrote down
	// which modes, and Supported where Modes and Conditional are the whole truth.
	Support Knowledge `json:"support"`
	// Modes are served always.
	Modes []corev1.PersistentVolumeAccessMode `json:"modes,omitempty"`
	// Conditional modes are served when a condition holds.
	Conditional []ConditionalModes `json:"conditional,omitempty"`
}

// ConditionalModes are access modes that a driver serves under a condition.
type ConditionalModes struct {
	Modes []corev1.PersistentVolumeAccessMode `json:"modes"`
	Needs Condition                           `json:"needs"`
}

// Condition is a footnote of the matrix.
type Condition struct {
	Kind ConditionKind `json:"kind"`
	// Name is the class parameter's or the driver setting's name, where the kind has one.
	Name string `json:"name,omitempty"`
	// Minimum is the least number that the class parameter must hold; 0 where the condition is not a number.
	Minimum int `json:"minimum,omitempty"`
	// Values are those that the class parameter may have; empty where the condition is a number.
	Values []string `json:"values,omitempty"`
	// Unless is a class parameter with which the condition need not hold.
	Unless *ParameterValue `json:"unless,omitempty"`
	// Rare marks a condition that an ordinary installation does not meet: worth a warning, never a denial.
	Rare bool `json:"rare,omitempty"`
	// Text completes the sentence "served only …".
	Text string `json:"text"`
}

// ConditionKind says where one would have to look to know whether a condition holds.
type ConditionKind string

// The kinds of condition.
const (
	// NeedsDataSource: the claim must be made from a snapshot or another volume that has the data already.
	NeedsDataSource ConditionKind = "DataSource"
	// NeedsParameter: a StorageClass parameter must be set so.
	NeedsParameter ConditionKind = "Parameter"
	// NeedsVolumeType: the storage system's own volume type must allow it.
	NeedsVolumeType ConditionKind = "VolumeType"
	// NeedsDriverSetting: the driver's installation must be configured for it.
	NeedsDriverSetting ConditionKind = "DriverSetting"
	// NeedsCoordination: nothing prevents it; the users of the volume must coordinate the writers.
	NeedsCoordination ConditionKind = "Coordination"
)

// Topology says which part of the cluster one of the driver's volumes belongs to.
type Topology struct {
	Scope TopologyScope `json:"scope"`
	// Keys are the node label keys that the driver reports; one that ends in /* stands for a family of keys. Empty where
	// the scope is None, Unknown, or the keys are the installation's own choice.
	Keys []string `json:"keys,omitempty"`
	// Optional says that an installation may have no topology at all.
	Optional bool `json:"optional,omitempty"`
}

// TopologyScope is the size of the part.
type TopologyScope string

// The scopes.
const (
	ScopeNone         TopologyScope = "None"
	ScopeRegion       TopologyScope = "Region"
	ScopeZone         TopologyScope = "Zone"
	ScopeNode         TopologyScope = "Node"
	ScopeConfigurable TopologyScope = "Configurable"
	ScopeUnknown      TopologyScope = "Unknown"
)

// AttachLimit is the number of volumes of the driver that one node takes.
type AttachLimit struct {
	Kind LimitKind `json:"kind"`
	Min  int       `json:"min,omitempty"`
	Max  int       `json:"max,omitempty"`
}

// LimitKind says how an attach limit is to be read.
type LimitKind string

// The kinds of limit.
const (
	// LimitNone: no limit that Kubernetes has to count.
	LimitNone LimitKind = "None"
	// LimitFixed: Max, on every node.
	LimitFixed LimitKind = "Fixed"
	// LimitRange: between Min and Max, by the node's machine or the installation.
	LimitRange LimitKind = "Range"
	// LimitAtMost: Max or fewer.
	LimitAtMost LimitKind = "AtMost"
	// LimitByMachine: the machine's type decides, and no one number is right.
	LimitByMachine LimitKind = "ByMachine"
	// LimitUnknown: not known.
	LimitUnknown LimitKind = "Unknown"
)

// Source is an in-tree volume plugin that Kubernetes still runs.
type Source struct {
	// Field is its field in a PersistentVolume's spec.
	Field      string `json:"field"`
	Filesystem *Modes `json:"filesystem"`
	Block      *Modes `json:"block"`
}

// Removed is an in-tree volume plugin that Kubernetes no longer runs.
type Removed struct {
	// Field is its field in a pod's volume or a PersistentVolume's spec.
	Field string `json:"field"`
	// Provisioner is the StorageClass provisioner name it had; empty if it had none.
	Provisioner string  `json:"provisioner,omitempty"`
	Outcome     Outcome `json:"outcome"`
	// Since is the Kubernetes minor from which this holds, such as "1.27".
	Since string `json:"since"`
	// Replacement is the CSI driver's name for a Redirected plugin, and advice for one that is Gone; empty if there is none.
	Replacement string `json:"replacement,omitempty"`
}

// Outcome is what became of an in-tree plugin.
type Outcome string

// The outcomes.
const (
	// Redirected: Kubernetes calls the CSI driver instead, which must be installed.
	Redirected Outcome = "Redirected"
	// Gone: a pod that uses it never starts.
	Gone Outcome = "Gone"
)

// Mode says whether the driver serves an access mode on volumes of the given mode. The condition is set only when the
// answer is Conditional. ReadWriteOncePod is answered as ReadWriteOnce.
func (d *Driver) Mode(volume corev1.PersistentVolumeMode, mode corev1.PersistentVolumeAccessMode) (Knowledge, *Condition) {
	return d.For(volume).mode(mode)
}

// For returns what the driver serves for a volumeMode; anything but Block is Filesystem.
func (d *Driver) For(volume corev1.PersistentVolumeMode) *Modes {
	if volume == corev1.PersistentVolumeBlock {
		return d.Block
	}
	return d.Filesystem
}

// Mode says the same for an in-tree source.
func (s *Source) Mode(volume corev1.PersistentVolumeMode, mode corev1.PersistentVolumeAccessMode) (Knowledge, *Condition) {
	return s.For(volume).mode(mode)
}

// For returns what the source serves for a volumeMode; anything but Block is Filesystem.
func (s *Source) For(volume corev1.PersistentVolumeMode) *Modes {
	if volume == corev1.PersistentVolumeBlock {
		return s.Block
	}
	return s.Filesystem
}

func (m *Modes) mode(mode corev1.PersistentVolumeAccessMode) (Knowledge, *Condition) {
	if m.Support != Supported {
		return m.Support, nil
	}
	mode = modeOf(mode)
	if slices.Contains(m.Modes, mode) {
		return Supported, nil
	}
	for i := range m.Conditional {
		if slices.Contains(m.Conditional[i].Modes, mode) {
			return Conditional, &m.Conditional[i].Needs
		}
	}
	return Unsupported, nil
}
