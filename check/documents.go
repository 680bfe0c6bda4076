// SPDX-License-Identifier: Apache-2.0

package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	kjson "sigs.k8s.io/json"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/rules"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// item is one API object of a file.
type item struct {
	root *node
	hint string
	ref  Object
	// version is what the object says, and info is what rules read it as; without rules for it, its Kind is empty.
	version schema.GroupVersion
	info    rules.KindInfo
	object  runtime.Object
	flaws   []flaw
	// placeholders are the paths of values that were left out because they stand for another.
	placeholders []string
}

// file is a file that has been read.
type file struct {
	path  string
	items []*item
	// customs are resources of kinds that nothing here knows, and that have pods or claims in them. They are among the skipped, too.
	customs []*custom
	// flaws are those that belong to no object.
	flaws []flaw
	// skipped counts objects of kinds that nothing here reads, by kind; other counts documents that are no API objects, such
	// as a chart's values.
	skipped map[string]int
	other   int
	// lists counts those of several kinds or of one, which may be empty.
	lists int
	// template says that it was met in a directory, cannot be read, and looks like a template.
	template bool
	// undecided says that there are values in it that another tool is to replace.
	undecided bool
	// unreadable says that it was met in a directory, cannot be read, and looks like nothing that is to be.
	unreadable bool
}

// any reports whether there is something in the file that is, or was meant to be, an API object.
func (f *file) any() bool { return len(f.items)+len(f.flaws)+len(f.skipped)+f.lists > 0 }

// parse reads a file. One that was only met in a directory may be anything, and is not a finding if it cannot be read and nothing in
// it looks like an API object.
func parse(path string, content []byte, met bool) *file {
	f := &file{path: path, skipped: map[string]int{}}
	trimmed := bytes.TrimLeft(content, " \t\r\n")
	if strings.EqualFold(filepath.Ext(path), ".json") || bytes.HasPrefix(trimmed, []byte("{")) && json.Valid(trimmed) {
		documents, end := jsonDocuments(content)
		f.take(documents, "")
		f.end(end, content, met)
		return f
	}
	left := newExpansion()
	for _, c := range split(content) {
		documents, end := yamlDocuments(c, left)
		f.take(documents, sourceHint(c.content))
		f.end(end, c.content, met)
	}
	return f
}

// take takes documents. Flaws of their text count where there is an object that something here reads strictly.
func (f *file) take(documents []document, hint string) {
	for _, d := range documents {
		before := len(f.items)
		f.document(d.root, hint)
		if slices.ContainsFunc(f.items[before:], func(i *item) bool { return i.info.Kind != "" || len(i.flaws) > 0 }) {
			f.flaws = append(f.flaws, d.flaws...)
		}
	}
}

var (
	kindField    = regexp.MustCompile(`(?m)(^|[\s{,-])["']?kind["']?\s*:\s*["']?[A-Za-z]`)
	versionField = regexp.MustCompile(`(?m)(^|[\s{,-])["']?apiVersion["']?\s*:\s*["']?[a-z0-9]`)
	// templateMark is what templates have where YAML has a line or a value: Go's, Jinja's and ERB's, and the verbs of formats (%s).
	templateMark = regexp.MustCompile(`(?m)(^|:|-)[ \t]*(\{\{|\{%|<%|%[sdqv](\W|$))`)
)

// end takes the flaw that ended the reading.
func (f *file) end(end *flaw, content []byte, met bool) {
	switch {
	case end == nil:
	case met && templateMark.Match(content):
		f.template = true
	case met && (!kindField.Match(content) || !versionField.Match(content)):
		f.other++
		f.unreadable = true
	case templateMark.Match(content):
		end.message += "; " + renderFirst
		f.flaws = append(f.flaws, *end)
	default:
		f.flaws = append(f.flaws, *end)
	}
}

const renderFirst = "this looks like a template: check what it renders to, such as with 'helm template . | moorage check -f -'"

// document takes one document, or one item of a list.
func (f *file) document(root *node, hint string) {
	if root.shape == null {
		return
	}
	kind, apiVersion := root.text("kind"), root.text("apiVersion")
	if items := root.field("items"); strings.HasSuffix(kind, "List") && items != nil && items.shape == list {
		f.lists++
		for _, i := range items.items {
			f.document(typed(i, strings.TrimSuffix(kind, "List"), apiVersion), hint)
		}
		return
	}
	gv, err := schema.ParseGroupVersion(apiVersion)
	i := &item{root: root, hint: hint, version: gv, ref: Object{Kind: kind, Namespace: root.field("metadata").text("namespace"), Name: nameOf(root)}}
	switch {
	case kind == "" || apiVersion == "" || err != nil:
		if !f.incomplete(i, kind, apiVersion) {
			f.other++
		}
	case f.known(i, gv, kind):
		f.items = append(f.items, i)
	default:
		f.skipped[kind]++
		f.embedded(i, gv)
	}
}

// typed gives an item of a typed list the kind that only the list says.
func typed(n *node, kind, apiVersion string) *node {
	if kind == "" || n.shape != object || n.entry("kind") != nil {
		return n
	}
	out := *n
	out.fields = slices.Concat(n.fields, []entry{
		{n.position, "kind", &node{position: n.position, shape: text, scalar: kind, size: 1}},
		{n.position, "apiVersion", &node{position: n.position, shape: text, scalar: apiVersion, size: 1}},
	})
	out.measure()
	return &out
}

func nameOf(root *node) string {
	metadata := root.field("metadata")
	if name := metadata.text("name"); name != "" {
		return name
	}
	if name := metadata.text("generateName"); name != "" {
		return name
	}
	return root.text("id")
}

// incomplete says what is missing where an object was clearly meant.
func (f *file) incomplete(i *item, kind, apiVersion string) bool {
	switch {
	case i.root.field("metadata") == nil && i.root.field("spec") == nil:
		return false
	case slices.ContainsFunc(rules.KindTable, func(k rules.KindInfo) bool { return string(k.Kind) == kind }):
		if apiVersion == "" {
			i.flaws = []flaw{{position: i.root.find("kind"), message: kind + " without an apiVersion", remediation: "write apiVersion: " + versionNow(kind)}}
		} else {
			i.flaws = []flaw{{
				position: i.root.find("apiVersion"), path: "apiVersion", message: fmt.Sprintf("apiVersion %q is not a version", apiVersion),
				remediation: "write apiVersion: " + versionNow(kind),
			}}
		}
	case kind == "" && apiVersion != "" && i.root.field("metadata") != nil && i.root.field("spec") != nil:
		i.flaws = []flaw{{position: i.root.position, message: "an object without a kind", remediation: "write kind: and the object's kind"}}
	default:
		return false
	}
	f.items = append(f.items, i)
	return true
}

func versionNow(kind string) string {
	for _, k := range rules.KindTable {
		if string(k.Kind) == kind {
			return k.Version.String()
		}
	}
	return ""
}

// known decodes an object of a kind that something here reads, strictly if there are rules for it.
func (f *file) known(i *item, gv schema.GroupVersion, kind string) bool {
	if info, ok := rules.KindOf(gv.Group, gv.Version, kind); ok {
		i.read(info)
		return true
	}
	if gv.Group == "" && strings.HasPrefix(gv.Version, "v1beta") {
		i.flaws = flawsBeforeV1(i.root, gv.Version, kind)
		return true
	}
	registered := scheme.Scheme.Recognizes(gv.WithKind(kind))
	for _, info := range rules.KindTable {
		if string(info.Kind) != kind {
			continue
		}
		old, ok := versionOf(gv.Group, gv.Version, info)
		if !ok && !registered && scheme.Scheme.IsGroupRegistered(gv.Group) {
			old = oldVersion{
				oldForm: oldForm{fmt.Sprintf("no API server serves %s of %s", kind, gv), "write apiVersion: " + info.Version.String()},
				fault:   true, rule: rules.Decode,
			}
		} else if !ok {
			return false
		}
		i.read(info)
		if old.fault {
			i.flaws = append([]flaw{{
				position: i.root.find("apiVersion"), path: "apiVersion", message: old.what, rule: old.rule,
				symptom:     fmt.Sprintf(`no matches for kind %q in version %q`, kind, gv),
				remediation: old.form,
			}}, i.flaws...)
		}
		return true
	}
	if registered {
		return i.readForLookup(gv.WithKind(kind))
	}
	return i.misspelt(gv, kind)
}

// misspelt recognises a kind of Kubernetes' own groups that does not exist, but for a letter or two. Other programs have kinds of
// version v1 too, such as the Config of a kubeconfig.
func (i *item) misspelt(gv schema.GroupVersion, kind string) bool {
	if !scheme.Scheme.IsVersionRegistered(gv) || i.root.field("metadata") == nil {
		return false
	}
	const letters = 2
	var kinds []string
	for _, info := range rules.KindTable {
		if more := len(info.Kind) - len(kind); info.Version == gv && -letters <= more && more <= letters {
			kinds = append(kinds, string(info.Kind))
		}
	}
	near := suggest.Nearest(kind, kinds)
	if len(near) == 0 {
		return false
	}
	i.flaws = []flaw{{
		position: i.root.find("kind"), path: "kind", message: fmt.Sprintf("%s has no kind %q; %s", gv, kind, suggest.Sentence(kind, near)),
		symptom: fmt.Sprintf(`no matches for kind %q in version %q`, kind, gv),
	}}
	return true
}

// read decodes the object for the rules.
func (i *item) read(info rules.KindInfo) {
	into := info.New()
	flaws, placeholders, err := decode(i.root, into)
	i.placeholders = placeholders
	for k := range flaws {
		if form, ok := snapshotFields[info.Kind][flaws[k].path]; ok {
			flaws[k].rule, flaws[k].remediation = snapshotRemoved, form
			flaws[k].silences = append(flaws[k].silences, snapshotFieldsOfV1[info.Kind]...)
			flaws[k].message = fmt.Sprintf("field %q is of an earlier version of the snapshot API", flaws[k].path)
		}
	}
	i.flaws = append(i.flaws, flaws...)
	if err != nil {
		i.flaws = append(i.flaws, flawOfWhole(i.root, err))
		return
	}
	i.info, i.object = info, into
}

func flawOfWhole(root *node, err error) flaw {
	return flaw{position: root.position, message: fmt.Sprintf("the object cannot be read: %v", err)}
}

// readForLookup decodes an object that rules only look up. It need not be whole.
func (i *item) readForLookup(gvk schema.GroupVersionKind) bool {
	into, err := scheme.Scheme.New(gvk)
	if err != nil {
		return false
	}
	if _, ok := topology.KindOf(into); !ok {
		return false
	}
	if kjson.UnmarshalCaseSensitivePreserveInts(i.root.appendJSON(nil, nil), into) == nil {
		i.object = into
	}
	return true
}
