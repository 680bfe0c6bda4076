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
