// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/topology"
)

// decode reads one manifest as a person would write it.
func decode(t testing.TB, manifest string) (Kind, runtime.Object) {
	t.Helper()
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal([]byte(manifest), &meta); err != nil {
		t.Fatalf("decode the manifest: %v\n%s", err, manifest)
	}
	gvk := meta.GroupVersionKind()
	info, ok := KindOf(gvk.Group, gvk.Version, gvk.Kind)
	if !ok {
		t.Fatalf("no kind for %v", gvk)
	}
	obj := info.New()
	if err := yaml.UnmarshalStrict([]byte(manifest), obj); err != nil {
		t.Fatalf("decode the manifest: %v\n%s", err, manifest)
	}
	return info.Kind, obj
}

func class(name, provisioner string, parameters map[string]string) *storagev1.StorageClass {
	return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: provisioner, Parameters: parameters}
}

// clusterOf is a cluster with the given objects and the manifests' on top.
func clusterOf(objects []metav1.Object, manifests ...string) *topology.Snapshot {
	cache := topology.New(topology.Options{NodeDelay: -1})
	for _, manifest := range manifests {
		objects = append(objects, parse(manifest))
	}
	for _, o := range objects {
		if err := cache.Upsert(o); err != nil {
			panic(err)
		}
	}
	cache.Flush()
	return cache.Snapshot()
}

// parse reads a manifest of a kind that the cache reads and client-go or the snapshot API knows.
func parse(manifest string) metav1.Object {
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal([]byte(manifest), &meta); err != nil {
		panic(err)
	}
	object, err := lookedUp.New(meta.GroupVersionKind())
	if err != nil {
		panic(err)
	}
	if err = yaml.UnmarshalStrict([]byte(manifest), object); err != nil {
		panic(err.Error() + "\n" + manifest)
	}
	return object.(metav1.Object)
}

// lookedUp are the kinds that a cluster of a test may hold.
var lookedUp = func() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, storagev1.AddToScheme, snapshotv1.AddToScheme} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	return s
}()

// commonClasses is one class for each kind of driver that the cases need.
var commonClasses = []metav1.Object{
	class("ebs", "ebs.csi.aws.com", nil),
	class("ebs-io2", "ebs.csi.aws.com", map[string]string{"type": "io2"}),
	class("gp2", "kubernetes.io/aws-ebs", nil),
	class("efs", "efs.csi.aws.com", nil),
	class("pd", "pd.csi.storage.gke.io", nil),
	class("azure", "disk.csi.azure.com", nil),
	class("azure-2", "disk.csi.azure.com", map[string]string{"maxshares": "2"}),
	class("azure-tmpl", "disk.csi.azure.com", map[string]string{"maxShares": "many"}),
	class("rook-block", "rook-ceph.rbd.csi.ceph.com", nil),
	class("local-path", "rancher.io/local-path", nil),
	class("nfs-client", "k8s-sigs.io/nfs-subdir-external-provisioner", nil),
	class("portworx", "pxd.portworx.com", nil),
	class("acme", "csi.acme.example", nil),
	class("static", "kubernetes.io/no-provisioner", nil),
}

// cluster is the lookup of every table that has none of its own.
var cluster = clusterOf(commonClasses)

// ruleCase is a manifest and what one rule says of it.
type ruleCase struct {
	name string
	// reason says why the answer is right.
	reason   string
	manifest string
	// want is "path: message" of each finding; none for a near miss.
	want   []string
	action Action
	// others is the action of the findings after the first; empty for the same.
	others Action
	api    bool
	// asWritten asks as about a file.
	asWritten bool
}

func runRule(t *testing.T, id string, cases []ruleCase) {
	t.Helper()
	runRuleIn(t, cluster, id, cases)
}

// runRuleIn is runRule with a lookup of the table's own.
func runRuleIn(t *testing.T, lookup *topology.Snapshot, id string, cases []ruleCase) {
	t.Helper()
	askRule(t, Question{Lookup: lookup}, id, cases)
}

// askRule is runRule with a question of the table's own, but for the object.
func askRule(t *testing.T, q Question, id string, cases []ruleCase) {
	t.Helper()
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			kind, obj := decode(t, tc.manifest)
			before := obj.DeepCopyObject()
			q.Kind, q.Object, q.Namespace, q.AsWritten = kind, obj, "default", tc.asWritten
			result := e.Evaluate(context.Background(), q)
			if len(result.Panics) > 0 {
				t.Fatalf("rule %s panicked: %v\n%s", result.Panics[0].Rule, result.Panics[0].Value, result.Panics[0].Stack)
			}
			var got []string
			for _, f := range result.Findings {
				if f.Rule != id {
					continue
				}
				action := tc.action
				if len(got) > 0 && tc.others != "" {
					action = tc.others
				}
				got = append(got, f.Path.String()+": "+f.Message)
				if f.Action != action {
					t.Errorf("action %q, want %q: %s", f.Action, action, tc.reason)
				}
				if f.RefusedByAPI != tc.api {
					t.Errorf("RefusedByAPI %t, want %t: %s", f.RefusedByAPI, tc.api, tc.reason)
				}
				if f.Symptom == "" || f.Remediation == "" {
					t.Errorf("finding without symptom or remediation: %+v", f)
				}
			}
			diff(t, tc.want, got, tc.reason)
			diff(t, before, obj, "a rule must not change the object")
		})
	}
}

func diff(t *testing.T, want, got any, reason string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", reason, d)
	}
}
