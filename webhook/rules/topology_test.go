// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/moorage-k8s/moorage/catalog"
)

func TestBindingImmediateZonal(t *testing.T) {
	runRuleIn(t, storage, "binding-immediate-zonal", []ruleCase{
		{
			name: "a zonal disk", reason: "Immediate is what the API server writes for nothing", action: Warn,
			manifest: storageClassOf("ebs.csi.aws.com", ", volumeBindingMode: Immediate"),
			want:     []string{`volumeBindingMode: a volume of ebs.csi.aws.com belongs to one zone, and with Immediate it is chosen before the pod is scheduled`},
		},
		{
			name: "unset in a file", reason: "it becomes Immediate", action: Warn, manifest: storageClassOf("topolvm.io", ""),
			want: []string{`volumeBindingMode: a volume of topolvm.io belongs to one node, and with Immediate it is chosen before the pod is scheduled`},
		},
		{
			name: "an in-tree name", reason: "its CSI driver is zonal", action: Warn, manifest: storageClassOf("kubernetes.io/gce-pd", ""),
			want: []string{`volumeBindingMode: a volume of pd.csi.storage.gke.io belongs to one zone, and with Immediate it is chosen before the pod is scheduled`},
		},
		{
			name: "local volumes", reason: "the documentation of local volumes says so", action: Warn, manifest: storageClassOf(noProvisioner, ""),
			want: []string{`volumeBindingMode: statically created volumes may be reachable from some nodes only, and with Immediate it is chosen before the pod is scheduled`},
		},
		{name: "waits", reason: "as it should", manifest: storageClassOf("ebs.csi.aws.com", ", volumeBindingMode: WaitForFirstConsumer")},
		{
			name: "one zone allowed", reason: "there is nothing to choose",
			manifest: storageClassOf("ebs.csi.aws.com", ", allowedTopologies: [{matchLabelExpressions: [{key: topology.ebs.csi.aws.com/zone, values: [a]}]}]"),
		},
		{name: "a file system of the region", reason: "reached from everywhere", manifest: storageClassOf("efs.csi.aws.com", "")},
		{name: "an unknown driver", reason: "in doubt no finding", manifest: storageClassOf("csi.acme.example", "")},
		{name: "an installation without topology", reason: "its CSINodes say so, and are believed", manifest: storageClassOf("csi.hetzner.cloud", "")},
		{
			name: "volumes made by hand on NFS", reason: "those that exist are reached from everywhere",
			manifest: `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: manual}, provisioner: kubernetes.io/no-provisioner}`,
		},
	})
}

func TestBindingNoCommonNode(t *testing.T) {
	runRuleIn(t, storage, "binding-no-common-node", []ruleCase{
		{
			name: "two zones", reason: "no node is in both", action: Warn, manifest: podUsing("", "in-a", "in-b"),
			want: []string{`spec.volumes[1].persistentVolumeClaim.claimName: volume pv-b of claim "in-b" can be reached from no node from which volume pv-a of claim "in-a" can`},
		},
		{
			name: "a class of another zone", reason: "the volume would be made where the other is not", action: Warn, manifest: podUsing("", "in-a", "waits-b"),
			want: []string{`spec.volumes[1].persistentVolumeClaim.claimName: class "ebs-b" of claim "waits-b" can be reached from no node from which volume pv-a of claim "in-a" can`},
		},
		{
			name: "a zone without nodes", reason: "the pod waits for a node there", action: Warn, manifest: deploymentUsing("", "nowhere"),
			want: []string{`spec.template.spec.volumes[0].persistentVolumeClaim.claimName: volume pv-c of claim "nowhere" can be reached from no node of the cluster`},
		},
		{
			name: "a clone of a volume of another zone", reason: "EBS makes a clone where its source is", action: Warn, manifest: podUsing("", "in-b", "clone-of-a"),
			want: []string{`spec.volumes[1].persistentVolumeClaim.claimName: volume pv-a of claim "in-a", of which claim "clone-of-a" is a copy, can be reached from no node from which volume pv-b of claim "in-b" can`},
		},
		{name: "a clone of a volume of the same zone", reason: "it is made there", manifest: podUsing("", "in-a2", "clone-of-a")},
		{name: "one zone", reason: "two nodes reach both", manifest: podUsing("", "in-a", "in-a2")},
		{name: "a class of the same zone", reason: "it is made there", manifest: podUsing("", "in-b", "waits-b")},
		{name: "a class of any zone", reason: "it is made where the other is", manifest: podUsing("", "in-a", "waits")},
		{name: "a claim that does not exist", reason: "binding-class-missing speaks of it", manifest: podUsing("", "in-a", "absent")},
	})
}

func TestTopologyKeys(t *testing.T) {
	allowed := func(key string) string {
		return storageClassOf("ebs.csi.aws.com", ", volumeBindingMode: WaitForFirstConsumer, allowedTopologies: [{matchLabelExpressions: [{key: "+key+", values: [a]}]}]")
	}
	affine := func(terms, rest string) string {
		return volumeOf("local: {path: /d}, nodeAffinity: {required: {nodeSelectorTerms: ["+terms+"]}}", "ReadWriteOnce", rest)
	}
	runRuleIn(t, storage, "topology-key-unknown", []ruleCase{
		{
			name: "another driver's key", reason: "no node carries it", action: Warn, manifest: allowed("topology.gke.io/zone"),
			want: []string{`allowedTopologies[0].matchLabelExpressions[0].key: no node has the label "topology.gke.io/zone", and no driver reports it`},
		},
		{
			name: "a volume's misspelt key", reason: "no node is ever right", action: Warn,
			manifest: affine("{matchExpressions: [{key: kubernetes.io/host, operator: In, values: [node-1]}]}", ""),
			want: []string{`spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: ` +
				`no node has the label "kubernetes.io/host", and no driver reports it`},
		},
		{name: "a label of nodes", reason: "the ordinary case", manifest: allowed("topology.kubernetes.io/zone")},
		{name: "a key of the driver", reason: "its nodes will carry it", manifest: allowed("topology.example.com/rack")},
		{
			name: "a key of a driver with a prefix", reason: "nodes register it under the whole name",
			manifest: storageClassOf("rook-ceph.rbd.csi.ceph.com", ", volumeBindingMode: WaitForFirstConsumer, allowedTopologies: [{matchLabelExpressions: [{key: topology.rook.example/rack, values: [a]}]}]"),
		},
		{
			name: "one alternative of two", reason: "the other one matches nodes",
			manifest: affine("{matchExpressions: [{key: old, operator: In, values: [x]}]}, {matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-1]}]}", ""),
		},
		{name: "nodes without the label", reason: "all are", manifest: affine("{matchExpressions: [{key: spot, operator: DoesNotExist}]}", "")},
		{
			name: "a volume that a provisioner made", reason: "it knows its nodes",
			manifest: affine("{matchExpressions: [{key: x, operator: In, values: [y]}]}", ", annotations: {pv.kubernetes.io/provisioned-by: d}"),
		},
		{name: "a beta key", reason: "topology-beta-key speaks of it", manifest: allowed("failure-domain.beta.kubernetes.io/zone")},
	})
	runRuleIn(t, storage, "topology-key-foreign", []ruleCase{
		{
			name: "a label of nodes that is no key", reason: "the provisioner looks at its driver's keys alone", action: Warn, manifest: allowed("topology.kubernetes.io/zone"),
			want: []string{`allowedTopologies[0].matchLabelExpressions[0].key: driver ebs.csi.aws.com provisions by topology.ebs.csi.aws.com/zone and topology.example.com/rack, not by the label topology.kubernetes.io/zone`},
		},
		{name: "a key of the driver", reason: "as it should be", manifest: allowed("topology.ebs.csi.aws.com/zone")},
		{
			name: "one alternative of two", reason: "by the other one it provisions",
			manifest: storageClassOf("ebs.csi.aws.com", ", allowedTopologies: [{matchLabelExpressions: [{key: topology.kubernetes.io/zone, values: [a]}]}, {matchLabelExpressions: [{key: topology.ebs.csi.aws.com/zone, values: [a]}]}]"),
		},
		{
			name: "an in-tree name", reason: "its terms are translated to the driver's key",
			manifest: storageClassOf("kubernetes.io/aws-ebs", ", allowedTopologies: [{matchLabelExpressions: [{key: topology.kubernetes.io/zone, values: [a]}]}]"),
		},
		{
			name: "an installation without topology", reason: "its provisioner does not look", manifest: storageClassOf("csi.hetzner.cloud", ", allowedTopologies: [{matchLabelExpressions: [{key: topology.kubernetes.io/zone, values: [a]}]}]"),
		},
		{name: "a label that no node has", reason: "topology-key-unknown speaks of it", manifest: allowed("topology.gke.io/zone")},
	})
	runRuleIn(t, storage, "topology-beta-key", []ruleCase{
		{
			name: "a class", reason: "the tutorials of 2018", action: Warn, manifest: allowed("failure-domain.beta.kubernetes.io/zone"),
			want: []string{`allowedTopologies[0].matchLabelExpressions[0].key: label failure-domain.beta.kubernetes.io/zone is deprecated, and new nodes may not have it`},
		},
		{
			name: "a volume", reason: "the same", action: Warn, manifest: affine("{matchExpressions: [{key: failure-domain.beta.kubernetes.io/region, operator: In, values: [r]}]}", ""),
			want: []string{`spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: ` +
				`label failure-domain.beta.kubernetes.io/region is deprecated, and new nodes may not have it`},
		},
		{name: "the present key", reason: "as it should be", manifest: allowed("topology.kubernetes.io/zone")},
		{
			name: "a driver that places by the old key", reason: "its CSINodes say so",
			manifest: volumeOf("csi: {driver: old.csi.example.com, volumeHandle: v}, nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: failure-domain.beta.kubernetes.io/zone, operator: In, values: [a]}]}]}}", "ReadWriteOnce", ""),
		},
		{name: "a beta label on the volume", reason: "the scheduler reads it as the present one", manifest: volumeOf("nfs: {server: nfs, path: /}", "ReadWriteOnce", ", labels: {failure-domain.beta.kubernetes.io/zone: a}")},
	})
}

// TestBetaKeyInPlaceOfTheDriversOwn promises that the advice for a class is the label by which its driver provisions, as the present zone label may be as wrong
// as the old one.
func TestBetaKeyInPlaceOfTheDriversOwn(t *testing.T) {
	for _, test := range []struct{ provisioner, want, reason string }{
		{"pd.csi.storage.gke.io", "use topology.gke.io/zone", "the catalog knows its one key"},
		{"ebs.csi.aws.com", "use topology.ebs.csi.aws.com/zone", "its nodes give this and another that is no zone"},
		{"kubernetes.io/gce-pd", "use topology.kubernetes.io/zone", "the class is translated"},
		{"csi.example.com", "use topology.kubernetes.io/zone", "nothing is known of it"},
		{"csi.vsphere.vmware.com", "use topology.kubernetes.io/zone", "the administrator names its keys"},
	} {
		_, object := decode(t, storageClassOf(test.provisioner, ", allowedTopologies: [{matchLabelExpressions: [{key: failure-domain.beta.kubernetes.io/zone, values: [a]}]}]"))
		found := topologyBetaKey(&Input{Kind: StorageClass, Object: object, Lookup: storage, Catalog: catalog.Default()})
		if len(found) != 1 || found[0].Remediation != test.want {
			t.Errorf("%s: got %+v, want the remediation %q: %s", test.provisioner, found, test.want, test.reason)
		}
	}
}

// TestNodesOfTheBetaTime promises that a cluster whose nodes carry only the old labels is not told to use the present ones.
func TestNodesOfTheBetaTime(t *testing.T) {
	node := func(label string) string {
		return `{apiVersion: v1, kind: Node, metadata: {name: n, labels: {` + label + `: a}}}`
	}
	class := storageClassOf("csi.example.com", ", allowedTopologies: [{matchLabelExpressions: [{key: failure-domain.beta.kubernetes.io/zone, values: [a]}]}]")
	runRuleIn(t, clusterOf(nil, node("failure-domain.beta.kubernetes.io/zone")), "topology-beta-key", []ruleCase{
		{name: "only the old label", reason: "the present one would match nothing", manifest: class},
	})
	runRuleIn(t, clusterOf(nil, node("topology.kubernetes.io/zone")), "topology-beta-key", []ruleCase{
		{
			name: "the present label", reason: "the old one matches nothing", action: Warn, manifest: class,
			want: []string{`allowedTopologies[0].matchLabelExpressions[0].key: label failure-domain.beta.kubernetes.io/zone is deprecated, and new nodes may not have it`},
		},
	})
}

func TestTopologyPVUnpinned(t *testing.T) {
	const ebs = "csi: {driver: ebs.csi.aws.com, volumeHandle: vol-1}"
	runRuleIn(t, storage, "topology-pv-unpinned", []ruleCase{
		{
			name: "a node's own EBS device", reason: "every node has one", manifest: volumeOf("csi: {driver: ebs.csi.aws.com, volumeHandle: \"local-ebs://dev/xvdbz\"}", "ReadWriteMany", ""),
		},
		{
			name: "a disk", reason: "it attaches in one zone only", action: Warn, manifest: volumeOf(ebs, "ReadWriteOnce", ""),
			want: []string{`spec.nodeAffinity: a volume of ebs.csi.aws.com belongs to one zone, and the object does not say which`},
		},
		{
			name: "an in-tree disk", reason: "the same disk", action: Warn, manifest: volumeOf("gcePersistentDisk: {pdName: d}", "ReadWriteOnce", ""),
			want: []string{`spec.nodeAffinity: a volume of pd.csi.storage.gke.io belongs to one zone, and the object does not say which`},
		},
		{name: "with affinity", reason: "it says where it is", manifest: volumeOf(ebs+", nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: k, operator: Exists}]}]}}", "ReadWriteOnce", "")},
		{name: "with a zone label", reason: "the scheduler reads it", manifest: volumeOf(ebs, "ReadWriteOnce", ", labels: {topology.kubernetes.io/zone: a}")},
		{name: "made by a provisioner", reason: "it knows where its volumes are", manifest: volumeOf(ebs, "ReadWriteOnce", ", annotations: {pv.kubernetes.io/provisioned-by: ebs.csi.aws.com}")},
		{name: "NFS", reason: "reached from everywhere", manifest: volumeOf("nfs: {server: nfs, path: /}", "ReadWriteOnce", "")},
		{name: "an installation without topology", reason: "its CSINodes say so", manifest: volumeOf("csi: {driver: csi.hetzner.cloud, volumeHandle: v}", "ReadWriteOnce", "")},
		{name: "optional topology", reason: "most installations have none", manifest: volumeOf("csi: {driver: driver.longhorn.io, volumeHandle: v}", "ReadWriteOnce", "")},
	})
}

func TestExpansionUnsupported(t *testing.T) {
	runRule(t, "expansion-unsupported", []ruleCase{
		{
			name: "local-path", reason: "it makes a directory", action: Warn, manifest: storageClassOf("rancher.io/local-path", ", allowVolumeExpansion: true"),
			want: []string{`allowVolumeExpansion: rancher.io/local-path cannot expand volumes`},
		},
		{name: "EBS", reason: "it can", manifest: storageClassOf("ebs.csi.aws.com", ", allowVolumeExpansion: true")},
		{name: "not known", reason: "in doubt no finding", manifest: storageClassOf("nfs.manila.csi.openstack.org", ", allowVolumeExpansion: true")},
		{name: "said not to", reason: "as it should be", manifest: storageClassOf("rancher.io/local-path", ", allowVolumeExpansion: false")},
	})
}
