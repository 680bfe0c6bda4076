// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/spf13/cobra"

	"github.com/moorage-k8s/moorage/internal/config"
)

// pages are all that is written for people, by name.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, root := range []string{"../../docs", "../../examples", "../../charts/moorage", "../../README.md", "../../CHANGELOG.md", "../../CONTRIBUTING.md"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".md" {
				return err
			}
			text, err := os.ReadFile(path)
			out[path] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

var (
	// typed matches a command line of moorage in a block of code, or between backticks.
	typed = regexp.MustCompile("(?m)^(?: {4,}|\\$ )(?:\\$ )?(?:kubectl |bin/)?moorage ([^\n]*)|`(?:kubectl )?moorage ([^`\n]*)`")
	// shell matches a block of commands without what they print; inShell one of moorage there.
	shell   = regexp.MustCompile("(?ms)^ *```sh\n(.*?\n) *```$")
	inShell = regexp.MustCompile(`(?m)^ *(?:kubectl |bin/)?moorage (.*)$`)
	// ends matches what ends the command line.
	ends = regexp.MustCompile(` +[#|&>].*|[|&;]\s*$`)
)

// Every command line that the documentation shows is one that moorage understands.
func TestCommandsInTheDocumentation(t *testing.T) {
	found := 0
	for name, text := range pages(t) {
		var lines []string
		for _, m := range typed.FindAllStringSubmatch(text, -1) {
			lines = append(lines, m[1]+m[2])
		}
		for _, block := range shell.FindAllStringSubmatch(text, -1) {
			for _, m := range inShell.FindAllStringSubmatch(block[1], -1) {
				lines = append(lines, m[1])
			}
		}
		for _, line := range lines {
			line = ends.ReplaceAllString(line, "")
			if strings.ContainsAny(line, "[…\"'") || strings.Contains(line, "|") {
				continue // a pattern, not a command line
			}
			found++
			if err := understood(strings.Fields(line)); err != nil {
				t.Errorf("%s: moorage %s: %v", name, line, err)
			}
		}
	}
	if found < 80 {
		t.Errorf("%d command lines were found", found)
	}
}

// What docs/simulate.md shows is what the command prints.
func TestSimulationsInTheDocumentation(t *testing.T) {
	script, err := txtar.ParseFile("testdata/script/simulate_documented.txtar")
	if err != nil {
		t.Fatal(err)
	}
	page := pages(t)["../../docs/simulate.md"]
	for _, f := range script.Files {
		if f.Name != "simulated.txt" && f.Name != "plan.txt" {
			continue
		}
		shown, _, _ := strings.Cut(string(f.Data), "\nKnown from ")
		var block strings.Builder
		for line := range strings.Lines(strings.TrimRight(shown, "\n") + "\n") {
			if line != "\n" {
				block.WriteString("    ")
			}
			block.WriteString(line)
		}
		if !strings.Contains(page, block.String()) {
			t.Errorf("docs/simulate.md does not show %s:\n%s", f.Name, block.String())
		}
	}
}

// understood parses a command line without running it.
func understood(args []string) error {
	root := rootCommand()
	root.InitDefaultCompletionCmd()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	if cmd == root && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return cobra.NoArgs(root, args)
	}
	return cmd.ParseFlags(rest)
}

// configured matches a block of YAML, and the indentation that it has in a list.
var configured = regexp.MustCompile("(?ms)^([ ]*)```yaml\n(.*?)\n *```$")

// Every MoorageConfiguration that the documentation shows is one that moorage takes. Every other block of YAML in the pages about installing says
// which file it is for.
func TestConfigurationsInTheDocumentation(t *testing.T) {
	found := 0
	for name, text := range pages(t) {
		for _, m := range configured.FindAllStringSubmatch(text, -1) {
			block := strings.ReplaceAll("\n"+m[2], "\n"+m[1], "\n")[1:] + "\n"
			switch {
			case strings.Contains(block, "kind: "+config.Kind):
				found++
				if _, err := config.Parse([]byte(block)); err != nil {
					t.Errorf("%s: %v in\n%s", name, err, block)
				}
			case strings.Contains(name, "runbooks/") || strings.HasSuffix(name, "install.md") || strings.HasSuffix(name, "upgrade.md"):
				if !strings.HasPrefix(block, "# ") {
					t.Errorf("%s: it is not said which file this is for:\n%s", name, block)
				}
			}
		}
	}
	if found < 3 {
		t.Errorf("%d configurations were found", found)
	}
}

// linked matches a link to a file of this repository, and the part of it.
var linked = regexp.MustCompile(`\]\(([^)#:\s]*)(?:#([^)\s]*))?\)`)

// Every link within the documentation leads somewhere.
func TestLinksInTheDocumentation(t *testing.T) {
	for name, text := range pages(t) {
		for _, m := range linked.FindAllStringSubmatch(text, -1) {
			target := name
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(name), m[1])
			}
			there, err := os.ReadFile(target)
			if info, statErr := os.Stat(target); statErr == nil && info.IsDir() {
				continue
			}
			if err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, m[0])
				continue
			}
			if m[2] != "" && filepath.Ext(target) == ".md" && !hasSection(string(there), m[2]) {
				t.Errorf("%s: %s has no section #%s", name, m[1], m[2])
			}
		}
	}
}

// notInAnchors matches what GitHub leaves out of a section's anchor.
var notInAnchors = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)

// hasSection reports whether a page has a heading with that anchor.
func hasSection(page, anchor string) bool {
	for line := range strings.Lines(page) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			heading = strings.ToLower(notInAnchors.ReplaceAllString(strings.TrimSpace(heading), ""))
			if strings.ReplaceAll(heading, " ", "-") == anchor {
				return true
			}
		}
	}
	return false
}

// A reader who begins at the index finds every page.
func TestEveryPageOfTheDocumentationIsLinked(t *testing.T) {
	all := pages(t)
	const index = "../../docs/README.md"
	seen := map[string]bool{index: true}
	for queue := []string{index}; len(queue) > 0; queue = queue[1:] {
		for _, m := range linked.FindAllStringSubmatch(all[queue[0]], -1) {
			target := filepath.Join(filepath.Dir(queue[0]), m[1])
			if _, page := all[target]; page && !seen[target] {
				seen[target] = true
				queue = append(queue, target)
			}
		}
	}
	for name := range all {
		if !seen[name] && name != "../../README.md" {
			t.Errorf("no page links to %s, from the index on", name)
		}
	}
}
