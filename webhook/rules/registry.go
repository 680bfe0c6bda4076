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
