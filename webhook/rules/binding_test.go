// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"testing"
)

func TestBindingNodeName(t *testing.T) {
	const told = `spec.nodeName: nodeName "node-1" bypasses the scheduler, so `
	runRuleIn(t, storage, "binding-node-name", []ruleCase{
		{
			name: "a pod on its node", reason: "nobody selects the node for the claim", action: Deny,
			manifest: podUsing("nodeName: node-1, ", "waits"), want: []string{told + `claim "waits" (class "ebs-wait", WaitForFirstConsumer) is never provisioned`},
		},
		{
			name: "an ephemeral volume", reason: "its claim waits in the same way", action: Deny,
			manifest: `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: node-1, containers: [], volumes: [{name: scratch, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: ebs-wait}}}}]}}`,
			want:     []string{told + `ephemeral volume "scratch" (class "ebs-wait", WaitForFirstConsumer) is never provisioned`},
		},
		{
			name: "a Deployment", reason: "its pods come later, so it is not certain yet", action: Warn,
			manifest: deploymentUsing("nodeName: node-1, ", "waits"),
			want:     []string{`spec.template.` + told + `claim "waits" (class "ebs-wait", WaitForFirstConsumer) is never provisioned`},
		},
		{name: "no nodeName", reason: "the scheduler takes part", manifest: podUsing("", "waits")},
		{name: "a node selector", reason: "the scheduler takes part", manifest: podUsing("nodeSelector: {kubernetes.io/hostname: node-1}, ", "waits")},
		{name: "a bound claim", reason: "there is nothing left to provision", manifest: podUsing("nodeName: node-1, ", "in-a")},
		{name: "an immediate class", reason: "provisioned without a pod", manifest: podUsing("nodeName: node-1, ", "immediate")},
		{name: "a node is selected", reason: "provisioning goes on", manifest: podUsing("nodeName: node-1, ", "selected")},
		{name: "a volume is kept for the claim", reason: "the controller binds it without a pod", manifest: podUsing("nodeName: node-1, ", "kept")},
		{name: "another pod uses the claim", reason: "that one may have it provisioned", manifest: podUsing("nodeName: node-1, ", "shared")},
		{name: "a claim that does not exist", reason: "binding-class-missing speaks of it", manifest: podUsing("nodeName: node-1, ", "absent")},
		{name: "no claims", reason: "nothing to bind", manifest: podUsing("nodeName: node-1, ")},
	})
}

func TestBindingNoClass(t *testing.T) {
	claim := func(spec string) string {
		return `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], ` + spec + `}}`
	}
	runRuleIn(t, storage, "binding-no-class", []ruleCase{
		{
			name: "a claim too large", reason: "the only volume without a class has 10Gi", action: Warn,
			manifest: claim("resources: {requests: {storage: 11Gi}}"),
			want:     []string{`spec.storageClassName: the claim names no StorageClass, the cluster has no default one, and no available PersistentVolume fits it`},
		},
		{
			name: "no class on purpose", reason: "the volume must exist, and has another label", action: Warn,
			manifest: claim(`storageClassName: "", selector: {matchLabels: {tier: silver}}`),
			want:     []string{`spec.storageClassName: the claim asks for no StorageClass, and no available PersistentVolume fits it`},
		},
		{
			name: "a template", reason: "its claims will be such claims", action: Warn,
			manifest: `{apiVersion: apps/v1, kind: StatefulSet, spec: {volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteMany]}}]}}`,
			want: []string{`spec.volumeClaimTemplates[0].spec.storageClassName: claim template "data": the claim names no StorageClass, ` +
				`the cluster has no default one, and no available PersistentVolume fits it`},
		},
		{name: "a volume fits", reason: "it is bound to it", manifest: claim(`storageClassName: "", resources: {requests: {storage: 10Gi}}`)},
		{name: "a volume is selected", reason: "its label matches", manifest: claim(`storageClassName: "", selector: {matchLabels: {tier: gold}}`)},
		{name: "a volume is named", reason: "it may still be made", manifest: claim(`storageClassName: "", volumeName: later`)},
		{name: "a class", reason: "binding-class-missing speaks of it", manifest: claim(`storageClassName: absent`)},
	})
	withDefault := clusterOf(nil, `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: std,
	  annotations: {storageclass.kubernetes.io/is-default-class: "true"}}, provisioner: ebs.csi.aws.com}`)
	runRuleIn(t, withDefault, "binding-no-class", []ruleCase{
		{name: "a default class", reason: "the claim gets it", manifest: claim("resources: {requests: {storage: 11Gi}}")},
	})
}

func TestBindingClassMissing(t *testing.T) {
	runRuleIn(t, storage, "binding-class-missing", []ruleCase{
		{
			name: "a misspelt class", reason: "nothing provisions it", action: Warn, manifest: claimOf("ebss", "ReadWriteOnce", ""),
			want: []string{`spec.storageClassName: StorageClass "ebss" does not exist yet, nor an available PersistentVolume of that class`},
		},
		{
			name: "a misspelt claim", reason: "the pod is not scheduled", action: Warn, manifest: deploymentUsing("", "dat"),
			want: []string{`spec.template.spec.volumes[0].persistentVolumeClaim.claimName: claim "dat" of volume "v" does not exist yet in namespace "default"`},
		},
		{name: "a class that is only a name", reason: "volumes made by hand carry it", manifest: claimOf("manual", "ReadWriteOnce", "")},
		{name: "a class that exists", reason: "the ordinary case", manifest: claimOf("ebs-wait", "ReadWriteOnce", "")},
		{name: "a volume is named", reason: "the class only has to be the same as the volume's", manifest: claimOf("any", "ReadWriteOnce", ", volumeName: pv-1")},
		{name: "a claim that exists", reason: "the ordinary case", manifest: podUsing("", "waits")},
		{
			name: "a pod of a controller", reason: "its claims were made a moment ago",
			manifest: `{apiVersion: v1, kind: Pod, metadata: {name: db-0, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: u, controller: true}]},
			  spec: {containers: [], volumes: [{name: data, persistentVolumeClaim: {claimName: data-db-0}}]}}`,
		},
		{
			name: "a claim template takes the volume's place", reason: "the named claim is never used",
			manifest: `{apiVersion: apps/v1, kind: StatefulSet, spec: {volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: ebs}}],
			  template: {spec: {containers: [], volumes: [{name: data, persistentVolumeClaim: {claimName: placeholder}}]}}}}`,
		},
	})
	inFiles := clusterOf(commonClasses)
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, manifest := range []string{
		claimOf("elsewhere", "ReadWriteOnce", ""), podUsing("", "elsewhere"),
		`{apiVersion: v1, kind: PersistentVolumeClaim, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`,
	} {
		kind, obj := decode(t, manifest)
		if got := e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, Namespace: "default", Lookup: inFiles, Partial: true}); len(got.Findings) != 0 {
			t.Errorf("what a set of files does not hold may exist, yet: %+v", got.Findings)
		}
	}
}

func TestBindingSelectorDynamic(t *testing.T) {
	selecting := func(class, tier string) string {
		return claimOf(class, "ReadWriteOnce", ", selector: {matchLabels: {tier: "+tier+"}}")
	}
	runRuleIn(t, storage, "binding-selector-dynamic", []ruleCase{
		{
			name: "no volume to select", reason: "the provisioner refuses the claim", action: Warn, manifest: selecting("ebs", "gold"),
			want: []string{`spec.selector: class "ebs" provisions volumes, and none is provisioned for a claim with a selector; no available one matches`},
		},
		{
			name: "another label", reason: "the volume of the class is not meant", action: Warn, manifest: selecting("efs", "silver"),
			want: []string{`spec.selector: class "efs" provisions volumes, and none is provisioned for a claim with a selector; no available one matches`},
		},
		{name: "a volume of the class matches", reason: "it is bound", manifest: selecting("efs", "gold")},
		{name: "a class of volumes made by hand", reason: "what selectors are for", manifest: selecting("static", "gold")},
		{name: "a class that is only a name", reason: "nothing is provisioned", manifest: selecting("manual", "silver")},
		{name: "no selector", reason: "the ordinary case", manifest: claimOf("ebs", "ReadWriteOnce", "")},
	})
}
