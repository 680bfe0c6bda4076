// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// reader is the snapshot of who has just read what the tenants' cache has followed.
func (w *tenants) reader(objects map[Kind][]metav1.Object) *Snapshot {
	w.Helper()
	c := New(Options{NodeDelay: -1, Now: func() time.Time { return w.now }})
	if err := c.ReplaceAll(objects); err != nil {
		w.Fatal(err)
	}
	return c.Snapshot()
}

// stored is what a reader would list now, of those objects that were put.
type stored map[Kind]map[Key]metav1.Object

func (l stored) put(w *tenants, o metav1.Object) {
	w.Helper()
	w.put(o)
	kind, _ := KindOf(o)
	if l[kind] == nil {
		l[kind] = map[Key]metav1.Object{}
	}
	l[kind][keyOf(o)] = o
}

func (l stored) objects() map[Kind][]metav1.Object {
	out := map[Kind][]metav1.Object{}
	for kind, of := range l {
		out[kind] = slices.Collect(maps.Values(of))
	}
	return out
}

func sums(s *Snapshot) (sure, unsure map[string]int64) {
	sure, unsure = map[string]int64{}, map[string]int64{}
	for r := range s.AllReservations() {
		if r.Uncertain {
			unsure[r.Claim.Name] = r.Bytes
		} else {
			sure[r.Claim.Name] = r.Bytes
		}
	}
	return sure, unsure
}

func expectSums(t *testing.T, what string, s *Snapshot, wantSure, wantUnsure map[string]int64) {
	t.Helper()
	sure, unsure := sums(s)
	if !maps.Equal(sure, wantSure) || !maps.Equal(unsure, wantUnsure) {
		t.Errorf("%s: surely reserved are %v and maybe %v, want %v and %v", what, sure, unsure, wantSure, wantUnsure)
	}
}

// Who has just read the cluster cannot tell which of the volumes that were made lately are in the published figures. Who has followed it
// can, and the reader takes its word: real ones count, shown ones do not, and what was known from the objects alone stays.
func TestAReaderTakesTheWordOfWhoHasFollowedTheCluster(t *testing.T) {
	w := newTenants(t, Options{})
	seen := stored{}
	for _, zone := range []string{"a", "b"} {
		seen.put(w, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-" + zone, Labels: map[string]string{"zone": zone}}})
	}
	seen.put(w, delayedClass("zonal"))
	w.cache.Flush()
	pool := func(zone string, bytes int64) { seen.put(w, capacityOf(zone, bytes)) }
	pool("a", 100)
	pool("b", 100)

	claims := map[string]*corev1.PersistentVolumeClaim{}
	selected := func(name, size, node string) {
		c := w.claim("team", name, size, "")
		c.CreationTimestamp = metav1.Time{Time: w.now}
		seen.put(w, c)
		seen.put(w, podOf(c))
		c = c.DeepCopy()
		c.Annotations = map[string]string{"volume.kubernetes.io/selected-node": node}
		seen.put(w, c)
		claims[name] = c
	}
	made := func(name string) {
		c := claims[name].DeepCopy()
		c.Spec.VolumeName = "pv-" + name
		v := volumeOf(c.Spec.VolumeName, c)
		v.CreationTimestamp = metav1.Time{Time: w.now}
		seen.put(w, v)
		seen.put(w, c)
	}
	// The figure shows the first: it fell before the volume was written, as external-provisioner does it.
	selected("shown", "10", "node-a")
	pool("a", 90)
	made("shown")
	// The second was made, and no figure shows it. The third is on its way.
	selected("unshown", "7", "node-b")
	made("unshown")
	selected("coming", "5", "node-a")

	of := w.cache.Snapshot()
	expectSums(t, "who has followed it", of, map[string]int64{"unshown": 7, "coming": 5}, map[string]int64{})
	read := w.reader(seen.objects())
	expectSums(t, "who has just read it", read, map[string]int64{"coming": 5}, map[string]int64{"shown": 10, "unshown": 7})
	report := of.ReportReservations(100)
	expectSums(t, "with the word of the first", read.WithReport(report), map[string]int64{"unshown": 7, "coming": 5}, map[string]int64{})
	expectSums(t, "the reading itself", read, map[string]int64{"coming": 5}, map[string]int64{"shown": 10, "unshown": 7})

	// A report that was cut short tells what it tells, and nothing by silence.
	cut := of.ReportReservations(0)
	if cut.Complete || len(cut.Reservations) != 0 {
		t.Errorf("a report of none at most is %+v", cut)
	}
	expectSums(t, "a report cut short", read.WithReport(cut), map[string]int64{"coming": 5}, map[string]int64{"shown": 10, "unshown": 7})

	// Once more is published, the reader thinks that all is shown. Who has followed it knows that the figure did not fall.
	pool("b", 101)
	read = w.reader(seen.objects())
	expectSums(t, "who read after one more figure", read, map[string]int64{"coming": 5}, map[string]int64{"shown": 10})
	expectSums(t, "who read and asked", read.WithReport(w.cache.Snapshot().ReportReservations(100)), map[string]int64{"unshown": 7, "coming": 5}, map[string]int64{})
	// But a report from before that figure cannot know what it shows: nothing is sure then.
	expectSums(t, "who asked one that is behind", read.WithReport(report), map[string]int64{"coming": 5}, map[string]int64{"unshown": 7})
}

// What the one that answers kube-scheduler does not believe, the reader does not believe either, whatever its own limits are.
func TestAReaderBelievesNoMoreThanTheOneItAsked(t *testing.T) {
	w := newTenants(t, Options{NamespaceShare: 0.1})
	seen := stored{}
	for _, zone := range []string{"a", "b"} {
		seen.put(w, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-" + zone, Labels: map[string]string{"zone": zone}}})
		seen.put(w, capacityOf(zone, 100))
	}
	seen.put(w, delayedClass("zonal"))
	w.cache.Flush()
	for _, name := range []string{"first", "second"} {
		c := w.claim("team", name, "8", "node-a")
		seen.put(w, c)
		seen.put(w, podOf(c))
	}
	of := w.cache.Snapshot()
	expectSums(t, "a share of a tenth", of, map[string]int64{"first": 8}, map[string]int64{})
	read := w.reader(seen.objects())
	expectSums(t, "a reader without shares", read, map[string]int64{"first": 8, "second": 8}, map[string]int64{})
	agreed := read.WithReport(of.ReportReservations(100))
	expectSums(t, "a reader that asked", agreed, map[string]int64{"first": 8}, map[string]int64{})
	// What a person tries out on top of it does not bring it back.
	draft := agreed.Draft()
	if err := draft.Apply(podOf(w.claim("team", "second", "8", "node-a"))); err != nil {
		t.Fatal(err)
	}
	expectSums(t, "a draft of it", draft.Snapshot(), map[string]int64{"first": 8}, map[string]int64{})
}

// A report has no more entries than were asked for, and those that reserve something come first.
func TestAReportIsBounded(t *testing.T) {
	w := newTenants(t, Options{})
	for i := range 20 {
		c := w.claim("team", strconv.Itoa(i), "1", "node-a")
		c.UID = types.UID(strconv.Itoa(i))
		w.put(c)
		if i%2 == 0 {
			w.put(podOf(c))
		}
	}
	for most, want := range map[int]struct {
		reserved, not int
		complete      bool
	}{5: {5, 0, false}, 10: {10, 0, false}, 12: {10, 2, false}, 20: {10, 10, true}, 1000: {10, 10, true}} {
		report := w.cache.Snapshot().ReportReservations(most)
		reserved, not := 0, 0
		for _, r := range report.Reservations {
			if r.State == ReservedNot {
				not++
			} else {
				reserved++
			}
		}
		if reserved != want.reserved || not != want.not || report.Complete != want.complete {
			t.Errorf("of at most %d there are %d that reserve and %d that do not, complete %v; want %+v", most, reserved, not, report.Complete, want)
		}
	}
}
