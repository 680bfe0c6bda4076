// SPDX-License-Identifier: Apache-2.0

package scan

// willStick are the kinds of what works, and will not when something usual happens.
var willStick = []Kind{
	zoneWithoutFailoverKind, attachSlotsShortKind, attachLimitMissingKind, poolShortKind, poolUnreachedKind, driverMissingOnNodesKind, topologyLabelMissingKind,
	spreadImpossibleKind, rolloutBlocksKind, classImmediateZonalKind, twoDefaultClassesKind,
}

// roots are the kinds of them from which something that is stuck may follow.
var roots = []Kind{noDefaultClassKind}
