// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the commands print into the scripts that compare it")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"moorage":         func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
		"kubectl-moorage": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the command line as a user would: each file in testdata/script is a session.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"firstlines": firstLines, "without": without},
	})
}

// firstLines writes the first lines of what the last command printed into first.txt: what a reader sees without scrolling.
func firstLines(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: firstlines N")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	lines := strings.SplitAfter(ts.ReadFile("stdout"), "\n")
	ts.Check(os.WriteFile(ts.MkAbs("first.txt"), []byte(strings.Join(lines[:min(n, len(lines))], "")), 0o600))
}

// without writes what the last command printed into a file, but for the lines that match.
func without(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 2 {
		ts.Fatalf("usage: without FILE REGEXP")
	}
	left, err := regexp.Compile(args[1])
	ts.Check(err)
	lines := slices.DeleteFunc(strings.SplitAfter(ts.ReadFile("stdout"), "\n"), left.MatchString)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(lines, "")), 0o600))
}
