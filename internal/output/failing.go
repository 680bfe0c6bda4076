// SPDX-License-Identifier: Apache-2.0

package output

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/event"
)

// inItsWords is what an event says: its cause, where the text is known, and its own words.
func inItsWords(e *event.Event) string {
	words := spoken(e.Message)
	quote := fmt.Sprintf("%s: '%s'", cmp.Or(e.Speaker(), e.Reason), words)
	if known := e.Known(); known != nil {
		return fmt.Sprintf("%s (%s)", known.Cause, quote)
	}
	return quote
}

// remedies are what would help against it.
func remedies(e *event.Event) []string {
	if known := e.Known(); known != nil {
		return []string{fmt.Sprintf("%s (look at %s)", known.Remedy, known.Look)}
	}
	return []string{fmt.Sprintf("look at what %s says, and at its log", cmp.Or(e.By, "the event"))}
}

func failing(f *explain.Failing) string {
	return fmt.Sprintf("the volume of %s could not be made: %s", subject(f.Volume), inItsWords(f.Event))
}

func allFailing(list []explain.Failing) string {
	parts := make([]string, len(list))
	for i := range list {
		parts[i] = failing(&list[i])
	}
	return strings.Join(parts, "; and ")
}

// failingToo is what is said of volumes that could not be made where something else comes first.
func failingToo(e *explain.Explanation) string {
	if len(e.Failing) == 0 {
		return ""
	}
	return "; and " + allFailing(e.Failing)
}

// onlyFailing reports whether nothing else than that keeps the pod from its place.
func onlyFailing(e *explain.Explanation) bool {
	fits := e.Allowed > 0 || e.Seen != nil
	if e.Together != nil {
		fits = e.Together.Fits.Nodes > 0 && !e.Together.Doubted
	}
	return len(e.Failing) > 0 && fits
}

func failingHelp(list []explain.Failing) []string {
	var out []string
	for i := range list {
		out = append(out, remedies(list[i].Event)...)
	}
	return out
}
