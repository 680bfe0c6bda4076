// SPDX-License-Identifier: Apache-2.0

package scan

// dataAtRisk are the kinds of which data is lost, or may be.
var dataAtRisk = []Kind{volumeNodeGoneKind, claimLostKind, volumeSameHandleKind, claimSharedWritersKind, deletePolicyRetainedDataKind}
