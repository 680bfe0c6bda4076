// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

const (
	fs    = corev1.PersistentVolumeFilesystem
	block = corev1.PersistentVolumeBlock
	rwo   = corev1.ReadWriteOnce
	rox   = corev1.ReadOnlyMany
	rwx   = corev1.ReadWriteMany
	rwop  = corev1.ReadWriteOncePod
)

func TestEmbeddedCatalogIsValid(t *testing.T) {
	c, err := Load(embedded)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Drivers()) < 57 || len(c.Sources()) < 6 || len(c.RemovedPlugins()) < 16 {
		t.Errorf("rows were lost: %d drivers, %d sources, %d removed", len(c.Drivers()), len(c.Sources()), len(c.RemovedPlugins()))
	}
}

func TestDriverMode(t *testing.T) {
	for _, tc := range []struct {
		driver string
		volume corev1.PersistentVolumeMode
		mode   corev1.PersistentVolumeAccessMode
		want   Knowledge
		needs  ConditionKind
		reason string
	}{
		{"ebs.csi.aws.com", fs, rwo, Supported, "", "the ordinary disk"},
		{"ebs.csi.aws.com", fs, rwx, Unsupported, "", "the mistake people make most"},
		{"ebs.csi.aws.com", fs, rwop, Supported, "", "RWOP follows from RWO"},
		{"ebs.csi.aws.com", block, rwx, Conditional, NeedsParameter, "io2 multi-attach"},
		{"kubernetes.io/aws-ebs", fs, rwx, Unsupported, "", "an in-tree name is redirected to its driver"},
		{"efs.csi.aws.com", block, rwo, Unsupported, "", "a file system has no block volumes"},
		{"pd.csi.storage.gke.io", fs, rox, Conditional, NeedsDataSource, "footnote 1"},
		{"disk.csi.azure.com", block, rwx, Conditional, NeedsParameter, "maxShares"},
		{"diskplugin.csi.alibabacloud.com", fs, rox, Conditional, NeedsVolumeType, "footnote 2"},
		{"rook-ceph.rbd.csi.ceph.com", fs, rwx, Unsupported, "", "any prefix"},
		{"rook-ceph.cephfs.csi.ceph.com", fs, rwx, Supported, "", "any prefix"},
		{"linstor.csi.linbit.com", fs, rwx, Conditional, NeedsDriverSetting, "the NFS export"},
		{"rancher.io/local-path", fs, rwx, Conditional, NeedsDriverSetting, "sharedFileSystemPath"},
		{"s3.csi.aws.com", fs, rwo, Unsupported, "", "Mountpoint refuses it on the node"},
		{"s3.csi.aws.com", fs, rwx, Supported, "", "a bucket"},
		{"fsx.csi.aws.com", fs, rox, Unsupported, "", "not among its capabilities"},
		{"csi.scaleway.com", fs, rwx, Unsupported, "", "a block device"},
		{"csi.trident.netapp.io", fs, rwx, Unknown, "", "its backend decides"},
		{"rook-ceph.nfs.csi.ceph.com", fs, rwx, Unknown, "", "any prefix"},
		{"pxd.portworx.com", block, rwx, Unknown, "", "nobody wrote down which modes"},
	} {
		t.Run(tc.driver+"/"+string(tc.volume)+"/"+string(tc.mode), func(t *testing.T) {
			d, ok := Default().Driver(tc.driver)
			if !ok {
				t.Fatalf("driver %q has no row", tc.driver)
			}
			got, needs := d.Mode(tc.volume, tc.mode)
			if got != tc.want {
				t.Errorf("got %s, want %s: %s", got, tc.want, tc.reason)
			}
			if (needs == nil) != (tc.needs == "") || (needs != nil && needs.Kind != tc.needs) {
				t.Errorf("got condition %+v, want kind %q: %s", needs, tc.needs, tc.reason)
			}
		})
	}
}

func TestUnknownDriverIsNotFound(t *testing.T) {
	for name, reason := range map[string]string{
		"csi.example.com":               "not in the matrix",
		"":                              "a PV without a driver",
		"prefix.ebs.csi.aws.com":        "only rows with anyPrefix may have one",
		"notrbd.csi.ceph.com":           "a prefix ends in a dot",
		"kubernetes.io/no-provisioner":  "static volumes can be anything",
		"kubernetes.io/glusterfs":       "gone, and no driver stands in for it",
		"rbd.csi.ceph.com.example.com.": "a suffix is not a prefix",
	} {
		if d, ok := Default().Driver(name); ok {
			t.Errorf("Driver(%q) found %q: %s", name, d.Name, reason)
		}
	}
}

func TestSources(t *testing.T) {
	if _, ok := Default().Source("csi"); ok {
		t.Error("csi is not an in-tree source: its driver decides")
	}
	iscsi, ok := Default().Source("iscsi")
	if !ok {
		t.Fatal("iscsi has no row")
	}
	if got, _ := iscsi.Mode(fs, rwx); got != Unsupported {
		t.Errorf("iscsi Filesystem RWX is %s: two nodes that mount one ext4 corrupt it", got)
	}
	if got, _ := iscsi.Mode(block, rwx); got != Conditional {
		t.Errorf("iscsi Block RWX is %s: live migration of virtual machines relies on it", got)
	}
	if d, ok := Default().RedirectedSource("gcePersistentDisk"); !ok || d.Name != "pd.csi.storage.gke.io" {
		t.Errorf("gcePersistentDisk is redirected to %v", d)
	}
	if _, ok := Default().RedirectedSource("glusterfs"); ok {
		t.Error("glusterfs is gone, not redirected")
	}
	if r, ok := Default().Removed("gitRepo"); !ok || r.Outcome != Gone {
		t.Errorf("gitRepo: got %+v", r)
	}
}

func TestLoadRefuses(t *testing.T) {
	const row = `
drivers:
- name: csi.example.com
  kind: CSI
  filesystem: {support: Supported, modes: [ReadWriteOnce]}
  block: {support: Unsupported}
  expansion: Unknown
  snapshots: Unknown
  topology: {scope: None}
  attachLimit: {kind: None}
`
	if _, err := Load([]byte(row)); err != nil {
		t.Fatalf("the row that the cases are made from: %v", err)
	}
	for _, tc := range []struct{ name, old, new, want string }{
		{"an unknown key", "kind: CSI\n", "kind: CSI\n  colour: red\n", `unknown field`},
		{"a mode that does not exist", "ReadWriteOnce", "ReadWriteTwice", `access mode "ReadWriteTwice"`},
		{"RWOP, which follows", "ReadWriteOnce", "ReadWriteOncePod", `access mode "ReadWriteOncePod"`},
		{"a mode twice", "[ReadWriteOnce]", "[ReadWriteOnce, ReadWriteOnce]", "listed twice"},
		{"a missing volumeMode", "  block: {support: Unsupported}\n", "", "block is missing"},
		{"modes that are not served", "support: Unsupported", "support: Unsupported, modes: [ReadWriteOnce]", "if, and only if"},
		{"no modes", ", modes: [ReadWriteOnce]", "", "if, and only if"},
		{"a zone without a key", "scope: None", "scope: Zone", "needs keys"},
		{"a limit without a number", "attachLimit: {kind: None}", "attachLimit: {kind: Fixed}", "attachLimit"},
		{"a place that does not exist", "scope: None}", "scope: None}\n  cloneTopology: {volume: Nearby}", "cloneTopology"},
		{"YAML's own boolean", "expansion: Unknown", "expansion: yes", "expansion"},
		{"a parameter without a minimum", "modes: [ReadWriteOnce]", "conditional: [{modes: [ReadWriteMany], needs: {kind: Parameter, name: x, text: y}}]", "minimum above 0"},
		{"a name twice", "drivers:\n", "drivers:\n" + strings.TrimPrefix(row, "\ndrivers:\n"), "used twice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(row, tc.old, tc.new, 1)
			if text == row {
				t.Fatal("the case changes nothing")
			}
			_, err := Load([]byte(text))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one that says %q", err, tc.want)
			}
		})
	}
}
