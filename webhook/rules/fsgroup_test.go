// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
)

func TestFSGroupSkipped(t *testing.T) {
	pod := func(claim string) string {
		return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {securityContext: {fsGroup: 2000}, containers: [{name: c, image: i}], volumes: [
		  {name: data, persistentVolumeClaim: {claimName: ` + claim + `}}]}}`
	}
	told := func(why string) []string {
		return []string{`spec.volumes[0].persistentVolumeClaim.claimName: volume "data" does not get fsGroup 2000: ` + why}
	}
	runRuleIn(t, workloads, "fsgroup-skipped", []ruleCase{
		{name: "policy None", reason: "the driver does not want it", action: Warn, manifest: pod("files"), want: told("driver efs.csi.aws.com has fsGroupPolicy None")},
		{
			name: "no fsType", reason: "the default policy wants one", action: Warn, manifest: pod("plain"),
			want: told("driver ebs.csi.aws.com has fsGroupPolicy ReadWriteOnceWithFSType, and the volume no fsType"),
		},
		{
			name: "a volume of many readers", reason: "the default policy wants ReadWriteOnce", action: Warn, manifest: pod("many"),
			want: told("driver ebs.csi.aws.com has fsGroupPolicy ReadWriteOnceWithFSType, and the volume is not ReadWriteOnce"),
		},
		{name: "a read-only volume", reason: "nothing can be changed", action: Warn, manifest: pod("frozen"), want: told("it is read-only")},
		{
			name: "a volume used read-only", reason: "nothing can be changed", action: Warn,
			manifest: strings.Replace(pod("disk"), "claimName: disk", "claimName: disk, readOnly: true", 1), want: told("it is read-only"),
		},
		{name: "a disk with a file system", reason: "the kubelet changes the group", manifest: pod("disk")},
		{name: "policy File", reason: "whatever the mode", manifest: pod("acme")},
		{name: "a driver that takes the group itself", reason: "it gets the group when it mounts", manifest: pod("share")},
		{name: "a device", reason: "has no files", manifest: pod("raw")},
		{name: "a claim that waits", reason: "its volume is not known yet", manifest: pod("waits")},
		{name: "no fsGroup", reason: "nothing is skipped", manifest: podWithVolume(`{name: data, persistentVolumeClaim: {claimName: files}}`)},
		{
			name: "no claims", reason: "emptyDir and secrets get the group",
			manifest: strings.Replace(pod("x"), "persistentVolumeClaim: {claimName: x}", "emptyDir: {}", 1),
		},
	})
}
