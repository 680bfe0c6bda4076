// SPDX-License-Identifier: Apache-2.0

package extender_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// TestSameQuestionSameBytes: the answer depends on the cluster and the request alone, not on the order in which events came
// or on the walk through a map.
func TestSameQuestionSameBytes(t *testing.T) {
	const seed = 1
	var objects []metav1.Object
	for i := range 40 {
		objects = append(objects, synthetic.Node(i), synthetic.Volume(i), synthetic.BoundClaim(i), synthetic.Pod(i, i%7, i%5))
	}
	for i, zone := range synthetic.Zones {
		objects = append(objects, synthetic.Pool(zone, synthetic.Zonal, map[string]string{synthetic.ZoneKey: zone}, int64(i)<<32))
	}
	var names []string
	for i := range 40 {
		names = append(names, synthetic.NodeName(i))
	}
	body, err := json.Marshal(extenderv1.ExtenderArgs{
		Pod: synthetic.PodWithClaims("new", "", synthetic.ClaimName(0), synthetic.ClaimName(3)), NodeNames: &names,
	})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	first := map[string][]byte{}
	for range 8 {
		random.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
		c := topology.New(topology.Options{})
		for _, o := range objects {
			if err := c.Upsert(o); err != nil {
				t.Fatal(err)
			}
		}
		c.Flush()
		server, _ := serve(t, c, options{})
		for _, verb := range []string{"/filter", "/prioritize"} {
			for range 4 {
				response, err := http.Post(server.URL+verb, "application/json", bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				answer, err := io.ReadAll(response.Body)
				_ = response.Body.Close()
				if err != nil {
					t.Fatal(err)
				}
				if first[verb] == nil {
					first[verb] = answer
				}
				if !bytes.Equal(first[verb], answer) {
					t.Fatalf("seed %d: %s answered\n%s\nand then\n%s", seed, verb, first[verb], answer)
				}
			}
		}
	}
}
