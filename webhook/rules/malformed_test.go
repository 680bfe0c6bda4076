// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"math/rand/v2"
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
)

// words are what random strings are made of: what rules look for, in and out of shape.
var words = []string{
	"", "a", "/", "..", "/etc", "/var/run/docker.sock", `C:\`, `\\.\pipe\docker_engine`, "data", "Memory", "HugePages-", "HugePages-2Mi",
	"ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod", "Block", "Filesystem", "Bidirectional", "HostToContainer",
	"disk", "raw", "files", "exclusive", "pv-disk", "ebs", "azure", "azure-2", "pd", "static", "acme", "ebs.csi.aws.com", "pd.csi.storage.gke.io", "efs.csi.aws.com", "kubernetes.io/gce-pd",
	"kubernetes.io/glusterfs", "volume.beta.kubernetes.io/storage-class", "volume.beta.kubernetes.io/mount-options",
	"csi.storage.k8s.io/provisioner-secret-name", "csi.storage.k8s.io/node-stage-secret-namespace", "${pvc.name}", "${pvc.annotations['x']}",
	"${", "$", "password", "storage", "memory", "failure-domain.beta.kubernetes.io/zone", "kubernetes.io/hostname", "metadata.name", "In",
	"Recycle", "Always", "Never", "VolumeSnapshot", "snapshot.storage.k8s.io", "snapshot.storage.k8s.io/v1", "\xff", "10", "-1",
	IgnoreAnnotation, "hostpath-sensitive: reason", "secret-env,hostpath-sensitive,propagation-subpath:reason", "secret-env", ":", "ns",
}

// filler fills an object at random: every pointer, slice and map may be nil or empty, every element of one the zero value.
type filler struct{ *rand.Rand }

func (f filler) fill(v reflect.Value, depth int) {
	if depth > 24 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if f.IntN(5) < 2 {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				f.fill(v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		if n := f.IntN(4); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n-1, n-1))
			for i := range v.Len() {
				f.fill(v.Index(i), depth+1)
			}
		}
	case reflect.Map:
		if n := f.IntN(5); n > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range n - 1 {
				key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
				f.fill(key, depth+1)
				f.fill(value, depth+1)
				v.SetMapIndex(key, value)
			}
		}
	case reflect.String:
		v.SetString(words[f.IntN(len(words))])
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt([]int64{0, 1, -1, 400, 420, 644, 1 << 20, 1 << 40}[f.IntN(8)])
	case reflect.Uint8:
		v.SetUint(uint64(f.IntN(256)))
	default:
	}
}

func (f filler) object(info KindInfo) runtime.Object {
	obj := info.New()
	f.fill(reflect.ValueOf(obj).Elem(), 0)
	return obj
}

// TestNoRulePanics asks every rule about objects with missing parts: a create and an update of each kind, with and without
// a lookup, and holds them to leaving the objects alone.
func TestNoRulePanics(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 40
	}
	e, err := NewEvaluator(EvaluatorOptions{
		Mandatory:  []string{"secret-env"},
		Exemptions: []Exemption{{Namespaces: []string{"ns"}, ServiceAccounts: []string{"ns/a"}, Reason: "r"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	fired := map[string]bool{}
	for _, info := range KindTable {
		for seed := range uint64(rounds) {
			f := filler{rand.New(rand.NewPCG(seed, 1))}
			q := Question{Kind: info.Kind, Object: f.object(info), Namespace: "default"}
			if seed%2 == 0 {
				q.Lookup = workloads
			}
			if seed%3 == 0 {
				q.Old = f.object(info)
			}
			before := q.Object.DeepCopyObject()
			result := e.Evaluate(context.Background(), q)
			for _, p := range result.Panics {
				t.Fatalf("rule %s panicked on a %s of seed %d: %v\n%s", p.Rule, info.Kind, seed, p.Value, p.Stack)
			}
			if !reflect.DeepEqual(before, q.Object) {
				t.Fatalf("a rule changed the %s of seed %d", info.Kind, seed)
			}
			for _, found := range result.Findings {
				fired[found.Rule] = true
			}
		}
	}
	t.Logf("%d of %d rules had something to say", len(fired), len(Registry()))
}
