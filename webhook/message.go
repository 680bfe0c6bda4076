// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

const (
	// wishedWarningRunes is how long a warning should be: a terminal shows it in one line or two.
	wishedWarningRunes = 120
	// maxWarningRunes is where the API server cuts each warning when all warnings of one request together are over 4,096
	// characters (k8s.io/apiserver/pkg/endpoints/filters/warning.go). Cutting here keeps the end of ours readable.
	maxWarningRunes = 256
	// maxWarningsRunes leaves half of the 4,096 to everybody else who warns of the same request.
	maxWarningsRunes = 2048
	// maxDenials is how many findings a denial spells out. An event's message, where a controller's user reads it, ends at
	// 1,024 characters.
	maxDenials = 3
)

// warnings renders findings for kubectl, which puts 'Warning: ' before each; unchecked, if not empty, says why the object
// was not looked at in full.
func warnings(found []rules.Finding, unchecked string) []string {
	var lines []string
	if unchecked != "" {
		lines = append(lines, cut(plain.Quiet("moorage did not check this object in full: "+unchecked), maxWarningRunes))
	}
	for _, f := range found {
		lines = append(lines, warning(f))
	}
	const more = 60 // runes kept for the line that says how many were left out
	used := 0
	for i, line := range lines {
		used += utf8.RuneCountInString(line)
		if used > maxWarningsRunes-more && i > 0 {
			return append(lines[:i], fmt.Sprintf("moorage: %d more findings", len(lines)-i))
		}
	}
	return lines
}

// warning is one finding: the rule, where, and what. The path is left out where it makes the line too long, since messages
// name containers, volumes and claims.
func warning(f rules.Finding) string {
	line := plain.Quiet(f.Rule + ": " + f.Message)
	if path := pathOf(f); path != "" {
		if withPath := plain.Quiet(f.Rule + ": " + path + ": " + f.Message); utf8.RuneCountInString(withPath) <= wishedWarningRunes {
			line = withPath
		}
	}
	return cut(line, maxWarningRunes)
}

// denial renders the findings for which an object is refused. kubectl prints it after 'admission webhook
// "validate.moorage.dev" denied the request: '.
func denial(found []rules.Finding) string {
	if len(found) == 1 {
		return refusal(found[0])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d problems:", len(found))
	for i, f := range found {
		if i == maxDenials {
			fmt.Fprintf(&b, "\n… and %d more", len(found)-i)
			break
		}
		fmt.Fprintf(&b, "\n[%d] %s", i+1, refusal(f))
	}
	return b.String()
}

// refusal is one finding in the order in which a reader asks: which rule, where, what, what would have happened, what to do.
func refusal(f rules.Finding) string {
	var b strings.Builder
	b.WriteString(f.Rule)
	if path := pathOf(f); path != "" {
		b.WriteString(": " + path)
	}
	fmt.Fprintf(&b, ": %s Otherwise: %s Fix: %s", rules.Sentence(f.Message), rules.Sentence(f.Symptom), rules.Sentence(f.Remediation))
	return plain.Quiet(b.String())
}

// summary lists rule=action of each finding once, for the audit log.
func summary(found []rules.Finding) string {
	var parts []string
	seen := map[string]bool{}
	for _, f := range found {
		if part := f.Rule + "=" + string(f.Action); !seen[part] {
			seen[part] = true
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ",")
}

// exempted lists rule=what lifted its finding, and the reason, of each exemption that was used, once.
func exempted(lifted []rules.Exempted) string {
	var parts []string
	for _, x := range lifted {
		if part := cut(plain.Quiet(fmt.Sprintf("%s=%s: %s", x.Rule, x.By, x.Reason)), maxWarningRunes); !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "; ")
}

func pathOf(f rules.Finding) string {
	if f.Path == nil {
		return ""
	}
	return f.Path.String()
}

// cut shortens to a number of runes, with an ellipsis in the last place.
func cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}
