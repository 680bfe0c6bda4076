// SPDX-License-Identifier: Apache-2.0

package oracle

// Row is something that rounds must hold now and then, as each is a way in which two readers of the same objects can differ.
type Row string

// The rows of the generator's table.
const (
	RowZoneList            Row = "PV label with several zones (__)"
	RowZoneEmptyPart       Row = "PV label with an empty zone part"
	RowZoneBlank           Row = "PV label with blanks around a zone"
	RowZoneBetaPV          Row = "PV with beta zone or region label"
	RowZoneBetaNode        Row = "node with beta zone or region label"
	RowZoneNoneNode        Row = "node without zone and region labels"
	RowPreboundAffinity    Row = "PV kept for a delayed claim, with an affinity"
	RowPreboundUID         Row = "PV kept for a claim of another UID"
	RowPreboundOther       Row = "PV kept for another claim"
	RowPreboundNameless    Row = "PV with a claimRef that names nothing"
	RowSelectedNode        Row = "claim with a selected node"
	RowSelectedNodeEmpty   Row = "claim with an empty selected node"
	RowSelectedNodeGone    Row = "claim with a selected node that does not exist"
	RowNotCompleted        Row = "claim with volumeName and without bind-completed"
	RowVolumeDeleting      Row = "PV being deleted"
	RowClaimDeleting       Row = "claim being deleted"
	RowClaimLost           Row = "claim that is Lost"
	RowClaimNoRequest      Row = "claim without a request"
	RowPrevent             Row = "CSIDriver with preventPodSchedulingIfMissing"
	RowAttributesVolume    Row = "PV with an attributes class"
	RowAttributesClaim     Row = "claim with an attributes class"
	RowAttributesEmpty     Row = "attributes class that is empty but set"
	RowPoolNoTopology      Row = "pool without nodeTopology"
	RowPoolAllNodes        Row = "pool with an empty nodeTopology"
	RowPoolMaximum         Row = "pool with maximumVolumeSize below its capacity"
	RowPoolSilent          Row = "pool without capacity and maximumVolumeSize"
	RowPoolUnreadable      Row = "pool with an unreadable nodeTopology"
	RowNoCSINode           Row = "node without CSINode"
	RowMigratedEBS         Row = "PV of EBS"
	RowMigratedGCE         Row = "PV of GCE PD"
	RowMigratedAzure       Row = "PV of Azure Disk"
	RowMigratedCinder      Row = "PV of Cinder"
	RowMigratedPortworx    Row = "PV of Portworx"
	RowMigratableOff       Row = "PV of a plugin that migrates elsewhere (vSphere, Azure File)"
	RowMigrationAnnotation Row = "CSINode with migrated plugins"
	RowMigrationEmpty      Row = "CSINode with an empty list of migrated plugins"
	RowUntranslatable      Row = "volume that CSI migration cannot translate"
	RowInlineGCE           Row = "inline GCE PD"
	RowInlineEBS           Row = "inline EBS volume"
	RowInlineISCSI         Row = "inline iSCSI disk"
	RowInlineRBD           Row = "inline RBD image"
	RowInlineAzure         Row = "inline Azure Disk"
	RowInlineCinder        Row = "inline Cinder volume"
	RowInlineReadOnly      Row = "inline disk that is read-only"
	RowSharedClaim         Row = "claim of the pod that assigned pods use too"
	RowSameClaimTwice      Row = "two volumes of the pod that name one claim"
	RowEphemeral           Row = "ephemeral volume with its own claim"
	RowEphemeralMissing    Row = "ephemeral volume whose claim is not made yet"
	RowEphemeralForeign    Row = "ephemeral volume with the claim of another"
	RowAffinityNoTerms     Row = "PV with an affinity without terms"
	RowAffinityEmptyTerm   Row = "PV with an empty affinity term"
	RowAffinityFieldsOnly  Row = "PV with an affinity term that has only matchFields"
	RowAffinityUnreadable  Row = "PV with an unreadable affinity term"
	RowAffinityNotIn       Row = "PV affinity with NotIn"
	RowAffinityExists      Row = "PV affinity with Exists or DoesNotExist"
	RowAffinityNumbers     Row = "PV affinity with Gt or Lt"
	RowClaimSelector       Row = "claim with a selector"
	RowSelectorUnreadable  Row = "claim with an unreadable selector"
	RowBlock               Row = "claim or PV in Block mode"
	RowOncePodInUse        Row = "ReadWriteOncePod claim of the pod that an assigned pod uses"
	RowAttachmentUnused    Row = "attachment of a volume that no pod on the node uses"
	RowAttachmentNoPV      Row = "attachment of a PV that does not exist"
	RowAttachmentInline    Row = "attachment without a PV"
	RowLimitZero           Row = "CSINode that allows no volume of a driver"
	RowLimitAbsent         Row = "CSINode without a count for a driver"
	RowClassNoProvisioner  Row = "class of no-provisioner"
	RowClassEmptyProvider  Row = "class with an empty provisioner"
	RowClassMissing        Row = "claim of a class that does not exist"
	RowClassImmediate      Row = "class with Immediate binding"
	RowClassModeless       Row = "class without a binding mode"
	RowClassMigrated       Row = "class of an in-tree plugin that is migrated"
	RowAllowedNone         Row = "class with an empty list of allowedTopologies"
	RowAllowedEmptyTerm    Row = "class with an empty term in allowedTopologies"
	RowAllowedTerms        Row = "class with allowedTopologies"
	RowAllowedUnreadable   Row = "class with an unreadable term in allowedTopologies"
	RowBetaClass           Row = "class named by the beta annotation"
	RowPodTerminal         Row = "assigned pod that has ended"
	RowPodTerminating      Row = "assigned pod that is being deleted"
)

// Rows is every row; a run that does not reach one has proven nothing about it.
var Rows = []Row{
	RowZoneList, RowZoneEmptyPart, RowZoneBlank, RowZoneBetaPV, RowZoneBetaNode, RowZoneNoneNode, RowPreboundAffinity,
	RowPreboundUID, RowPreboundOther, RowPreboundNameless, RowSelectedNode, RowSelectedNodeEmpty, RowSelectedNodeGone,
	RowNotCompleted, RowVolumeDeleting, RowClaimDeleting, RowClaimLost, RowClaimNoRequest, RowPrevent, RowAttributesVolume,
	RowAttributesClaim, RowAttributesEmpty, RowPoolNoTopology, RowPoolAllNodes, RowPoolMaximum, RowPoolSilent,
	RowPoolUnreadable, RowNoCSINode, RowMigratedEBS, RowMigratedGCE, RowMigratedAzure, RowMigratedCinder, RowMigratedPortworx,
	RowMigratableOff, RowMigrationAnnotation, RowMigrationEmpty, RowUntranslatable, RowInlineGCE, RowInlineEBS, RowInlineISCSI,
	RowInlineRBD, RowInlineAzure, RowInlineCinder, RowInlineReadOnly, RowSharedClaim, RowSameClaimTwice, RowEphemeral,
	RowEphemeralMissing, RowEphemeralForeign, RowAffinityNoTerms, RowAffinityEmptyTerm, RowAffinityFieldsOnly, RowAffinityUnreadable,
	RowAffinityNotIn, RowAffinityExists, RowAffinityNumbers, RowClaimSelector, RowSelectorUnreadable, RowBlock,
	RowOncePodInUse, RowAttachmentUnused, RowAttachmentNoPV, RowAttachmentInline, RowLimitZero, RowLimitAbsent,
	RowClassNoProvisioner, RowClassEmptyProvider, RowClassMissing, RowClassImmediate, RowClassModeless, RowClassMigrated,
	RowAllowedNone, RowAllowedEmptyTerm, RowAllowedTerms, RowAllowedUnreadable, RowBetaClass, RowPodTerminal,
	RowPodTerminating,
}
