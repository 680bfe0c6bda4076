// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// writableEtc is a pod, or with template "template: {…}" around it a workload's, that hostpath-sensitive warns of.
const writableEtc = `serviceAccountName: agent, containers: [{name: c, image: i, resources: {limits: {memory: 1Gi}}, volumeMounts: [{name: etc, mountPath: /host}]}], volumes: [{name: etc, hostPath: {path: /etc}}]`

func podIgnoring(value string) string {
	return `{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: team, annotations: {moorage.dev/ignore: "` + value + `"}}, spec: {` + writableEtc + `}}`
}

// outcome is "rule=action" of each finding, and "rule lifted by …: reason" of each that was lifted.
func outcome(t *testing.T, opts EvaluatorOptions, q Question, manifest string) []string {
	t.Helper()
	e, err := NewEvaluator(opts)
	if err != nil {
		t.Fatal(err)
	}
	q.Kind, q.Object = decode(t, manifest)
	if q.Lookup == nil {
		q.Lookup = cluster
	}
	result := e.Evaluate(context.Background(), q)
	if len(result.Panics) > 0 {
		t.Fatalf("rule %s panicked: %v\n%s", result.Panics[0].Rule, result.Panics[0].Value, result.Panics[0].Stack)
	}
	var out []string
	for _, f := range result.Findings {
		out = append(out, f.Rule+"="+string(f.Action))
	}
	for _, x := range result.Exempted {
		out = append(out, x.Rule+" lifted by "+string(x.By)+": "+x.Reason)
	}
	return out
}

func TestExemptions(t *testing.T) {
	const told = "hostpath-sensitive=warn"
	plain := strings.Replace(podIgnoring(""), `, annotations: {moorage.dev/ignore: ""}`, "", 1)
	exempt := func(x ...Exemption) EvaluatorOptions { return EvaluatorOptions{Exemptions: x} }
	for _, tc := range []struct {
		name, reason, manifest string
		opts                   EvaluatorOptions
		user                   string
		want                   []string
	}{
		{name: "nothing", reason: "the finding that the cases are about", manifest: plain, want: []string{told}},
		{
			name: "the annotation", reason: "with a rule and a reason", manifest: podIgnoring("hostpath-sensitive: reads logs: all of them"),
			want: []string{"hostpath-sensitive lifted by annotation: reads logs: all of them"},
		},
		{
			name: "the annotation with several rules", reason: "spaces do not matter", manifest: podIgnoring(" secret-env , hostpath-sensitive :reason"),
			want: []string{"hostpath-sensitive lifted by annotation: reason"},
		},
		{name: "of another rule", reason: "only what is named", manifest: podIgnoring("secret-env: reason"), want: []string{told}},
		{name: "without a reason", reason: "nobody would know why", manifest: podIgnoring("hostpath-sensitive"), want: []string{told, "ignore-annotation=warn"}},
		{name: "with an empty reason", reason: "the same", manifest: podIgnoring("hostpath-sensitive: "), want: []string{told, "ignore-annotation=warn"}},
		{name: "with an unknown rule", reason: "then nothing of it counts", manifest: podIgnoring("hostpath-sensitive,hostpath: reason"), want: []string{told, "ignore-annotation=warn"}},
		{name: "with all rules", reason: "each is to be named", manifest: podIgnoring("*: reason"), want: []string{told, "ignore-annotation=warn"}},
		{
			name: "of a mandatory rule", reason: "nothing lifts it", manifest: podIgnoring("hostpath-sensitive: reason"),
			opts: EvaluatorOptions{Mandatory: []string{"hostpath-sensitive"}}, want: []string{told, "ignore-annotation=warn"},
		},
		{
			name: "the namespace", reason: "as configured", manifest: plain, opts: exempt(Exemption{Namespaces: []string{"a", "team"}, Reason: "why"}),
			want: []string{"hostpath-sensitive lifted by configuration: why"},
		},
		{name: "another namespace", reason: "not this one", manifest: plain, opts: exempt(Exemption{Namespaces: []string{"a"}, Reason: "why"}), want: []string{told}},
		{
			name: "another rule", reason: "not this one", manifest: plain,
			opts: exempt(Exemption{Namespaces: []string{"team"}, Rules: []string{"secret-env"}, Reason: "why"}), want: []string{told},
		},
		{
			name: "mandatory in an exempt namespace", reason: "an exemption without rules is not for mandatory ones", manifest: plain,
			opts: EvaluatorOptions{Mandatory: []string{"hostpath-sensitive"}, Exemptions: []Exemption{{Namespaces: []string{"team"}, Reason: "why"}}}, want: []string{told},
		},
		{
			name: "whom the pod runs as", reason: "its service account", manifest: plain, user: "jane",
			opts: exempt(Exemption{ServiceAccounts: []string{"team/agent"}, Reason: "why"}), want: []string{"hostpath-sensitive lifted by configuration: why"},
		},
		{
			name: "who makes it", reason: "a service account, too", manifest: plain, user: "system:serviceaccount:ci:deployer",
			opts: exempt(Exemption{ServiceAccounts: []string{"ci/deployer"}, Reason: "why"}), want: []string{"hostpath-sensitive lifted by configuration: why"},
		},
		{name: "an account of that name elsewhere", reason: "names are of a namespace", manifest: plain, opts: exempt(Exemption{ServiceAccounts: []string{"other/agent"}, Reason: "why"}), want: []string{told}},
		{
			name: "one of two conditions", reason: "all of an entry must be true", manifest: plain,
			opts: exempt(Exemption{Namespaces: []string{"other"}, ServiceAccounts: []string{"team/agent"}, Reason: "why"}), want: []string{told},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			diff(t, tc.want, outcome(t, tc.opts, Question{User: tc.user}, tc.manifest), tc.reason)
		})
	}
}

// TestTheAnnotationOfATemplate promises that a workload is not admitted with an exemption that its pods and claims do not have.
func TestTheAnnotationOfATemplate(t *testing.T) {
	const annotation = `annotations: {moorage.dev/ignore: "hostpath-sensitive: reason"}`
	const told, lifted = "hostpath-sensitive=warn", "hostpath-sensitive lifted by annotation: reason"
	deployment := func(own, template string) string {
		return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, ` + own + `}, spec: {template: {metadata: {` + template + `}, spec: {` + writableEtc + `}}}}`
	}
	cron := `{apiVersion: batch/v1, kind: CronJob, metadata: {name: d}, spec: {jobTemplate: {spec: {template: {metadata: {` + annotation + `}, spec: {` + writableEtc + `}}}}}}`
	pick := func(all []string) []string {
		return slices.DeleteFunc(all, func(s string) bool { return !strings.HasPrefix(s, "hostpath-sensitive") })
	}
	diff(t, []string{told}, pick(outcome(t, EvaluatorOptions{}, Question{}, deployment(annotation, ""))), "the pods do not have the Deployment's annotation")
	diff(t, []string{lifted}, pick(outcome(t, EvaluatorOptions{}, Question{}, deployment("", annotation))), "the pods have the template's annotation")
	diff(t, []string{lifted}, pick(outcome(t, EvaluatorOptions{}, Question{}, cron)), "the pods have the template's annotation")

	const modes = `annotations: {moorage.dev/ignore: "access-mode-unsupported: reason"}`
	claim := func(own, template string) string {
		return `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: d, ` + own + `}, spec: {template: {spec: {containers: [{name: c, volumeMounts: [{name: data, mountPath: /d}]}]}}, volumeClaimTemplates: [{metadata: {name: data, ` + template + `}, spec: {storageClassName: ebs, accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}}]}}`
	}
	diff(t, []string{"access-mode-unsupported=deny"}, outcome(t, EvaluatorOptions{}, Question{}, claim(modes, "")), "the claims do not have the StatefulSet's annotation")
	diff(t, []string{"access-mode-unsupported lifted by annotation: reason"}, outcome(t, EvaluatorOptions{}, Question{}, claim("", modes)), "the claims have the template's annotation")

	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	kind, object := decode(t, deployment(annotation, ""))
	for _, f := range e.Evaluate(context.Background(), Question{Kind: kind, Object: object}).Findings {
		if f.Rule == "hostpath-sensitive" && !strings.Contains(f.Remediation, "put the annotation into spec.template.metadata") {
			t.Errorf("the author is not told where the annotation belongs: %s", f.Remediation)
		}
	}
}

func TestNamespaceActions(t *testing.T) {
	selecting := func(s metav1.LabelSelector) NamespaceSelector {
		selector, err := NewNamespaceSelector(&s)
		if err != nil {
			t.Fatal(err)
		}
		return selector
	}
	sandbox := selecting(metav1.LabelSelector{MatchLabels: map[string]string{"tier": "sandbox"}})
	notProduction := selecting(metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"production"}}}})
	byName := selecting(metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "team"}})
	in := func(labels string) *topology.Snapshot {
		return clusterOf(nil, `{apiVersion: v1, kind: Namespace, metadata: {name: team, labels: {`+labels+`}}}`)
	}
	opts := EvaluatorOptions{
		Actions: map[string]Action{"hostpath-sensitive": Deny},
		NamespaceActions: []NamespaceActions{
			{Selector: sandbox, Actions: map[string]Action{"secret-env": Deny, "hostpath-sensitive": Off}},
			{Selector: notProduction, Actions: map[string]Action{"hostpath-sensitive": Audit}},
		},
	}
	named := EvaluatorOptions{NamespaceActions: []NamespaceActions{{Selector: byName, Actions: map[string]Action{"hostpath-sensitive": Deny}}}}
	generallyOff := EvaluatorOptions{
		Actions:          map[string]Action{"hostpath-sensitive": Off},
		NamespaceActions: []NamespaceActions{{Selector: sandbox, Actions: map[string]Action{"hostpath-sensitive": Warn}}},
	}
	manifest := podIgnoring("secret-env: reason")
	for _, tc := range []struct {
		name, reason string
		opts         EvaluatorOptions
		lookup       *topology.Snapshot
		want         []string
	}{
		{"the first that selects it", "off there", opts, in("tier: sandbox"), nil},
		{"the second", "no tier is not production", opts, in(""), []string{"hostpath-sensitive=audit"}},
		{"none", "the general action", opts, in("tier: production"), []string{"hostpath-sensitive=deny"}},
		{"a namespace that is not known", "that it has no tier is not known either", opts, cluster, []string{"hostpath-sensitive=deny"}},
		{"by name", "which is known of every namespace", named, cluster, []string{"hostpath-sensitive=deny"}},
		{"off but there", "on only where it is said", generallyOff, in("tier: sandbox"), []string{"hostpath-sensitive=warn"}},
		{"off and elsewhere", "off", generallyOff, in("tier: x"), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			diff(t, tc.want, outcome(t, tc.opts, Question{Lookup: tc.lookup}, manifest), tc.reason)
		})
	}
	if sandbox.NeedsLabels() == byName.NeedsLabels() {
		t.Error("only a selector of more than the name needs labels")
	}
	if none := (NamespaceSelector{}); none.NeedsLabels() || none.Matches(in(""), "team") {
		t.Error("the zero value selects nothing")
	}
	if everything := selecting(metav1.LabelSelector{}); !everything.Matches(in(""), "team") || everything.Matches(in(""), "") {
		t.Error("an empty selector selects every namespace, and no object without one")
	}
}

func TestExemptionErrors(t *testing.T) {
	for _, tc := range []struct {
		name string
		opts EvaluatorOptions
		want string
	}{
		{"of everything", EvaluatorOptions{Exemptions: []Exemption{{Reason: "r"}}}, "would exempt everything"},
		{"without reason", EvaluatorOptions{Exemptions: []Exemption{{Namespaces: []string{"a"}}}}, "gives no reason"},
		{"an account without namespace", EvaluatorOptions{Exemptions: []Exemption{{ServiceAccounts: []string{"a"}, Reason: "r"}}}, "not namespace/name"},
		{"of an unknown rule", EvaluatorOptions{Exemptions: []Exemption{{Namespaces: []string{"a"}, Rules: []string{"secret-en"}, Reason: "r"}}}, "did you mean secret-env"},
		{"of a mandatory rule", EvaluatorOptions{
			Mandatory: []string{"secret-env"}, Exemptions: []Exemption{{Namespaces: []string{"a"}, Rules: []string{"secret-env"}, Reason: "r"}},
		}, "mandatory"},
		{"an unknown mandatory rule", EvaluatorOptions{Mandatory: []string{"secret-en"}}, "did you mean secret-env"},
		{"an unknown rule in a namespace", EvaluatorOptions{NamespaceActions: []NamespaceActions{{Actions: map[string]Action{"secret-en": Off}}}}, "did you mean secret-env"},
	} {
		if _, err := NewEvaluator(tc.opts); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want one that says %q", tc.name, err, tc.want)
		}
	}
}
