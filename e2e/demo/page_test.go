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

// What the page says that the demo printed is what it prints, but for what differs from run to run.
func TestThePageShowsWhatTheDemoPrints(t *testing.T) {
	var out bytes.Buffer
	started := time.Now()
	if err := Run(t.Context(), &out, os.Stderr, false); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Logf("the demo took %.1f s", time.Since(started).Seconds())
	page, err := os.ReadFile("../../docs/demo.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, found := strings.Cut(string(page), "This is what `make demo` printed")
	_, shown, fenced := strings.Cut(shown, "```text\n")
	shown, _, ended := strings.Cut(shown, "```\n")
	if !found || !fenced || !ended {
		t.Fatal("docs/demo.md does not show what the demo prints")
	}
	if diff := cmp.Diff(stable(shown), stable(out.String())); diff != "" {
		t.Errorf("docs/demo.md shows something else than the demo prints (-page +demo):\n%s", diff)
	}
}

var (
	port = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	// replica is a row of where the database landed: which zones is up to the scheduler.
	replica = regexp.MustCompile(`^(  database-\d) +node-zone-\S+ +zone-\S+ +((?:data|wal)-database-\d) +(\dGi) +zone-\S+$`)
	pool    = regexp.MustCompile(`^(  zone-[ab] +\d+ GiB) +\d+ GiB +\d+ GiB$`)
	// ordered is a claim of the orders: which of both gets the volume where kube-scheduler is alone, is up to chance.
	ordered    = regexp.MustCompile(`orders-(data|logs)`)
	ordersLine = regexp.MustCompile(`^(  orders) +node-zone-[ab]-\d +zone-[ab] +(orders-(?:data|logs) +7Gi) +zone-[ab]$`)
	counter    = regexp.MustCompile(`^(  moorage_\S+_total\{.*\}) \d+$`)
)

// stable leaves out of each line what differs from run to run. Rows about the database come in any order, as its claims do.
func stable(text string) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var rows []string
	var at []int
	for i, line := range lines {
		line = port.ReplaceAllString(strings.TrimRight(line, " "), "127.0.0.1:PORT")
		line = pool.ReplaceAllString(line, "$1 USED FREE")
		line = ordersLine.ReplaceAllString(line, "$1 NODE ZONE $2 ZONE")
		if !strings.HasPrefix(line, "persistentvolumeclaim/") && !strings.HasPrefix(line, "  orders ") {
			line = ordered.ReplaceAllString(line, "orders-ONE")
		}
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
