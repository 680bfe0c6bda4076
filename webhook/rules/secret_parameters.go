// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// reservedPrefix begins the parameters that the sidecars read themselves instead of giving them to the driver. They refuse
// those they do not know (external-provisioner pkg/controller, removePrefixedParameters; the snapshotter has its like).
const reservedPrefix = "csi.storage.k8s.io/"

// secretDialect is how one kind of class names secrets.
type secretDialect struct {
	pairs []secretPair
	// others are reserved parameters that are not secrets'.
	others []string
	// nameTokens and namespaceTokens are what is replaced in a name and in a namespace. One that ends in [' stands for any
	// key in it.
	nameTokens, namespaceTokens []string
	// tenantTokens are those whose value a user of the class chooses, and tenantNamespace the one that ties a name to the
	// user's namespace.
	tenantTokens    []string
	tenantNamespace string
}

var (
	classDialect = secretDialect{
		pairs:           classSecrets,
		others:          []string{reservedPrefix + "fstype"},
		nameTokens:      []string{"pv.name", "pvc.name", "pvc.namespace", "pvc.annotations['"},
		namespaceTokens: []string{"pv.name", "pvc.namespace"},
		tenantTokens:    []string{"pvc.name", "pvc.annotations['"},
		tenantNamespace: "pvc.namespace",
	}
	snapshotDialect = secretDialect{
		pairs:           slices.Concat(snapshotSecrets, []secretPair{prefixedPair("group-snapshotter-secret"), prefixedPair("group-snapshotter-list-secret")}),
		nameTokens:      []string{"volumesnapshot.name", "volumesnapshot.namespace", "volumesnapshotcontent.name"},
		namespaceTokens: []string{"volumesnapshot.namespace", "volumesnapshotcontent.name"},
		tenantTokens:    []string{"volumesnapshot.name"},
		tenantNamespace: "volumesnapshot.namespace",
	}
)

// dialectOf returns a class's parameters and how they are read. There is none for classes that no CSI sidecar reads.
func dialectOf(in *Input) (map[string]string, *secretDialect) {
	switch o := in.Object.(type) {
	case *storagev1.StorageClass:
		if o.Provisioner == noProvisioner {
			return nil, nil
		}
		if driver, ok := in.Catalog.Driver(o.Provisioner); ok && driver.Kind != catalog.CSI {
			return nil, nil
		}
		return o.Parameters, &classDialect
	case *snapshotv1.VolumeSnapshotClass:
		return o.Parameters, &snapshotDialect
	}
	return nil, nil
}

// noProvisioner is the provisioner name of classes whose volumes are all made by hand.
const noProvisioner = "kubernetes.io/no-provisioner"

// known lists the reserved parameters, without deprecated keys, which lack the prefix.
func (d *secretDialect) known() []string {
	keys := slices.Clone(d.others)
	for _, p := range d.pairs {
		keys = append(keys, p.names[0], p.namespaces[0])
	}
	return keys
}

// withoutPrefix is for comparing names: with the prefix any two are alike.
func withoutPrefix(keys []string) []string {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = strings.TrimPrefix(key, reservedPrefix)
	}
	return names
}

var secretParameterUnknownRule = Rule{
	ID: "secret-parameter-unknown",
	Summary: "A class has a csi.storage.k8s.io/ parameter that no sidecar knows, the old and the new key for the same thing, or a token " +
		"that is not expanded there.",
	Kinds:       []Kind{StorageClass, VolumeSnapshotClass},
	Action:      Deny,
	Symptom:     "every claim or snapshot of the class stays Pending, and its events say that the parameters are invalid",
	Remediation: "write the parameter as the sidecar knows it",
	Check:       secretParameterUnknown,
}

// secretParameterUnknown fires on parameters that a sidecar refuses for their key, for being there twice, or for a token
// that it does not expand.
func secretParameterUnknown(in *Input) []Finding {
	parameters, dialect := dialectOf(in)
	if dialect == nil || len(parameters) == 0 {
		return nil
	}
	at := field.NewPath("parameters")
	var found []Finding
	known := dialect.known()
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		if strings.HasPrefix(key, reservedPrefix) && !slices.Contains(known, key) {
			f := Finding{
				Path: at.Key(key), Message: fmt.Sprintf("parameter %s is not known", key),
				Symptom:     fmt.Sprintf("ProvisioningFailed %q", "found unknown parameter key \""+key+"\" with reserved namespace "+reservedPrefix),
				Remediation: "remove it; known are " + strings.Join(known, ", "),
			}
			if near := suggest.Nearest(strings.TrimPrefix(key, reservedPrefix), withoutPrefix(known)); len(near) > 0 {
				f.Message += "; did you mean " + reservedPrefix + near[0] + "?"
				f.Remediation = "write " + reservedPrefix + near[0]
			}
			found = append(found, f)
		}
	}
	if fsTypes := fsTypeKeys(parameters); len(fsTypes) > 1 && dialect == &classDialect {
		found = append(found, twice(at, fsTypes, `ProvisioningFailed "fstype specified in parameters with both \"fstype\" and \"csi.storage.k8s.io/fstype\" keys"`))
	}
	for _, pair := range dialect.pairs {
		for _, keys := range [][]string{pair.names, pair.namespaces} {
			if set := allSet(parameters, keys); len(set) > 1 {
				found = append(found, twice(at, set, `ProvisioningFailed "… secrets specified in parameters with both \"csi\" and \"csi.storage.k8s.io/\" keys"`))
			}
		}
		found = append(found, unexpanded(parameters, at, pair.names, "name", dialect.nameTokens)...)
		found = append(found, unexpanded(parameters, at, pair.namespaces, "namespace", dialect.namespaceTokens)...)
	}
	return found
}

func twice(at *field.Path, keys []string, symptom string) Finding {
	return Finding{
		Path: at.Key(keys[0]), Message: "parameters " + strings.Join(keys, " and ") + " say the same thing twice",
		Symptom: symptom, Remediation: "keep only " + keys[len(keys)-1],
	}
}

// fsTypeKeys lists the parameters that set the file system, the reserved one last.
func fsTypeKeys(parameters map[string]string) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		if strings.EqualFold(key, "fstype") {
			keys = append(keys, key)
		}
	}
	return append(keys, allSet(parameters, []string{reservedPrefix + "fstype"})...)
}

// allSet returns those of a pair's keys that are parameters, the reserved one, which comes first in a pair, last.
func allSet(parameters map[string]string, keys []string) []string {
	var set []string
	for _, key := range slices.Backward(keys) {
		if _, ok := parameters[key]; ok {
			set = append(set, key)
		}
	}
	return set
}

// unexpanded fires on tokens that the sidecar does not know: it refuses the whole template.
func unexpanded(parameters map[string]string, at *field.Path, keys []string, part string, tokens []string) []Finding {
	var found []Finding
	for _, key := range allSet(parameters, keys) {
		for _, token := range tokensOf(parameters[key]) {
			if oneOfTokens(token, tokens) {
				continue
			}
			found = append(found, Finding{
				Path:        at.Key(key),
				Message:     fmt.Sprintf("parameter %s: ${%s} is not replaced in a secret's %s", key, token, part),
				Symptom:     fmt.Sprintf("ProvisioningFailed %q", "error resolving value …: invalid tokens: [\""+token+"\"]"),
				Remediation: "use only " + tokenList(tokens),
			})
		}
	}
	return found
}

// tokensOf lists the tokens of a template, read as the sidecars read them.
func tokensOf(template string) []string {
	var tokens []string
	os.Expand(template, func(token string) string {
		tokens = append(tokens, token)
		return ""
	})
	return tokens
}

func oneOfTokens(token string, tokens []string) bool {
	return slices.ContainsFunc(tokens, func(t string) bool {
		return token == t || (strings.HasSuffix(t, "['") && strings.HasPrefix(token, t) && strings.HasSuffix(token, "']"))
	})
}

func tokenList(tokens []string) string {
	quoted := make([]string, len(tokens))
	for i, t := range tokens {
		if strings.HasSuffix(t, "['") {
			t += "KEY']"
		}
		quoted[i] = "${" + t + "}"
	}
	return strings.Join(quoted, ", ")
}

var secretCrossTenantRule = Rule{
	ID:          "secret-cross-tenant",
	Summary:     "A class takes secrets from one namespace by a name that the user of the class chooses.",
	Kinds:       []Kind{StorageClass, VolumeSnapshotClass},
	Action:      Deny,
	Symptom:     "no error at all: users who create claims or snapshots can make the driver use any secret of that namespace",
	Remediation: "take the secret from the user's own namespace",
	Check:       secretCrossTenant,
}

// secretCrossTenant fires where the author of a claim or snapshot chooses the name of a secret in a namespace that all
// share: the driver then uses a secret that its user could not have read.
func secretCrossTenant(in *Input) []Finding {
	parameters, dialect := dialectOf(in)
	if dialect == nil {
		return nil
	}
	at := field.NewPath("parameters")
	var found []Finding
	for _, pair := range dialect.pairs {
		nameKey, name := firstSet(parameters, pair.names)
		_, namespace := firstSet(parameters, pair.namespaces)
		if namespace == "" || len(tokensOf(namespace)) > 0 {
			continue
		}
		tokens := tokensOf(name)
		chosen := slices.IndexFunc(tokens, func(t string) bool { return oneOfTokens(t, dialect.tenantTokens) })
		if chosen < 0 || slices.Contains(tokens, dialect.tenantNamespace) {
			continue
		}
		found = append(found, Finding{
			Path: at.Key(nameKey),
			Message: fmt.Sprintf("parameter %s: ${%s} lets every tenant choose a secret in namespace %q, other tenants' included",
				nameKey, tokens[chosen], namespace),
			Remediation: fmt.Sprintf("use ${%s} as the namespace, or make it a part of the name", dialect.tenantNamespace),
		})
	}
	return found
}
