// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"time"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

// Section is how bad a kind of finding is.
type Section string

// The sections, the worst first.
const (
	DataAtRisk Section = "dataAtRisk"
	Stuck      Section = "stuck"
	WillStick  Section = "willStick"
	Waste      Section = "waste"
	Unwise     Section = "unwise"
)

// Sections are all of them, the worst first.
var Sections = []Section{DataAtRisk, Stuck, WillStick, Waste, Unwise}

// Kind is one row of the registry: a kind of finding.
type Kind struct {
	// ID names the kind on the command line, in reports and in the documentation. It never changes its meaning.
	ID      string
	Section Section
	// Means says what is wrong, in one sentence. Known says by which objects and fields it is known, Not when it is not raised, graces included.
	Means, Known, Not string
	// Remedy is what to do, and LosesData what of that can lose data; empty for nothing.
	Remedy, LosesData string
	// Needs are the kinds of objects without which nothing can be said. Where they may not be listed, the kind is not asked.
	Needs []topology.Kind
	// Explains tells that objects which are hurt by such a finding do not run because of it: what they wait for is not told again.
	Explains bool
	// Find looks for the kind in a cluster. It keeps and changes nothing of what it is given.
	Find func(*Cluster) []Finding
}

// Object names an object. Zones are objects of kind ZoneKind, and have no namespace.
type Object struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// ZoneKind is the kind of an Object that is a zone.
const ZoneKind = "Zone"

// Finding is one thing that is wrong. Its words are clauses without a full stop, and quote what others wrote.
type Finding struct {
	// ID and Section are the kind's: Find leaves them empty, or sets the ID of a family of kinds, such as rule/ID.
	ID      string
	Section Section
	// Objects is the root: the one object where it is fixed, and where that is a zone or a rule, those that belong to it behind it.
	Objects []Object
	// Hurts are those that suffer, with or without the root.
	Hurts []Object
	// Since is when the present state began; zero where nothing says so.
	Since time.Time
	// Cause says what is wrong, with names. It is empty where Explained or Claim says it.
	Cause string
	// Evidence are the fields and events that show it.
	Evidence []string
	// Remedy is the kind's unless this case has a better one. Command fixes it, or shows more where no command fixes it.
	// LosesData tells that data can be lost by what the remedy or the command does.
	Remedy, Command string
	LosesData       bool
	// Explained is what explain says of the pod that is the root, and Claim of the claim; nil where Cause says it.
	Explained *explain.Explanation
	Claim     *explain.ClaimExplanation
}

// ObjectOf names an object by its kind and key.
func ObjectOf(kind topology.Kind, key topology.Key) Object {
	return Object{Kind: string(kind), Namespace: key.Namespace, Name: key.Name}
}
