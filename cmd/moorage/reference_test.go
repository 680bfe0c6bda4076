// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// reference is where the pages are that are made from the commands.
const reference = "../../docs/cli"

// The pages in docs/cli say what the commands say. `go test ./cmd/moorage -run TestReference -update` updates them.
func TestReference(t *testing.T) {
	want := map[string]string{"README.md": index(rootCommand())}
	for _, cmd := range rootCommand().Commands() {
		want[cmd.Name()+".md"] = page(cmd)
	}
	if *update {
		if err := os.RemoveAll(reference); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(reference, 0o755); err != nil { //nolint:gosec // Documentation is public.
			t.Fatal(err)
		}
		for name, text := range want {
			if err := os.WriteFile(filepath.Join(reference, name), []byte(text), 0o644); err != nil { //nolint:gosec // Documentation is public.
				t.Fatal(err)
			}
		}
	}
	files, err := os.ReadDir(reference)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(reference, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[f.Name()] = string(text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/cli is not what the commands say (-commands +pages); go test ./cmd/moorage -run TestReference -update updates it\n%s", diff)
	}
}

// Every command tells what it does, shows how it is used, and fits a terminal.
func TestHelp(t *testing.T) {
	for _, cmd := range append(rootCommand().Commands(), rootCommand()) {
		var out bytes.Buffer
		root := rootCommand()
		root.SetOut(&out)
		args := []string{"--help"}
		if cmd.HasParent() {
			args = []string{cmd.Name(), "--help"}
			if cmd.Short == "" || cmd.Example == "" {
				t.Errorf("%s: its help has no summary, or no example", cmd.CommandPath())
			}
			for line := range strings.Lines(cmd.Example) {
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.Contains(line, "moorage ") {
					t.Errorf("%s: %q is no example of it", cmd.CommandPath(), line)
				}
			}
		}
		root.SetArgs(args)
		if err := root.Execute(); err != nil {
			t.Errorf("%s: %v", cmd.CommandPath(), err)
		}
		if want := cmd.Short + "\n\nExamples:\n" + cmd.Example + "\n\n"; !strings.HasPrefix(out.String(), want) || strings.Count(out.String(), "Examples:") != 1 {
			t.Errorf("%s: its help does not begin with its summary and its examples, or has them twice:\n%s", cmd.CommandPath(), out.String())
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpWidth {
				t.Errorf("%s: a line of its help has %d columns: %s", cmd.CommandPath(), n, line)
			}
		}
	}
}

const generated = "This page is made from the command itself by `go test ./cmd/moorage -run TestReference -update`."

func index(root *cobra.Command) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# The command line\n\n%s\n\n", generated)
	fmt.Fprintln(&out, "| command | does |\n|---|---|")
	for _, cmd := range root.Commands() {
		fmt.Fprintf(&out, "| [%s](%s.md) | %s |\n", cmd.CommandPath(), cmd.Name(), markdown(cmd.Short))
	}
	out.WriteString(`
The binary is a plugin of kubectl as well, if it is in the path under the name ` + "`kubectl-moorage`: `kubectl moorage explain pod db-0`" + `.

**Exit status.** 0 where a command did its work and there is nothing to object to; 1 where it did its work and found what it is there
to find (a pod that fits nowhere, a finding, a failed check); 2 where it could not do its work. What is 1 for a command is on its page.

**Output.** Data goes to stdout, everything else to stderr. ` + "`-o json`" + ` is a versioned kind whose fields do not change their meaning. Colour is
used on terminals only, and never where ` + "`NO_COLOR`" + ` is set.

**Names in the shell.** ` + "`moorage completion bash|zsh|fish|powershell`" + ` writes a script that completes commands, flags, and the names of pods, claims,
nodes, rules, drivers and contexts: for bash, ` + "`source <(moorage completion bash)`" + `.

**Which cluster.** That of ` + "`--kubeconfig`, `$KUBECONFIG`" + ` or the usual file, ` + "`--context`" + ` and [kubectl's other flags](options.md), or with ` + "`--from`" + ` the one that manifests or a
[capture](capture.md) describe.
`)
	return out.String()
}

func page(cmd *cobra.Command) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# %s\n\n%s\n\n%s.\n\n", cmd.CommandPath(), generated, markdown(cmd.Short))
	if cmd.Example != "" {
		fmt.Fprintf(&out, "```sh\n%s\n```\n\n", unindented(cmd.Example))
	}
	fmt.Fprintf(&out, "## Usage\n\n```\n%s\n```\n\n", cmd.UseLine())
	if cmd.Long != "" {
		fmt.Fprintf(&out, "%s\n", blocks(cmd.Long))
	}
	if cmd.HasSubCommands() {
		return out.String() + subcommands(cmd)
	}
	fmt.Fprintln(&out, "## Flags\n\n| flag | default | meaning |\n|---|---|---|")
	flags := flagsOfKubectl(cmd, cmd.Name() == "options")
	flags.VisitAll(func(f *pflag.Flag) {
		kind, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if kind != "" {
			name += " " + kind
		}
		value := ""
		if !slices.Contains([]string{"", "[]", "false"}, f.DefValue) {
			value = "`" + f.DefValue + "`"
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", name, value, strings.ReplaceAll(markdown(usage), "|", `\|`))
	})
	if cmd.Name() != "options" && flagsOfKubectl(cmd, true).HasFlags() {
		fmt.Fprint(&out, "\nAnd [kubectl's flags](options.md), such as `--as`, `--cluster`, `--user`, `--server` and `--token`.\n")
	}
	return out.String()
}

// subcommands are what a page has of the commands within a command.
func subcommands(cmd *cobra.Command) string {
	var out strings.Builder
	for _, sub := range cmd.Commands() {
		fmt.Fprintf(&out, "## %s\n\n%s.\n\n```\n%s\n```\n\n%s\n", sub.CommandPath(), markdown(sub.Short), sub.UseLine(), blocks(sub.Long))
		fmt.Fprintf(&out, "```sh\n%s\n```\n\n", unindented(sub.Example))
		sub.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			fmt.Fprintf(&out, "- `--%s`: %s\n", f.Name, markdown(f.Usage))
		})
	}
	return out.String()
}

// blocks makes paragraphs of a help text, and code of what is indented in it.
func blocks(text string) string {
	var out strings.Builder
	for _, block := range strings.Split(text, "\n\n") {
		if strings.HasPrefix(block, "  ") {
			fmt.Fprintf(&out, "```\n%s\n```\n\n", unindented(block))
		} else {
			fmt.Fprintf(&out, "%s\n\n", markdown(block))
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func unindented(block string) string {
	var lines []string
	for line := range strings.Lines(block) {
		lines = append(lines, strings.TrimPrefix(strings.TrimRight(line, "\n"), "  "))
	}
	return strings.Join(lines, "\n")
}

// markdown escapes what would be taken for markup.
func markdown(text string) string {
	return strings.NewReplacer("<", `\<`, "*", `\*`, "_", `\_`).Replace(text)
}

// The shell completes the outputs of every command that has any, and the names that a command asks for.
func TestCompletion(t *testing.T) {
	complete := func(args ...string) string {
		var out bytes.Buffer
		root := rootCommand()
		root.SetOut(&out)
		root.SetErr(&bytes.Buffer{})
		root.SetArgs(append([]string{cobra.ShellCompRequestCmd}, args...))
		if err := root.Execute(); err != nil {
			t.Errorf("complete %q: %v", args, err)
		}
		return out.String()
	}
	for _, cmd := range rootCommand().Commands() {
		if f := cmd.Flags().Lookup("output"); f != nil && cmd.Name() != "capture" {
			if got := complete(cmd.Name(), "--output", ""); !strings.Contains(got, "text\n") {
				t.Errorf("%s --output completes to\n%s", cmd.Name(), got)
			}
		}
	}
	kubeconfig := filepath.Join(t.TempDir(), "config")
	text := "{apiVersion: v1, kind: Config, contexts: [{name: production, context: {}}, {name: staging, context: {}}]}"
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"capture", "doctor", "explain", "map"} {
		if got := complete(name, "--kubeconfig", kubeconfig, "--context", ""); !strings.HasPrefix(got, "production\nstaging\n") {
			t.Errorf("%s --context completes to\n%s", name, got)
		}
	}
	all := complete("")
	for _, cmd := range rootCommand().Commands() {
		if !strings.Contains(all, cmd.Name()+"\t") {
			t.Errorf("moorage completes to\n%s\nwithout %s", all, cmd.Name())
		}
	}
}
