// SPDX-License-Identifier: Apache-2.0

package rules

import "slices"

// registry is every rule, in the order in which findings are told: families as in the documentation.
var registry = []Rule{
	{
		ID: Decode,
		Summary: "The text is not YAML or JSON, or not such an object: an unknown field, a field that occurs twice, a value of a wrong type, " +
			"a version that is no longer served.",
		Kinds:  allKinds(),
		Action: Deny,
		Symptom: "the API server refuses the object, or a client that is not strict drops the field, so that the object is not what was " +
			"written",
		Remediation: "correct the text",
		Doc:         "docs/rules.md#decode",
	},
	{
		ID:      "access-mode-unsupported",
		Summary: "A claim's access modes and volumeMode cannot be served by its class's driver, or a PersistentVolume's by its source.",
		Kinds:   append([]Kind{PersistentVolume}, claimKinds...),
		Action:  Deny,
		Symptom: `ProvisioningFailed "Volume capabilities not supported"; the claim and its pod stay Pending forever`,
		Remediation: "ask only for access modes that the driver serves, or use a StorageClass whose driver serves this one " +
			"(for sharing between nodes: a file system such as NFS, EFS, Filestore, Azure Files or CephFS)",
		Doc:         "docs/rules.md#access-mode-unsupported",
		NeedsLookup: true,
		Check:       accessModeUnsupported,
	},
	{
		ID:          "access-mode-rwop-non-csi",
		Summary:     "ReadWriteOncePod is asked of a volume plugin that is not CSI.",
		Kinds:       append([]Kind{PersistentVolume}, claimKinds...),
		Action:      Warn,
		Symptom:     "the scheduler keeps other pods away, but the volume layer does not: a pod with nodeName set mounts the volume all the same",
		Remediation: "use ReadWriteOnce, or a volume of a CSI driver",
		Doc:         "docs/rules.md#access-mode-rwop-non-csi",
		NeedsLookup: true,
		Check:       accessModeRWOPNonCSI,
	},
	{
		ID:          "secret-ref-incomplete",
		Summary:     "A PersistentVolume's or class's secret reference has a name and no namespace, or the reverse, or is empty.",
		Kinds:       []Kind{PersistentVolume, StorageClass, VolumeSnapshotClass},
		Action:      Deny,
		Symptom:     `ProvisioningFailed "either name and namespace for … secrets specified, Both must be specified"`,
		Remediation: "give both the secret's name and its namespace, or neither",
		Doc:         "docs/rules.md#secret-ref-incomplete",
		ExplainsAPI: true,
		Check:       secretRefIncomplete,
	},
	{
		ID: "secret-parameter-unknown",
		Summary: "A class has a csi.storage.k8s.io/ parameter that no sidecar knows, the old and the new key for the same thing, or a token " +
			"that is not replaced there.",
		Kinds:       []Kind{StorageClass, VolumeSnapshotClass},
		Action:      Deny,
		Symptom:     "every claim or snapshot of the class stays Pending, and its events say that the parameters are refused",
		Remediation: "write the parameter as the sidecar knows it",
		Doc:         "docs/rules.md#secret-parameter-unknown",
		Check:       secretParameterUnknown,
	},
	{
		ID:          "secret-cross-tenant",
		Summary:     "A class takes secrets from one namespace by a name that the user of the class chooses.",
		Kinds:       []Kind{StorageClass, VolumeSnapshotClass},
		Action:      Deny,
		Symptom:     "no error at all: whoever makes a claim or snapshot can have the driver use any secret of that namespace",
		Remediation: "take the secret from the user's own namespace",
		Doc:         "docs/rules.md#secret-cross-tenant",
		Check:       secretCrossTenant,
	},
	{
		ID:      "secret-in-plain-text",
		Summary: "A class's parameter, a volume's attribute or option, or a mount option is a credential.",
		Kinds:   append([]Kind{PersistentVolume, StorageClass, VolumeAttributesClass, VolumeSnapshotClass}, podKinds...),
		Action:  Deny,
		Symptom: "no error at all: whoever may read the object can read the credential, which is also in backups and, as a mount option, " +
			"in the node's mount table",
		Remediation: "put it into a Secret, and refer to that (csi.storage.k8s.io/…-secret-name, nodeStageSecretRef, nodePublishSecretRef)",
		Doc:         "docs/rules.md#secret-in-plain-text",
		Check:       secretInPlainText,
	},
	{
		ID:          "secret-mode-decimal",
		Summary:     "A secret file's mode is a decimal number whose digits look like an octal mode.",
		Kinds:       podKinds,
		Action:      Warn,
		Symptom:     "the files get permissions that nobody meant",
		Remediation: "write the mode with a leading zero in YAML, or its decimal value in JSON",
		Doc:         "docs/rules.md#secret-mode-decimal",
		ExplainsAPI: true,
		Check:       secretModeDecimal,
	},
	{
		ID: "secret-mode-too-open",
		Summary: "A secret's files can be read by everybody in the container or written by the group, because their mode says so and not " +
			"because it is the default.",
		Kinds:       podKinds,
		Action:      Warn,
		Symptom:     "no error at all: any process of the container can read the secret; ssh and PostgreSQL refuse such key files",
		Remediation: "use 0440 with securityContext.fsGroup, or 0400 for a container that runs as root",
		Doc:         "docs/rules.md#secret-mode-too-open",
		Check:       secretModeTooOpen,
	},
	{
		ID:          "secret-subpath-stale",
		Summary:     "A long-running container mounts a subPath of a secret, configMap or projected volume.",
		Kinds:       podKinds,
		Action:      Warn,
		Symptom:     "no error at all: after a rotation the container has the old file until it is restarted",
		Remediation: "mount the volume as a folder, with items if only some files are wanted, or restart the pods after every change",
		Doc:         "docs/rules.md#secret-subpath-stale",
		Check:       secretSubPathStale,
	},
	{
		ID:          "secret-env",
		Summary:     "A container gets a secret as an environment variable.",
		Kinds:       podKinds,
		Action:      Audit,
		Symptom:     "no error at all: child processes, crash reports and debug pages show the value, and it never follows a rotation",
		Remediation: "mount the secret as a volume",
		Doc:         "docs/rules.md#secret-env",
		Check:       secretEnv,
	},
	{
		ID:          "secret-token-long",
		Summary:     "A projected service account token lasts over 24 hours, or is for the API server in a pod that has such a token already.",
		Kinds:       podKinds,
		Action:      Audit,
		Symptom:     "no error at all: a token that leaks can be used for long",
		Remediation: "leave expirationSeconds at its default of an hour: the kubelet renews the file",
		Doc:         "docs/rules.md#secret-token-long",
		Check:       secretTokenLong,
	},
	{
		ID:      "propagation-bidirectional-path",
		Summary: "A hostPath outside the allowed roots is mounted with Bidirectional propagation.",
		Kinds:   podKinds,
		Action:  Deny,
		Symptom: "no error at all: what the container mounts there appears on the node and in other pods, hides the host's own files, " +
			"and stays when the pod is gone",
		Remediation: "mount a folder below an allowed root such as /var/lib/kubelet, or use HostToContainer if the container only has " +
			"to see the host's mounts",
		Doc:   "docs/rules.md#propagation-bidirectional-path",
		Check: propagationBidirectionalPath,
	},
	{
		ID:          "propagation-bidirectional-unprivileged",
		Summary:     "A container that is not privileged mounts a volume with Bidirectional propagation.",
		Kinds:       podKinds,
		Action:      Deny,
		Symptom:     `Forbidden "Bidirectional mount propagation is available only to privileged containers"`,
		Remediation: "use HostToContainer or no propagation; only a container that must mount for the host needs securityContext.privileged: true",
		Doc:         "docs/rules.md#propagation-bidirectional-unprivileged",
		ExplainsAPI: true,
		Check:       propagationBidirectionalUnprivileged,
	},
	{
		ID:          "propagation-host-root",
		Summary:     "The host's root folder is mounted writable with HostToContainer or Bidirectional propagation.",
		Kinds:       podKinds,
		Action:      Warn,
		Symptom:     "no error at all: the container can write to every mount of the node, other pods' volumes included",
		Remediation: "mount only the folder that is needed, or set readOnly: true on the mount",
		Doc:         "docs/rules.md#propagation-host-root",
		Check:       propagationHostRoot,
	},
	{
		ID:          "propagation-ineffective",
		Summary:     "A Bidirectional mount is read-only, in a pod with hostUsers: false, or of a volume that nothing else can see.",
		Kinds:       podKinds,
		Action:      Warn,
		Symptom:     "no error at all: what the container mounts is seen nowhere else",
		Remediation: "drop mountPropagation, or make the mount one that others can see",
		Doc:         "docs/rules.md#propagation-ineffective",
		Check:       propagationIneffective,
	},
	{
		ID:          "propagation-subpath",
		Summary:     "A mount has both propagation and a subPath.",
		Kinds:       podKinds,
		Action:      Warn,
		Symptom:     "no error at all: mounts that were there before the container started are empty folders in it",
		Remediation: "make the subfolder the volume's own path, or mount the whole volume",
		Doc:         "docs/rules.md#propagation-subpath",
		Check:       propagationSubPath,
	},
	{
		ID:      "propagation-readonly-not-recursive",
		Summary: "A mount is read-only with HostToContainer propagation.",
		Kinds:   podKinds,
		Action:  Warn,
		Symptom: "no error at all: the container can write to whatever is mounted below; the API server allows recursiveReadOnly " +
			"without propagation only",
		Remediation: "drop mountPropagation and set recursiveReadOnly: IfPossible, unless the container must see mounts made after it started",
		Doc:         "docs/rules.md#propagation-readonly-not-recursive",
		Check:       propagationReadOnlyNotRecursive,
	},
	{
		ID:          "hostpath-sensitive",
		Summary:     "A hostPath of the node's own folders is mounted writable, or the socket of its container runtime is mounted at all.",
		Kinds:       append([]Kind{PersistentVolume}, podKinds...),
		Action:      Warn,
		Symptom:     "no error at all: whoever gets into the container can change the node, and through it every other pod there",
		Remediation: "set readOnly: true on the mounts, or mount only the folder that is needed",
		Doc:         "docs/rules.md#hostpath-sensitive",
		Check:       hostPathSensitive,
	},
	{
		ID:          "hostpath-stateful",
		Summary:     "A Deployment or StatefulSet that can move between nodes writes to a hostPath.",
		Kinds:       []Kind{Deployment, StatefulSet},
		Action:      Warn,
		Symptom:     "no error at all: a pod that starts on another node finds an empty folder, or the data of long ago",
		Remediation: "use a PersistentVolumeClaim; for one node's own disk, one of a local volume's class",
		Doc:         "docs/rules.md#hostpath-stateful",
		Check:       hostPathStateful,
	},
	{
		ID:          "emptydir-memory-unbounded",
		Summary:     "A memory volume has no sizeLimit, and a container that writes to it no memory limit.",
		Kinds:       podKinds,
		Action:      Warn,
		Symptom:     "the node runs out of memory, and other pods are killed or evicted",
		Remediation: "set emptyDir.sizeLimit, or a memory limit on the container",
		Doc:         "docs/rules.md#emptydir-memory-unbounded",
		Check:       emptyDirMemoryUnbounded,
	},
	{
		ID:          "emptydir-medium-unknown",
		Summary:     "An emptyDir has a medium that the kubelet does not know.",
		Kinds:       podKinds,
		Action:      Deny,
		Symptom:     "the pod stays in ContainerCreating: the kubelet cannot set up the volume",
		Remediation: "use Memory, HugePages, HugePages-SIZE, or no medium for the node's disk",
		Doc:         "docs/rules.md#emptydir-medium-unknown",
		Check:       emptyDirMediumUnknown,
	},
	{
		ID:          "mount-path",
		Summary:     "A mountPath is relative, has a colon, is another mount's path in other letters, or hides /, /etc, /proc or /usr of the image.",
		Kinds:       podKinds,
		Action:      Warn,
		Symptom:     "the container does not start, or does not find its files",
		Remediation: "use an absolute path of the mount's own",
		Doc:         "docs/rules.md#mount-path",
		Check:       mountPath,
	},
	{
		ID:          "size-suspicious",
		Summary:     "A request for storage or a volume's capacity is below 1 MiB, or a limit is below the request.",
		Kinds:       append([]Kind{PersistentVolume}, claimKinds...),
		Action:      Warn,
		Symptom:     "a volume of the least size that the driver makes, or a static volume that no claim fits",
		Remediation: "give the size a unit, such as 10Gi",
		Doc:         "docs/rules.md#size-suspicious",
		Check:       sizeSuspicious,
	},
}

// Registry returns a copy of every rule in its order.
func Registry() []Rule { return slices.Clone(registry) }

// IDs returns the ID of every rule in the registry's order.
func IDs() []string {
	ids := make([]string, len(registry))
	for i := range registry {
		ids[i] = registry[i].ID
	}
	return ids
}
