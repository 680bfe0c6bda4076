// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestNamespaceLabels promises that a namespace has the label that is its name, no matter who wrote it, and that one which was not read or is
// gone is not taken for one without labels.
func TestNamespaceLabels(t *testing.T) {
	c := New(Options{})
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "team", Labels: map[string]string{"tier": "dev"}}}
	if err := c.Replace(KindNamespace, []metav1.Object{namespace}); err != nil {
		t.Fatal(err)
	}
	labels, known := c.Snapshot().NamespaceLabels("team")
	if diff := cmp.Diff(map[string]string{"tier": "dev", corev1.LabelMetadataName: "team"}, labels); diff != "" || !known {
		t.Errorf("known %t (-want +got):\n%s", known, diff)
	}
	if _, known = c.Snapshot().NamespaceLabels("other"); known {
		t.Error("a namespace that was not read is known")
	}
	if len(namespace.Labels) != 1 {
		t.Errorf("the object was changed: %v", namespace.Labels)
	}
	c.Delete(KindNamespace, Key{Name: "team"})
	if _, known = c.Snapshot().NamespaceLabels("team"); known || c.Snapshot().Len(KindNamespace) != 0 {
		t.Error("a namespace that is gone is known")
	}
}
