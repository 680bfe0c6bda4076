// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// session matches a block of code that shows commands and what they print, and its indentation in a list.
var session = regexp.MustCompile("(?ms)^( *)```console\n(.*?\n) *```$")

// prompted matches a command with its prompt, wherever it is shown.
var prompted = regexp.MustCompile(`(?m)^ *\$ (.*)$`)

// elided stands for any number of lines that a page leaves out of an output.
const elided = "…"

// illustrative are the pages that show commands with output which this test does not run, and why.
var illustrative = []struct{ page, command, why string }{
	{"../../docs/demo.md", "kubectl ", "e2e/demo holds the page against a run of the demo on a real control plane"},
	{"../../docs/simulate.md", "moorage simulate", "TestSimulationsInTheDocumentation holds the page against a script"},
	{"../../docs/autoscalers.md", "moorage explain db-0 -n prod --autoscaler", "the script explain_autoscaler holds the answer"},
	{"../../docs/autoscalers.md", "moorage advise autoscaler", "the script advise holds both outputs"},
	{"../../docs/explain.md", "kubectl -n moorage port-forward", "needs a running moorage; the script of explain and e2e hold --decisions"},
	{"../../docs/explain.md", "moorage explain pod db -n prod --decisions", "needs a running moorage; the script of explain and e2e hold --decisions"},
}

// Every command that the documentation shows with its output prints that output, with the repository's root as working directory.
// `go test ./cmd/moorage -run TestOutputsInTheDocumentation -update` writes it again.
func TestOutputsInTheDocumentation(t *testing.T) {
	texts := pages(t)
	t.Chdir("../..")
	t.Setenv("COLUMNS", "100")
	t.Setenv("NO_COLOR", "1")
	t.Setenv("KUBECONFIG", os.DevNull)
	ran := 0
	used := map[int]bool{}
	for name, text := range texts {
		held := session.ReplaceAllStringFunc(text, func(block string) string {
			if illustrated(name, block, used) {
				return block
			}
			m := session.FindStringSubmatch(block)
			var out strings.Builder
			for _, part := range commandsOf(strings.ReplaceAll("\n"+m[2], "\n"+m[1], "\n")[1:]) {
				args, ok := commandLine(part.command)
				if !ok {
					t.Errorf("%s: %q is not a command of moorage: neither run nor listed as illustrative", name, part.command)
					return block
				}
				ran++
				out.WriteString("$ " + part.command + "\n" + part.printed(t, name, args))
			}
			return m[1] + "```console\n" + strings.TrimSuffix(m[1]+strings.ReplaceAll(out.String(), "\n", "\n"+m[1]), m[1]) + m[1] + "```"
		})
		if held != text && *update {
			// Chdir has moved from the package to the root.
			if err := os.WriteFile(strings.TrimPrefix(name, "../../"), []byte(held), 0o644); err != nil { //nolint:gosec // Documentation is public.
				t.Fatal(err)
			}
		}
		for _, m := range prompted.FindAllStringSubmatch(session.ReplaceAllString(text, ""), -1) {
			if !illustrated(name, m[0], used) {
				t.Errorf("%s: %q is shown with a prompt outside of a block ```console, so nothing holds what it prints", name, m[1])
			}
		}
	}
	if ran < 9 {
		t.Errorf("only %d commands were run", ran)
	}
	for i, e := range illustrative {
		if !used[i] {
			t.Errorf("%s does not show %q any more: take it off the list", e.page, e.command)
		}
	}
}

func illustrated(page, text string, used map[int]bool) bool {
	for i, e := range illustrative {
		if page == e.page && strings.Contains(text, "$ "+e.command) {
			used[i] = true
			return true
		}
	}
	return false
}

// step is a command and what a page says that it prints.
type step struct {
	command string
	output  []string
}

func commandsOf(block string) []step {
	var out []step
	for line := range strings.Lines(block) {
		line = strings.TrimSuffix(line, "\n")
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			out = append(out, step{command: command})
		} else if len(out) > 0 {
			out[len(out)-1].output = append(out[len(out)-1].output, line)
		}
	}
	return out
}

// printed runs a step and returns what the page should show: what was printed, as far as the page shows it.
func (s step) printed(t *testing.T, page string, args []string) string {
	t.Helper()
	var out bytes.Buffer
	code := run(args, &out, &out)
	got := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	if cut := slices.Index(s.output, elided); cut >= 0 {
		head, tail := cut, len(s.output)-cut-1
		if head+tail >= len(got) {
			t.Errorf("%s: %s: nothing is left out of %d lines", page, s.command, len(got))
		} else {
			got = slices.Concat(got[:head], []string{elided}, got[len(got)-tail:])
		}
	}
	if code == exitFailure && !strings.Contains(strings.Join(s.output, "\n"), "error: ") {
		t.Errorf("%s: %s: exit status %d, and the page shows no error", page, s.command, code)
	}
	if diff := cmp.Diff(s.output, got); diff != "" && !*update {
		t.Errorf("%s: %s: it prints something else; -run TestOutputsInTheDocumentation -update writes it (-page +printed):\n%s", page, s.command, diff)
	}
	return strings.Join(got, "\n") + "\n"
}

// commandLine splits a command of moorage into its arguments, at the words of a shell.
func commandLine(line string) (args []string, ok bool) {
	line, _, _ = strings.Cut(line, "  #")
	words, err := shellWords(line)
	if err != nil || len(words) == 0 {
		return nil, false
	}
	if words[0] == "kubectl" && len(words) > 1 {
		words = words[1:]
	}
	if words[0] != "moorage" && words[0] != "bin/moorage" {
		return nil, false
	}
	return words[1:], true
}

// shellWords splits at spaces outside of quotes; it knows neither variables nor pipes.
func shellWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	within := false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, within = r, true
		case r == ' ':
			if within {
				words = append(words, word.String())
			}
			word.Reset()
			within = false
		case strings.ContainsRune("|&;<>$`", r):
			return nil, fmt.Errorf("%q is for a shell", r)
		default:
			word.WriteRune(r)
			within = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote is open in %q", line)
	}
	if within {
		words = append(words, word.String())
	}
	return words, nil
}
