// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// FuzzDecode holds the reader against encoding/json: it never panics, it refuses what encoding/json refuses, and of what
// both read they read the same pod and the same names.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"Pod":{"metadata":{"name":"app","namespace":"ns","uid":"u","ownerReferences":[{"uid":"o","controller":true}]},"spec":{"volumes":[
			{"name":"v","persistentVolumeClaim":{"claimName":"c"}},{"name":"e","ephemeral":{}}]}},"Nodes":null,"NodeNames":["a","b"]}`,
		`{ "pod" : {} , "nodenames" : [ ] }`,
		`{"NodeNames":["a\u0062\"","ä","\ud800"],"Pod":{}}`,
		`{"Nodes":{"metadata":{},"items":[{"metadata":{"name":"n"}},{}]},"Pod":{"x":[1.5e3,-0,true,false,null,{"a":{}}]}}`,
		`{"x":tru,"Pod":{}}`, `{"x":[}`, `{"x":01}`, `{}`, `[]`, `{"Pod":{},"NodeNames":["a",]}`, `{"a":1 2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decode(body)
		var args extenderv1.ExtenderArgs
		plain := json.Unmarshal(body, &args)
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("read what is not JSON: %q", body)
		}
		if plain != nil || args.Pod == nil {
			// Fields that moorage does not read may be of a wrong type.
			return
		}
		if !got.full {
			names := []string{}
			for _, n := range got.nodes {
				names = append(names, string(n.name()))
			}
			if args.NodeNames != nil && !repeats(body) {
				if diff := cmp.Diff(*args.NodeNames, names); diff != "" {
					t.Fatalf("names of %q (-encoding/json +moorage):\n%s", body, diff)
				}
			}
		}
		if repeats(body) {
			return
		}
		want := topology.PodFromAPI(args.Pod)
		want.Node, want.Terminal, want.Deleting = "", false, false
		if diff := cmp.Diff(want, got.pod); diff != "" {
			t.Fatalf("pod of %q (-encoding/json +moorage):\n%s", body, diff)
		}
	})
}

// repeats reports whether some object in the body has two members whose names differ at most in case: encoding/json merges
// their values, moorage takes the last.
func repeats(body []byte) bool {
	var found bool
	var walk func(w *wire) error
	walk = func(w *wire) error {
		switch w.next() {
		case '{':
			seen := map[string]bool{}
			return w.members(func(key []byte) error {
				folded := string(foldName(key))
				found = found || seen[folded]
				seen[folded] = true
				return walk(w)
			})
		case '[':
			return w.elements(func() error { return walk(w) })
		default:
			_, err := w.value()
			return err
		}
	}
	return walk(newWire(body)) != nil || found
}

func foldName(key []byte) []byte {
	out := make([]byte, 0, len(key))
	for _, r := range string(key) {
		switch {
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		case r == 'ſ':
			r = 's'
		case r == '\u212a':
			r = 'k'
		}
		out = append(out, string(r)...)
	}
	return out
}

// FuzzDecodePreemption: whatever the body, preempt answers or refuses it, and never panics.
func FuzzDecodePreemption(f *testing.F) {
	for _, seed := range []string{
		`{"Pod":{"metadata":{"name":"app"}},"NodeNameToMetaVictims":{"a":{"Pods":[{"UID":"u"},null],"NumPDBViolations":1},"b":null}}`,
		`{"Pod":{},"NodeNameToVictims":{"a":{"Pods":[{"metadata":{"uid":"u"}},null]}}}`,
		`{"Pod":null,"NodeNameToVictims":{}}`, `{}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := decodePreemption(body)
		if err != nil {
			return
		}
		if p.pod == nil {
			t.Fatalf("read a preemption without a pod: %q", body)
		}
		for node, victims := range p.candidates {
			if victims == nil {
				t.Fatalf("candidate %q without victims: %q", node, body)
			}
		}
	})
}
