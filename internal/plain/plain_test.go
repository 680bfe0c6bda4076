// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// What is hostile to a reader, a terminal, a shell or a runner, and what is not and stays.
func TestWords(t *testing.T) {
	for _, tc := range []struct {
		name, in, line, quiet, quote string
	}{
		{"a name", "data-0", "data-0", "data-0", "data-0"},
		{"nothing", "", "", "", "''"},
		{"words of any language", "Größe 5 µm, 東京, naïve", "Größe 5 µm, 東京, naïve", "Größe 5 µm, 東京, naïve", "'Größe 5 µm, 東京, naïve'"},
		{"a symbol", "ready ✓ 🚀", "ready ✓ 🚀", "ready ✓ 🚀", "'ready ✓ 🚀'"},
		{"an escape sequence", "a\x1b[31mb", `a\x1b[31mb`, `a\x1b[31mb`, `$'a\033[31mb'`},
		{"the 8-bit form of one", "a\u009b31m", `a\u009b31m`, `a\u009b31m`, `$'a\302\23331m'`},
		{"bytes that are not UTF-8", "a\xff\x9b", `a\xff\x9b`, `a\xff\x9b`, `$'a\377\233'`},
		{"the replacement character itself", "a\ufffd", "a\ufffd", "a\ufffd", "'a\ufffd'"},
		{"breaks of lines", "a\n\r\u2028\u0085b", `a\n\r\u2028\u0085b`, `a\n\r\u2028\u0085b`, `$'a\012\015\342\200\250\302\205b'`},
		{"another direction", "a\u202egpj.sh", `a\u202egpj.sh`, `a\u202egpj.sh`, `$'a\342\200\256gpj.sh'`},
		{"what is not seen", "a\u200b\u2060\ufeff\u00ad\u3164b", `a\u200b\u2060\ufeff\u00ad\u3164b`, `a\u200b\u2060\ufeff\u00ad\u3164b`, ""},
		{"a tag", "a\U000e0041", `a\U000e0041`, `a\U000e0041`, ""},
		{"private use", "a\ue000", `a\ue000`, `a\ue000`, ""},
		{"a command of GitHub", "::error::x", "::error::x", `\::error::x`, "::error::x"},
		{"one after blanks of any kind", " \u00a0\u3000::stop-commands::x", " \u00a0\u3000::stop-commands::x", " \u00a0\u3000\\::stop-commands::x", ""},
		{"colons within a line", "a::b", "a::b", "a::b", "a::b"},
		{"the old form", "x ##[error]y", "x ##[error]y", `x ##\[error]y`, "'x #''#''[error]y'"},
		{"one of Azure Pipelines", "##vso[task.setvariable]", "##vso[task.setvariable]", `##\vso[task.setvariable]`, "'#''#''vso[task.setvariable]'"},
		{"a heading", "## [a](b)", "## [a](b)", "## [a](b)", ""},
		{"for a shell", "a;id $(x) `y` 'z' \\", "a;id $(x) `y` 'z' \\", "a;id $(x) `y` 'z' \\", `'a;id $(x) ` + "`y`" + ` '\''z'\'' \'`},
		{"a home, a command of zsh", "~x", "~x", "~x", "'~x'"},
		{"an assignment", "=ls", "=ls", "=ls", "'=ls'"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Line(tc.in); got != tc.line {
				t.Errorf("Line: %q, want %q", got, tc.line)
			}
			if got := Quiet(tc.in); got != tc.quiet {
				t.Errorf("Quiet: %q, want %q", got, tc.quiet)
			}
			if got := Quote(tc.in); tc.quote != "" && got != tc.quote {
				t.Errorf("Quote: %s, want %s", got, tc.quote)
			}
		})
	}
}

// hostile are the pieces of which random texts are made.
var hostile = []string{
	"a", "data-0", " ", "\t", "\n", "\r\n", "::", ":", "::error::x", "##", "#", "##[", "##vso[", "[error]", "\\", "'", `"`, "$(id)", "`id`", ";", "\x1b[31m",
	"\x1b]0;t\a", "\x1b", "\x1b[1m", "\x9b", "\xff", "\x00", "\x7f", "\u0085", "\u009b", "\u00a0", "\u00ad", "\u115f", "\u200b", "\u200f", "\u202e", "\u2028", "\u2066",
	"\u3000", "\u3164", "\ufeff", "\ufffd", "\ue000", "\U000e0041", "\U0010ffff", "é", "東", "🚀", "%0A", "\u0301",
}

func text(random *rand.Rand) string {
	var out strings.Builder
	for range random.IntN(9) {
		out.WriteString(hostile[random.IntN(len(hostile))])
	}
	return out.String()
}

// seen fails the test if a text holds what nobody sees, or what a runner obeys.
func seen(t *testing.T, what, of, text string, lines bool) {
	t.Helper()
	for i, r := range text {
		broken := r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd")
		if broken || !unicode.IsGraphic(r) && (!lines || !strings.ContainsRune("\n\t", r)) {
			t.Fatalf("%s of %q holds %q: %q", what, of, r, text)
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[") {
			t.Fatalf("%s of %q holds a command: %q", what, of, line)
		}
	}
}

func TestRandomTexts(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	shell, _ := exec.LookPath("bash")
	var words []string
	for range 20000 {
		s := text(random)
		quiet := Quiet(s)
		seen(t, "Quiet", s, quiet, false)
		if again := Quiet(quiet); again != quiet {
			t.Fatalf("Quiet of %q is %q, and of that %q", s, quiet, again)
		}
		if utf8.ValidString(s) {
			encoded, err := json.Marshal(map[string]string{s: s})
			if err != nil {
				t.Fatal(err)
			}
			var fromJSON, fromYAML map[string]string
			inJSON, inYAML := JSON(encoded), YAML(encoded)
			seen(t, "JSON", s, string(inJSON), false)
			seen(t, "YAML", s, string(inYAML), false)
			if err := json.Unmarshal(inJSON, &fromJSON); err != nil || fromJSON[s] != s {
				t.Fatalf("JSON of %q is %s, which is %q: %v", s, inJSON, fromJSON, err)
			}
			if err := yaml.Unmarshal(inYAML, &fromYAML); err != nil || fromYAML[s] != s {
				t.Fatalf("YAML of %q is %s, which is %q: %v", s, inYAML, fromYAML, err)
			}
		}
		if !strings.Contains(s, "\x00") && len(words) < 1000 {
			words = append(words, s)
		}
	}
	if shell == "" {
		t.Log("there is no bash to ask about quoted words")
		return
	}
	var script strings.Builder
	for _, w := range words {
		quoted := Quote(w)
		seen(t, "Quote", w, "x "+quoted, false)
		script.WriteString("printf '%s\\0' " + quoted + "\n")
	}
	cmd := exec.CommandContext(t.Context(), shell, "--norc", "-s")
	cmd.Stdin = strings.NewReader(script.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if got != words[i] {
			t.Fatalf("a shell takes %s for %q, not for %q", Quote(words[i]), got, words[i])
		}
	}
}

// A writer's lines are harmless however they come, and the same; only our own colors pass, where they are asked for.
func TestWriter(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 5000 {
		var whole, pieces bytes.Buffer
		one, many := NewWriter(&whole, false), NewWriter(&pieces, false)
		var all string
		for range random.IntN(6) {
			s := text(random)
			all += s
			if n, err := many.Write([]byte(s)); n != len(s) || err != nil {
				t.Fatal(n, err)
			}
		}
		_, _ = one.Write([]byte(all))
		_, _ = one.Flush(), many.Flush()
		seen(t, "a writer", all, whole.String(), true)
		if whole.String() != pieces.String() {
			t.Fatalf("in pieces %q is %q, at once %q", all, pieces.String(), whole.String())
		}
		if !Clean(whole.String()) {
			t.Fatalf("what a writer made of %q is not clean: %q", all, whole.String())
		}
	}
	const painted = "\x1b[1;31mdeny\x1b[0m \x1b[2mx\x1b[0m \x1b[31;5my \x1b[2J\n"
	for color, want := range map[bool]string{
		true: "\x1b[1;31mdeny\x1b[0m \x1b[2mx\x1b[0m \\x1b[31;5my \\x1b[2J\n", false: `\x1b[1;31mdeny\x1b[0m \x1b[2mx\x1b[0m \x1b[31;5my \x1b[2J` + "\n",
	} {
		var out bytes.Buffer
		if _, err := NewWriter(&out, color).Write([]byte(painted)); err != nil || out.String() != want {
			t.Errorf("color %v: %q, want %q: %v", color, out.String(), want, err)
		}
	}
}
