// SPDX-License-Identifier: Apache-2.0

// Package upstream holds the texts of Kubernetes that moorage quotes, so that a person who searches for an error finds it as
// kube-scheduler, the kubelet, the controllers and the API server write it.
//
// A test in e2e looks each of them up in the source file named behind it, in the release of Kubernetes that e2e is built with.
// The package must not hold texts of sidecars or drivers, which are released apart, nor moorage's own.
package upstream

// kube-scheduler's reasons for ruling out nodes.
const (
	ReadWriteOncePodInUse = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod" // pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go
	DiskConflict          = "node(s) had no available disk"                                                                                    // pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go
	MaxVolumeCount        = "node(s) exceed max volume count"                                                                                  // pkg/scheduler/framework/plugins/nodevolumelimits/csi.go
	VolumeAffinity        = "node(s) didn't match PersistentVolume's node affinity"                                                            // pkg/scheduler/framework/plugins/volumebinding/binder.go
	NothingToBind         = "node(s) didn't find available persistent volumes to bind"                                                         // pkg/scheduler/framework/plugins/volumebinding/binder.go
	NotEnoughStorage      = "node(s) did not have enough free storage"                                                                         // pkg/scheduler/framework/plugins/volumebinding/binder.go
	NoVolumeZone          = "node(s) had no available volume zone"                                                                             // pkg/scheduler/framework/plugins/volumezone/volume_zone.go
)

// kube-scheduler's reasons for ruling out nodes that are not about volumes, and the words around all of them.
const (
	NotThatNode           = "node(s) didn't match the requested node name"               // pkg/scheduler/framework/plugins/nodename/node_name.go
	Unschedulable         = "node(s) were unschedulable"                                 // pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go
	UntoleratedTaints     = "node(s) had untolerated taint(s)"                           // pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go
	NodeAffinity          = "node(s) didn't match Pod's node affinity/selector"          // pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go
	NodeAffinityConflict  = "pod affinity terms conflict"                                // pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go
	PortsTaken            = "node(s) didn't have free ports for the requested pod ports" // pkg/scheduler/framework/plugins/nodeports/node_ports.go
	TooManyPods           = "Too many pods"                                              // pkg/scheduler/framework/plugins/noderesources/fit.go
	Insufficient          = "Insufficient "                                              // pkg/scheduler/framework/plugins/noderesources/fit.go
	Spread                = "node(s) didn't match pod topology spread constraints"       // pkg/scheduler/framework/plugins/podtopologyspread/plugin.go
	SpreadMissingLabel    = " (missing required label)"                                  // pkg/scheduler/framework/plugins/podtopologyspread/plugin.go
	PodAffinity           = "node(s) didn't match pod affinity rules"                    // pkg/scheduler/framework/plugins/interpodaffinity/filtering.go
	PodAntiAffinity       = "node(s) didn't match pod anti-affinity rules"               // pkg/scheduler/framework/plugins/interpodaffinity/filtering.go
	ExistingAntiAffinity  = "node(s) didn't satisfy existing pods anti-affinity rules"   // pkg/scheduler/framework/plugins/interpodaffinity/filtering.go
	UnnamedByPlugins      = "node(s) didn't satisfy plugin(s) %v"                        // pkg/scheduler/schedule_one.go
	UnnamedSimultaneously = "node(s) didn't satisfy plugin(s) %v simultaneously"         // pkg/scheduler/framework/runtime/framework.go
	NoNodeAvailable       = "0/%v nodes are available"                                   // pkg/scheduler/framework/types.go
)

// What the volume controllers say in events.
const (
	NoClass         = "no persistent volumes available for this claim and no storage class is set" // pkg/controller/volume/persistentvolume/pv_controller.go
	WaitingForPod   = "waiting for pod %s to be scheduled"                                         // pkg/controller/volume/persistentvolume/pv_controller.go
	UsedByPods      = "Volume is already used by pod(s) %s"                                        // pkg/controller/volume/attachdetach/reconciler/reconciler.go
	NoPluginMatched = "no volume plugin matched"                                                   // pkg/volume/plugins.go
)

// What the kubelet says in events.
const (
	GitRepoDisabled     = "git-repo volume plugin has been disabled"                       // pkg/volume/git_repo/git_repo.go
	ModeNotSupported    = "volume mode %q not supported by driver %s"                      // pkg/volume/csi/csi_mounter.go
	StageSecretFailed   = "fetching NodeStageSecretRef %s/%s failed"                       // pkg/volume/csi/csi_attacher.go
	UnknownMedium       = "unknown storage medium %q"                                      // pkg/volume/emptydir/empty_dir.go
	BlockInVolumeMounts = "volume %s has volumeMode %s, but is specified in volumeMounts"  // pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go
	FileInVolumeDevices = "volume %s has volumeMode %s, but is specified in volumeDevices" // pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go
)

// What the API server says of objects that it denies.
const (
	BidirectionalNeedsPrivileged = "Bidirectional mount propagation is available only to privileged containers" // pkg/apis/core/validation/validation.go
	RWOPWithOthers               = "may not use ReadWriteOncePod with other access modes"                       // pkg/apis/core/validation/validation.go
	NoAccessMode                 = "at least 1 access mode is required"                                         // pkg/apis/core/validation/validation.go
	FieldPathUnknown             = "error converting fieldPath"                                                 // pkg/apis/core/validation/validation.go
	FieldLabelUnknown            = "field label not supported"                                                  // pkg/apis/core/pods/helpers.go
	Backstep                     = "must not contain '..'"                                                      // pkg/apis/core/validation/validation.go
	AbsolutePath                 = "must be a relative path"                                                    // pkg/apis/core/validation/validation.go
	FileMode                     = "must be a number between 0 and 0777 (octal), both inclusive"                // pkg/apis/core/validation/validation.go
)
