// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
)

// registry is every rule in the order in which findings are reported: families as in the documentation, each row beside its
// function.
var registry = inOrder(
	[]Rule{decodeRule, apiRefusedRule},
	[]Rule{
		accessModeUnsupportedRule, accessModeRWOPNonCSIRule, accessModeSingleNodeSharedRule, accessModeCSIMixedRule,
		accessModeSharedWriterRule, accessModeROXNeedsSourceRule,
	},
	[]Rule{pluginRemovedRule, pluginMigratedRule, driverMissingRule, pluginDeprecatedFieldRule},
	[]Rule{volumeModeMismatchRule, ephemeralCSIUnsupportedRule},
	[]Rule{
		secretRefIncompleteRule, secretParameterUnknownRule, secretCrossTenantRule, secretInPlainTextRule, secretModeDecimalRule,
		secretModeTooOpenRule, secretModeUnreadableRule, secretSubPathStaleRule, secretEnvRule, secretEnvLiteralRule, secretTokenLongRule,
	},
	[]Rule{
		propagationBidirectionalPathRule, propagationBidirectionalUnprivilegedRule, propagationHostRootRule, propagationIneffectiveRule,
		propagationSubPathRule, propagationReadOnlyNotRecursiveRule,
	},
	[]Rule{hostPathSensitiveRule, hostPathRuntimeDirectoryRule, hostPathStatefulRule},
	[]Rule{emptyDirMemoryUnboundedRule, emptyDirMemoryAboveLimitRule, emptyDirDiskUnboundedRule, emptyDirMediumUnknownRule},
	[]Rule{
		mountPathRule, sizeSuspiciousRule, fsGroupSkippedRule, usernsNotIDMappedRule, selinuxLabelConflictRule, subPathVariableRule, claimTemplateUnusedRule,
		configMapKeyMissingRule, dataDirectoryLostFoundRule, nfsClusterDNSRule,
	},
	[]Rule{
		bindingNodeNameRule, bindingImmediateZonalRule, bindingNoCommonNodeRule, bindingNoClassRule, bindingClassMissingRule,
		bindingSelectorDynamicRule, bindingSelectedNodeRule, bindingStaticMismatchRule, bindingHookDeadlockRule, volumeHandleSharedRule,
	},
	[]Rule{topologyKeyUnknownRule, topologyKeyForeignRule, topologyPVUnpinnedRule, topologyBetaKeyRule, expansionUnsupportedRule, classParameterUnknownRule, mountOptionMalformedRule},
	[]Rule{
		snapshotRefusedRule, snapshotSourceGroupRule, snapshotDriverMismatchRule, snapshotTooSmallRule, snapshotModeChangeRule, snapshotDefaultClassesRule,
		snapshotRemovedVersionRule, attributesClassDriverRule,
	},
	[]Rule{ignoreAnnotationRule},
)

// inOrder joins families of rules. Two rules of one ID, or one without any, are a mistake in the program: it panics.
func inOrder(families ...[]Rule) []Rule {
	all := slices.Concat(families...)
	seen := make(map[string]bool, len(all))
	for i := range all {
		id := all[i].ID
		if id == "" || seen[id] {
			panic(fmt.Sprintf("rule %q is registered twice or has no ID", id))
		}
		seen[id] = true
	}
	return all
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
