// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// readFrom has what --from names read as it was stored, and tells what was left out. Where that is all, it is an error: an empty
// cluster would have an answer to every question.
func (f *clusterFlags) readFrom(stderr io.Writer, read func(manifests.Reader) (manifests.Result, error)) (manifests.Result, error) {
	progress, clear := showProgress(stderr)
	result, err := read(manifests.Reader{Progress: progress, Stdin: f.stdin})
	clear()
	if err != nil {
		return result, err
	}
	if len(result.Objects) == 0 {
		err = fmt.Errorf("there is nothing to read in %s: %s", f.fromNames(), nothingIn(&result))
		return result, err
	}
	if u := &result.UnknownFields; u.Count > 0 {
		were := "were"
		if u.Count == 1 {
			were = "was"
		}
		_, _ = fmt.Fprintf(stderr, "note: %s that this version of moorage does not know %s left out: %s\n",
			text.Count(u.Count, "field"), were, plain.Line(text.First(u.Examples, len(u.Examples), u.Count)))
	}
	if n := len(result.SkippedKinds); n > 0 {
		_, _ = fmt.Fprintf(stderr, "note: left out what moorage does not look at: %s\n", plain.Line(kindCounts(result.SkippedKinds)))
	}
	if n := result.SkippedDocuments; n > 0 {
		_, _ = fmt.Fprintf(stderr, "note: left out what is not an API object: %s\n", text.Count(n, "document"))
	}
	for _, chart := range result.Charts {
		_, _ = fmt.Fprintf(stderr, "note: left out the templates of the chart %s\n", plain.Line(chart))
	}
	return result, nil
}

// fromNames are the names of what --from names, for a person.
func (f *clusterFlags) fromNames() string { return givenNames(f.from) }

func givenNames(paths []string) string {
	names := slices.Clone(paths)
	for i := range names {
		if names[i] == manifests.Stdin {
			names[i] = "standard input"
		}
	}
	return strings.Join(names, ", ")
}

// nothingIn says why no object was found.
func nothingIn(result *manifests.Result) string {
	switch {
	case len(result.SkippedKinds) > 0:
		return "moorage does not look at what it holds: " + kindCounts(result.SkippedKinds)
	case result.SkippedDocuments > 0:
		return "none of its documents is an API object"
	case result.Files == 0:
		return "no .yaml, .yml or .json file"
	default:
		return "it holds no objects"
	}
}

// kindCounts lists kinds with how many objects there are, the most first.
func kindCounts(counts map[string]int) string {
	const most = 5
	kinds := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var parts []string
	for i, kind := range kinds {
		if i == most {
			parts = append(parts, fmt.Sprintf("%d more kinds", len(kinds)-most))
			break
		}
		parts = append(parts, text.Count(counts[kind], kind))
	}
	return strings.Join(parts, ", ")
}

// ageOf is how old what was written at a time is; what came by a pipe has no age.
func ageOf(written time.Time) time.Duration {
	if written.IsZero() {
		return 0
	}
	return time.Since(written)
}

// asOf is the time at which an answer about the files is to hold: the one that was asked for, or that of the newest capture. It is zero
// for the present, where there is neither.
func (f *clusterFlags) asOf(result *manifests.Result) (time.Time, error) {
	if f.now == "" {
		return result.Captured, nil
	}
	at, err := time.Parse(time.RFC3339, f.now)
	if err != nil {
		return time.Time{}, fmt.Errorf("--now %q: want a time such as 2026-01-31T12:00:00Z", f.now)
	}
	return at, nil
}

// errTwoStdins is the error for a command that is to read two things from standard input.
var errTwoStdins = errors.New("-f - with --from -: standard input can be read as one of the two only; write the other into a file")

func twoStdins(given, from []string) error {
	if slices.Contains(given, manifests.Stdin) && slices.Contains(from, manifests.Stdin) {
		return errTwoStdins
	}
	return nil
}
