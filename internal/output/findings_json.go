// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// CheckResult is what a check found, audit findings and what exemptions lifted included.
type CheckResult struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Checked    checked       `json:"checked"`
	Skipped    skipped       `json:"skipped"`
	Findings   []jsonFinding `json:"findings"`
	// Known is how many more there were, which are in the baseline.
	Known int `json:"known,omitempty"`
	// Exempted is left out where there is none.
	Exempted []jsonExempted `json:"exempted,omitempty"`
}

type checked struct {
	Files   int `json:"files"`
	Objects int `json:"objects"`
	// Made are further objects of a cluster, which were judged by what makes them.
	Made int `json:"made,omitempty"`
}

type skipped struct {
	Files     int      `json:"files"`
	Patches   int      `json:"patches"`
	Charts    []string `json:"charts"`
	Templates []string `json:"templates"`
	// Unreadable came later than the others.
	Unreadable []string `json:"unreadable,omitempty"`
	// Placeholders did, too.
	Placeholders []string `json:"placeholders,omitempty"`
	// Unlisted are resources of a cluster that may not be listed.
	Unlisted  []string       `json:"unlisted,omitempty"`
	Documents int            `json:"documents"`
	Kinds     map[string]int `json:"kinds"`
}

type jsonFinding struct {
	Rule   string       `json:"rule"`
	Action rules.Action `json:"action"`
	File   string       `json:"file"`
	Line   int          `json:"line"`
	Column int          `json:"column"`
	Source string       `json:"source,omitempty"`
	Object jsonObject   `json:"object"`
	// Within is the object of a cluster that has the field, where Object has made it, and Alike how many others have the fault.
	Within      *jsonObject `json:"within,omitempty"`
	Alike       int         `json:"alike,omitempty"`
	Path        string      `json:"path"`
	Message     string      `json:"message"`
	Symptom     string      `json:"symptom"`
	Remediation string      `json:"remediation"`
}

type jsonExempted struct {
	jsonFinding `json:",inline"`
	By          rules.ExemptedBy `json:"by"`
	Reason      string           `json:"reason"`
}

func jsonFindingOf(f check.Finding) jsonFinding {
	out := jsonFinding{
		Rule: f.Rule, Action: f.Action, File: f.File, Line: f.Line, Column: f.Column, Source: f.Source, Object: jsonObject(f.Object), Path: f.Path,
		Message: f.Message, Symptom: f.Symptom, Remediation: f.Remediation, Alike: f.Alike,
	}
	if f.Within != (check.Object{}) {
		within := jsonObject(f.Within)
		out.Within = &within
	}
	return out
}

type jsonObject struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// FindingsJSON writes a check's result as a CheckResult, audit findings and what exemptions lifted included.
func FindingsJSON(w io.Writer, result *check.Result) error {
	out := CheckResult{
		APIVersion: apiVersion, Kind: "CheckResult",
		Checked: checked{result.Files, result.Objects, result.Made},
		Skipped: skipped{
			result.Skipped.Files, result.Skipped.Patches, append([]string{}, result.Skipped.Charts...),
			append([]string{}, result.Skipped.Templates...), result.Skipped.Unreadable, result.Skipped.Placeholders, result.Skipped.Unlisted, result.Skipped.Documents, result.Skipped.Kinds,
		},
		Findings: make([]jsonFinding, 0, len(result.Findings)), Known: result.Known,
	}
	for _, f := range result.Findings {
		out.Findings = append(out.Findings, jsonFindingOf(f))
	}
	for _, x := range result.Exempted {
		out.Exempted = append(out.Exempted, jsonExempted{jsonFindingOf(x.Finding), x.By, x.Reason})
	}
	return JSON(w, out)
}

// ReadFindings returns the findings of what FindingsJSON wrote.
func ReadFindings(data []byte) ([]check.Finding, error) {
	var read CheckResult
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	switch err := decoder.Decode(&read); {
	case err != nil:
		return nil, err
	case read.Kind != "CheckResult" || read.APIVersion != apiVersion:
		return nil, fmt.Errorf("it is a %q of %q", read.Kind, read.APIVersion)
	case decoder.More():
		return nil, errors.New("there is more behind the result")
	}
	out := make([]check.Finding, len(read.Findings))
	for i := range read.Findings {
		f := &read.Findings[i]
		out[i] = check.Finding{Rule: f.Rule, Action: f.Action, File: f.File, Object: check.Object(f.Object), Path: f.Path}
		if f.Within != nil {
			out[i].Within = check.Object(*f.Within)
		}
	}
	return out, nil
}
