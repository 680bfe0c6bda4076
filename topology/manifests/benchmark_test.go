// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// BenchmarkLoad reads a cluster of 5,000 nodes and 100,000 volumes with their claims and pods, as a capture holds it, from a
// file into an empty cache: what a command with --from does before it can answer.
func BenchmarkLoad(b *testing.B) {
	path := filepath.Join(b.TempDir(), "cluster.yaml")
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriter(file)
	encoder := json.NewEncoder(out)
	put := func(object any) {
		_, _ = out.WriteString("---\n")
		if err = encoder.Encode(object); err != nil {
			b.Fatal(err)
		}
	}
	of := func(kind string) metav1.TypeMeta { return metav1.TypeMeta{APIVersion: "v1", Kind: kind} }
	for i := range 5000 {
		node := synthetic.Node(i)
		node.TypeMeta = of("Node")
		put(node)
	}
	for i := range 100_000 {
		volume, claim := synthetic.Volume(i), synthetic.BoundClaim(i)
		volume.TypeMeta, claim.TypeMeta = of("PersistentVolume"), of("PersistentVolumeClaim")
		put(volume)
		put(claim)
		pod := synthetic.Pod(i, i%5000, i)
		pod.TypeMeta = of("Pod")
		put(pod)
	}
	if err = out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err = file.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		cache := topology.New(topology.Options{NodeDelay: -1})
		if _, err := manifests.Load(cache, path); err != nil {
			b.Fatal(err)
		}
	}
}
