// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// TestWhereProvisioningFailedIsAvoidedForAWhile: all nodes of the zone in which a volume could not be made are put behind those
// of the other zones, for that class alone, and less and less so as time goes by.
func TestWhereProvisioningFailedIsAvoidedForAWhile(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	cache := topology.New(topology.Options{NodeDelay: -1, Now: func() time.Time { return now }})
	put := func(objects ...metav1.Object) {
		for _, o := range objects {
			if err := cache.Upsert(o); err != nil {
				t.Fatal(err)
			}
		}
		cache.Flush()
	}
	for i := range 6 { // Node i is in zone i%3.
		put(synthetic.Node(i), &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: synthetic.NodeName(i)}, Spec: storagev1.CSINodeSpec{
			Drivers: []storagev1.CSINodeDriver{{Name: synthetic.Driver, NodeID: synthetic.NodeName(i), TopologyKeys: []string{synthetic.ZoneKey}}},
		}})
	}
	for _, class := range []string{synthetic.Zonal, synthetic.Local} {
		put(&storagev1.StorageClass{
			ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: synthetic.Driver,
			VolumeBindingMode: new(storagev1.VolumeBindingWaitForFirstConsumer),
		}, synthetic.Claim("new-"+class, class, 1<<30))
	}
	failures := 0
	fail := func(node int) {
		failures++
		claim := synthetic.Claim("unlucky", synthetic.Zonal, 1<<30)
		claim.UID = types.UID(strconv.Itoa(failures)) // Each claim counts once for a place.
		put(synthetic.PodWithClaims("unlucky", "", "unlucky"))
		claim.Annotations = map[string]string{"volume.kubernetes.io/selected-node": synthetic.NodeName(node)}
		failed := claim.DeepCopy()
		failed.Annotations = nil
		put(claim, failed)
	}
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	check := func(when, class string, zones ...float64) {
		t.Helper()
		cache.Flush()
		s := cache.Snapshot()
		verdict := engine.Filter(s, placement.NewDemand(s, topology.PodFromAPI(synthetic.PodWithClaims("new", "", "new-"+class))))
		scores := engine.Score(s, verdict, s.AllNodes())
		at := slices.Index(scores.Names, placement.ProvisioningMemory)
		if (at >= 0) != (len(zones) > 0) {
			t.Fatalf("%s: ProvisioningMemory is among those who speak: %t", when, at >= 0)
		}
		for node := range s.NumNodes() {
			if at < 0 {
				continue
			}
			if got, want := scores.Part(at, node), zones[node%3]; math.Abs(got-want) > 1e-6 {
				t.Errorf("%s: a node of zone %d has %g, want %g", when, node%3, got, want)
			}
		}
	}
	check("before", synthetic.Zonal)
	fail(1)
	check("at once", synthetic.Zonal, 1, 0, 1)
	check("another class", synthetic.Local)
	now = now.Add(placement.DefaultProvisioningHalfLife)
	check("after a half-life", synthetic.Zonal, 1, 0.5, 1)
	fail(2)
	check("after another failure elsewhere", synthetic.Zonal, 1, 0.5, 0)
	now = now.Add(placement.DefaultProvisioningHalfLife)
	fail(5)
	check("after a second one there", synthetic.Zonal, 1, 0.75, 0)
	now = now.Add(2 * placement.DefaultProvisioningHalfLife)
	check("later", synthetic.Zonal, 1, 1-1.0/16, 1-1.0/8-1.0/4)
	now = now.Add(4 * placement.DefaultProvisioningHalfLife)
	check("when it hardly counts any more", synthetic.Zonal)
}
