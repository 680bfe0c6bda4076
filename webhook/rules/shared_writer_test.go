// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
)

// replicated is a Deployment whose pods mount a claim.
func replicated(fields, claim string) string {
	return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {` + fields + `template: {spec: {containers: [{name: c, image: i,
	  volumeMounts: [{name: data, mountPath: /data}]}], volumes: [{name: data, persistentVolumeClaim: {claimName: ` + claim + `}}]}}}}`
}

const sharedAt = "spec.template.spec.volumes[0].persistentVolumeClaim.claimName: "

func TestAccessModeSharedWriter(t *testing.T) {
	const overlap = sharedAt + "a rolling update starts the next pod before the last one is gone, and both use "
	recreate, noSurge := "strategy: {type: Recreate}, ", "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}, "
	runRuleIn(t, workloads, "access-mode-shared-writer", []ruleCase{
		{
			name: "replicas on a disk", reason: "the disk is attached to one node", action: Warn, manifest: replicated("replicas: 3, ", "disk"),
			want: []string{sharedAt + `its replicas share ReadWriteOnce claim "disk"`},
		},
		{
			name: "a claim that waits", reason: "its class's driver attaches its volumes", action: Warn, manifest: replicated("replicas: 2, ", "waits"),
			want: []string{sharedAt + `its replicas share ReadWriteOnce claim "waits"`},
		},
		{
			name: "an in-tree class", reason: "it is redirected to the same driver", action: Warn, manifest: replicated("replicas: 2, ", "waits-in-tree"),
			want: []string{sharedAt + `its replicas share ReadWriteOnce claim "waits-in-tree"`},
		},
		{
			name: "one replica and the default strategy", reason: "25% of 1 are one more, and none less", action: Warn, manifest: replicated("", "disk"),
			want: []string{overlap + `ReadWriteOnce claim "disk"`},
		},
		{
			name: "one replica and a surge of a number", reason: "as written", action: Warn,
			manifest: replicated("replicas: 1, strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}, ", "disk"),
			want:     []string{overlap + `ReadWriteOnce claim "disk"`},
		},
		{
			name: "a ReplicaSet", reason: "its pods share the claim as well", action: Warn,
			manifest: strings.Replace(replicated("replicas: 2, ", "disk"), "Deployment", "ReplicaSet", 1),
			want:     []string{sharedAt + `its replicas share ReadWriteOnce claim "disk"`},
		},
		{
			name: "replicas on an exclusive claim", reason: "the second pod can never run, wherever", action: Deny, manifest: replicated("replicas: 2, ", "exclusive"),
			want: []string{sharedAt + `its replicas share ReadWriteOncePod claim "exclusive"`},
		},
		{
			name: "one replica on an exclusive claim", reason: "it runs, and its first update does not end", action: Warn, manifest: replicated("", "exclusive"),
			want: []string{overlap + `ReadWriteOncePod claim "exclusive"`},
		},
		{name: "one replica, recreated", reason: "what the remedy says", manifest: replicated(recreate, "disk")},
		{name: "one replica, no surge", reason: "the old pod goes first", manifest: replicated(noSurge, "disk")},
		{name: "one replica may be missing", reason: "the old pod goes at the same time", manifest: replicated("strategy: {rollingUpdate: {maxUnavailable: 100%}}, ", "disk")},
		{name: "an exclusive claim, recreated", reason: "one pod at a time", manifest: replicated(recreate, "exclusive")},
		{name: "no replicas", reason: "scaled down", manifest: replicated("replicas: 0, ", "disk")},
		{name: "a file system", reason: "what it is for", manifest: replicated("replicas: 3, ", "files")},
		{name: "ReadWriteOnce of a file system", reason: "nothing is attached, so nothing is in the way", manifest: replicated("replicas: 3, ", "waits-efs")},
		{name: "a volume of one node", reason: "the pods run where it is, all of them", manifest: replicated("replicas: 3, ", "here")},
		{name: "volumes of one node", reason: "the same, once it is made", manifest: replicated("replicas: 3, ", "waits-topolvm")},
		{name: "a directory of one node", reason: "the same", manifest: replicated("replicas: 3, ", "waits-local-path")},
		{name: "a claim of either mode", reason: "bound, it may be shared", manifest: replicated("replicas: 3, ", "either")},
		{name: "a driver of which little is known", reason: "in doubt no finding", manifest: replicated("replicas: 3, ", "waits-unknown")},
		{name: "a claim that does not exist", reason: "nothing is known of it", manifest: replicated("replicas: 3, ", "absent")},
		{
			name: "pods that select one node", reason: "on one node they can share",
			manifest: strings.Replace(replicated("replicas: 2, ", "disk"), "containers:", "nodeSelector: {kubernetes.io/hostname: node-0}, containers:", 1),
		},
		{
			name: "a Deployment's ReplicaSet", reason: "the Deployment has been asked about",
			manifest: strings.NewReplacer("Deployment", "ReplicaSet", "name: web",
				"name: web-1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}]").Replace(replicated("replicas: 2, ", "disk")),
		},
		{
			name: "a StatefulSet's own claims", reason: "each pod has one",
			manifest: `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {replicas: 3, template: {spec: {containers: [{name: c, image: i}]}},
			  volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: ebs, accessModes: [ReadWriteOnce]}}]}}`,
		},
		{
			name: "ephemeral volumes", reason: "each pod has one",
			manifest: strings.Replace(replicated("replicas: 3, ", "x"), "persistentVolumeClaim: {claimName: x}",
				"ephemeral: {volumeClaimTemplate: {spec: {storageClassName: ebs, accessModes: [ReadWriteOncePod]}}}", 1),
		},
	})
}

func TestAccessModeSharedWriterInFiles(t *testing.T) {
	askRule(t, Question{Lookup: workloadFiles, Partial: true}, "access-mode-shared-writer", []ruleCase{
		{
			name: "a class among the files", reason: "the catalog knows that such disks are attached", action: Warn, manifest: replicated("replicas: 2, ", "waits"),
			want: []string{sharedAt + `its replicas share ReadWriteOnce claim "waits"`},
		},
		{
			name: "a prefixed ceph driver", reason: "the same", action: Warn, manifest: replicated("replicas: 2, ", "waits-rbd"),
			want: []string{sharedAt + `its replicas share ReadWriteOnce claim "waits-rbd"`},
		},
		{name: "a driver that nobody knows", reason: "its CSIDriver object may say that nothing is attached", manifest: replicated("replicas: 2, ", "here")},
	})
}

func TestAccessModeSharedWriterOnOneNode(t *testing.T) {
	one := clusterOf(commonClasses, append(claimedManifests(), `{apiVersion: v1, kind: Node, metadata: {name: minikube}}`)...)
	runRuleIn(t, one, "access-mode-shared-writer", []ruleCase{
		{name: "replicas on a disk", reason: "all pods are where it is attached", manifest: replicated("replicas: 2, ", "disk")},
		{
			name: "replicas on an exclusive claim", reason: "one pod, not one node", action: Deny, manifest: replicated("replicas: 2, ", "exclusive"),
			want: []string{sharedAt + `its replicas share ReadWriteOncePod claim "exclusive"`},
		},
	})
}
