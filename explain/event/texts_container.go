// SPDX-License-Identifier: Apache-2.0

package event

// containerTexts are what a container runtime says where a container cannot be started because of one of its volumes, all of which are mounted
// on the node by then.
var containerTexts = []Text{
	// runc (libcontainer/rootfs_linux.go) and crun.
	{
		ID: "id-mapped-mount", Patterns: []string{"support idmap mounts on this kernel", "MOUNT_ATTR_IDMAP", "failed to idmap"},
		Cause: "the file system of a volume cannot map user IDs on this node's kernel, and the pod has hostUsers: false", Look: "hostUsers of the pod, and what serves its volumes: NFS cannot",
		Remedy: "leave out hostUsers: false, or keep the data on a volume whose file system can, such as ext4 or xfs",
	},
	// pkg/kubelet/kubelet_pods.go.
	{
		ID: "sub-path", Stages: []Stage{Container, Mount}, Patterns: []string{`failed to prepare subPath for volumeMount "{mount}" of container "{container}"`, `failed to create subPath directory for volumeMount "{mount}" of container "{container}"`},
		Cause: "the subPath of volumeMount {mount} of container {container} cannot be made or reached in its volume", Look: "subPath in the container's volumeMounts, and what the volume holds there",
		Remedy: "correct subPath, or what is in the volume: not a link out of it, and writable",
	},
	// runc (libcontainer/rootfs_linux.go).
	{
		ID: "file-over-directory", Stages: []Stage{Container}, Patterns: []string{"Are you trying to mount a directory onto a file"},
		Cause: "a volume's directory is mounted where the image has a file, or the other way around", Look: "mountPath and subPath in the container's volumeMounts", Remedy: "correct mountPath or subPath",
	},
	{
		ID: "stale-handle-in-container", Stages: []Stage{Container}, Patterns: []string{"stale NFS file handle", "stale file handle"},
		Cause: "the mount of a volume on the node has become stale: the server has changed what is behind it", Look: "the server and its export", Remedy: "end the pods of this volume on the node, so that it is mounted again",
	},
	{
		ID: "transport-endpoint", Stages: []Stage{Container, Mount}, Patterns: []string{"transport endpoint is not connected"},
		Cause: "the process that serves the volume's FUSE mount on the node has ended", Look: "the driver's node plugin on this node", Remedy: "end the pods of this volume on the node, so that it is mounted again",
	},
}
