// SPDX-License-Identifier: Apache-2.0

package check

import (
	"regexp"
	"strings"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// placeholder is what stands for a value until a tool has put it there: ${NAME}, ${NAME:=default} and their like of envsubst, Flux and
// OpenShift's templates, $NAME as a whole value, {{ … }} of Go's and Jinja's templates in quotes, expressions in
// parentheses as those of Chainsaw, <name> and __NAME__. The tokens of the CSI sidecars, such
// as ${pvc.name}, have a dot in them and are none.
var placeholder = regexp.MustCompile(`\$\{\{?[A-Za-z_][A-Za-z0-9_]*([:=+?#%/^,-][^}]*)?\}|^\$[A-Z_][A-Z0-9_]*$|\{\{.*\}\}|^\(.*\)$|<[A-Za-z][A-Za-z0-9_. -]*>|__[A-Z0-9_]+__|^@[A-Z_]+@$`)

// isPlaceholder reports whether what was written has a placeholder in it, and so is not the value that is meant.
func (n *node) isPlaceholder() bool {
	return n != nil && n.shape == text && strings.ContainsAny(n.scalar, "${(<_@") && placeholder.MatchString(n.scalar)
}

// at returns the node of a path, as field.Path writes it, and nil for what was not written.
func (n *node) at(path string) *node {
	found, rest := n.reach(path)
	if rest != "" {
		return nil
	}
	return found
}

// undecided reports whether a finding is about a value that is only a placeholder, or about one that was dropped because it was one.
func (i *item) undecided(path string) bool {
	if path == "" {
		return false
	}
	if i.root.at(path).isPlaceholder() {
		return true
	}
	return silenced(path, i.placeholders, true)
}

// silenced reports whether a path is one of some, or below one; with around also above one.
func silenced(path string, silences []string, around bool) bool {
	path = dotted(path)
	for _, s := range silences {
		s = dotted(s)
		if path == s || strings.HasPrefix(path, s+".") || (around && strings.HasPrefix(s, path+".")) {
			return true
		}
	}
	return false
}

// dotted writes requests[storage] as requests.storage.
func dotted(path string) string {
	return strings.ReplaceAll(strings.ReplaceAll(path, "[", "."), "]", "")
}

// judged reports whether a finding is about what was written. One about a value that the reading dropped is not: the text has been
// found fault with already.
func (i *item) judged(f rules.Finding, path string) bool {
	if len(i.flaws) == 0 {
		return true
	}
	var dropped []string
	for _, flaw := range i.flaws {
		dropped = append(dropped, flaw.silences...)
	}
	return !silenced(path, dropped, f.RefusedByAPI)
}
