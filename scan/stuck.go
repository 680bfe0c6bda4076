// SPDX-License-Identifier: Apache-2.0

package scan

// stuck are the kinds of what does not go on by itself, roots before what follows from them.
var stuck = []Kind{
	driverMissingKind,
	attachmentNodeGoneKind, attachmentFailingKind, attachmentOrphanedKind,
	selectedNodeGoneKind, claimTerminatingKind, claimPendingKind,
	groupUnplaceableKind, podHangingKind, podWaitingKind,
	resizeStuckKind, modifyStuckKind,
}
