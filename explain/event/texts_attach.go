// SPDX-License-Identifier: Apache-2.0

package event

// attachTexts are what the attach-detach controller and external-attacher say.
var attachTexts = []Text{
	// reportMultiAttachError in pkg/controller/volume/attachdetach/reconciler; before 1.37 it begins with 'Multi-Attach error'.
	{
		ID: "used-by-pods-elsewhere", Stages: []Stage{Attach}, Patterns: []string{"Volume is already used by pod(s) {pods}"},
		Cause: "the volume can be attached to one node at a time, and is in use on another", Look: "the other pods of the claim, and their nodes",
		Remedy: "wait until they have gone, or end them; a Deployment with such a volume needs strategy Recreate",
	},
	{
		ID: "used-in-other-namespaces", Stages: []Stage{Attach}, Patterns: []string{"Volume is already used by {count} pod(s) in different namespaces"},
		Cause: "the volume can be attached to one node at a time, and {count} pods of other namespaces use it on another", Look: "the other PersistentVolumes with this volume's handle",
		Remedy: "wait until they have gone, or end them",
	},
	{
		ID: "attached-elsewhere", Stages: []Stage{Attach}, Patterns: []string{"Volume is already exclusively attached to one node"},
		Cause: "the volume can be attached to one node at a time, and is still attached to another, where no pod uses it any more", Look: "the volume's VolumeAttachments",
		Remedy: "wait until it is detached",
	},
	// pkg/volume/csi/csi_attacher.go.
	{
		ID: "attacher-silent", Stages: []Stage{Attach}, Patterns: []string{"timed out waiting for external-attacher of {driver} CSI driver to attach volume"},
		Cause: "external-attacher of {driver} has not attached it within two minutes, and has told no error", Look: "the driver's controller: does it run, and what is in its log",
		Remedy: "make the driver's controller run, with its csi-attacher container",
	},
	{
		ID: "detacher-silent", Stages: []Stage{Attach, Detach}, Patterns: []string{"timed out waiting for external-attacher of {} CSI driver to detach volume"},
		Cause: "external-attacher has not detached it within two minutes, and has told no error", Look: "the driver's controller: does it run, and what is in its log",
		Remedy: "make the driver's controller run, with its csi-attacher container",
	},
	// external-attacher, pkg/controller/csi_handler.go.
	{
		ID: "driver-not-on-node", Stages: []Stage{Attach}, Patterns: []string{"CSINode {node} does not contain driver {driver}"},
		Cause: "driver {driver} is not registered on {node}", Look: "spec.drivers of the node's CSINode, and the driver's node plugin, which is a DaemonSet as a rule",
		Remedy: "make the node plugin of {driver} run on {node}: look at its pod there, its tolerations and its node selector",
	},
	{
		ID: "volume-deleting", Stages: []Stage{Attach}, Patterns: []string{`PersistentVolume "{volume}" is marked for deletion`},
		Cause: "volume {volume} is being deleted", Look: "the volume's deletionTimestamp and reclaim policy", Remedy: "restore the data into a new claim; this volume goes",
	},
	{
		ID: "attach-secret-missing", Stages: []Stage{Attach, Detach}, Missing: Secret, Patterns: []string{`failed to load secret "{secret}"`},
		Cause: "the Secret {secret} that the driver needs cannot be read", Look: "controllerPublishSecretRef of the volume, and the class's parameters", Remedy: "create the Secret",
	},
}
