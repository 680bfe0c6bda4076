// SPDX-License-Identifier: Apache-2.0

package rights

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/internal/plain"
)

// grant is what one role of kubectl create can give: the same verbs, and the same names, on several resources.
type grant struct {
	namespace, name string
	verbs           []string
	resources       []string
}

// together merges rights into as few grants as can say them.
func together(rights []Right) []grant {
	rights = slices.Clone(rights)
	slices.SortFunc(rights, compare)
	var byResource, out []grant
	for _, r := range rights {
		if n := len(byResource); n > 0 {
			last := &byResource[n-1]
			if last.namespace == r.Namespace && last.name == r.Name && last.resources[0] == r.Qualified() {
				last.verbs = append(last.verbs, r.Verb)
				continue
			}
		}
		byResource = append(byResource, grant{r.Namespace, r.Name, []string{r.Verb}, []string{r.Qualified()}})
	}
	for _, g := range byResource {
		i := slices.IndexFunc(out, func(o grant) bool {
			return o.namespace == g.namespace && o.name == g.name && slices.Equal(o.verbs, g.verbs)
		})
		if i < 0 {
			out = append(out, g)
			continue
		}
		out[i].resources = append(out[i].resources, g.resources...)
	}
	return out
}

// Sentence says rights in words, such as: list, watch csinodes.storage.k8s.io; get secrets moorage-ca in namespace moorage.
func Sentence(rights []Right) string {
	var parts []string
	for _, g := range together(rights) {
		part := strings.Join(g.verbs, ", ") + " " + strings.Join(g.resources, ", ")
		if g.name != "" {
			part += " " + g.name
		}
		if g.namespace != "" {
			part += " in namespace " + g.namespace
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// GrantCommands are what an administrator types to give a subject these rights. The role is the beginning of the new roles' names; the
// subject is a flag of kubectl create clusterrolebinding, such as --serviceaccount=NAMESPACE:NAME.
func GrantCommands(rights []Right, role, subject string) []string {
	var out []string
	grants := together(rights)
	for i, g := range grants {
		name, kind, in := role, "clusterrole", ""
		if len(grants) > 1 {
			name = fmt.Sprintf("%s-%d", role, i+1)
		}
		if g.namespace != "" {
			kind, in = "role", " --namespace="+plain.Quote(g.namespace)
		}
		create := fmt.Sprintf("kubectl create %s %s%s --verb=%s --resource=%s", kind, name, in, strings.Join(g.verbs, ","), strings.Join(g.resources, ","))
		if g.name != "" {
			create += " --resource-name=" + plain.Quote(g.name)
		}
		out = append(out, create, fmt.Sprintf("kubectl create %sbinding %s%s --%s=%s %s", kind, name, in, kind, name, plain.Quote(subject)))
	}
	return out
}
