// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
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

// classes is a cluster's StorageClasses.
type classes map[string]*storagev1.StorageClass

func (c classes) StorageClass(name string) (*storagev1.StorageClass, bool) {
	sc, ok := c[name]
	return sc, ok
}

func class(name, provisioner string, parameters map[string]string) *storagev1.StorageClass {
	return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: provisioner, Parameters: parameters}
}

// cluster is the lookup of every table: one class for each kind of driver that the cases need.
var cluster = classes{
	"ebs":        class("ebs", "ebs.csi.aws.com", nil),
	"gp2":        class("gp2", "kubernetes.io/aws-ebs", nil),
	"efs":        class("efs", "efs.csi.aws.com", nil),
	"pd":         class("pd", "pd.csi.storage.gke.io", nil),
	"azure":      class("azure", "disk.csi.azure.com", nil),
	"azure-2":    class("azure-2", "disk.csi.azure.com", map[string]string{"maxshares": "2"}),
	"azure-tmpl": class("azure-tmpl", "disk.csi.azure.com", map[string]string{"maxShares": "many"}),
	"rook-block": class("rook-block", "rook-ceph.rbd.csi.ceph.com", nil),
	"local-path": class("local-path", "rancher.io/local-path", nil),
	"nfs-client": class("nfs-client", "k8s-sigs.io/nfs-subdir-external-provisioner", nil),
	"portworx":   class("portworx", "pxd.portworx.com", nil),
	"acme":       class("acme", "csi.acme.example", nil),
	"static":     class("static", "kubernetes.io/no-provisioner", nil),
}

// ruleCase is a manifest and what one rule says of it.
type ruleCase struct {
	name string
	// reason says why the answer is right.
	reason   string
	manifest string
	// want is "path: message" of each finding; none for a near miss.
	want   []string
	action Action
	api    bool
}

func runRule(t *testing.T, id string, cases []ruleCase) {
	t.Helper()
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			kind, obj := decode(t, tc.manifest)
			before := obj.DeepCopyObject()
			result := e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, Lookup: cluster})
			if len(result.Panics) > 0 {
				t.Fatalf("rule %s panicked: %v\n%s", result.Panics[0].Rule, result.Panics[0].Value, result.Panics[0].Stack)
			}
			var got []string
			for _, f := range result.Findings {
				if f.Rule != id {
					continue
				}
				got = append(got, f.Path.String()+": "+f.Message)
				if f.Action != tc.action {
					t.Errorf("action %q, want %q: %s", f.Action, tc.action, tc.reason)
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
