// SPDX-License-Identifier: Apache-2.0

// Package language holds the repository's English against a list of words: the reader is a Kubernetes engineer in a hurry, and a private
// synonym makes him look twice. It is a part of make lint.
package language

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// words are those that have a usual term in their place.
var words = []struct{ not, but string }{
	{`(sub)?folders?`, "directory"},
	{`anew`, "again; recreate"},
	{`mend(s|ed|ing)?`, "fix"},
	{`picture of (the|a|its) cluster`, "view, state"},
	{`tells? whether`, "reports whether"},
	{`(is|are|was|were|been|being) told`, "name the actor: logs, reports, says; 'told apart' is fine"},
	{`lets? in`, "accepts"},
	{`whoever`, "users who, clients that"},
	{`has the (API server|kubelet|scheduler|shell)`, "makes, configures"},
	{`in no useful order`, "in unspecified order"},
	{`the say of`, "the weight of"},
	{`in other letters|of the beta time`, "say what it is"},
	{`refus(e|es|ed|ing) ((a|the|all|every|no|other|these|those|this|that) )?nodes?`, "rejects, rules out; 'denies' is for admission"},
	{`(it|that|which|what|who|this|and|or) is no (error|fault|reason|object|pod|driver|API|JSON|YAML|node|kubelet|number|label|news|answer|finding|namespace|document)`, "is not a"},
}

// exceptions are lines that may have such a word, each with its reason.
var exceptions = []struct{ path, contains, why string }{
	{"internal/language/language_test.go", "", "the list itself"},
}

// skipped are directories of what others wrote, or machines.
var skipped = []string{".git", ".cache", "dist", "node_modules", "upstream"}

var checked = []string{".go", ".md", ".yaml", ".yml", ".tpl", ".txt", ".txtar", ".json", ".mod", ""}

// TestWords fails for each private synonym.
func TestWords(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	patterns := make([]*regexp.Regexp, len(words))
	for i, w := range words {
		patterns[i] = regexp.MustCompile(`(?i)\b(` + w.not + `)\b`)
	}
	used := map[int]bool{}
	files := 0
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(skipped, entry.Name()):
			return filepath.SkipDir
		case !entry.Type().IsRegular() || !slices.Contains(checked, filepath.Ext(path)):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.IndexByte(text, 0) >= 0 {
			return nil // A program.
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files++
		for number, line := range strings.Split(string(text), "\n") {
			for i, pattern := range patterns {
				found := pattern.FindString(strings.ReplaceAll(line, "told apart", "distinguished"))
				if found != "" && !excepted(filepath.ToSlash(name), line, used) {
					t.Errorf("%s:%d: %q: %s", name, number+1, found, words[i].but)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 500 {
		t.Errorf("only %d files were read", files)
	}
	for i, e := range exceptions {
		if !used[i] {
			t.Errorf("nothing needs the exception for %s (%s) any more", e.path, e.why)
		}
	}
}

func excepted(path, line string, used map[int]bool) bool {
	for i, e := range exceptions {
		if path == e.path && strings.Contains(line, e.contains) {
			used[i] = true
			return true
		}
	}
	return false
}
