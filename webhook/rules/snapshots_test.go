// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"strings"
	"testing"
)

const fromSnapshot = ", dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: "

func restoreOf(class, snapshot, size, rest string) string {
	return `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: restored}, spec: {storageClassName: ` + class +
		`, accessModes: [ReadWriteOnce], resources: {requests: {storage: ` + size + `}}` + fromSnapshot + snapshot + `}` + rest + `}}`
}

func TestSnapshotSourceGroup(t *testing.T) {
	runRule(t, "snapshot-source-group", []ruleCase{
		{
			name: "no group", reason: "the claim would be empty", action: Deny, api: true, manifest: claimOf("ebs", "ReadWriteOnce", ", dataSource: {kind: VolumeSnapshot, name: s}"),
			want: []string{`spec.dataSource.apiGroup: dataSource: a VolumeSnapshot without apiGroup snapshot.storage.k8s.io`},
		},
		{
			name: "a version in the group", reason: "copied from apiVersion", action: Deny, api: true,
			manifest: claimOf("ebs", "ReadWriteOnce", ", dataSource: {apiGroup: snapshot.storage.k8s.io/v1, kind: VolumeSnapshot, name: s}"),
			want:     []string{`spec.dataSource.apiGroup: dataSource: apiGroup "snapshot.storage.k8s.io/v1" has a version in it`},
		},
		{
			name: "in a template", reason: "it is stored, and each claim made from it is empty", action: Deny,
			manifest: `{apiVersion: apps/v1, kind: StatefulSet, spec: {volumeClaimTemplates: [{metadata: {name: data}, spec: {dataSource: {kind: VolumeSnapshot, name: s}}}]}}`,
			want: []string{`spec.volumeClaimTemplates[0].spec.dataSource.apiGroup: claim template "data": dataSource: a VolumeSnapshot without apiGroup ` +
				`snapshot.storage.k8s.io`},
		},
		{
			name: "a populator's kind", reason: "it is dropped too, though nobody can know that it was meant", action: Warn, api: true,
			manifest: claimOf("ebs", "ReadWriteOnce", ", dataSource: {apiGroup: hello.example.com, kind: Hello, name: h}"),
			want:     []string{`spec.dataSource: dataSource of kind "Hello" and apiGroup "hello.example.com" is dropped`},
		},
		{
			name: "dataSourceRef", reason: "there the API server refuses it", action: Deny, api: true,
			manifest: claimOf("ebs", "ReadWriteOnce", ", dataSourceRef: {kind: VolumeSnapshot, name: s}"),
			want:     []string{`spec.dataSourceRef.apiGroup: dataSourceRef: a VolumeSnapshot without apiGroup snapshot.storage.k8s.io`},
		},
		{name: "a snapshot", reason: "as it should be", manifest: restoreOf("ebs", "s", "1Gi", "")},
		{name: "a clone", reason: "claims are of the core group", manifest: claimOf("ebs", "ReadWriteOnce", ", dataSource: {kind: PersistentVolumeClaim, name: c}")},
		{name: "a populator's kind in dataSourceRef", reason: "what that field is for", manifest: claimOf("ebs", "ReadWriteOnce", ", dataSourceRef: {apiGroup: hello.example.com, kind: Hello, name: h}")},
		{
			name: "both", reason: "the reference keeps the source", manifest: claimOf("ebs", "ReadWriteOnce",
				", dataSource: {apiGroup: hello.example.com, kind: Hello, name: h}, dataSourceRef: {apiGroup: hello.example.com, kind: Hello, name: h}"),
		},
	})
}

func TestSnapshotDriverMismatch(t *testing.T) {
	snapshotBy := func(class, claim string) string {
		return `{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshot, metadata: {name: s}, spec: {volumeSnapshotClassName: ` + class +
			`, source: {persistentVolumeClaimName: ` + claim + `}}}`
	}
	runRuleIn(t, storage, "snapshot-driver-mismatch", []ruleCase{
		{
			name: "restored elsewhere", reason: "the provisioner refuses it", action: Deny, manifest: restoreOf("pd", "ready", "10Gi", ""),
			want: []string{`spec.storageClassName: class "pd" provisions with pd.csi.storage.gke.io, and VolumeSnapshot "ready" is of ebs.csi.aws.com`},
		},
		{
			name: "restored before it is taken", reason: "the claim that it is taken of tells the driver", action: Deny, manifest: restoreOf("pd", "pending", "10Gi", ""),
			want: []string{`spec.storageClassName: class "pd" provisions with pd.csi.storage.gke.io, and VolumeSnapshot "pending" is of ebs.csi.aws.com`},
		},
		{
			name: "taken with another's class", reason: "that driver does not know the volume", action: Deny, manifest: snapshotBy("pd-snap", "in-a"),
			want: []string{`spec.volumeSnapshotClassName: VolumeSnapshotClass "pd-snap" is of pd.csi.storage.gke.io, and the volume of claim "in-a" is of ebs.csi.aws.com`},
		},
		{
			name: "taken of a claim without volume yet", reason: "its class tells the driver", action: Deny, manifest: snapshotBy("ebs-snap", "on-pd"),
			want: []string{`spec.volumeSnapshotClassName: VolumeSnapshotClass "ebs-snap" is of ebs.csi.aws.com, and the volume of claim "on-pd" is of pd.csi.storage.gke.io`},
		},
		{name: "the same driver", reason: "as it should be", manifest: restoreOf("ebs-wait", "ready", "10Gi", "")},
		{name: "an in-tree name", reason: "it is redirected to the same driver", manifest: restoreOf("gp2", "ready", "10Gi", "")},
		{name: "a snapshot that is not known", reason: "in doubt no finding", manifest: restoreOf("pd", "absent", "10Gi", "")},
		{name: "taken with the driver's class", reason: "as it should be", manifest: snapshotBy("ebs-snap", "in-a")},
		{name: "a class with volumes made by hand", reason: "one of them may be bound instead", manifest: restoreOf("efs", "ready", "10Gi", "")},
		{name: "a named volume", reason: "nothing is provisioned", manifest: restoreOf("pd", "ready", "10Gi", ", volumeName: pv-1")},
	})
}

func TestSnapshotTooSmall(t *testing.T) {
	runRuleIn(t, storage, "snapshot-too-small", []ruleCase{
		{
			name: "smaller", reason: "the provisioner refuses it", action: Deny, manifest: restoreOf("ebs", "ready", "10G", ""),
			want: []string{`spec.resources.requests[storage]: 10G is requested, and VolumeSnapshot "ready" needs 10Gi`},
		},
		{name: "the same", reason: "enough", manifest: restoreOf("ebs", "ready", "10240Mi", "")},
		{name: "larger", reason: "it is expanded", manifest: restoreOf("ebs", "ready", "11Gi", "")},
		{name: "not taken yet", reason: "the size is not known", manifest: restoreOf("ebs", "pending", "1Gi", "")},
	})
}

// A user who may make a claim need not be allowed to read the snapshots of another namespace.
func TestNothingIsToldOfAnotherNamespacesSnapshot(t *testing.T) {
	of := func(namespace string) string {
		return `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: restored, namespace: ` + namespace + `}, spec: {storageClassName: pd, accessModes: [ReadWriteOnce], volumeMode: Block,
		  resources: {requests: {storage: 1Gi}}, dataSourceRef: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: ready, namespace: default}}}`
	}
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for namespace, want := range map[string]int{"default": 3, "elsewhere": 0} {
		kind, obj := decode(t, of(namespace))
		told := 0
		for _, f := range e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, Namespace: namespace, Lookup: storage}).Findings {
			if strings.HasPrefix(f.Rule, "snapshot-") {
				told++
			}
		}
		if told != want {
			t.Errorf("%d findings in namespace %s, want %d", told, namespace, want)
		}
	}
}

func TestSnapshotModeChange(t *testing.T) {
	runRuleIn(t, storage, "snapshot-mode-change", []ruleCase{
		{
			name: "block from a file system", reason: "the provisioner refuses it", action: Deny, manifest: restoreOf("ebs", "ready", "10Gi", ", volumeMode: Block"),
			want: []string{`spec.volumeMode: volumeMode Block, and VolumeSnapshot "ready" was taken of a Filesystem volume`},
		},
		{name: "allowed", reason: "the content says so", manifest: restoreOf("ebs", "allowed", "10Gi", ", volumeMode: Block")},
		{name: "the same", reason: "as it should be", manifest: restoreOf("ebs", "ready", "10Gi", ", volumeMode: Filesystem")},
		{name: "not taken yet", reason: "leave may still be given", manifest: restoreOf("ebs", "pending", "10Gi", ", volumeMode: Block")},
	})
}

func TestSnapshotDefaultClasses(t *testing.T) {
	class := func(name, driver, isDefault string) string {
		return `{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshotClass, metadata: {name: ` + name +
			`, annotations: {snapshot.storage.kubernetes.io/is-default-class: "` + isDefault + `"}}, driver: ` + driver + `, deletionPolicy: Delete}`
	}
	runRuleIn(t, storage, "snapshot-default-classes", []ruleCase{
		{
			name: "a second one", reason: "snapshots without a class fail", action: Warn, manifest: class("new", "ebs.csi.aws.com", "true"),
			want: []string{`metadata.annotations[snapshot.storage.kubernetes.io/is-default-class]: VolumeSnapshotClass "ebs-snap" is the default for ebs.csi.aws.com already`},
		},
		{name: "of another driver", reason: "each driver has its own default", manifest: class("new", "pd.csi.storage.gke.io", "true")},
		{name: "not the default", reason: "as it should be", manifest: class("new", "ebs.csi.aws.com", "false")},
		{name: "itself", reason: "an update of the one that is", manifest: class("ebs-snap", "ebs.csi.aws.com", "true")},
	})
}

func TestAttributesClassDriver(t *testing.T) {
	runRuleIn(t, storage, "attributes-class-driver", []ruleCase{
		{
			name: "of another driver", reason: "the provisioner refuses it", action: Deny,
			manifest: claimOf("ebs", "ReadWriteOnce", ", volumeAttributesClassName: fast-pd"),
			want:     []string{`spec.volumeAttributesClassName: VolumeAttributesClass "fast-pd" is of pd.csi.storage.gke.io, and the claim's volume of ebs.csi.aws.com`},
		},
		{
			name: "changed on a bound claim", reason: "the resizer's driver is the volume's", action: Deny,
			manifest: claimOf("ebs", "ReadWriteOnce", ", volumeName: pv-a, volumeAttributesClassName: fast-pd"),
			want:     []string{`spec.volumeAttributesClassName: VolumeAttributesClass "fast-pd" is of pd.csi.storage.gke.io, and the claim's volume of ebs.csi.aws.com`},
		},
		{name: "of the same driver", reason: "as it should be", manifest: claimOf("ebs", "ReadWriteOnce", ", volumeAttributesClassName: fast-ebs")},
		{name: "of an in-tree name's driver", reason: "the claim is redirected to it", manifest: claimOf("gp2", "ReadWriteOnce", ", volumeAttributesClassName: fast-ebs")},
		{name: "that does not exist", reason: "it may be made later", manifest: claimOf("ebs", "ReadWriteOnce", ", volumeAttributesClassName: later")},
	})
}
