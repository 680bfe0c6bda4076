// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// failingOn returns a cache that panics while it reads objects of this name, and what it says of them.
func failingOn(name string) (c *Cache, said func() []string) {
	var mu sync.Mutex
	var faults []string
	c = New(Options{NodeDelay: -1, Fault: func(err *FaultError) {
		mu.Lock()
		defer mu.Unlock()
		faults = append(faults, err.Error())
		if !strings.Contains(string(err.Stack), "failingOn") {
			faults = append(faults, "the stack does not lead to the fault")
		}
	}})
	c.state.beforeRead = func(object metav1.Object) {
		if object.GetName() == name {
			panic("no such luck")
		}
	}
	return c, func() []string { return faults }
}

const faultOfB = "read Pod ns/b: a fault in moorage: no such luck; the object is left out"

// TestFaultLeavesOneObjectOut holds for each way into the cache.
func TestFaultLeavesOneObjectOut(t *testing.T) {
	pod := func(name string) metav1.Object {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name},
			Spec: corev1.PodSpec{Volumes: []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"},
			}}}},
		}
	}
	pods := []metav1.Object{pod("a"), pod("b"), pod("c")}
	for _, test := range []struct {
		name string
		put  func(*Cache) error
	}{
		{"events", func(c *Cache) error {
			for _, p := range pods {
				if err := c.Upsert(p); err != nil {
					return err
				}
			}
			return nil
		}},
		{"a list", func(c *Cache) error { return c.Replace(KindPod, pods) }},
		{"all kinds", func(c *Cache) error { return c.ReplaceAll(map[Kind][]metav1.Object{KindPod: pods}) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, said := failingOn("b")
			if err := test.put(c); err != nil {
				t.Fatal(err)
			}
			s := c.Snapshot()
			if s.Pod(Key{"ns", "a"}) == nil || s.Pod(Key{"ns", "b"}) != nil || s.Pod(Key{"ns", "c"}) == nil {
				t.Error("not exactly the other objects are in the cache")
			}
			if got := said(); !slices.Equal(got, []string{faultOfB}) {
				t.Errorf("said %q, want %q", got, faultOfB)
			}
			if got := c.faults[KindPod].Load(); got != 1 {
				t.Errorf("counted %d faults, want 1", got)
			}
		})
	}
}

// TestFaultForgetsEarlierVersion: what the object was before no longer holds.
func TestFaultForgetsEarlierVersion(t *testing.T) {
	c, _ := failingOn("b")
	fail := c.state.beforeRead
	c.state.beforeRead = nil
	pv := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "b"}}
	for range 2 {
		if err := c.Upsert(pv); err != nil {
			t.Fatal(err)
		}
		c.state.beforeRead = fail
	}
	if c.Snapshot().Volume("b") != nil {
		t.Error("the earlier version is still there")
	}
	if got := testutil.CollectAndCount(c, "moorage_cache_faults_total"); got != len(Kinds)+len(OptionalKinds) {
		t.Errorf("the metric has %d series, want one for each kind", got)
	}
}

// TestTwoSourcesAreNotMigrated asks often, as the translator goes through its plugins in random order.
func TestTwoSourcesAreNotMigrated(t *testing.T) {
	ebs := &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: "vol-1"}
	vsphere := &corev1.VsphereVirtualDiskVolumeSource{VolumePath: "[ds] a.vmdk", StoragePolicyName: "gold"}
	pod := func(source corev1.VolumeSource) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p"},
			Spec:       corev1.PodSpec{Volumes: []corev1.Volume{{Name: "v", VolumeSource: source}}},
		}
	}
	volume := func(source corev1.PersistentVolumeSource) *corev1.PersistentVolume {
		return &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv"}, Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: source}}
	}
	for range 64 {
		for _, v := range PodFromAPI(pod(corev1.VolumeSource{AWSElasticBlockStore: ebs, VsphereVolume: vsphere})).Volumes {
			if v.Driver != "" {
				t.Fatalf("an inline volume with two sources is taken for one of %s", v.Driver)
			}
		}
		if m := volumeFromAPI(&nodeset.Pool{}, volume(corev1.PersistentVolumeSource{AWSElasticBlockStore: ebs, VsphereVolume: vsphere})).Migration; m != nil {
			t.Fatalf("a volume with two sources is taken for one of %s", m.Driver)
		}
	}
	if got := PodFromAPI(pod(corev1.VolumeSource{AWSElasticBlockStore: ebs})).Volumes[0].Driver; got != "ebs.csi.aws.com" {
		t.Errorf("an inline volume with one source is one of %q, want ebs.csi.aws.com", got)
	}
	if m := volumeFromAPI(&nodeset.Pool{}, volume(corev1.PersistentVolumeSource{AWSElasticBlockStore: ebs})).Migration; m == nil || m.Driver != "ebs.csi.aws.com" {
		t.Errorf("a volume with one source has the migration %+v, want one to ebs.csi.aws.com", m)
	}
	if got := sources(&corev1.VolumeSource{}); got != 0 {
		t.Errorf("%d sources of none", got)
	}
}

// TestDraftSaysWhatAFaultLeftOut: a draft is one question's, so its caller can be answered.
func TestDraftSaysWhatAFaultLeftOut(t *testing.T) {
	d := New(Options{NodeDelay: -1}).Snapshot().Draft()
	d.s.beforeRead = func(metav1.Object) { panic("no such luck") }
	err := d.Apply(&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv"}})
	if want := "read PersistentVolume pv: a fault in moorage: no such luck; the object is left out"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	d.s.beforeRead = nil
	if err := d.Apply(&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv"}}); err != nil {
		t.Errorf("the next object has the last one's error: %v", err)
	}
}
