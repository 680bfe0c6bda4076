// SPDX-License-Identifier: Apache-2.0

package output

import (
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/internal/version"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// The part of SARIF 2.1.0 that code scanners' readers look at.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool sarifTool `json:"tool"`
		// Invocations tell of what was not read.
		Invocations []sarifInvocation `json:"invocations,omitempty"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		Notifications       []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID                   string             `json:"id"`
		ShortDescription     sarifText          `json:"shortDescription"`
		Help                 sarifText          `json:"help"`
		DefaultConfiguration sarifConfiguration `json:"defaultConfiguration"`
	}
	sarifConfiguration struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		// PhysicalLocation is nil for an object of a cluster.
		PhysicalLocation *sarifPhysical `json:"physicalLocation,omitempty"`
		LogicalLocations []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
	}
)

var sarifLevels = map[rules.Action]string{rules.Deny: "error", rules.Warn: "warning", rules.Audit: "note", rules.Off: "none"}

// FindingsSARIF writes a check's result as a SARIF 2.1.0 log, audit findings included as notes.
func FindingsSARIF(w io.Writer, result *check.Result) error {
	driver := sarifDriver{Name: "moorage", Version: version.Get().Version}
	for _, r := range rules.Registry() {
		driver.Rules = append(driver.Rules, sarifRule{
			ID: r.ID, ShortDescription: sarifText{r.Summary},
			Help:                 sarifText{"Otherwise: " + rules.Sentence(r.Symptom) + " Fix: " + rules.Sentence(r.Remediation)},
			DefaultConfiguration: sarifConfiguration{sarifLevels[r.Action]},
		})
	}
	run := sarifRun{Tool: sarifTool{driver}, ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	ids := rules.IDs()
	for _, f := range result.Findings {
		var location sarifLocation
		name := about(f)
		if inFile(&f) {
			location.PhysicalLocation = &sarifPhysical{sarifArtifact{uri(f.File)}, sarifRegion{f.Line, f.Column}}
		} else {
			name = strings.TrimSuffix(placeOf(&f)+", "+name, ", ")
		}
		if name != "" {
			location.LogicalLocations = []sarifLogical{{name}}
		}
		run.Results = append(run.Results, sarifResult{
			RuleID: f.Rule, RuleIndex: slices.Index(ids, f.Rule), Level: sarifLevels[f.Action],
			Message:   sarifText{rules.Sentence(f.Message) + " Otherwise: " + rules.Sentence(f.Symptom) + " Fix: " + rules.Sentence(f.Remediation)},
			Locations: []sarifLocation{location},
		})
	}
	if unread := result.Skipped.Unread(); unread != "" {
		run.Invocations = []sarifInvocation{{true, []sarifNotification{{"warning", sarifText{"Not read: " + unread + "."}}}}}
	}
	return JSON(w, sarifLog{
		Schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

// uri names a file as a URI: relative ones stay relative, to wherever the reader takes the sources from.
func uri(path string) string {
	if path == manifests.Stdin {
		return "stdin"
	}
	slashed := filepath.ToSlash(path)
	u := url.URL{Path: strings.TrimPrefix(slashed, "./")}
	if filepath.IsAbs(path) {
		u.Scheme, u.Path = "file", "/"+strings.TrimPrefix(slashed, "/")
	}
	return u.String()
}
