// SPDX-License-Identifier: Apache-2.0

package event

// codeTexts are what a driver says by a gRPC code, where its words are not known: the meaning is that of the CSI specification for the call
// (container-storage-interface/spec, sections CreateVolume, ControllerPublishVolume, NodeStageVolume, ControllerExpandVolume Errors).
var codeTexts = []Text{
	{
		ID: "attach-exhausted", Stages: []Stage{Attach}, Code: "ResourceExhausted",
		Cause: "the driver says that no more volumes can be attached to the node, or that a quota is used up", Look: "allocatable.count of the driver in the node's CSINode, which promises more",
		Remedy: "free a slot on the node, or let the pod go elsewhere",
	},
	{
		ID: "provision-exhausted", Stages: []Stage{Provision}, Code: "ResourceExhausted",
		Cause: "the driver has no room where the volume is to be, or a quota is used up", Look: "the pool that the class takes volumes from, and the backend's quotas", Remedy: "free or add room there; kube-scheduler then tries other nodes by itself, where the claim is delayed",
	},
	{
		ID: "attach-precondition", Stages: []Stage{Attach}, Code: "FailedPrecondition",
		Cause: "the driver says that the volume is attached to another node, or is not in a state to be attached", Look: "the volume in the backend, and the VolumeAttachments of other nodes", Remedy: "let it be detached there",
	},
	{
		ID: "attach-not-found", Stages: []Stage{Attach, Detach}, Code: "NotFound",
		Cause: "the driver does not find the volume or the node's machine in the backend", Look: "both in the backend", Remedy: "see which of the two is gone",
	},
	{
		ID: "mount-not-found", Stages: []Stage{Mount}, Code: "NotFound",
		Cause: "the driver does not find the volume, or its device on the node", Look: "the volume in the backend, and the driver's node plugin on this node", Remedy: "look at the driver's log on this node",
	},
	{
		ID: "timeout", Code: "DeadlineExceeded",
		Cause: "the driver did not answer in time", Look: "the driver's log, and its backend", Remedy: "wait, it is tried again; where it lasts, the driver's log tells what it hangs at",
	},
	{
		ID: "timeout-in-words", Patterns: []string{"context deadline exceeded"}, Stages: []Stage{Attach, Provision, Resize, Detach, Delete},
		Cause: "the driver did not answer in time", Look: "the driver's log, and its backend", Remedy: "wait, it is tried again; where it lasts, the driver's log tells what it hangs at",
	},
	{
		ID: "aborted", Code: "Aborted", Passing: true,
		Cause: "the driver is still busy with an earlier call for this volume", Look: "the driver's log", Remedy: "wait, it is tried again; where it lasts, the driver's log tells what the earlier call hangs at",
	},
	{
		ID: "unavailable", Code: "Unavailable",
		Cause: "the driver or its backend cannot be reached", Look: "the driver's pods, and its backend", Remedy: "make the driver and its backend run; it is tried again by itself",
	},
	{
		ID: "invalid-argument", Code: "InvalidArgument",
		Cause: "the driver does not accept what it is asked for", Look: "the class's parameters, and the volume's attributes and mount options", Remedy: "correct what the driver's own words name",
	},
	{
		ID: "out-of-range", Code: "OutOfRange",
		Cause: "the driver does not make volumes of this size", Look: "the size that the claim asks for", Remedy: "ask for a size that the driver's own words allow",
	},
	{
		ID: "permission", Code: "PermissionDenied",
		Cause: "the driver may not do it", Look: "the driver's credentials: its Secret, role or service account", Remedy: "correct the credentials or permissions of the driver",
	},
	{
		ID: "unauthenticated", Code: "Unauthenticated",
		Cause: "the storage backend does not accept the driver's credentials", Look: "the driver's credentials: its Secret, role or service account", Remedy: "correct the credentials of the driver",
	},
	{
		ID: "unimplemented", Code: "Unimplemented",
		Cause: "the driver does not support it", Look: "the driver's documentation", Remedy: "do without, or use another driver",
	},
	{
		ID: "provision-exists", Stages: []Stage{Provision}, Code: "AlreadyExists",
		Cause: "the backend has a volume of this name with other properties", Look: "the volume in the backend", Remedy: "recreate the claim, which gives the volume another name",
	},
}
