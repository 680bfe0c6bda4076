// SPDX-License-Identifier: Apache-2.0

package event

// kubeletTexts are what the kubelet says of volumes that it cannot mount: its own texts, and what mount(8) and its helpers print, which it hands on.
var kubeletTexts = []Text{
	// pkg/volume/csi/csi_attacher.go: the driver's own Secret. It ends in the words of the next row.
	{
		ID: "driver-secret-missing", Stages: []Stage{Mount}, Missing: Secret, Patterns: []string{"fetching NodeStageSecretRef {secret} failed", "fetching NodePublishSecretRef {secret} failed"},
		Cause: "the Secret {secret} that the driver needs cannot be read", Look: "nodeStageSecretRef and nodePublishSecretRef of the volume, and the class's parameters", Remedy: "create the Secret in the namespace that the volume or its class names for it; the kubelet tries again by itself",
	},
	// pkg/volume/util.GetSecretForPod and pkg/kubelet/util/manager of Kubernetes 1.37, with the API server's NotFound.
	{
		ID: "secret-missing", Stages: []Stage{Mount}, Missing: Secret,
		Patterns: []string{`secret "{secret}" not found`, `secrets "{secret}" not found`},
		Cause:    "Secret {secret} does not exist", Look: "the pod's volume that names Secret {secret}",
		Remedy: "create Secret {secret} in the namespace, correct the name, or mark it optional in the pod's volume; the kubelet tries again by itself",
	},
	{
		ID: "configmap-missing", Stages: []Stage{Mount}, Missing: ConfigMap,
		Patterns: []string{`configmap "{configmap}" not found`, `configmaps "{configmap}" not found`},
		Cause:    "ConfigMap {configmap} does not exist", Look: "the pod's volume that names ConfigMap {configmap}",
		Remedy: "create ConfigMap {configmap} in the namespace, correct the name, or mark it optional in the pod's volume; the kubelet tries again by itself",
	},
	// MakePayload in pkg/volume/secret/secret.go and pkg/volume/configmap/configmap.go.
	{
		ID: "secret-key-missing", Stages: []Stage{Mount}, Missing: Secret,
		Patterns: []string{`references non-existent secret key: {key}`},
		Cause:    "the Secret has no key {key}, which the pod's volume lists under items", Look: "items in the pod's volume, and the keys of the Secret",
		Remedy: "add the key {key} to the Secret, correct items, or mark the source optional",
	},
	{
		ID: "configmap-key-missing", Stages: []Stage{Mount}, Missing: ConfigMap,
		Patterns: []string{`references non-existent config key: {key}`},
		Cause:    "the ConfigMap has no key {key}, which the pod's volume lists under items", Look: "items in the pod's volume, and the keys of the ConfigMap",
		Remedy: "add the key {key} to the ConfigMap, correct items, or mark the source optional",
	},
	// pkg/kubelet/util/manager/cache_based_manager.go: the pod is not yet, or no more, one that the kubelet knows.
	{
		ID: "object-not-registered", Stages: []Stage{Mount}, Passing: true, Patterns: []string{`object "{}"/"{object}" not registered`},
		Cause: "the kubelet does not know the pod that uses {object}, as while it starts or while the pod goes", Look: "the pod's deletionTimestamp",
		Remedy: "wait; it ends by itself",
	},
	// pkg/volume/csi/csi_client.go.
	{
		ID: "driver-not-registered", Stages: []Stage{Mount}, Patterns: []string{`driver name {driver} not found in the list of registered CSI drivers`},
		Cause: "driver {driver} is not registered with the kubelet of this node", Look: "spec.drivers of the node's CSINode, and the driver's node plugin, which is a DaemonSet as a rule",
		Remedy: "make the node plugin of {driver} run on this node: look at its pod here, its tolerations and its node selector",
	},
	// pkg/volume/util/operationexecutor/operation_generator.go.
	{
		ID: "volume-in-use-by-one-pod", Stages: []Stage{Mount}, Patterns: []string{"volume uses the ReadWriteOncePod access mode and is already in use by another pod"},
		Cause: "another pod on this node uses the volume, which is ReadWriteOncePod", Look: "the other pods of the claim",
		Remedy: "wait until the other pod has gone, or end it",
	},
	{
		ID: "volume-not-for-this-node", Stages: []Stage{Mount}, Patterns: []string{"NodeAffinity check failed"},
		Cause: "the volume cannot be used on this node, and the pod was put here without asking", Look: "spec.nodeAffinity of the volume, and spec.nodeName of the pod's template",
		Remedy: "leave the choice of the node to kube-scheduler: no nodeName in the template",
	},
	// pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go.
	{
		ID: "claim-missing", Stages: []Stage{Mount}, Patterns: []string{`persistentvolumeclaims "{claim}" not found`, `persistentvolumeclaim "{claim}" not found`},
		Cause: "claim {claim} does not exist", Look: "claimName in the pod's volumes", Remedy: "create the claim, or correct the name",
	},
	{
		ID: "volume-missing", Stages: []Stage{Mount}, Patterns: []string{`persistentvolumes "{volume}" not found`, `persistentvolume "{volume}" not found`},
		Cause: "volume {volume} does not exist any more", Look: "spec.volumeName of the claim", Remedy: "restore the data into a new claim; this one has lost its volume",
	},
	{
		ID: "claim-not-bound", Stages: []Stage{Mount}, Patterns: []string{"PVC is not bound"},
		Cause: "the claim is not bound, and the pod has its node already", Look: "the claim's phase, and spec.nodeName of the pod's template",
		Remedy: "leave the choice of the node to kube-scheduler: it binds the claim first",
	},
	{
		ID: "claim-deleting", Stages: []Stage{Mount}, Patterns: []string{"PVC is being deleted"},
		Cause: "the claim is being deleted", Look: "the claim's deletionTimestamp", Remedy: "recreate the claim once it has gone; its data goes with the volume where the reclaim policy is Delete",
	},
	{
		ID: "claim-of-another", Stages: []Stage{Mount}, Patterns: []string{"does not point to claim.UID"},
		Cause: "the volume belongs to an earlier claim of the name", Look: "spec.claimRef.uid of the volume", Remedy: "look at the volume's data first, then clear claimRef.uid so that it can be bound again",
	},
	{
		ID: "volume-mode", Stages: []Stage{Mount}, Patterns: []string{"volume {volume} has volumeMode {mode}, but is specified in {list}"},
		Cause: "volume {volume} is of volumeMode {mode}, and the container names it under {list}", Look: "volumeMode of the claim; volumeMounts is for Filesystem and volumeDevices for Block",
		Remedy: "name it under the other list",
	},
	{
		ID: "selinux-conflict", Stages: []Stage{Mount}, Patterns: []string{"conflicting SELinux labels of volume {volume}:"},
		Cause: "another pod on this node uses volume {volume} with another SELinux label", Look: "securityContext.seLinuxOptions of both pods",
		Remedy: "give both pods the same label, or this one seLinuxChangePolicy: Recursive",
	},
	// pkg/controller/volume/selinuxwarning.
	{
		ID: "selinux-conflict-ahead", Patterns: []string{"conflicts with pod {pod} that uses the same volume as this pod"}, Passing: true,
		Cause: "pod {pod} uses the same volume with other SELinux settings", Look: "securityContext.seLinuxOptions and seLinuxChangePolicy of both pods",
		Remedy: "give both pods the same label: on one node only one of them can have the volume",
	},
	// pkg/volume/volume_linux.go.
	{
		ID: "ownership-walk", Stages: []Stage{Mount}, Passing: true, Patterns: []string{"Setting volume ownership for {}"},
		Cause: "the kubelet gives every file of the volume the pod's fsGroup, which takes long where there are many", Look: "securityContext.fsGroup and fsGroupChangePolicy of the pod",
		Remedy: "wait; to spare it next time set fsGroupChangePolicy: OnRootMismatch",
	},
	// pkg/kubelet/volumemanager/volume_manager.go (1.35 and later rejects the pod).
	{
		ID: "attach-limit", Patterns: []string{"Node has reached its volume attachment limit"},
		Cause: "the node has as many volumes as can be attached to it", Look: "allocatable.count of the driver in the node's CSINode",
		Remedy: "the pod is rejected, and its controller makes another; free attach slots on the node, or let it go elsewhere",
	},
	// pkg/volume/hostpath/host_path.go.
	{
		ID: "host-path-type", Stages: []Stage{Mount}, Patterns: []string{"hostPath type check failed: {path} is not a {type}"},
		Cause: "the path {path} on the node is not of the type that the hostPath volume asks for", Look: "hostPath.type, and {path} on this node",
		Remedy: "create {path} on the node, or keep the pod to nodes that have it",
	},
	// pkg/volume/util/hostutil/hostutil.go, for local volumes.
	{
		ID: "local-path-missing", Stages: []Stage{Mount}, Patterns: []string{`path "{path}" does not exist`},
		Cause: "the path {path} of the local volume is not on this node", Look: "spec.local.path of the volume, and that directory or disk on the node",
		Remedy: "mount the disk at {path} again; a new empty directory there would be taken for the data",
	},
	// k8s.io/mount-utils/mount_linux.go.
	{
		ID: "file-system-damaged", Stages: []Stage{Mount}, Patterns: []string{"'fsck' found errors on device {device} but could not correct them"},
		Cause: "the file system on the volume is damaged", Look: "the kernel's log of the node", Remedy: "take a snapshot of the volume, then repair its file system with fsck while no pod uses it",
	},
	{
		ID: "unformatted-read-only", Stages: []Stage{Mount}, Patterns: []string{"cannot mount unformatted disk {device} as we are manipulating it in read-only mode"},
		Cause: "the volume has no file system yet, and is mounted read-only", Look: "readOnly of the pod's volume and of the PersistentVolume", Remedy: "mount it writable once, so that it is formatted",
	},
	{
		ID: "format-failed", Stages: []Stage{Mount}, Patterns: []string{`format of disk "{device}" failed`},
		Cause: "the volume could not be formatted", Look: "the class's fsType, and whether the node has mkfs for it", Remedy: "correct the file system's type in the class, or the node's image",
	},
	// util-linux (mount) and nfs-utils, cifs-utils: what they print is a part of the event.
	{
		ID: "mount-helper-missing", Stages: []Stage{Mount}, Patterns: []string{"you might need a /sbin/mount.{} helper program", "unknown filesystem type '{}'"},
		Cause: "the node lacks the program or kernel module for this kind of file system", Look: "the packages of the node, such as nfs-common or cifs-utils, and the fsType of the volume",
		Remedy: "install the mount helper on the node, or correct fsType",
	},
	{
		ID: "nfs-access-denied", Stages: []Stage{Mount}, Patterns: []string{"access denied by server while mounting {export}"},
		Cause: "the NFS server turns this node away: {export} is not exported to it", Look: "the server's exports, and the volume's server and path", Remedy: "export the path to this node's address, or correct the volume",
	},
	{
		ID: "nfs-path-missing", Stages: []Stage{Mount}, Patterns: []string{"failed, reason given by server: No such file or directory"},
		Cause: "the NFS server does not have the path", Look: "the volume's path, and the server's exports", Remedy: "create the directory on the server, or correct the path",
	},
	{
		ID: "nfs-locking", Stages: []Stage{Mount}, Patterns: []string{"rpc.statd is not running but is required for remote locking"},
		Cause: "the node does not run rpc.statd, which NFS needs for locks", Look: "the node's NFS client", Remedy: "start rpc-statd on the node, or use NFS 4",
	},
	{
		ID: "server-unresolved", Stages: []Stage{Mount}, Patterns: []string{"Failed to resolve server {server}", "could not resolve address for {server}", "Name or service not known"},
		Cause: "the node cannot resolve the name of the storage server", Look: "the server's name in the volume; nodes do not use the cluster's DNS", Remedy: "use an address, or a name that nodes can resolve",
	},
	{
		ID: "server-refuses", Stages: []Stage{Mount}, Patterns: []string{"mount.nfs: Connection refused", "mount.nfs4: Connection refused", "mount error(111)"},
		Cause: "the storage server refuses the connection: nothing listens there", Look: "the server's address in the volume, and whether its service runs", Remedy: "start the server's service, or correct the address",
	},
	{
		ID: "server-unreachable", Stages: []Stage{Mount},
		Patterns: []string{"mount.nfs: Connection timed out", "mount.nfs4: Connection timed out", "No route to host", "mount error(110)", "mount error 110", "mount error(113)", "Network is unreachable", "mount system call failed: Connection timed out"},
		Cause:    "this node does not reach the storage server", Look: "the server's address in the volume, and the way there from this node: routes, firewalls, the server itself", Remedy: "make the server reachable from this node, or correct the address",
	},
	{
		ID: "server-protocol", Stages: []Stage{Mount}, Patterns: []string{"requested NFS version or transport protocol is not supported", "mount.nfs: Protocol not supported"},
		Cause: "the server does not speak the version of NFS that is asked for, or does not serve NFS", Look: "mountOptions of the volume and its class", Remedy: "ask for a version that the server has, such as nfsvers=4.1",
	},
	{
		ID: "credentials-refused", Stages: []Stage{Mount}, Patterns: []string{"mount error(13)", "mount error 13"},
		Cause: "the server refuses the user or the password", Look: "the Secret that the volume names", Remedy: "correct the Secret",
	},
	{
		ID: "stale-handle", Stages: []Stage{Mount}, Patterns: []string{"stale NFS file handle", "stale file handle"},
		Cause: "the mount on the node has become stale: the server has changed what is behind it", Look: "the server and its export", Remedy: "end the pods of this volume on the node, so that it is mounted again",
	},
	{
		ID: "file-system-refused", Stages: []Stage{Mount}, Patterns: []string{"wrong fs type, bad option, bad superblock"},
		Cause: "the volume holds another file system than is asked for, a damaged one, or a mount option that it does not take", Look: "fsType of the volume, mountOptions, and the kernel's log of the node",
		Remedy: "correct fsType or mountOptions; do not format the volume, its data would be lost",
	},
	{
		ID: "device-busy", Stages: []Stage{Mount}, Patterns: []string{"already mounted or mount point busy", "is apparently in use by the system"},
		Cause: "the device is in use on the node already", Look: "what holds it there: a mount that was left, LVM, multipath", Remedy: "release it on the node",
	},
	{
		ID: "device-missing", Stages: []Stage{Mount}, Patterns: []string{"could not find device path", "failed to find device path", "device path {} not found", "cannot find device", "no such device"},
		Cause: "the volume is attached, but the node does not see its device", Look: "the devices on the node, and the driver's node plugin there", Remedy: "look at the driver's log on this node; a restart of the node plugin, or a drain and reboot of the node, often helps",
	},
	// pkg/volume/csi/csi_attacher.go.
	{
		ID: "attachment-going", Stages: []Stage{Attach, Mount}, Passing: true, Patterns: []string{"volume attachment is being deleted", "volume attachment has been deleted"},
		Cause: "the attachment was being deleted when it was to be used", Look: "the volume's VolumeAttachments", Remedy: "wait; the controller makes it again",
	},
	{
		ID: "attachment-unseen", Stages: []Stage{Mount}, Passing: true, Patterns: []string{"has GET error for volume attachment"},
		Cause: "the kubelet could not read the VolumeAttachment, as in the first moments of one", Look: "the volume's VolumeAttachments", Remedy: "wait; where it lasts, look at the kubelet's log",
	},
	{
		ID: "attachment-pending", Stages: []Stage{Mount}, Symptom: true, Patterns: []string{"is not attached for volume attachment"},
		Cause: "the volume is not attached yet", Look: "status of the volume's VolumeAttachment", Remedy: "see why it is not attached",
	},
	// pkg/volume/csi/csi_mounter.go.
	{
		ID: "inline-not-supported", Stages: []Stage{Mount}, Patterns: []string{`volume mode "{mode}" not supported by driver {driver}`},
		Cause: "driver {driver} does not serve volumes of the mode {mode}", Look: "volumeLifecycleModes of the CSIDriver", Remedy: "use a claim, or an ephemeral volume with a claim template, instead of an inline CSI volume",
	},
	// google.golang.org/grpc: the kubelet does not reach the driver's socket.
	{
		ID: "driver-not-answering", Stages: []Stage{Mount, Resize}, Patterns: []string{"Error while dialing: dial unix", "Error while dialing dial unix", `connection error: desc = "transport:`},
		Cause: "the driver's node plugin does not answer on its socket", Look: "the pod of the driver's node plugin on this node", Remedy: "make the node plugin run: look at its pod's log here",
	},
	// pkg/kubelet/kubelet.go; the timeout is 2 minutes and 3 seconds (podAttachAndMountTimeout).
	{
		ID: "waited-for-volumes", Stages: []Stage{Mount}, Symptom: true, Patterns: []string{"unmounted volumes=[{volumes}]"},
		Cause: "the kubelet has waited two minutes for the volumes {volumes}", Look: "the other events of the pod, and the volumes' attachments", Remedy: "see why they are not there",
	},
}
