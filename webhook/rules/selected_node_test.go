// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
	"testing"
)

const selectedAt = `metadata.annotations[volume.kubernetes.io/selected-node]: `

func TestBindingSelectedNode(t *testing.T) {
	const annotated = "metadata: {name: data, annotations: {volume.kubernetes.io/selected-node: node-1}}"
	const spec = "spec: {accessModes: [ReadWriteOnce], storageClassName: ebs}"
	askRule(t, Question{Lookup: cluster, User: "jane"}, "binding-selected-node", []ruleCase{
		{
			name: "a claim", reason: "the volume is made there before the pod is scheduled", action: Warn,
			manifest: "{apiVersion: v1, kind: PersistentVolumeClaim, " + annotated + ", " + spec + "}",
			want:     []string{selectedAt + `annotation volume.kubernetes.io/selected-node is set by the scheduler, and here it is "node-1"`},
		},
		{
			name: "a claim template", reason: "its claims are created by a controller, which is trusted", action: Warn,
			manifest: "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: s}, spec: {volumeClaimTemplates: [{" + annotated + ", " + spec + "}]}}",
			want: []string{"spec.volumeClaimTemplates[0]." + selectedAt +
				`claim template "data": annotation volume.kubernetes.io/selected-node is set by the scheduler, and here it is "node-1"`},
		},
		{
			name: "an empty value", reason: "no node meets it", action: Warn,
			manifest: "{apiVersion: v1, kind: PersistentVolumeClaim, " + strings.Replace(annotated, "node-1", "''", 1) + ", " + spec + "}",
			want:     []string{selectedAt + `annotation volume.kubernetes.io/selected-node is set by the scheduler, and here it is ""`},
		},
		{
			name: "another annotation", reason: "near", manifest: "{apiVersion: v1, kind: PersistentVolumeClaim, " +
				strings.Replace(annotated, "selected-node", "storage-provisioner", 1) + ", " + spec + "}",
		},
	})
}

// A claim that exists gets its node from the scheduler: only a new claim with one is reported.
func TestSelectedNodeOfTheScheduler(t *testing.T) {
	const before = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, annotations: {}}, spec: {accessModes: [ReadWriteOnce], storageClassName: ebs}}`
	after := strings.Replace(before, "annotations: {}", "annotations: {volume.kubernetes.io/selected-node: node-1}", 1)
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	kind, obj := decode(t, after)
	_, old := decode(t, before)
	if got := e.Evaluate(t.Context(), Question{Kind: kind, Object: obj, Old: old, Lookup: cluster}); len(got.Findings) != 0 {
		t.Errorf("the scheduler's own update is found fault with: %+v", got.Findings)
	}
}

// Who writes the annotation, and whether it was there before, decides.
func TestWhoSelectsANode(t *testing.T) {
	const account = "system:serviceaccount:"
	claim := func(annotations string) string {
		return `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, annotations: {` + annotations +
			`}}, spec: {accessModes: [ReadWriteOnce], storageClassName: ebs}}`
	}
	const none, first, second = "", "volume.kubernetes.io/selected-node: node-1", "volume.kubernetes.io/selected-node: node-2"
	e, err := NewEvaluator(EvaluatorOptions{Settings: Settings{SelectedNodeWriters: []string{account + "batch:volcano", "carol"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		user, before, after string
		created, told       bool
	}{
		{user: "jane", created: true, after: first, told: true},
		{user: "jane", before: none, after: first, told: true},
		{user: "jane", before: first, after: second, told: true},
		{user: "jane", before: first, after: first},
		{user: "jane", before: first, after: none},
		{user: "", created: true, after: first, told: true},
		{user: "system:kube-scheduler", before: none, after: first},
		{user: "system:kube-scheduler", before: first, after: second},
		{user: "system:kube-scheduler", created: true, after: first},
		{user: "system:kube-controller-manager", created: true, after: first},
		{user: account + "kube-system:statefulset-controller", created: true, after: first},
		{user: account + "kube-system-2:x", created: true, after: first, told: true},
		{user: account + "batch:volcano", before: none, after: first},
		{user: account + "batch:default", before: none, after: first, told: true},
		{user: "carol", before: none, after: first},
		{user: "carola", before: none, after: first, told: true},
	} {
		t.Run(fmt.Sprintf("%s created=%t %s to %s", tc.user, tc.created, tc.before, tc.after), func(t *testing.T) {
			kind, obj := decode(t, claim(tc.after))
			q := Question{Kind: kind, Object: obj, User: tc.user, Lookup: cluster}
			if !tc.created {
				_, q.Old = decode(t, claim(tc.before))
			}
			told := false
			for _, f := range e.Evaluate(t.Context(), q).Findings {
				told = told || f.Rule == "binding-selected-node" && f.Action == Warn
			}
			if told != tc.told {
				t.Errorf("warned: %t, want %t", told, tc.told)
			}
		})
	}
}
