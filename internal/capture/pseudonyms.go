// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/catalog"
)

// Pseudonyms puts other names in the place of the names in a sentence: node-1 for the first node that it meets. What looks like a name and is
// not known is left out: a sentence is shown to strangers, and nobody looks through it first.
type Pseudonyms struct {
	role  map[string]string
	given map[string]string
	count map[string]int
}

// NewPseudonyms knows no names yet.
func NewPseudonyms() *Pseudonyms {
	return &Pseudonyms{role: map[string]string{}, given: map[string]string{}, count: map[string]int{}}
}

// Know says what names are: 'node', 'claim'. A name that is known already stays what it is.
func (p *Pseudonyms) Know(role string, names ...string) {
	for _, name := range names {
		if _, met := p.role[name]; !met && name != "" && !keptWords[name] {
			p.role[name] = role
		}
	}
}

// Name is what stands for a name that is known; a name that everyone knows stays.
func (p *Pseudonyms) Name(role, name string) string {
	if name == "" || keptWords[name] {
		return name
	}
	p.Know(role, name)
	return p.of(name)
}

// Driver is Name of a driver: those that the catalog knows stay.
func (p *Pseudonyms) Driver(name string) string {
	if PublicDriver(name) {
		return name
	}
	return p.Name("driver", name)
}

// PublicDriver reports whether everyone knows the driver, so that its name says nothing of a cluster.
func PublicDriver(name string) bool {
	d, ok := catalog.Default().Driver(name)
	return strings.HasPrefix(name, inTreePrefix) || slices.Contains(migratedDrivers, name) || ok && d.Name == name
}

func (p *Pseudonyms) of(name string) string {
	if p.given[name] == "" {
		role := p.role[name]
		p.count[role]++
		p.given[name] = fmt.Sprintf("%s-%d", role, p.count[role])
	}
	return p.given[name]
}

var (
	// chunk matches what may be a name, or several with what joins them.
	chunk = regexp.MustCompile(`[A-Za-z0-9_\x80-\x{10ffff}][A-Za-z0-9_./:@~\x80-\x{10ffff}-]*`)
	// part matches a single name.
	part = regexp.MustCompile(`[^/:@]+`)
	// amount matches numbers and quantities; four numbers with points between them are an address and none.
	amount = regexp.MustCompile(`^\d+(\.\d+)?(m|k|s|h|d|[KMGTPE]i?)?$`)
	// quoted matches what somebody else said.
	quoted = regexp.MustCompile(`"[^"]*"|\b(says|said): .*`)
	// plainWord matches what is no name unless it is known as one: letters alone, as in an English word or a word of Kubernetes.
	plainWord = regexp.MustCompile(`^[A-Za-z]+$`)
)

// hidden stands for what was left out.
const hidden = "…"

// joinedWords are words with a hyphen that moorage and Kubernetes use.
var joinedWords = []string{
	"kube-scheduler", "kube-controller-manager", "external-provisioner", "external-attacher", "external-resizer", "attach-detach", "re-created",
	"persistent-volume-binder", "pod-level", "host-port", "single-writer", "topology-aware", "in-tree", "ephemeral-storage", "anti-affinity", "ext4", "xfs",
}

// Text puts other names in the place of all names in a text, and leaves out what others said in it and what may be a name.
func (p *Pseudonyms) Text(text string) string {
	var out strings.Builder
	at := 0
	for _, m := range quoted.FindAllStringIndex(text, -1) {
		out.WriteString(p.own(text[at:m[0]]))
		out.WriteString(p.others(text[m[0]:m[1]]))
		at = m[1]
	}
	return out.String() + p.own(text[at:])
}

// own is for what moorage says itself.
func (p *Pseudonyms) own(text string) string {
	return chunk.ReplaceAllStringFunc(text, func(s string) string {
		name := strings.TrimRight(s, ".:-/@")
		return p.chunk(name) + s[len(name):]
	})
}

// others is for what others say.
func (p *Pseudonyms) others(text string) string {
	name, isQuote := strings.CutPrefix(text, `"`)
	switch name = strings.TrimSuffix(name, `"`); {
	case !isQuote:
		says, _, _ := strings.Cut(text, ": ")
		return says + ": " + hidden
	case p.role[name] != "":
		return `"` + p.of(name) + `"`
	default:
		return `"` + hidden + `"`
	}
}

func (p *Pseudonyms) chunk(s string) string {
	switch {
	case p.role[s] != "":
		return p.of(s)
	case public(s):
		return s
	}
	unknown := false
	out := part.ReplaceAllStringFunc(s, func(one string) string {
		switch {
		case p.role[one] != "":
			return p.of(one)
		case public(one) || amount.MatchString(one) || plainWord.MatchString(one):
			return one
		default:
			unknown = true
			return hidden
		}
	})
	if unknown {
		return hidden
	}
	return out
}

// public reports whether a name is one that everyone knows.
func public(s string) bool {
	if PublicDriver(s) || slices.Contains(joinedWords, s) || keptWords[s] {
		return true
	}
	return PublicKey(s)
}

// PublicKey reports whether a label or taint has a key that everyone knows.
func PublicKey(key string) bool {
	domain, _, isKey := strings.Cut(key, "/")
	return isKey && slices.Contains(wholeDomains, domain) || slices.Contains(publicKeys(), key)
}
