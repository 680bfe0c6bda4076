// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/scan"
	"github.com/moorage-k8s/moorage/topology"
)

// ScanOutputs are the forms in which scan tells its findings.
var ScanOutputs = []string{"text", "wide", "json", "yaml", "markdown", "junit"}

// ScanResult is what was found in one cluster.
type ScanResult struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Cluster is the API server, or the files; At is the time at which the findings hold.
	Cluster  string        `json:"cluster"`
	At       *metav1.Time  `json:"at,omitempty"`
	Summary  ScanSummary   `json:"summary"`
	Findings []ScanFinding `json:"findings"`
	// Unknown is what was not looked for, and why.
	Unknown []string `json:"unknown"`

	known explain.Known
}

// ScanSummary counts findings by section.
type ScanSummary struct {
	DataAtRisk int `json:"dataAtRisk"`
	Stuck      int `json:"stuck"`
	WillStick  int `json:"willStick"`
	Waste      int `json:"waste"`
	Unwise     int `json:"unwise"`
}

// Of is the number of findings of a section.
func (s *ScanSummary) Of(section scan.Section) int { return *s.of(section) }

func (s *ScanSummary) of(section scan.Section) *int {
	switch section {
	case scan.DataAtRisk:
		return &s.DataAtRisk
	case scan.Stuck:
		return &s.Stuck
	case scan.WillStick:
		return &s.WillStick
	case scan.Waste:
		return &s.Waste
	default:
		return &s.Unwise
	}
}

// ScanFinding is one finding in words.
type ScanFinding struct {
	ID      string        `json:"id"`
	Section scan.Section  `json:"section"`
	Objects []scan.Object `json:"objects"`
	Hurts   []scan.Object `json:"hurts"`
	// Since is when the present state began; left out where nothing says so.
	Since    *metav1.Time `json:"since,omitempty"`
	Cause    string       `json:"cause"`
	Evidence []string     `json:"evidence"`
	Remedy   string       `json:"remedy"`
	// Command fixes it, or shows more.
	Command string `json:"command"`
	// LosesData tells that data can be lost by the remedy or the command.
	LosesData bool `json:"losesData"`
}

// ScanResultOf puts findings into words.
func ScanResultOf(r scan.Result, known explain.Known, at time.Time) *ScanResult {
	out := &ScanResult{APIVersion: apiVersion, Kind: "ScanResult", Cluster: known.Source, known: known, Findings: []ScanFinding{}, Unknown: []string{}}
	if !at.IsZero() {
		out.At = &metav1.Time{Time: at.UTC()}
	}
	for i := range r.Findings {
		f := scanFinding(&r.Findings[i])
		out.Findings = append(out.Findings, f)
		*out.Summary.of(f.Section)++
	}
	for i := range r.Unknown {
		out.Unknown = append(out.Unknown, scanUnknown(&r.Unknown[i]))
	}
	return out
}

// UnreadScanResult is that of a cluster which could not be read.
func UnreadScanResult(err error) *ScanResult {
	return &ScanResult{APIVersion: apiVersion, Kind: "ScanResult", Findings: []ScanFinding{}, Unknown: []string{"could not be read: " + plain.Line(err.Error())}}
}

func scanFinding(f *scan.Finding) ScanFinding {
	out := ScanFinding{
		ID: f.ID, Section: f.Section, Objects: f.Objects, Hurts: f.Hurts, Cause: f.Cause, Evidence: f.Evidence,
		Remedy: f.Remedy, Command: f.Command, LosesData: f.LosesData,
	}
	switch {
	case f.Explained != nil:
		out.Cause = headlineOf(f.Explained)
	case f.Claim != nil:
		out.Cause = claimHeadline(f.Claim)
	}
	out.Cause = plain.Line(out.Cause)
	if out.Hurts == nil {
		out.Hurts = []scan.Object{}
	}
	if out.Evidence == nil {
		out.Evidence = []string{}
	}
	if !f.Since.IsZero() {
		out.Since = &metav1.Time{Time: f.Since.UTC()}
	}
	return out
}

// scanResource is how an API server calls the objects of a kind. Those that the cache does not read have no Resource.
func scanResource(kind topology.Kind) string {
	if kind == topology.KindEvent || kind == topology.KindBudget || slices.Contains(topology.AllKinds, kind) {
		return topology.ResourceOf(kind).GroupResource().String()
	}
	return strings.ToLower(string(kind)) + "s"
}

func scanUnknown(u *scan.Unknown) string {
	are := "are"
	if len(u.IDs) == 1 {
		are = "is"
	}
	return fmt.Sprintf("may not list %s (%s): %s %s missing", scanResource(u.Resource), u.Why, text.And(u.IDs), are)
}
