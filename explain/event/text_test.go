// SPDX-License-Identifier: Apache-2.0

package event_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/explain/event"
)

// texts are the lines of testdata/texts.txt: row, reason, text.
func texts(t *testing.T) [][3]string {
	t.Helper()
	content, err := os.ReadFile("testdata/texts.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out [][3]string
	for _, line := range strings.Split(strings.TrimSpace(string(content)), "\n") {
		if parts := strings.SplitN(line, " ", 3); parts[0] != "#" {
			out = append(out, [3]string(parts))
		}
	}
	return out
}

// Every text is known by its row, every row knows a text, and what is not known is not guessed at.
func TestTexts(t *testing.T) {
	met := map[string]bool{}
	for _, c := range texts(t) {
		e := event.Event{Reason: c[1], Message: c[2]}
		got := "-"
		if known := e.Known(); known != nil {
			got = known.ID
			for _, said := range []string{known.Cause, known.Look, known.Remedy} {
				if strings.ContainsAny(said, "{}") || strings.TrimSpace(said) == "" || strings.HasSuffix(said, ".") {
					t.Errorf("%s: of %q it says %q", got, c[2], said)
				}
			}
		}
		if got != c[0] {
			t.Errorf("%s %q is known as %s, want %s", c[1], c[2], got, c[0])
		}
		met[c[0]] = true
	}
	var ids []string
	for _, row := range event.Table() {
		if !met[row.ID] {
			t.Errorf("no text is known by %s", row.ID)
		}
		ids = append(ids, row.ID)
	}
	if slices.Sort(ids); len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Errorf("a row's name occurs twice: %v", ids)
	}
}

// The names in a text are in what is said of it.
func TestNames(t *testing.T) {
	for message, want := range map[string]string{
		`MountVolume.SetUp failed for volume "tls" : secret "web-tls" not found`:                                                  "Secret web-tls does not exist",
		`x: driver name ebs.csi.aws.com not found in the list of registered CSI drivers`:                                          "driver ebs.csi.aws.com is not registered with the kubelet of this node",
		`MountVolume.SetUp failed for volume "c" : configmap references non-existent config key: app.yaml`:                        "the ConfigMap has no key app.yaml, which the pod's volume lists under items",
		`MountVolume.SetUp failed for volume "n" : mount.nfs: access denied by server while mounting 10.0.0.1:/exports/web`:       "the NFS server turns this node away: 10.0.0.1:/exports/web is not exported to it",
		`Unable to attach or mount volumes: unmounted volumes=[a b], unattached volumes=[], failed to process volumes=[]: waited`: "the kubelet has waited two minutes for the volumes a b",
	} {
		if known := event.Explain(event.Mount, message); known == nil || known.Cause != want {
			t.Errorf("%q: %+v, want %q", message, known, want)
		}
	}
	if got := event.Volume(`Waiting for detach for volume "pvc-1" Volume is already used by pod(s) a`); got != "pvc-1" {
		t.Errorf("the volume is %q", got)
	}
	if got := event.Words(`AttachVolume.Attach failed for volume "p" : rpc error: code = Internal desc = disk is attached to another VM`); got != "disk is attached to another VM" {
		t.Errorf("the driver's words are %q", got)
	}
}

// Of a text without names the same row is known, and nothing is left of what was in it but names under other names.
func TestAnonymous(t *testing.T) {
	secret := regexp.MustCompile(`(?i)web-tls|app-config|tls\.crt|web-5d9c|exports|10\.0\.0|vol-1|xvd|flux|nightly|rook|ceph/|/var/lib|/dev/|projects|i-1|pvc-1|pv-1`)
	rename := func(string) string { return "w1" }
	for _, c := range texts(t) {
		stage := event.StageOf(c[1])
		if stage == "" {
			continue
		}
		got := event.Anonymous(stage, c[2], rename)
		if left := secret.FindString(got); left != "" {
			t.Errorf("%q is left in %q", left, got)
		}
		known := event.Explain(stage, got)
		if c[0] == "-" != (known == nil) || known != nil && known.ID != c[0] {
			t.Errorf("%q of %q is known as %+v, want %s", got, c[2], known, c[0])
		}
		if again := event.Anonymous(stage, got, rename); again != got {
			t.Errorf("done twice it is %q, not %q", again, got)
		}
	}
}
