// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// Findings stand at what a person can change: the workload and not its pods, once for what one object has made. What the cluster has settled
// is not doubted any more.
func TestLive(t *testing.T) {
	const (
		writes = "containers: [{name: c, image: a, volumeMounts: [{name: v, mountPath: /v}]}], volumes: [{name: v, hostPath: {path: /etc}}]"
		spec   = "spec: {" + writes + "}"
		owned  = "ownerReferences: [{apiVersion: apps/v1, kind: %s, name: %s, uid: %s, controller: true}]"
	)
	by := func(kind, name, uid string) string { return fmt.Sprintf(owned, kind, name, uid) }
	pod := func(name, more, phase string) string {
		return "{apiVersion: v1, kind: Pod, metadata: {name: " + name + ", namespace: a" + more + "}, " + spec + ", status: {phase: " + phase + "}}"
	}
	workload := func(kind, name, more string) string {
		return "{apiVersion: apps/v1, kind: " + kind + ", metadata: {name: " + name + ", namespace: a, uid: u-" + name + more + "}, spec: {template: {" + spec + "}}}"
	}
	claim := func(name, more, phase string) string {
		return "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: " + name + ", namespace: a" + more + "}, " +
			"spec: {accessModes: [ReadWriteOnce], storageClassName: gone, resources: {requests: {storage: 1Gi}}}, status: {phase: " + phase + "}}"
	}
	for _, test := range []struct {
		name    string
		objects []string
		want    []string
		made    int
	}{
		{
			"a Deployment's pods are its template",
			[]string{
				workload("Deployment", "web", ""), workload("ReplicaSet", "web-1", ", "+by("Deployment", "web", "u-web")),
				pod("web-1-x", ", "+by("ReplicaSet", "web-1", "u-web-1"), "Running"),
			},
			[]string{"Deployment/a/web hostpath-sensitive spec.template.spec.volumes[0].hostPath.path"},
			2,
		},
		{
			"its name is known where only its pods may be listed",
			[]string{
				pod("web-77-x", ", labels: {pod-template-hash: '77'}, "+by("ReplicaSet", "web-77", "u"), "Running"),
				pod("web-77-y", ", labels: {pod-template-hash: '77'}, "+by("ReplicaSet", "web-77", "u"), "Running"),
			},
			[]string{"Deployment/a/web hostpath-sensitive spec.volumes[0].hostPath.path in Pod/a/web-77-x +1"},
			0,
		},
		{
			"an operator's pods are reported once, a static pod by itself",
			[]string{
				pod("pg-1", ", "+by("Cluster", "pg", "c"), "Running"), pod("pg-2", ", "+by("Cluster", "pg", "c"), "Running"),
				pod("etcd-n1", ", "+by("Node", "n1", "u-n1"), "Running"),
			},
			[]string{
				"Cluster/a/pg hostpath-sensitive spec.volumes[0].hostPath.path in Pod/a/pg-1 +1",
				"Pod/a/etcd-n1 hostpath-sensitive spec.volumes[0].hostPath.path",
			},
			0,
		},
		{
			"earlier revisions, and what has run, are over",
			[]string{
				"{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: old, namespace: a, " + by("Rollout", "r", "r") + "}, spec: {replicas: 0, template: {" + spec + "}}}",
				pod("done", "", "Succeeded"), pod("failed", "", "Failed"),
				"{apiVersion: batch/v1, kind: Job, metadata: {name: j, namespace: a}, spec: {template: {" + spec + "}}, status: {conditions: [{type: Complete, status: 'True'}]}}",
			},
			nil, 1,
		},
		{
			"claims of a StatefulSet are reported at it, and those that have their volume not at all",
			[]string{
				"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: a}, spec: {template: {spec: {containers: [{name: c, image: a, " +
					"volumeMounts: [{name: data, mountPath: /v}]}]}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], " +
					"storageClassName: fast, resources: {requests: {storage: 1Gi}}}}]}}",
				claim("data-db-0", "", "Bound"), claim("data-db-1", "", "Pending"), claim("data-db-2", "", "Pending"), claim("data-dbs-2", "", "Pending"), claim("alone", "", "Bound"),
			},
			[]string{
				"PersistentVolumeClaim/a/data-dbs-2 binding-class-missing spec.storageClassName",
				"StatefulSet/a/db binding-class-missing spec.storageClassName in PersistentVolumeClaim/a/data-db-1 +1",
			},
			0,
		},
		{
			"a volume is what its provisioner made of it",
			[]string{
				"{apiVersion: v1, kind: PersistentVolume, metadata: {name: pv1, annotations: {pv.kubernetes.io/provisioned-by: ebs.csi.aws.com}, " +
					"labels: {failure-domain.beta.kubernetes.io/zone: a}}, spec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, storageClassName: fast, " +
					"claimRef: {namespace: a, name: x, uid: u}, csi: {driver: ebs.csi.aws.com, volumeHandle: v1}}}",
			},
			nil, 0,
		},
		{
			"a node that the scheduler selected, and what the API server has taken",
			[]string{
				claim("waits", ", annotations: {volume.kubernetes.io/selected-node: n1}", "Bound"),
				"{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: odd, namespace: a}, spec: {volumeName: v, accessModes: [ReadWriteOncePod, ReadWriteOnce]}, status: {phase: Bound}}",
			},
			nil, 0,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var objects []runtime.Object
			cache := topology.New(topology.Options{NodeDelay: -1})
			for _, text := range append(test.objects, "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: ebs.csi.aws.com, volumeBindingMode: WaitForFirstConsumer}") {
				o := objectOf(t, text)
				objects = append(objects, o)
				if _, ok := topology.KindOf(o); ok {
					if err := cache.Upsert(o.(metav1.Object)); err != nil {
						t.Fatal(err)
					}
				}
			}
			evaluator, err := rules.NewEvaluator(rules.EvaluatorOptions{})
			if err != nil {
				t.Fatal(err)
			}
			result, err := check.Live(t.Context(), check.LiveOptions{Objects: objects, Cluster: cache.Snapshot(), Evaluator: evaluator})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range result.Findings {
				if f.Action == rules.Audit {
					continue
				}
				line := nameOf(f.Object) + " " + f.Rule + " " + f.Path
				if f.Within != (check.Object{}) {
					line += " in " + nameOf(f.Within)
				}
				if f.Alike > 0 {
					line += fmt.Sprint(" +", f.Alike)
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || result.Made != test.made {
				t.Errorf("made %d, want %d; findings (-want +got):\n%s", result.Made, test.made, diff)
			}
		})
	}
}

// What was found before is left out, whatever the pods are called now.
func TestBaselineOfLive(t *testing.T) {
	of := func(pod string) check.Finding {
		return check.Finding{Rule: "r", Object: check.Object{Kind: "Cluster", Namespace: "a", Name: "pg"}, Within: check.Object{Kind: "Pod", Namespace: "a", Name: pod}, Path: "spec"}
	}
	result := check.Result{Findings: []check.Finding{of("pg-2")}}
	result.LeaveKnown([]check.Finding{of("pg-1")})
	if len(result.Findings) != 0 || result.Known != 1 {
		t.Errorf("%d findings are new, and %d known", len(result.Findings), result.Known)
	}
}

func nameOf(o check.Object) string {
	return strings.ReplaceAll(o.Kind+"/"+o.Namespace+"/"+o.Name, "//", "/")
}

func objectOf(t *testing.T, text string) runtime.Object {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	o, _, err := scheme.Codecs.UniversalDeserializer().Decode(data, nil, nil)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if _, err := meta.Accessor(o); err != nil {
		t.Fatal(err)
	}
	return o
}
