// SPDX-License-Identifier: Apache-2.0

package scan

// waste are the kinds of what takes room or money for nothing.
var waste = []Kind{claimUnusedKind, volumeReleasedKind, volumeFailedKind, snapshotOrphanedKind}
