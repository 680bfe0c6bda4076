// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"pgregory.net/rapid"
)

// objects is the plain view of a cluster that the cache must agree with.
type objects map[Kind]map[Key]metav1.Object

// TestIncrementalEqualsRebuilt applies random events, one at a time, and compares the cache with one that is given the
// final objects at once. Small name spaces make updates, deletes, moves between classes and reuse of names frequent.
func TestIncrementalEqualsRebuilt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := objects{}
		incremental := New(Options{NodeDelay: -1})
		asked := incremental.Snapshot()
		for range rapid.IntRange(1, 120).Draw(t, "events") {
			kind := rapid.SampledFrom(Kinds).Draw(t, "kind")
			key := drawKey(t, kind)
			switch rapid.IntRange(0, 10).Draw(t, "what") {
			case 0, 1:
				delete(want[kind], key)
				incremental.Delete(kind, key)
			case 2:
				// A relist: what is gone and what is new arrive together.
				list := map[Key]metav1.Object{}
				for range rapid.IntRange(0, 3).Draw(t, "listed") {
					listed := drawKey(t, kind)
					list[listed] = drawObject(t, kind, listed)
				}
				want[kind] = list
				if err := incremental.Replace(kind, slices.Collect(maps.Values(list))); err != nil {
					t.Fatal(err)
				}
			case 3:
				incremental.Flush()
			case 4:
				// A reader who asks has selectors compiled, for these nodes and these labels.
				checkSets(t, asked)
				asked = incremental.Snapshot()
				checkSets(t, asked)
				if rapid.IntRange(0, 9).Draw(t, "collected") == 0 {
					runtime.GC()
				}
			default:
				object := drawObject(t, kind, key)
				if want[kind] == nil {
					want[kind] = map[Key]metav1.Object{}
				}
				want[kind][key] = object
				if err := incremental.Upsert(object); err != nil {
					t.Fatal(err)
				}
			}
		}
		incremental.Flush()
		rebuilt := New(Options{NodeDelay: -1})
		for _, kind := range Kinds {
			if err := rebuilt.Replace(kind, slices.Collect(maps.Values(want[kind]))); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(describe(rebuilt.Snapshot()), describe(incremental.Snapshot()), describedOptions); diff != "" {
			t.Fatalf("incremental cache differs from one made from scratch (-scratch +incremental):\n%s", diff)
		}
		checkSets(t, incremental.Snapshot())
		checkSets(t, asked)
		checkSeries(t, incremental.Snapshot())
	})
}

// checkSeries compares the series with a look at every claim and its volume.
func checkSeries(t *rapid.T, s *Snapshot) {
	count := func(counts map[string]int, series Key, affinity *Selector, node string, claims int) {
		counts[fmt.Sprintf("%s: %v %s", series, affinity, node)] += claims
	}
	want, got := map[string]int{}, map[string]int{}
	for key, claim := range s.claims.All() {
		if claim.Deleting {
			continue
		}
		for _, series := range claim.Series() {
			switch volume := s.Volume(claim.VolumeName); {
			case claim.VolumeName == "" && claim.SelectedNode != "":
				count(want, Key{key.Namespace, series}, nil, claim.SelectedNode, 1)
			case volume == nil:
			case volume.Migration != nil && volume.Migration.Err == nil && volume.Migration.Affinity != nil:
				count(want, Key{key.Namespace, series}, volume.Migration.Affinity, "", 1)
			case (volume.Migration == nil || volume.Migration.Err != nil) && volume.Affinity != nil:
				count(want, Key{key.Namespace, series}, volume.Affinity, "", 1)
			}
		}
	}
	for series := range s.series.All() {
		for place := range s.Series(series.Namespace, series.Name) {
			count(got, series, place.Affinity, place.Node, place.Claims)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("volumes by series and place (-claims +series):\n%s", diff)
	}
}

// checkSets compares every compiled set with the selector's plain definition, node by node.
func checkSets(t *rapid.T, s *Snapshot) {
	check := func(what string, selector *Selector) {
		set := s.Nodes(selector)
		for i := range s.NumNodes() {
			matches, _ := selector.Matches(labels.Set(s.Node(i).Labels))
			if set.Has(i) != matches {
				t.Fatalf("%s: selector %v on node %s with labels %v: compiled %t, plain %t",
					what, selector, s.Node(i).Name, s.Node(i).Labels, set.Has(i), matches)
			}
		}
	}
	for series := range s.series.All() {
		for place := range s.Series(series.Namespace, series.Name) {
			check(series.String(), place.Affinity)
			checkTouched(t, s, place.Affinity)
		}
	}
	for key, v := range s.volumes.All() {
		check(key.String(), v.Affinity)
		for _, zone := range v.Zones {
			check(key.String(), zone)
		}
		if v.Migration != nil {
			check(key.String(), v.Migration.Affinity)
		}
	}
	for key, c := range s.classes.All() {
		check(key.String(), c.Allowed)
	}
	for key, p := range s.pools.All() {
		check(key.String(), p.Topology)
	}
}

// checkTouched compares the zones that a selector reaches with a look at every node that it matches.
func checkTouched(t *rapid.T, s *Snapshot, selector *Selector) {
	for _, driver := range []string{"d1", "d2", "nobody"} {
		zones := s.Zones(driver)
		var want []int32
		for zone := range zones.Len() {
			for i := range s.NumNodes() {
				if matches, _ := selector.Matches(labels.Set(s.Node(i).Labels)); matches && zones.Of(i) == zone {
					want = append(want, int32(zone))
					break
				}
			}
		}
		if got := zones.Touched(selector); !slices.Equal(want, got) {
			t.Fatalf("selector %v touches the zones %v of driver %s, want %v", selector, got, driver, want)
		}
	}
}

type description struct {
	Nodes         []*Node
	Claims        map[Key]*Claim
	Volumes       map[Key]*Volume
	Classes       map[Key]*Class
	Drivers       map[Key]*Driver
	Attachments   map[Key]*Attachment
	Pods          map[Key]*Pod
	Pools         map[Key]*Pool
	Unclaimed     map[string][]string
	KeptFor       map[Key][]string
	Users         map[Key][]string
	PoolsOf       map[string]map[string][]string
	ClaimsOf      map[Key][]string
	DiskUsers     map[Key][]string
	InlineUsers   map[Key][]string
	AttachmentsOf map[Key][]string
	Slots         map[string]map[string]int
	Held          map[Key]string
	Series        map[Key][]string
	Zones         map[string]map[string]string
}

// describe asks a snapshot everything that it can be asked, in a form that does not depend on history.
func describe(s *Snapshot) description {
	d := description{
		Nodes: s.table.nodes, Claims: maps.Collect(s.claims.All()), Volumes: maps.Collect(s.volumes.All()),
		Classes: maps.Collect(s.classes.All()), Drivers: maps.Collect(s.drivers.All()),
		Attachments: maps.Collect(s.attachments.All()), Pods: maps.Collect(s.pods.All()), Pools: maps.Collect(s.pools.All()),
		Unclaimed: map[string][]string{}, KeptFor: maps.Collect(s.keptFor.All()), Users: maps.Collect(s.users.All()),
		PoolsOf: map[string]map[string][]string{}, ClaimsOf: maps.Collect(s.claimsOf.All()), DiskUsers: maps.Collect(s.diskUsers.All()),
		InlineUsers:   maps.Collect(s.inlineUsers.All()),
		AttachmentsOf: maps.Collect(s.attachmentsOf.All()), Slots: map[string]map[string]int{}, Held: map[Key]string{},
		Series: map[Key][]string{}, Zones: map[string]map[string]string{},
	}
	for series := range s.series.All() {
		for place := range s.Series(series.Namespace, series.Name) {
			d.Series[series] = append(d.Series[series], fmt.Sprint(place.Affinity, place.Node, place.Claims))
		}
		slices.Sort(d.Series[series])
	}
	for _, driver := range []string{"d1", "d2", "nobody"} {
		zones := s.Zones(driver)
		d.Zones[driver] = map[string]string{}
		for i := range s.NumNodes() {
			if zone := zones.Of(i); zone >= 0 {
				d.Zones[driver][s.Node(i).Name] = zones.Key + "=" + zones.Name(zone)
			}
		}
	}
	for volume, holders := range s.usage.holders.All() {
		d.Held[volume] = fmt.Sprint(holders)
	}
	for driver := range s.usage.counts.All() {
		slots := AttachSlots{index: s.index, usage: s.usage, driver: driver.Name}
		slots.counts, _ = s.usage.dense.Get(driver)
		byNode := map[string]int{}
		for i := range s.NumNodes() {
			byNode[s.Node(i).Name] = slots.Used(i)
		}
		d.Slots[driver.Name] = byNode
	}
	for class := range s.unclaimed.All() {
		for v := range s.Unclaimed(class.Name) {
			d.Unclaimed[class.Name] = append(d.Unclaimed[class.Name], v.Name)
		}
		slices.Sort(d.Unclaimed[class.Name])
	}
	for class := range s.poolsOf.All() {
		groups := s.PoolGroups(class.Name)
		byNode := map[string][]string{}
		for i := range s.NumNodes() {
			names := []string{}
			for _, p := range groups.AppendPools(nil, groups.Of(i)) {
				names = append(names, fmt.Sprint(p.Key(), p.Capacity))
			}
			slices.Sort(names)
			byNode[s.Node(i).Name] = names
		}
		d.PoolsOf[class.Name] = byNode
	}
	return d
}

// describedOptions leave compiled selectors to checkSets and compare them by what they say.
var describedOptions = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(x, y *Selector) bool { return x.String() == y.String() }),
	cmp.Comparer(func(x, y labels.Selector) bool { return fmt.Sprint(x) == fmt.Sprint(y) }),
}
