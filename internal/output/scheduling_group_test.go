// SPDX-License-Identifier: Apache-2.0

package output_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// poolsOfZones are two zones with room for 16 and 1 claims of 6 GiB.
const poolsOfZones = `
{apiVersion: v1, kind: Node, metadata: {name: node-a, labels: {topology.kubernetes.io/zone: zone-a}}, status: {conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: node-b, labels: {topology.kubernetes.io/zone: zone-b}}, status: {conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: d}, spec: {storageCapacity: true}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: zonal}, provisioner: d, volumeBindingMode: WaitForFirstConsumer}
---
{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: a, namespace: d}, storageClassName: zonal, capacity: 100Gi, nodeTopology: {matchLabels: {topology.kubernetes.io/zone: zone-a}}}
---
{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: b, namespace: d}, storageClassName: zonal, capacity: 10Gi, nodeTopology: {matchLabels: {topology.kubernetes.io/zone: zone-b}}}
`

// memberOf is a waiting pod of a group, with its claim.
func memberOf(group string, i int, size, spec string) string {
	name := fmt.Sprintf("%s-%d", group, i)
	return fmt.Sprintf(`
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: %[1]s, namespace: default}, spec: {storageClassName: zonal, accessModes: [ReadWriteOnce], resources: {requests: {storage: %[2]s}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: %[1]s, namespace: default}, spec: {%[4]s schedulingGroup: {podGroupName: %[3]s}, containers: [], volumes: [{name: data, persistentVolumeClaim: {claimName: %[1]s}}]}}
`, name, size, group, spec)
}

// A pod that would fit by itself waits because its group does not: that is said with numbers, and not that the volumes have no part in it.
func TestAGroupWithoutRoomIsSaid(t *testing.T) {
	for _, test := range []struct {
		name    string
		objects func() string
		ask     string
		// want is the group's room of its waiting members; nothing where all fit.
		want string
	}{
		{name: "more than there is room for", ask: "w-29", want: "17 of the 30", objects: func() (out string) {
			for i := range 30 {
				out += memberOf("w", i, "6Gi", "")
			}
			return out
		}},
		{name: "all fit", ask: "w-3", objects: func() (out string) {
			for i := range 17 {
				out += memberOf("w", i, "6Gi", "")
			}
			return out
		}},
		{name: "other groups, and members that wait for something else, do not count", ask: "w-0", objects: func() (out string) {
			for i := range 10 {
				out += memberOf("w", i, "6Gi", "") + memberOf("x", i, "6Gi", "") + memberOf("w", 100+i, "6Gi", "schedulingGates: [{name: g}],")
			}
			return out
		}},
		{name: "members of two sizes", ask: "w-1", want: "2 of the 3", objects: func() string {
			return memberOf("w", 0, "60Gi", "") + memberOf("w", 1, "9Gi", "") + memberOf("w", 2, "60Gi", "")
		}},
		{name: "one that fits nowhere by itself", ask: "w-0", want: "1 of the 2", objects: func() string {
			return memberOf("w", 0, "60Gi", "") + memberOf("w", 1, "900Gi", "")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "cluster.yaml"), []byte(poolsOfZones+test.objects()), 0o600); err != nil {
				t.Fatal(err)
			}
			cache := topology.New(topology.Options{NodeDelay: -1})
			if _, err := manifests.Load(cache, dir); err != nil {
				t.Fatal(err)
			}
			engine, err := placement.NewEngine(placement.Config{})
			if err != nil {
				t.Fatal(err)
			}
			s := cache.Snapshot()
			e := output.ExplanationOf(explain.Pod(explain.Question{
				Snapshot: s, Engine: engine, Pod: s.Pod(topology.Key{Namespace: "default", Name: test.ask}), Said: "pod group is unschedulable",
			}))
			if !e.Fits {
				t.Errorf("the pod alone fits; got %s", e.Headline)
			}
			switch {
			case test.want == "" && (e.Group != nil || !strings.Contains(e.Headline, "do not hold the pod back")):
				t.Errorf("got %s (%+v), want nothing said of the group", e.Headline, e.Group)
			case test.want != "" && (e.Group == nil || !strings.Contains(e.Headline, "there is room for "+test.want+" waiting pods of scheduling group w;") ||
				strings.Contains(e.Headline, "do not hold the pod back")):
				t.Errorf("got %s, want it to say that there is room for %s", e.Headline, test.want)
			}
		})
	}
}
