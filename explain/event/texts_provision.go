// SPDX-License-Identifier: Apache-2.0

package event

// provisionTexts are what external-provisioner, sig-storage-lib-external-provisioner and kube-controller-manager say of volumes that cannot be
// made.
var provisionTexts = []Text{
	// external-provisioner, pkg/controller/topology.go.
	{
		ID: "topology-not-allowed", Stages: []Stage{Provision}, Patterns: []string{"is not in allowed topologies", "is not in requisite"},
		Cause: "the node that was selected is not where the class may provision", Look: "allowedTopologies of the class, and the node's labels", Remedy: "correct allowedTopologies, or keep the pod to nodes that they name",
	},
	{
		ID: "no-topology", Stages: []Stage{Provision}, Patterns: []string{"no available topology found"},
		Cause: "the driver is registered on no node, or its topology keys are on none", Look: "spec.drivers of the CSINodes", Remedy: "make the driver's node plugin run on the nodes",
	},
	{
		ID: "topology-labels-missing", Stages: []Stage{Provision}, Patterns: []string{"no topology key found for node {node}", "no topology key found on CSINode {node}", "were not found on any nodes", "does not match topology keys from CSINode"},
		Cause: "nodes lack the labels that the driver provisions by", Look: "topologyKeys in the CSINode, and the node's labels", Remedy: "restart the driver's node plugin, so that it registers and labels the node again",
	},
	{
		ID: "selected-node-without-driver", Stages: []Stage{Provision}, Patterns: []string{`CSINode for selected node "{node}" not found`, `failed to get selected CSINode {node}`},
		Cause: "the node {node} that was selected is gone, or has no CSI driver", Look: "annotation volume.kubernetes.io/selected-node of the claim", Remedy: "remove the annotation, so that kube-scheduler selects another node",
	},
	// external-provisioner, pkg/controller/controller.go.
	{
		ID: "snapshot-not-usable", Stages: []Stage{Provision}, Patterns: []string{"error getting handle for DataSource Type VolumeSnapshot by Name {snapshot}:"},
		Cause: "snapshot {snapshot}, which the claim is to be made from, cannot be used", Look: "status.readyToUse and status.error of the VolumeSnapshot", Remedy: "wait until the snapshot is ready, or name another; a bound snapshot of another driver does not do",
	},
	{
		ID: "clone-source-not-usable", Stages: []Stage{Provision}, Patterns: []string{"error getting handle for DataSource Type PersistentVolumeClaim by Name {claim}:"},
		Cause: "claim {claim}, which is to be cloned, cannot be used", Look: "the source's phase, size, class and volumeMode", Remedy: "wait until the source is bound, and ask for at least its size in its volumeMode",
	},
	{
		ID: "selector-with-provisioner", Stages: []Stage{Provision}, Patterns: []string{"claim Selector is not supported"},
		Cause: "the claim has a selector, with which no volume is provisioned", Look: "spec.selector of the claim", Remedy: "recreate the claim without a selector, or with a class for volumes that exist",
	},
	{
		ID: "provision-secret-missing", Stages: []Stage{Provision}, Missing: Secret, Patterns: []string{"error getting secret {secret} in namespace {namespace}:"},
		Cause: "Secret {namespace}/{secret} that the class names cannot be read", Look: "the class's parameters with csi.storage.k8s.io/", Remedy: "create the Secret, or correct the class",
	},
	{
		ID: "block-not-supported", Stages: []Stage{Provision}, Patterns: []string{"{provisioner} does not support block volume provisioning"},
		Cause: "{provisioner} makes no volumes of volumeMode Block", Look: "volumeMode of the claim", Remedy: "recreate the claim with volumeMode Filesystem, or with another class",
	},
	{
		ID: "driver-cannot-provision", Stages: []Stage{Provision}, Patterns: []string{"CSI driver does not support {what}: {}"},
		Cause: "the driver does not support {what}", Look: "the driver's documentation", Remedy: "use another class, or do without",
	},
	// kube-controller-manager, pkg/controller/volume/persistentvolume.
	{
		ID: "class-missing", Stages: []Stage{Provision, Bind}, Patterns: []string{`storageclass.storage.k8s.io "{class}" not found`, `storageclasses.storage.k8s.io "{class}" not found`},
		Cause: "class {class} does not exist", Look: "storageClassName of the claim", Remedy: "create the class, or recreate the claim with another",
	},
	{
		ID: "in-tree-provisioner-gone", Stages: []Stage{Provision, Bind}, Patterns: []string{"no volume plugin matched name: {plugin}", "no volume plugin matched"},
		Cause: "the class's provisioner is of Kubernetes itself, which does not have it any more", Look: "provisioner of the class", Remedy: "recreate the class with the name of the CSI driver, and the claim with it",
	},
	// Quotas and room: AWS, Azure, GCE, OpenStack and drivers that make volumes on nodes say it in these words.
	{
		ID: "quota", Stages: []Stage{Provision, Resize, Attach},
		Patterns: []string{"QuotaExceeded", "quota exceeded", "exceeded quota", "exceeds quota", "over quota", "VolumeLimitExceeded", "QUOTA_EXCEEDED", "exceeded for quota", "quota has been reached", "Exceeded limit"},
		Cause:    "a quota of the storage backend is used up", Look: "the quotas of the account or project in the backend", Remedy: "delete volumes that nobody needs, or have the quota raised; it is tried again by itself",
	},
	{
		ID: "backend-full", Stages: []Stage{Provision, Resize},
		Patterns: []string{"not enough free space", "no space left", "insufficient free space", "insufficient capacity", "not enough disk space", "not enough space", "insufficient space", "insufficient storage", "out of space", "no available disk candidates"},
		Cause:    "the storage backend has no room for it", Look: "the pool that the class takes volumes from", Remedy: "free or add room in the backend, or ask for less; it is tried again by itself",
	},
	{
		ID: "backend-refuses", Stages: []Stage{Provision, Attach, Detach, Resize, Delete},
		Patterns: []string{"UnauthorizedOperation", "AuthorizationFailed", "AuthorizationFailure", "AuthFailure", "AccessDenied", "is not authorized to perform", "not authorized to perform", "InvalidClientTokenId", "ExpiredToken", "invalid credentials", "authentication failed"},
		Cause:    "the storage backend refuses the driver: its credentials or permissions do not do", Look: "the driver's credentials: its Secret, role or service account", Remedy: "correct the credentials or permissions of the driver",
	},
}
