// SPDX-License-Identifier: Apache-2.0

package capture_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/internal/capture"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

func read(t *testing.T, path string) map[topology.Kind][]metav1.Object {
	t.Helper()
	objects, _, err := manifests.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[topology.Kind][]metav1.Object{}
	for kind, byKey := range objects {
		for _, o := range byKey {
			if kept := capture.Keep(o); kept != nil {
				out[kind] = append(out[kind], kept)
			}
		}
	}
	return out
}

// The golden file shows what becomes of names that speak of one another, and what nobody is to see any more.
func TestAnonymize(t *testing.T) {
	other, err := capture.Anonymize(read(t, "testdata/named.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err = capture.Write(&out, capture.YAML, nil, other); err != nil {
		t.Fatal(err)
	}
	golden(t, "anonymous.yaml", out.String())
	for _, word := range []string{"acme", "frankfurt", "eu", "payments", "ledger", "10", "nvme"} {
		for _, line := range strings.Split(out.String(), "\n") {
			if at := strings.Index(line, word); at >= 0 && !strings.Contains(line[max(0, at-3):at], "w") && !strings.HasPrefix(line[at:], "10Gi") {
				t.Errorf("%q is still there: %s", word, line)
			}
		}
	}
	// Names that are no names stay as they are: to do it again changes nothing.
	again, err := capture.Anonymize(other)
	if err != nil {
		t.Fatal(err)
	}
	var second bytes.Buffer
	if err = capture.Write(&second, capture.YAML, nil, again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(out.String(), second.String()); diff != "" {
		t.Errorf("done twice it is something else:\n%s", diff)
	}
}
