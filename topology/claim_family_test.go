// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestFamilies promises that claims belong together by the labels of their operator, those that are configured first, and that a draft knows
// these too.
func TestFamilies(t *testing.T) {
	cache := New(Options{NodeDelay: -1, Families: []string{"example.com/set,example.com/role"}})
	draft := cache.Snapshot().Draft()
	for _, test := range []struct {
		labels map[string]string
		want   string
	}{
		{nil, ""},
		{map[string]string{"app": "db"}, ""},
		{map[string]string{"cnpg.io/cluster": "db", "cnpg.io/pvcRole": "PG_WAL", "cnpg.io/instanceName": "db-1"}, "cnpg.io/cluster=db,cnpg.io/pvcRole=PG_WAL"},
		{map[string]string{"cnpg.io/cluster": "db"}, "cnpg.io/cluster=db"},
		{map[string]string{"cnpg.io/pvcRole": "PG_WAL"}, ""},
		{map[string]string{"ceph.rook.io/DeviceSet": "set1", "ceph.rook.io/setIndex": "3"}, "ceph.rook.io/DeviceSet=set1"},
		{map[string]string{"ceph.rook.io/DeviceSet": "set1", "example.com/set": "a", "example.com/role": "b"}, "example.com/set=a,example.com/role=b"},
	} {
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "d", Name: "c", Labels: test.labels}}
		if err := cache.Upsert(claim); err != nil {
			t.Fatal(err)
		}
		if got := cache.Snapshot().Claim("d", "c").Family; got != test.want {
			t.Errorf("labels %v: family %q, want %q", test.labels, got, test.want)
		}
		if err := draft.Apply(claim); err != nil {
			t.Fatal(err)
		}
		if got := draft.Snapshot().Claim("d", "c").Family; got != test.want {
			t.Errorf("labels %v in a draft: family %q, want %q", test.labels, got, test.want)
		}
	}
}
