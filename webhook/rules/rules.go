// SPDX-License-Identifier: Apache-2.0

// Package rules holds the admission rules: what makes a volume specification fail later or unsafe now, and what to do about
// it. The webhook asks them about objects on their way into the cluster, the command line about files; both get the same
// answer.
//
// A rule is data plus one pure function: object, old object and lookup go in, findings come out. The package promises that
// inputs are never mutated, that a rule never blocks or does I/O, that one rule's panic does not stop the others, and that a
// rule is silent when it cannot know. It must not know HTTP, AdmissionReview, or how a finding is printed.
//
// To add a rule: write its row and its function in the file of its family, and name it in its family's line in registry.go.
package rules

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/topology"
)

// Rule is one row of the registry.
type Rule struct {
	// ID names the rule in configuration, messages, metrics and documentation. It never changes its meaning.
	ID string
	// Summary says when it fires, in one sentence.
	Summary string
	// Kinds are the objects it reads.
	Kinds []Kind
	// Action is what happens to the object where the configuration says nothing else.
	Action Action
	// Symptom is the error that the user would have met later without the rule.
	Symptom string
	// Remediation is what to do, in one line.
	Remediation string
	// See are public reports of people who met the error, or the documentation of what causes it.
	See []string
	// ExplainsAPI says that some of its findings are on objects that the API server's own validation refuses. Such an object
	// never reaches a validating webhook, so those findings are reported as warnings by the mutating one.
	ExplainsAPI bool
	// NeedsLookup says that the rule is silent without a lookup, at least for some objects.
	NeedsLookup bool
	// FilesOnly says that the rule compares objects of the same files, and that the webhook, which gets one at a time, has nothing to ask.
	FilesOnly bool
	// Check is the rule. It must be pure, must not keep or change what it is given, and may leave out of a finding what is
	// the same for all of the rule's findings. Nil for a rule about the text of an object: a reader of the text finds what
	// it is about, and asks Evaluator.Told for the action.
	Check func(*Input) []Finding
}

// Doc is where the rule is documented: a file below the repository's root and an anchor in it.
func (r *Rule) Doc() string { return "docs/rules.md#" + r.ID }

// Finding is one fault of one object.
type Finding struct {
	// Rule is the rule's ID. Check leaves it empty.
	Rule string
	// Action is what is to happen. Check leaves it empty for the rule's own action, or sets a milder or stricter one that
	// this case deserves; an action from the configuration replaces either.
	Action Action
	// Path is the field, with indexes. Nil means the whole object.
	Path *field.Path
	// Message says what is wrong. It names containers, volumes and claims instead of indexes, so that it is the same before
	// and after an update that only moves them, and quotes whatever the user wrote.
	Message string
	// Volume is the pod's volume that the finding is about; empty if it is not about one.
	Volume string
	// Symptom and Remediation are the rule's unless this case has better ones.
	Symptom     string
	Remediation string
	// RefusedByAPI says that the object never reaches a validating webhook with this fault: the API server's own validation
	// refuses it, or the field has been dropped by then.
	RefusedByAPI bool
}

// Sentence ends a message, symptom or remediation, which may be a question, where others follow it.
func Sentence(text string) string {
	if strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

// Input is what a rule is asked about. All of it is shared and read-only.
type Input struct {
	// Kind is what Object is.
	Kind Kind
	// Object is the object as it is to be stored: a pointer to one of the types in KindTable.
	Object runtime.Object
	// Old is the object before an update, nil for a creation. Evaluate already leaves out what an update does not make
	// worse; a rule reads Old only if the change itself is its subject.
	Old runtime.Object
	// AsWritten says that the object is as somebody wrote it, in a file: what is unset is unset. In the webhook the API server
	// has already filled in its defaults, and what was written cannot be told from what was not.
	AsWritten bool
	// Standing says that the object is in the cluster already, and not on its way there.
	Standing bool
	// Namespace is where the object is or is to be; empty for kinds without one.
	Namespace string
	// User is who makes or changes the object, as the API server names users; empty where that is not known.
	User string
	// Lookup holds the objects beside the one at hand; nil when there are none to look up.
	Lookup *topology.Snapshot
	// Partial says that Lookup holds a set of files, and that what it does not hold may well exist in the cluster.
	Partial bool
	// Beside is what stands in the same files; nil in the webhook.
	Beside *Beside
	// Catalog is never nil.
	Catalog *catalog.Catalog
	// Settings are the rules' parameters.
	Settings *Settings

	// demanded says that the configuration makes the rule that is asked mandatory, or has it deny, in this place.
	demanded bool
	// names are for the rule about the annotation that names rules.
	names *names
}

// seesCluster reports whether there is a lookup, and what it does not hold does not exist.
func (in *Input) seesCluster() bool { return in.Lookup != nil && !in.Partial }

// Settings are the parameters of rules that have any. The zero value means the defaults.
type Settings struct {
	// BidirectionalRoots are the host directories at or below which Bidirectional mounts are allowed, as absolute paths.
	// Nil means DefaultBidirectionalRoots, and that directories elsewhere are warned of unless they hold the host's own programs; empty
	// means nowhere.
	BidirectionalRoots []string
	// SelectedNodeWriters are the names of further users that write the selected node of claims: schedulers, and provisioners that run
	// on the nodes.
	SelectedNodeWriters []string
	// rootsGiven says that BidirectionalRoots were not nil.
	rootsGiven bool
}

// Action is what happens to an object with a finding.
type Action string

// The actions, from the strictest to the mildest.
const (
	// Deny refuses the object.
	Deny Action = "deny"
	// Warn admits it, and warns its author.
	Warn Action = "warn"
	// Audit lets it in, and only counts and logs.
	Audit Action = "audit"
	// Off does not ask the rule at all.
	Off Action = "off"
)

var actions = []Action{Deny, Warn, Audit, Off}

// Actions returns all actions, from the strictest to the mildest.
func Actions() []Action { return slices.Clone(actions) }

// ParseAction reads an action from configuration.
func ParseAction(s string) (Action, error) {
	if a := Action(s); slices.Contains(actions, a) {
		return a, nil
	}
	return "", fmt.Errorf("unknown action %q: use deny, warn, audit or off", s)
}
