// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/moorage-k8s/moorage/topology"
)

// Options say what is asked for. The zero value asks for all.
type Options struct {
	// Namespace is the one whose findings are asked for: those whose root or whose hurt is there. Empty for all.
	Namespace string
	// Selector selects findings by the labels of their root and of what they hurt; nil for all.
	Selector labels.Selector
	// Only are the sections and IDs that are asked for; none for all. Ignore are the sections and IDs that are not.
	Only, Ignore []string
	// Since is how long ago a state may have begun at most; 0 for any time.
	Since time.Duration
	// Progress receives how many kinds have been asked, and of how many; it may be nil.
	Progress func(done, of int)
}

// Unknown is what could not be looked for.
type Unknown struct {
	// Resource is what may not be listed, and Why says more.
	Resource topology.Kind
	Why      string
	// IDs are the kinds of findings that are missing for that.
	IDs []string
}

// Result is what was found.
type Result struct {
	// Findings are section by section, those that hurt most first.
	Findings []Finding
	Unknown  []Unknown
}

// Run looks for every kind that is asked for, and for those before them, which may explain what they find.
func Run(c *Cluster, o Options) Result {
	var out Result
	kinds := registry[:o.last()]
	for i := range kinds {
		k := &kinds[i]
		if o.Progress != nil {
			o.Progress(i, len(kinds))
		}
		if missing := c.missing(k); missing != "" {
			if o.wants(k.ID, k.Section) {
				out.unknown(missing, c.Unlisted[missing], k.ID)
			}
			continue
		}
		for _, f := range k.Find(c) {
			if k.Section == Unwise && c.explained[f.Objects[0]] {
				continue // Why it does not run is known, and what a rule says of that is the same again.
			}
			if k.Explains {
				for _, hurt := range slices.Concat(f.Objects, f.Hurts) {
					c.explained[hurt] = true
				}
			}
			f.ID, f.Section, f.Remedy = cmp.Or(f.ID, k.ID), k.Section, cmp.Or(f.Remedy, k.Remedy)
			c.memo.note(&f)
			if o.takes(c, &f) {
				out.Findings = append(out.Findings, f)
			}
		}
	}
	rank(out.Findings)
	return out
}

// Unknown is a section or ID that is asked for and does not exist; empty where all do.
func (o *Options) Unknown() string {
	for _, name := range slices.Concat(o.Only, o.Ignore) {
		known := slices.Contains(Sections, Section(name)) || strings.HasPrefix(name, RulePrefix) ||
			slices.ContainsFunc(registry, func(k Kind) bool { return k.ID == name })
		if !known {
			return name
		}
	}
	return ""
}

// RulePrefix begins the ID of a finding of an admission rule on live objects.
const RulePrefix = "rule/"

// wants reports whether a kind is asked for.
func (o *Options) wants(id string, section Section) bool {
	named := func(list []string) bool { return slices.Contains(list, id) || slices.Contains(list, string(section)) }
	return (len(o.Only) == 0 || named(o.Only)) && !named(o.Ignore)
}

// last is how many of the registered kinds there are up to the last that is asked for.
func (o *Options) last() int {
	for i := len(registry); i > 0; i-- {
		k := &registry[i-1]
		if o.wants(k.ID, k.Section) || slices.ContainsFunc(o.Only, func(name string) bool { return strings.HasPrefix(name, k.ID+"/") }) {
			return i
		}
	}
	return 0
}

// takes reports whether a finding is asked for.
func (o *Options) takes(c *Cluster, f *Finding) bool {
	if !o.wants(f.ID, f.Section) || o.Since > 0 && (f.Since.IsZero() || c.Now.Sub(f.Since) > o.Since) {
		return false
	}
	concerned := slices.Concat(f.Objects, f.Hurts)
	if o.Namespace != "" && !slices.ContainsFunc(concerned, func(at Object) bool {
		return at.Namespace == o.Namespace || at.Kind == string(topology.KindNamespace) && at.Name == o.Namespace
	}) {
		return false
	}
	return o.Selector == nil || o.Selector.Empty() || slices.ContainsFunc(concerned, func(at Object) bool { return o.Selector.Matches(labels.Set(c.labelsOf(at))) })
}

// labelsOf are the labels of an object, as far as objects of its kind are known in full.
func (c *Cluster) labelsOf(o Object) map[string]string {
	key := topology.Key{Namespace: o.Namespace, Name: o.Name}
	switch topology.Kind(o.Kind) {
	case topology.KindPod:
		if p := c.Pods[key]; p != nil {
			return p.Labels
		}
	case topology.KindClaim:
		if p := c.Claims[key]; p != nil {
			return p.Labels
		}
	case topology.KindVolume:
		if p := c.Volumes[o.Name]; p != nil {
			return p.Labels
		}
	case topology.KindNode:
		if n := c.Nodes[o.Name]; n != nil {
			return n.Labels
		}
	default:
		if w := c.Workloads[o]; w != nil {
			return w.Meta.Labels
		}
	}
	return nil
}

// missing is a kind of objects that a kind of finding needs, and that could not be read; empty where all could.
func (c *Cluster) missing(k *Kind) topology.Kind {
	for _, need := range k.Needs {
		if _, denied := c.Unlisted[need]; denied {
			return need
		}
	}
	return ""
}

func (r *Result) unknown(resource topology.Kind, why, id string) {
	for i := range r.Unknown {
		if r.Unknown[i].Resource == resource {
			r.Unknown[i].IDs = append(r.Unknown[i].IDs, id)
			return
		}
	}
	r.Unknown = append(r.Unknown, Unknown{resource, why, []string{id}})
}

// rank puts findings in order: by section, those that hurt more first, then by ID and root.
func rank(found []Finding) {
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(Sections, a.Section), slices.Index(Sections, b.Section)),
			cmp.Compare(pods(b.Hurts), pods(a.Hurts)), cmp.Compare(len(b.Hurts), len(a.Hurts)), cmp.Compare(a.ID, b.ID), compareObjects(a.Objects, b.Objects))
	})
}

func pods(hurts []Object) (n int) {
	for i := range hurts {
		if hurts[i].Kind == string(topology.KindPod) {
			n++
		}
	}
	return n
}

func compareObjects(a, b []Object) int {
	return slices.CompareFunc(a, b, func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
	})
}
