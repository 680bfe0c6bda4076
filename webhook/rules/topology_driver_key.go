// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/topology"
)

var topologyKeyForeignRule = Rule{
	ID:          "topology-key-foreign",
	Summary:     "Allowed topologies go by a label that is none of the driver's topology keys.",
	Kinds:       []Kind{StorageClass},
	Action:      Warn,
	Symptom:     "ProvisioningFailed 'topology … from selected node … is not in requisite', for ever: kube-scheduler goes by any label, the provisioner by its driver's keys",
	Remediation: "use a topology key of the driver (kubectl get csinodes -o yaml)",
	NeedsLookup: true,
	Check:       topologyKeyForeign,
}

// topologyKeyForeign fires where every alternative asks for a label that is none of the topology keys which the driver gives on its nodes. What the
// rules topology-key-unknown and topology-beta-key speak of is left to them.
func topologyKeyForeign(in *Input) []Finding {
	class, ok := in.Object.(*storagev1.StorageClass)
	if !ok || !in.seesCluster() || translated(class) {
		return nil
	}
	given, _ := in.Lookup.DriverOnNodes(class.Provisioner)
	if len(given) == 0 {
		return nil
	}
	var found []Finding
	hopeless := make([]bool, len(class.AllowedTopologies))
	eachLabelKey(in, func(k labelKey) {
		if slices.Contains(given, k.key) {
			return
		}
		hopeless[k.term] = true
		if _, beta := betaKeys[k.key]; !in.Lookup.LabelOnNodes(k.key) || beta && !BetaKeyInUse(in.Lookup, in.Object, in.Catalog, k.key) {
			return
		}
		found = append(found, Finding{
			Path:        k.path,
			Message:     fmt.Sprintf("driver %s provisions by %s, not by the label %s", class.Provisioner, strings.Join(given, " and "), k.key),
			Remediation: "use " + strings.Join(given, " or "),
		})
	})
	if slices.Contains(hopeless, false) {
		return nil
	}
	return found
}

// translated reports whether the class's allowedTopologies are translated to the key of its driver before that looks at them, as those of classes
// that name an in-tree provisioner are.
func translated(class *storagev1.StorageClass) bool {
	return strings.HasPrefix(class.Provisioner, inTree)
}

// currentKey returns the label to use in place of a zone or region label of the beta era. That is the present one, but for a class whose driver
// provisions by another: then it is the driver's own.
func currentKey(in *Input, beta string) string {
	present := betaKeys[beta]
	class, ok := in.Object.(*storagev1.StorageClass)
	if !ok || translated(class) {
		return present
	}
	if in.Lookup != nil {
		if given, _ := in.Lookup.DriverOnNodes(class.Provisioner); len(given) > 0 {
			alike := func(key string) bool { return strings.HasSuffix(key, beta[strings.LastIndex(beta, "/"):]) }
			switch at := slices.IndexFunc(given, alike); {
			case slices.Contains(given, present):
				return present
			case at >= 0:
				return given[at]
			case len(given) == 1:
				return given[0]
			}
			return present
		}
	}
	scope := catalog.ScopeZone
	if present == corev1.LabelTopologyRegion {
		scope = catalog.ScopeRegion
	}
	if driver, known := in.Catalog.Driver(class.Provisioner); known {
		if t := driver.Topology; t.Scope == scope && len(t.Keys) == 1 && !strings.Contains(t.Keys[0], "*") {
			return t.Keys[0]
		}
	}
	return present
}

// GAKeyRefused reports whether the present label in place of a zone or region label of the beta era would not help a class: its driver provisions by
// other keys, as the cluster's nodes say.
func GAKeyRefused(lookup *topology.Snapshot, object runtime.Object, beta string) bool {
	class, ok := object.(*storagev1.StorageClass)
	if !ok || lookup == nil || translated(class) {
		return false
	}
	given, _ := lookup.DriverOnNodes(class.Provisioner)
	return len(given) > 0 && !slices.Contains(given, betaKeys[beta])
}
