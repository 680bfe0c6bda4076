// SPDX-License-Identifier: Apache-2.0

package capture_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/moorage-k8s/moorage/internal/capture"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

var update = flag.Bool("update", false, "write the golden files")

// marked is a value for every text field, with which it can be found again.
const marked = "marked"

// annotations are those that an object may have: those that the cache reads, and others.
var annotations = []string{
	corev1.LastAppliedConfigAnnotation, "volume.beta.kubernetes.io/storage-class", "volume.kubernetes.io/selected-node",
	"pv.kubernetes.io/bind-completed", "storage.alpha.kubernetes.io/migrated-plugins", "example.com/token",
	"storageclass.kubernetes.io/is-default-class", "snapshot.storage.kubernetes.io/is-default-class",
	"snapshot.storage.kubernetes.io/allow-volume-mode-change",
}

// fill sets every field below the value, each list and map to one entry, so that what is kept can be told.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case metav1.Time, metav1.MicroTime:
		v.Set(reflect.ValueOf(metav1.Unix(1_700_000_000, 0)).Convert(v.Type()))
		return
	case resource.Quantity:
		v.Set(reflect.ValueOf(resource.MustParse("1Gi")))
		return
	case intstr.IntOrString:
		return
	case corev1.ResourceList:
		v.Set(reflect.ValueOf(corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi"), corev1.ResourceCPU: resource.MustParse("1")}))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(marked)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint8:
		v.SetUint(7)
	}
}

// filled are objects of every kind with every field set.
func filled() []metav1.Object {
	objects := []metav1.Object{
		&corev1.Node{}, &storagev1.CSINode{}, &storagev1.CSIDriver{}, &storagev1.StorageClass{}, &storagev1.CSIStorageCapacity{},
		&corev1.PersistentVolume{}, &corev1.PersistentVolumeClaim{}, &storagev1.VolumeAttachment{}, &corev1.Pod{},
		&storagev1.VolumeAttributesClass{}, &snapshotv1.VolumeSnapshotClass{}, &snapshotv1.VolumeSnapshotContent{}, &snapshotv1.VolumeSnapshot{},
		&corev1.Namespace{}, &policyv1.PodDisruptionBudget{},
	}
	for _, o := range objects {
		fill(reflect.ValueOf(o).Elem())
		o.SetAnnotations(map[string]string{})
		for _, key := range annotations {
			o.GetAnnotations()[key] = marked
		}
		switch o := o.(type) {
		case *corev1.Node:
			o.Status.Conditions[0].Type = corev1.NodeReady
			o.Spec.Taints[0].Key = corev1.TaintNodeOutOfService
		case *storagev1.StorageClass:
			o.Parameters = map[string]string{"password": marked, "fsType": "ext4"}
		case *corev1.PersistentVolume:
			o.Spec.AzureDisk.Kind = new(corev1.AzureManagedDisk)
		case *corev1.Pod:
			o.Spec.Volumes[0].AzureDisk.Kind = new(corev1.AzureManagedDisk)
			o.Status.Conditions[0].Type, o.Status.Conditions[0].Status = corev1.PodScheduled, corev1.ConditionFalse
			o.Annotations[corev1.MirrorPodAnnotationKey] = marked
		}
	}
	return objects
}

// What a capture holds, field by field: a developer who adds one sees it here, and asks whether it can hold what is nobody's business.
func TestKeepsTheseFieldsOnly(t *testing.T) {
	var out strings.Builder
	for _, o := range filled() {
		told := map[string]bool{}
		for _, variant := range variants(o) {
			kept := capture.Keep(variant.object)
			if kept == nil {
				fmt.Fprintf(&out, "%s: nothing\n", variant.name)
				continue
			}
			text, err := json.Marshal(kept)
			if err != nil {
				t.Fatal(err)
			}
			var fields any
			if err := json.Unmarshal(text, &fields); err != nil {
				t.Fatal(err)
			}
			for _, path := range paths("", fields) {
				if !told[path] {
					fmt.Fprintf(&out, "%s: %s\n", variant.name, path)
				}
				told[path] = true
			}
		}
	}
	golden(t, "fields.txt", out.String())
}

type variant struct {
	name   string
	object metav1.Object
}

// variants are the object with each of the sources of its volume in turn, as only one can be set.
func variants(o metav1.Object) []variant {
	name := reflect.TypeOf(o).Elem().Name()
	switch o := o.(type) {
	case *corev1.PersistentVolume:
		return eachSource(name, reflect.ValueOf(&o.Spec.PersistentVolumeSource).Elem(), func(source reflect.Value) metav1.Object {
			out := o.DeepCopy()
			reflect.ValueOf(&out.Spec.PersistentVolumeSource).Elem().Set(source)
			return out
		})
	case *corev1.Pod:
		return eachSource(name, reflect.ValueOf(&o.Spec.Volumes[0].VolumeSource).Elem(), func(source reflect.Value) metav1.Object {
			out := o.DeepCopy()
			reflect.ValueOf(&out.Spec.Volumes[0].VolumeSource).Elem().Set(source)
			return out
		})
	default:
		return []variant{{name, o}}
	}
}

func eachSource(name string, all reflect.Value, with func(reflect.Value) metav1.Object) []variant {
	var out []variant
	for i := range all.NumField() {
		one := reflect.New(all.Type()).Elem()
		one.Field(i).Set(all.Field(i))
		out = append(out, variant{name + "/" + all.Type().Field(i).Name, with(one)})
	}
	return out
}

// paths are the paths of all leaves that are set.
func paths(at string, value any) []string {
	switch v := value.(type) {
	case map[string]any:
		var out []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, paths(strings.TrimPrefix(at+"."+key, "."), v[key])...)
		}
		return out
	case []any:
		var out []string
		for _, item := range v {
			out = append(out, paths(at+"[]", item)...)
		}
		return out
	case nil, string, bool, float64:
		if v == nil || reflect.ValueOf(v).IsZero() {
			return nil
		}
		return []string{at}
	default:
		panic(fmt.Sprintf("%s is a %T", at, v))
	}
}

// What the cache makes of a kept object is what it makes of the whole one.
func TestKeepsWhatTheCacheReads(t *testing.T) {
	for _, o := range filled() {
		if _, read := topology.KindOf(o); !read {
			continue
		}
		for _, variant := range variants(o) {
			kept := capture.Keep(variant.object)
			if kept == nil {
				if pod, ok := variant.object.(*corev1.Pod); !ok || len(topology.PodFromAPI(pod).Volumes) > 0 {
					t.Errorf("%s: nothing was kept", variant.name)
				}
				continue
			}
			if diff := cmp.Diff(seen(t, variant.object), seen(t, kept)); diff != "" {
				t.Errorf("%s: the cache sees other things in what was kept (-whole +kept):\n%s", variant.name, diff)
			}
		}
	}
}

// seen is all that a cache with the one object tells of it.
func seen(t *testing.T, o metav1.Object) map[string]string {
	t.Helper()
	now := time.Unix(1_700_000_100, 0)
	cache := topology.New(topology.Options{NodeDelay: -1, Now: func() time.Time { return now }})
	if err := cache.Upsert(o); err != nil {
		t.Fatal(err)
	}
	// A CSINode is seen with its node alone, and a node's labels by what selects it.
	if _, ok := o.(*storagev1.CSINode); ok {
		if err := cache.Upsert(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: o.GetName()}}); err != nil {
			t.Fatal(err)
		}
	}
	cache.Flush()
	s := cache.Snapshot()
	out := map[string]string{}
	show := func(name string, value any) { out[name] = dump(reflect.ValueOf(value)) }
	for i := range s.NumNodes() {
		show("node", s.Node(i))
	}
	show("pod", s.Pod(topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}))
	show("claim", s.Claim(o.GetNamespace(), o.GetName()))
	show("volume", s.Volume(o.GetName()))
	if c := s.Class(o.GetName()); c != nil {
		// Of the whole object the rules look at some parameters and at what is compared here.
		trimmed := *c
		trimmed.Object = nil
		show("class", trimmed)
	}
	if d := s.Driver(o.GetName()); d != nil {
		trimmed := *d
		trimmed.Object = nil
		show("driver", trimmed)
	}
	pools := s.PoolGroups(marked)
	for g := range pools.Len() {
		for _, p := range pools.AppendPools(nil, g) {
			show("pool", p)
		}
	}
	for a := range s.AttachmentsOf(marked) {
		show("attachment", a)
	}
	show("attributes class", s.AttributesClass(o.GetName()))
	show("snapshot", s.VolumeSnapshot(o.GetNamespace(), o.GetName()))
	show("snapshot content", s.VolumeSnapshotContent(o.GetName()))
	show("snapshot class", s.VolumeSnapshotClass(o.GetName()))
	return out
}

// dump writes a value with everything that it points to.
func dump(v reflect.Value) string {
	if v.IsValid() && v.CanInterface() {
		switch o := v.Interface().(type) {
		case *topology.Selector:
			return o.String()
		case fmt.Stringer:
			if v.Kind() != reflect.Pointer || !v.IsNil() {
				return o.String()
			}
		case error:
			return o.Error()
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "nil"
		}
		return "&" + dump(v.Elem())
	case reflect.Struct:
		var parts []string
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				parts = append(parts, v.Type().Field(i).Name+": "+dump(v.Field(i)))
			}
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.Slice:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, dump(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		return fmt.Sprint(v)
	}
}

// A capture is written in one order, and read back as it was.
func TestWrittenInOneOrderAndReadBack(t *testing.T) {
	objects := map[topology.Kind][]metav1.Object{}
	for _, o := range filled() {
		kept := capture.Keep(o)
		if kept == nil {
			continue
		}
		kind, ok := topology.KindOf(kept)
		if !ok {
			kind = topology.KindBudget
		}
		objects[kind] = append(objects[kind], kept)
	}
	for _, name := range []string{"b", "a"} {
		objects[topology.KindNode] = append(objects[topology.KindNode], &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	for _, format := range []struct {
		capture.Format
		file string
	}{{capture.YAML, "c.yaml"}, {capture.JSON, "c.json"}} {
		var first, second bytes.Buffer
		if err := capture.Write(&first, format.Format, []string{"a comment"}, objects); err != nil {
			t.Fatal(err)
		}
		for _, list := range objects {
			slices.Reverse(list)
		}
		if err := capture.Write(&second, format.Format, []string{"a comment"}, objects); err != nil {
			t.Fatal(err)
		}
		if first.String() != second.String() {
			t.Errorf("%s: the order of writing follows that of the objects", format.file)
		}
		file := filepath.Join(t.TempDir(), format.file)
		if err := os.WriteFile(file, first.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		read, _, err := manifests.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		again := map[topology.Kind][]metav1.Object{}
		for kind, byKey := range read {
			for _, o := range byKey {
				again[kind] = append(again[kind], o)
			}
		}
		var third bytes.Buffer
		if err := capture.Write(&third, format.Format, []string{"a comment"}, again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first.String(), third.String()); diff != "" {
			t.Errorf("%s: what was read back is something else (-written +read):\n%s", format.file, diff)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // A golden file is public.
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; go test ./internal/capture -update updates it (-want +got):\n%s", file, diff)
	}
}
