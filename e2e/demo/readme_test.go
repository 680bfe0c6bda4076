// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What the README says that the demo printed is what it prints, but for what differs from run to run.
func TestReadmeShowsWhatTheDemoPrints(t *testing.T) {
	var out bytes.Buffer
	started := time.Now()
	if err := Run(t.Context(), &out, os.Stderr, false); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Logf("the demo took %.1f s", time.Since(started).Seconds())
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, found := strings.Cut(string(readme), "This is what `make demo` printed")
	_, shown, fenced := strings.Cut(shown, "```text\n")
	shown, _, ended := strings.Cut(shown, "```\n")
	if !found || !fenced || !ended {
		t.Fatal("README.md does not show what the demo prints")
	}
	if diff := cmp.Diff(stable(shown), stable(out.String())); diff != "" {
		t.Errorf("README.md shows something else than the demo prints (-README +demo):\n%s", diff)
	}
}

var (
	port = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	// replica is a row of where the database landed: which zones is up to the scheduler.
	replica = regexp.MustCompile(`^(  database-\d) +node-zone-\S+ +zone-\S+ +((?:data|wal)-database-\d) +(\dGi) +zone-\S+$`)
	pool    = regexp.MustCompile(`^(  zone-[ab] +\d+ GiB) +\d+ GiB +\d+ GiB$`)
	counter = regexp.MustCompile(`^(  moorage_\S+_total\{.*\}) \d+$`)
)

// stable leaves out of each line what differs from run to run. Rows about the database come in any order, as its claims do.
func stable(text string) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var rows []string
	var at []int
	for i, line := range lines {
		line = port.ReplaceAllString(strings.TrimRight(line, " "), "127.0.0.1:PORT")
		line = pool.ReplaceAllString(line, "$1 USED FREE")
		line = counter.ReplaceAllString(line, "$1 N")
		if replica.MatchString(line) {
			line = replica.ReplaceAllString(line, "$1 NODE ZONE $2 $3 ZONE")
			rows, at = append(rows, line), append(at, i)
		}
		lines[i] = line
	}
	slices.Sort(rows)
	for n, i := range at {
		lines[i] = rows[n]
	}
	return lines
}
