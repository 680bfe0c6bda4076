// SPDX-License-Identifier: Apache-2.0

package topology_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// TestZones: what counts as a zone for a driver's volumes, by the topology keys on its CSINodes and the nodes' labels.
func TestZones(t *testing.T) {
	const own, host, region = "topology.d/zone", "topology.d/host", "topology.d/region"
	type nodes [3]map[string]string
	zonesAndHosts := nodes{{own: "a", host: "1"}, {own: "a", host: "2"}, {own: "b", host: "3"}}
	for _, test := range []struct {
		name, promise string
		driver        string
		keys          []string
		labels        nodes
		want          string
		reach         bool
	}{
		{
			"one key", "the driver's own key is the zone", "d",
			[]string{own},
			nodes{{own: "a"}, {own: "b"}, {own: "a"}},
			"a b a", true,
		},
		{
			"zone and host", "of several keys the coarsest is the zone", "d",
			[]string{host, own},
			zonesAndHosts, "a a b", true,
		},
		{
			"one region", "a key with one value tells nothing", "d",
			[]string{region, own},
			nodes{{region: "r", own: "a"}, {region: "r", own: "b"}, {region: "r", own: "b"}},
			"a b b", true,
		},
		{
			"system", "what a node is says nothing of where", "d",
			[]string{corev1.LabelOSStable, own},
			nodes{{corev1.LabelOSStable: "linux", own: "a"}, {corev1.LabelOSStable: "windows", own: "b"}, {corev1.LabelOSStable: "linux", own: "c"}},
			"a b c", true,
		},
		{
			"one zone", "all in one zone are in none that could be chosen", "d",
			[]string{own},
			nodes{{own: "a", corev1.LabelTopologyZone: "x"}, {own: "a", corev1.LabelTopologyZone: "y"}, {own: "a"}},
			"- - -", true,
		},
		{
			"no key", "a driver without keys is looked at by the well-known zone", "d", nil,
			nodes{{corev1.LabelTopologyZone: "a"}, {corev1.LabelTopologyZone: "b"}, {}},
			"a b -", false,
		},
		{
			"no driver", "so is one that is not on the nodes", "other",
			[]string{own},
			nodes{{corev1.LabelTopologyZone: "a"}, {corev1.LabelTopologyZone: "b"}, {}},
			"a b -", false,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := topology.New(topology.Options{NodeDelay: -1})
			for i, labels := range test.labels {
				meta := metav1.ObjectMeta{Name: fmt.Sprint("node-", i), Labels: labels}
				csi := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: meta.Name}}
				csi.Spec.Drivers = []storagev1.CSINodeDriver{{Name: "d", TopologyKeys: test.keys}}
				for _, object := range []metav1.Object{&corev1.Node{ObjectMeta: meta}, csi} {
					if err := c.Upsert(object); err != nil {
						t.Fatal(err)
					}
				}
			}
			c.Flush()
			zones := c.Snapshot().Zones(test.driver)
			got := make([]string, len(test.labels))
			for i := range got {
				if zone := zones.Of(i); zone >= 0 {
					got[i] = zones.Name(zone)
				} else {
					got[i] = "-"
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" || zones.Reach != test.reach {
				t.Errorf("%s: reach %t, want %t; zones (-want +got):\n%s", test.promise, zones.Reach, test.reach, diff)
			}
		})
	}
}
