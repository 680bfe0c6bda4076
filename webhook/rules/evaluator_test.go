// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// aboutText are the rules that only the text of a file can break.
var aboutText = []string{Decode, "snapshot-removed-version"}

func TestRegistryIsComplete(t *testing.T) {
	for _, r := range Registry() {
		if r.Summary == "" || r.Symptom == "" || r.Remediation == "" || len(r.Kinds) == 0 || (r.Check == nil) != slices.Contains(aboutText, r.ID) {
			t.Errorf("rule %s is incomplete", r.ID)
		}
		if _, err := ParseAction(string(r.Action)); err != nil {
			t.Errorf("rule %s: %v", r.ID, err)
		}
		for _, k := range r.Kinds {
			if !slices.ContainsFunc(KindTable, func(i KindInfo) bool { return i.Kind == k }) {
				t.Errorf("rule %s names kind %s, which the table does not have", r.ID, k)
			}
		}
	}
}

// TestDuplicateRulePanics promises that a mistake in the registry ends the program at its start, and every test.
func TestDuplicateRulePanics(t *testing.T) {
	for name, families := range map[string][][]Rule{
		"twice in a family":     {{{ID: "a"}, {ID: "b"}, {ID: "a"}}},
		"once in two families":  {{{ID: "a"}}, {{ID: "b"}, {ID: "a"}}},
		"a rule without any ID": {{{ID: "a"}, {}}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			inOrder(families...)
		})
	}
}

func TestUnknownConfigurationIsRefused(t *testing.T) {
	for _, tc := range []struct {
		name    string
		actions map[string]Action
		want    string
	}{
		{"a misspelt rule", map[string]Action{"propagation-hostroot": Deny}, `no such rule; did you mean propagation-host-root?`},
		{"a misspelt action", map[string]Action{"propagation-host-root": "block"}, `unknown action "block": use deny, warn, audit or off`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := NewEvaluator(EvaluatorOptions{Actions: tc.actions})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one that says %q", err, tc.want)
			}
		})
	}
}

func TestConfiguredActionReplacesTheRules(t *testing.T) {
	kind, obj := decode(t, claimOf("local-path", "ReadWriteMany", ""))
	for _, action := range []Action{Deny, Warn, Audit} {
		e, err := NewEvaluator(EvaluatorOptions{Actions: map[string]Action{"access-mode-unsupported": action}})
		if err != nil {
			t.Fatal(err)
		}
		got := e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, Lookup: cluster}).Findings
		if len(got) != 1 || got[0].Action != action {
			t.Errorf("configured %s, got %+v", action, got)
		}
	}
	e, err := NewEvaluator(EvaluatorOptions{Actions: map[string]Action{"access-mode-unsupported": Off}})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, Lookup: cluster}).Findings; len(got) != 0 {
		t.Errorf("the rule is off, yet: %+v", got)
	}
}

func TestUpdateTellsOnlyWhatItMakesWorse(t *testing.T) {
	pod := func(containers ...string) string {
		return `{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {containers: [` + strings.Join(containers, ", ") +
			`], volumes: [{name: root, hostPath: {path: /}}, {name: opt, hostPath: {path: /opt}}]}}}}`
	}
	with := func(name, volume string) string {
		return `{name: ` + name + `, securityContext: {privileged: true}, volumeMounts: [{name: ` + volume + `, mountPath: /m, mountPropagation: Bidirectional}]}`
	}
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, old, new string
		want           []string
	}{
		{"nothing changed", pod(with("a", "root")), pod(with("a", "root")), nil},
		{"only the index shifted", pod(with("a", "root")), pod(`{name: first}`, with("a", "root")), nil},
		{"one more container", pod(with("a", "root")), pod(with("a", "root"), with("b", "root")), []string{`spec.template.spec.containers[1].volumeMounts[0].mountPropagation`}},
		{"another path", pod(with("a", "opt")), pod(with("a", "root")), []string{`spec.template.spec.containers[0].volumeMounts[0].mountPropagation`}},
		{"the same fault twice", pod(with("a", "opt")), pod(with("a", "opt"), with("a", "opt")), []string{`spec.template.spec.containers[1].volumeMounts[0].mountPropagation`}},
		{"fixed", pod(with("a", "opt")), pod(`{name: a}`), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			kind, old := decode(t, tc.old)
			_, obj := decode(t, tc.new)
			var got []string
			for _, f := range e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, Old: old}).Findings {
				if f.Rule == "propagation-bidirectional-path" {
					got = append(got, f.Path.String())
				}
			}
			diff(t, tc.want, got, "findings of the update")
		})
	}
}

func TestAPanicLeavesTheOtherRules(t *testing.T) {
	always := func(*Input) []Finding { return []Finding{{Message: "found"}} }
	onOld := func(in *Input) []Finding {
		if in.Object.(*corev1.Pod).Name == "old" {
			panic("old objects upset me")
		}
		return always(in)
	}
	e, err := newEvaluator([]Rule{
		{ID: "broken", Kinds: podKinds, Action: Deny, Check: func(*Input) []Finding { panic("boom") }},
		{ID: "broken-on-old", Kinds: podKinds, Action: Deny, Check: onOld},
		{ID: "sound", Kinds: podKinds, Action: Warn, Check: always},
	}, EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := e.Evaluate(context.Background(), Question{Kind: Pod, Object: &corev1.Pod{}})
	if len(got.Panics) != 1 || got.Panics[0].Rule != "broken" || got.Panics[0].Value != "boom" || len(got.Panics[0].Stack) == 0 {
		t.Errorf("the panic must be reported, got %+v", got.Panics)
	}
	if len(got.Findings) != 2 || got.Findings[1].Rule != "sound" {
		t.Errorf("the other rules must still be asked, got %+v", got.Findings)
	}
	old := &corev1.Pod{}
	old.Name = "old"
	got = e.Evaluate(context.Background(), Question{Kind: Pod, Object: &corev1.Pod{}, Old: old})
	if len(got.Panics) != 2 || len(got.Findings) != 0 {
		t.Errorf("what the old object had is not known, so nothing may be told of that rule; got %+v", got)
	}
}

func TestAnEndedContextSkipsRules(t *testing.T) {
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	kind, obj := decode(t, podMounting(bidirectional, "/", true))
	got := e.Evaluate(ctx, Question{Kind: kind, Object: obj})
	if len(got.Findings) != 0 || got.Skipped == 0 {
		t.Errorf("an ended request must not be worked on, got %+v", got)
	}
}

func TestOnlyWhatTheAPIServerRefuses(t *testing.T) {
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	kind, obj := decode(t, podMounting(bidirectional, "/", false))
	got := e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, OnlyExplainAPI: true}).Findings
	if len(got) != 1 || got[0].Rule != "propagation-bidirectional-unprivileged" {
		t.Errorf("got %+v", got)
	}
}

func TestKindTable(t *testing.T) {
	for _, k := range KindTable {
		if got, ok := KindOf(k.Version.Group, k.Version.Version, string(k.Kind)); !ok || got.Resource != k.Resource || k.New() == k.New() {
			t.Errorf("kind %s does not find itself", k.Kind)
		}
	}
	if _, ok := KindOf("apps", "v1beta1", "Deployment"); ok {
		t.Error("a version that is not served any more must not be decoded as v1")
	}
}

func BenchmarkEvaluatePod(b *testing.B) {
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		b.Fatal(err)
	}
	const clean = `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {
	  initContainers: [{name: init, volumeMounts: [{name: data, mountPath: /data}]}],
	  containers: [{name: db, volumeMounts: [{name: data, mountPath: /data}, {name: tls, mountPath: /tls}, {name: kube-api-access-x, mountPath: /t}]},
	    {name: exporter, volumeMounts: [{name: host, mountPath: /host, mountPropagation: HostToContainer, readOnly: true}]}],
	  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}, {name: tls, secret: {secretName: tls, defaultMode: 256}},
	    {name: host, hostPath: {path: /}}, {name: scratch, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: ebs, accessModes: [ReadWriteOnce]}}}},
	    {name: kube-api-access-x, projected: {defaultMode: 420, sources: [{serviceAccountToken: {path: token}}]}}]}}`
	for name, manifest := range map[string]string{"clean": clean, "denied": podMounting(bidirectional, "/", true)} {
		b.Run(name, func(b *testing.B) {
			kind, obj := decode(b, manifest)
			q := Question{Kind: kind, Object: obj, Lookup: cluster}
			b.ReportAllocs()
			for b.Loop() {
				e.Evaluate(context.Background(), q)
			}
		})
	}
}
