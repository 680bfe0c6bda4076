// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// storage is a cluster of nodes with pools of their own, of one class, and a pod of claims.
type storage struct {
	nodes, pools int
	capacity     string
	claims       []string
	// inFlight are claims of other pods that each node's provisioner is at work on.
	inFlight []string
}

func (w storage) build(t testing.TB) (*topology.Snapshot, *topology.Pod) {
	t.Helper()
	cache := topology.New(topology.Options{NodeDelay: -1})
	put := func(o metav1.Object) {
		if err := cache.Upsert(o); err != nil {
			t.Fatal(err)
		}
	}
	put(&storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: "d"}, Spec: storagev1.CSIDriverSpec{StorageCapacity: new(true)}})
	put(&storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: "local"}, Provisioner: "d", VolumeBindingMode: new(storagev1.VolumeBindingWaitForFirstConsumer),
	})
	capacity := resource.MustParse(w.capacity)
	claim := func(name, size, node string) {
		c := synthetic.Claim(name, "local", 1)
		c.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse(size)
		if node != "" {
			metav1.SetMetaDataAnnotation(&c.ObjectMeta, "volume.kubernetes.io/selected-node", node)
			put(synthetic.PodWithClaims("of-"+name, "", name))
		}
		put(c)
	}
	for n := range w.nodes {
		name := fmt.Sprintf("n%05d", n)
		labels := map[string]string{"host": name}
		put(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
		for p := range w.pools {
			pool := synthetic.Pool(fmt.Sprintf("%s-%d", name, p), "local", labels, capacity.Value())
			put(pool)
		}
		for i, size := range w.inFlight {
			claim(fmt.Sprintf("%s-in-flight-%d", name, i), size, name)
		}
	}
	var names []string
	for i, size := range w.claims {
		names = append(names, fmt.Sprintf("c%d", i))
		claim(names[i], size, "")
	}
	cache.Flush()
	return cache.Snapshot(), topology.PodFromAPI(synthetic.PodWithClaims("pod", "", names...))
}

func times(n int, size string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = size
	}
	return out
}

// What cannot fit by its sum is refused however many claims there are, and however small what is on its way beside it; what fits passes.
func TestJointCapacityLooksAtTheSums(t *testing.T) {
	three := times(3, "6Gi")
	for name, c := range map[string]struct {
		storage
		want placement.Reason
	}{
		"60 of 1Gi into 2 of 10Gi":      {storage{pools: 2, capacity: "10Gi", claims: times(60, "1Gi")}, placement.ReasonJointCapacity},
		"20 of 1.01Gi into 2 of 10Gi":   {storage{pools: 2, capacity: "10Gi", claims: times(20, "1085000000")}, placement.ReasonJointCapacity},
		"60 of 1Gi into 3 of 10Gi":      {storage{pools: 3, capacity: "10Gi", claims: times(60, "1Gi")}, placement.ReasonJointCapacity},
		"31 of 1Gi into 3 of 10Gi":      {storage{pools: 3, capacity: "10Gi", claims: times(31, "1Gi")}, placement.ReasonJointCapacity},
		"30 of 1Gi into 3 of 10Gi":      {storage{pools: 3, capacity: "10Gi", claims: times(30, "1Gi")}, 0},
		"100 of 1Gi into 2 of 10Gi":     {storage{pools: 2, capacity: "10Gi", claims: times(100, "1Gi")}, placement.ReasonJointCapacity},
		"100 of 1Gi into one of 10Gi":   {storage{pools: 1, capacity: "10Gi", claims: times(100, "1Gi")}, placement.ReasonJointCapacity},
		"100 of 1Gi into 2 of 50Gi":     {storage{pools: 2, capacity: "50Gi", claims: times(100, "1Gi")}, 0},
		"8 of 8Ei-1 into 4 of 8Ei-1":    {storage{pools: 4, capacity: "9223372036854775807", claims: times(8, "9223372036854775807")}, placement.ReasonJointCapacity},
		"beside nothing":                {storage{pools: 2, capacity: "10Gi", claims: three}, placement.ReasonJointCapacity},
		"beside 12 of one byte":         {storage{pools: 2, capacity: "10Gi", claims: three, inFlight: times(12, "1")}, placement.ReasonJointCapacity},
		"beside 200 of one byte":        {storage{pools: 2, capacity: "10Gi", claims: three, inFlight: times(200, "1")}, placement.ReasonJointCapacity},
		"two beside 200 of one byte":    {storage{pools: 2, capacity: "10Gi", claims: three[:2], inFlight: times(200, "1")}, 0},
		"two of 10Gi beside one byte":   {storage{pools: 2, capacity: "10Gi", claims: times(2, "10Gi"), inFlight: times(1, "1")}, placement.ReasonReserved},
		"two of 6Gi beside two of 6Gi":  {storage{pools: 2, capacity: "10Gi", claims: three[:2], inFlight: times(2, "6Gi")}, placement.ReasonReserved},
		"15 of 1Gi beside five of 1Gi":  {storage{pools: 2, capacity: "10Gi", claims: times(15, "1Gi"), inFlight: times(5, "1Gi")}, 0},
		"16 of 1Gi beside five of 1Gi":  {storage{pools: 2, capacity: "10Gi", claims: times(16, "1Gi"), inFlight: times(5, "1Gi")}, placement.ReasonReserved},
		"beside different small claims": {storage{pools: 2, capacity: "10Gi", claims: three, inFlight: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"}}, placement.ReasonJointCapacity},
	} {
		t.Run(name, func(t *testing.T) {
			c.nodes = 1
			s, pod := c.build(t)
			engine, err := placement.NewEngine(placement.Config{})
			if err != nil {
				t.Fatal(err)
			}
			refusal := engine.Filter(s, placement.NewDemand(s, pod)).Refusal(0)
			switch {
			case refusal == nil && c.want != 0:
				t.Errorf("the node passes, want %s", c.want)
			case refusal != nil && refusal.Reason != c.want:
				t.Errorf("the node is refused: %s; want %q", refusal.Reason, c.want)
			}
		})
	}
}

// BenchmarkJointCapacity is what a tenant can make of it: a pod of many claims, and pools of each node's own.
func BenchmarkJointCapacity(b *testing.B) {
	for name, w := range map[string]storage{
		"64 that fit":            {pools: 4, capacity: "16Gi", claims: times(64, "1Gi")},
		"64 too large by little": {pools: 4, capacity: "10Gi", claims: append(times(40, "1073741823"), times(24, "1")...)},
		"64 of all sizes":        {pools: 4, capacity: "600Gi", claims: sizes(64)},
		"13 thirds":              {pools: 4, capacity: "10Gi", claims: append(times(12, "3Gi"), "4Gi")},
	} {
		w.nodes = 5000
		s, pod := w.build(b)
		engine, err := placement.NewEngine(placement.Config{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				engine.Filter(s, placement.NewDemand(s, pod))
			}
		})
	}
}

func sizes(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%dMi", 20000+1000*i)
	}
	return out
}
