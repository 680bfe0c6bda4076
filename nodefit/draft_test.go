// SPDX-License-Identifier: Apache-2.0

package nodefit_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/nodefit"
)

// A draft that was changed in any way says what a cluster of the changed objects says, and the cluster that it was made of stays as it is.
func TestDraftIsTheClusterOfItsObjects(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		nodes, pods := map[string]*corev1.Node{}, map[string]*corev1.Pod{}
		start := cluster(nil)
		c, before := start, say(start)
		earlier := map[*nodefit.Cluster]string{start: before}
		d := c.Draft()
		for step := range 30 {
			name := fmt.Sprintf("n%d", rng.IntN(4))
			switch rng.IntN(6) {
			case 0:
				nodes[name] = node(name, fmt.Sprint(rng.IntN(2)), func(n *corev1.Node) { n.Spec.Unschedulable = rng.IntN(4) == 0 })
				d.PutNode(nodes[name])
			case 1:
				delete(nodes, name)
				d.RemoveNode(name)
			case 2:
				gone := fmt.Sprintf("p%d", rng.IntN(30))
				delete(pods, gone)
				d.RemovePod("prod", gone)
			default:
				p := pod(fmt.Sprintf("p%d", step), name, asks(fmt.Sprint(1+rng.IntN(4))))
				if rng.IntN(3) == 0 {
					apart(p)
				}
				pods[p.Name] = p
				d.Place(p, name)
			}
			if rng.IntN(3) == 0 {
				c = d.Cluster()
				earlier[c] = say(c)
				if want := say(cluster(slices.Collect(maps.Values(nodes)), slices.Collect(maps.Values(pods))...)); earlier[c] != want {
					t.Fatalf("after %d steps the draft says\n%s\nand its objects\n%s", step, earlier[c], want)
				}
			}
		}
		for c, said := range earlier {
			if got := say(c); got != said {
				t.Fatalf("a cluster changed with the draft that was made of it: it said\n%s\nand now\n%s", said, got)
			}
		}
	}
}

// say is the verdict about a pod in words that can be compared.
func say(c *nodefit.Cluster) string {
	v := c.Judge(pod("new", "", asks("3"), apart))
	out := v.Foretell(nil, nil)
	for i := range c.NumNodes() {
		taken := c.Taken(i)
		out += fmt.Sprintf("\n%s fits %v, %d pods take %d", c.Node(i).Name, v.Feasible.Has(i), len(c.Pods(i)), taken.Of(corev1.ResourceCPU))
	}
	return out
}
