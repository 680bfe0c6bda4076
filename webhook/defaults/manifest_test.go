// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"encoding/json"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// fataler is what testing.T and rapid.T have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// only is a Defaulter with one default on.
func only(t fataler, name string, settings Settings) *Defaulter {
	t.Helper()
	switches := map[string]bool{}
	for _, n := range Names() {
		switches[n] = n == name
	}
	d, err := NewDefaulter(Options{Switches: switches, Settings: settings})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return d
}

// apply runs the defaults on an object's JSON, of which old is the JSON before an update or empty, and returns the patched
// JSON and the patch.
func apply(t fataler, d *Defaulter, lookup *topology.Snapshot, raw, old string) (string, Result) {
	t.Helper()
	kind, object := decode(t, raw)
	in := Input{Object: object, Namespace: "default", Lookup: lookup}
	if old != "" {
		_, in.Old = decode(t, old)
	}
	before := in.Object.DeepCopyObject()
	result, err := d.Apply(kind, in, []byte(raw))
	if err != nil {
		t.Fatalf("apply to %s: %v", raw, err)
	}
	if diff := cmp.Diff(before, in.Object); diff != "" {
		t.Fatalf("a default must not change its input (-before +after):\n%s", diff)
	}
	if result.Operations == nil {
		return raw, result
	}
	operations, err := json.Marshal(result.Operations)
	if err != nil {
		t.Fatalf("%v", err)
	}
	patch, err := jsonpatch.DecodePatch(operations)
	if err != nil {
		t.Fatalf("%v", err)
	}
	patched, err := patch.Apply([]byte(raw))
	if err != nil {
		t.Fatalf("apply %s to %s: %v", operations, raw, err)
	}
	return string(patched), result
}

func decode(t fataler, raw string) (rules.KindInfo, runtime.Object) {
	t.Helper()
	var of metav1.TypeMeta
	if err := json.Unmarshal([]byte(raw), &of); err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
	gvk := of.GroupVersionKind()
	kind, ok := rules.KindOf(gvk.Group, gvk.Version, gvk.Kind)
	if !ok {
		t.Fatalf("there is no kind %s", gvk)
	}
	object := kind.New()
	if err := json.Unmarshal([]byte(raw), object); err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
	return kind, object
}

// patchCase is an object and the patch that is wanted of it.
type patchCase struct {
	name string
	// reason says why the answer is right.
	reason string
	// object and old are YAML.
	object, old string
	// want is the patch as JSON; empty for none.
	want string
}

// runPatches holds one default against a table.
func runPatches(t *testing.T, name string, settings Settings, lookup *topology.Snapshot, cases []patchCase) {
	t.Helper()
	d := only(t, name, settings)
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			raw, old := toJSON(t, tc.object), ""
			if tc.old != "" {
				old = toJSON(t, tc.old)
			}
			patched, result := apply(t, d, lookup, raw, old)
			got := ""
			if result.Operations != nil {
				text, err := json.Marshal(result.Operations)
				if err != nil {
					t.Fatal(err)
				}
				got = string(text)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if named := len(result.Applied) == 1 && result.Applied[0] == name; named != (tc.want != "") {
				t.Errorf("applied defaults are named %v", result.Applied)
			}
			if again, twice := apply(t, d, lookup, patched, old); again != patched || twice.Operations != nil {
				t.Errorf("the second time it changed %s to %s", patched, again)
			}
		})
	}
}

func toJSON(t testing.TB, manifest string) string {
	t.Helper()
	out, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatalf("%v: %s", err, manifest)
	}
	return string(out)
}

// storage is a cluster with a zonal driver's class that waits for its first consumer, claims of it, one of them bound, and
// two namespaces.
var storage = func() *topology.Snapshot {
	cache := topology.New(topology.Options{NodeDelay: -1})
	wait := storagev1.VolumeBindingWaitForFirstConsumer
	claim := func(name, volume string) *corev1.PersistentVolumeClaim {
		return &corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
			Spec:       corev1.PersistentVolumeClaimSpec{StorageClassName: new("ebs-wait"), VolumeName: volume},
		}
	}
	namespace := func(name string, labels map[string]string) *corev1.Namespace {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	}
	for _, o := range []metav1.Object{
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "ebs-wait"}, Provisioner: "ebs.csi.aws.com", VolumeBindingMode: &wait},
		claim("waits", ""), claim("bound", "pv-1"),
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}},
		&storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}, Spec: storagev1.CSINodeSpec{
			Drivers: []storagev1.CSINodeDriver{
				{Name: "csi.hetzner.cloud", NodeID: "node-1"},
				{Name: "old.csi.example.com", NodeID: "node-1", TopologyKeys: []string{corev1.LabelFailureDomainBetaZone}},
				{Name: "own.csi.example.com", NodeID: "node-1", TopologyKeys: []string{"topology.own.csi.example.com/zone"}},
			},
		}},
		namespace("default", map[string]string{"moorage.dev/scheduler": "enabled"}), namespace("other", nil),
	} {
		if err := cache.Upsert(o); err != nil {
			panic(err)
		}
	}
	cache.Flush()
	return cache.Snapshot()
}()
