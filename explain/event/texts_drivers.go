// SPDX-License-Identifier: Apache-2.0

package event

// driverTexts are what drivers say, in the words that several of them share, as their public issues show.
var driverTexts = []Text{
	// aws-ebs-csi-driver (AttachmentLimitExceeded), azuredisk (data disks), linode-blockstorage, cinder (Nova's disk devices), gcp-compute-persistent-disk,
	// qingcloud, oci, upcloud.
	{
		ID: "attach-limit-of-backend", Stages: []Stage{Attach, Mount},
		Patterns: []string{
			"max number of volumes ({count}) already attached", "AttachmentLimitExceeded", "Attachment limit exceeded", "maximum number of data disks allowed to be attached",
			"maximum allowed number of disk devices", "maximum_persistent_disks", "you can only attach", "maximum number of volumes", "max volumes per node", "too many volumes attached",
		},
		Cause: "the machine has as many disks as the storage backend lets it have", Look: "allocatable.count of the driver in the node's CSINode, which promises more",
		Remedy: "free a slot on the node, or let the pod go elsewhere; where the driver has a setting for the limit, lower it",
	},
	// vsphere, cloud-director-named-disk, azuredisk, gce (RESOURCE_IN_USE_BY_ANOTHER_RESOURCE), aws-ebs (VolumeInUse), hcloud, digitalocean, cinder, oci.
	{
		ID: "in-use-in-backend", Stages: []Stage{Attach, Mount},
		Patterns: []string{
			"attached to another", "attached to a different", "attached to the wrong", "already attached to node", "already attached to a server", "already attached to instance",
			"is already being used by", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "VolumeInUse", "is in use by another", "currently attached to", "could not be attached to node", "is already attached to",
		},
		Cause: "the storage backend has the volume attached to another machine", Look: "the volume in the backend, and the VolumeAttachments of other nodes",
		Remedy: "let it be detached there: end the pods that use it on the other node; by hand in the backend only once that machine is surely off, or both would write to it",
	},
	{
		ID: "detaching-in-backend", Stages: []Stage{Attach}, Passing: true, Patterns: []string{"is currently being detached", "disk is being detached", "volume is detaching", "in state detaching"},
		Cause: "the storage backend is still detaching the volume", Look: "the volume in the backend", Remedy: "wait; where it lasts, look at the driver's log",
	},
	// ceph-csi, internal/rbd.
	{
		ID: "image-in-use", Stages: []Stage{Attach, Mount}, Patterns: []string{"rbd image {image} is still being used"},
		Cause: "RBD image {image} has a watcher: another node has it mapped", Look: "rbd status of the image", Remedy: "wait until the other node has let go; a node that is surely off can be blocklisted in Ceph",
	},
	{
		ID: "ceph-unreachable", Stages: []Stage{Mount, Provision}, Patterns: []string{"no mds server is up", "monclient", "monclient: hunting"},
		Cause: "the Ceph cluster does not answer this node", Look: "the monitors and MDS of the Ceph cluster", Remedy: "make the Ceph cluster healthy and reachable",
	},
	{
		ID: "kernel-module-missing", Stages: []Stage{Mount}, Patterns: []string{"Module {module} not found"},
		Cause: "the kernel of the node has no module {module}", Look: "the node's kernel packages", Remedy: "install the module on the node",
	},
	// longhorn-manager, csi.
	{
		ID: "volume-not-ready", Stages: []Stage{Attach, Mount}, Patterns: []string{"is not ready for workloads"},
		Cause: "Longhorn does not have the volume ready: its replicas have no place, or it is faulted", Look: "the volume in Longhorn, and annotation longhorn.io/volume-scheduling-error of the PersistentVolume",
		Remedy: "give its replicas room, or make the nodes with them ready",
	},
	// aws-ebs, gce, vsphere, named-disk, cinder: the machine or the volume is not there.
	{
		ID: "machine-missing", Stages: []Stage{Attach, Detach},
		Patterns: []string{"node {node} not found", "instance not found", "instance {node} not found", "InvalidInstanceID.NotFound", "failed to find VirtualMachine", "VM not found", "server not found", "droplet not found"},
		Cause:    "the storage backend does not know the node's machine", Look: "the machine in the backend, and spec.providerID of the node", Remedy: "see whether the machine is gone; the driver's log tells by what it looks for it",
	},
	{
		ID: "volume-missing-in-backend", Stages: []Stage{Attach, Detach, Mount, Resize}, Patterns: []string{"InvalidVolume.NotFound", "volume not found", "disk not found", "volume {} does not exist", "volume {} not found", "image not found", "No such volume"},
		Cause: "the storage backend does not have the volume any more", Look: "the volume's handle in the backend", Remedy: "restore the data from a backup or snapshot into a new claim; the one in the backend is gone",
	},
	{
		ID: "device-name-taken", Stages: []Stage{Attach}, Patterns: []string{"Attachment point {device} is already in use"},
		Cause: "the device name {device} is taken on the machine", Look: "disks that were attached to the machine by other means", Remedy: "update the driver, or detach the foreign disk",
	},
	// kubernetes-csi drivers, ceph-csi, azure: internal locks (VolumeOperationAlreadyExistsFmt).
	{
		ID: "operation-pending", Passing: true,
		Patterns: []string{"operation with the given volume {} already exists", "operation with the given {} already exists", "There is already an operation pending", "operation already in progress", "is already in progress", "operation is already pending"},
		Cause:    "the driver is still busy with an earlier call for this volume, which is harmless by itself", Look: "the driver's log: what the earlier call waits for", Remedy: "wait; where it lasts, the driver's log tells what the earlier call hangs at",
	},
	{
		ID: "iscsi", Stages: []Stage{Mount}, Patterns: []string{"iscsiadm: "},
		Cause: "the node cannot log in to the iSCSI target", Look: "iscsid on the node, the target's address, and its access list for this node's initiator name", Remedy: "start iscsid on the node, or let the target accept it",
	},
}
