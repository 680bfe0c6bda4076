// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
)

func TestEmptyDirMemoryUnbounded(t *testing.T) {
	pod := func(emptyDir, resources string) string {
		return `{apiVersion: v1, kind: Pod, spec: {containers: [{name: web, image: i` + resources + `, volumeMounts: [{name: cache, mountPath: /c}]}, {name: other, image: i}],
		  volumes: [{name: cache, emptyDir: {` + emptyDir + `}}]}}`
	}
	want := []string{`spec.volumes[0].emptyDir: memory volume "cache" has no sizeLimit, and container "web", which writes to it, no memory limit`}
	runRule(t, "emptydir-memory-unbounded", []ruleCase{
		{name: "no limit at all", reason: "it can fill the node's memory", action: Warn, manifest: pod("medium: Memory", ""), want: want},
		{name: "a request only", reason: "a request bounds nothing", action: Warn, manifest: pod("medium: Memory", ", resources: {requests: {memory: 1Gi}}"), want: want},
		{name: "a limit of 0", reason: "means none", action: Warn, manifest: pod(`medium: Memory, sizeLimit: "0"`, ""), want: want},
		{name: "a sizeLimit", reason: "bounds it", manifest: pod("medium: Memory, sizeLimit: 64Mi", "")},
		{name: "a memory limit", reason: "what is written counts against it", manifest: pod("medium: Memory", ", resources: {limits: {memory: 1Gi}}")},
		{name: "a limit of the pod", reason: "bounds all containers together", manifest: strings.Replace(pod("medium: Memory", ""), "spec: {", "spec: {resources: {limits: {memory: 1Gi}}, ", 1)},
		{name: "on disk", reason: "another matter", manifest: pod("", "")},
		{
			name: "read-only", reason: "nobody writes",
			manifest: strings.Replace(pod("medium: Memory", ""), "mountPath: /c", "mountPath: /c, readOnly: true", 1),
		},
		{
			name: "a debugger", reason: "an ephemeral container cannot have a limit",
			manifest: strings.Replace(pod("medium: Memory", ", resources: {limits: {memory: 1Gi}}"), "volumes:", "ephemeralContainers: [{name: d, volumeMounts: [{name: cache, mountPath: /c}]}], volumes:", 1),
		},
	})
}

func TestEmptyDirMediumUnknown(t *testing.T) {
	pod := func(medium string) string { return podWithVolume(`{name: v, emptyDir: {medium: ` + medium + `}}`) }
	runRule(t, "emptydir-medium-unknown", []ruleCase{
		{
			name: "small letters", reason: "the kubelet compares exactly", action: Deny, manifest: pod("memory"),
			want: []string{`spec.volumes[0].emptyDir.medium: volume "v": medium "memory" is not known; did you mean Memory?`},
		},
		{
			name: "a disk", reason: "there is no such choice", action: Deny, manifest: pod("SSD"),
			want: []string{`spec.volumes[0].emptyDir.medium: volume "v": medium "SSD" is not known`},
		},
		{
			name: "huge pages of no size", reason: "the kubelet cannot read it", action: Deny, manifest: pod("HugePages-2MB"),
			want: []string{`spec.volumes[0].emptyDir.medium: volume "v": medium "HugePages-2MB" is not of a size such as HugePages-2Mi`},
		},
		{name: "Memory", reason: "known", manifest: pod("Memory")},
		{name: "the default", reason: "the node's disk", manifest: pod(`""`)},
		{name: "huge pages", reason: "of the one size that the pod asks for", manifest: pod("HugePages")},
		{name: "huge pages of a size", reason: "whether the node has them is the scheduler's affair", manifest: pod("HugePages-1Gi")},
	})
}

func TestMountPath(t *testing.T) {
	pod := func(mounts string) string {
		return `{apiVersion: v1, kind: Pod, spec: {containers: [{name: app, image: i, volumeMounts: [` + mounts + `]}], volumes: [{name: a, emptyDir: {}}, {name: b, emptyDir: {}}]}}`
	}
	at := func(i, volume, path, why string) []string {
		return []string{`spec.containers[0].volumeMounts[` + i + `].mountPath: container "app" mounts volume "` + volume + `" at "` + path + `"` + why}
	}
	runRule(t, "mount-path", []ruleCase{
		{name: "relative", reason: "it counts from the root, not from the working directory", action: Warn, manifest: pod(`{name: a, mountPath: data}`), want: at("0", "a", "data", ", which is not absolute")},
		{name: "a colon", reason: "some runtimes split there", action: Warn, manifest: pod(`{name: a, mountPath: "/data:ro"}`), want: at("0", "a", "/data:ro", ", which has a colon in it")},
		{
			name: "the same place twice", reason: "the API server compares the letters only", action: Warn, manifest: pod(`{name: a, mountPath: /data}, {name: b, mountPath: /data/}`),
			want: at("1", "b", "/data/", `, where it also mounts another ("/data")`),
		},
		{name: "over /etc", reason: "passwd, hosts and certificates are gone", action: Warn, manifest: pod(`{name: a, mountPath: /etc/}`), want: at("0", "a", "/etc/", ", which hides what the image has there")},
		{name: "over the root", reason: "everything is gone", action: Warn, manifest: pod(`{name: a, mountPath: /}`), want: at("0", "a", "/", ", which hides what the image has there")},
		{name: "below /etc", reason: "where configuration goes", manifest: pod(`{name: a, mountPath: /etc/app}, {name: b, mountPath: /usr/share/nginx/html}`)},
		{name: "one below the other", reason: "both are seen", manifest: pod(`{name: a, mountPath: /data}, {name: b, mountPath: /data/wal}`)},
		{name: "exactly the same", reason: "the API server says so itself", manifest: pod(`{name: a, mountPath: /data}, {name: b, mountPath: /data}`)},
		{name: "Windows", reason: "a drive's colon", manifest: pod(`{name: a, mountPath: 'C:\data'}, {name: b, mountPath: 'D:/logs'}`)},
		{
			name: "the same path in two containers", reason: "each has its own",
			manifest: `{apiVersion: v1, kind: Pod, spec: {initContainers: [{name: a, volumeMounts: [{name: v, mountPath: /v}]}], containers: [{name: b, volumeMounts: [{name: v, mountPath: /v/}]}]}}`,
		},
	})
}

func TestSizeSuspicious(t *testing.T) {
	claim := func(resources string) string {
		return `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: d}, spec: {accessModes: [ReadWriteOnce], resources: {` + resources + `}}}`
	}
	runRule(t, "size-suspicious", []ruleCase{
		{
			name: "no unit", reason: "gigabytes were meant", action: Warn, manifest: claim("requests: {storage: 10}"),
			want: []string{`spec.resources.requests[storage]: the request for storage is 10, which is 10 bytes`},
		},
		{
			name: "thousandths", reason: "500m is not 500M", action: Warn, manifest: claim("requests: {storage: 500m}"),
			want: []string{`spec.resources.requests[storage]: the request for storage is 500m, which is 1 bytes`},
		},
		{
			name: "a limit below the request", reason: "nothing can be both", action: Warn, manifest: claim("requests: {storage: 10Gi}, limits: {storage: 5Gi}"),
			want: []string{`spec.resources.limits[storage]: the limit 5Gi is below the request 10Gi`},
		},
		{
			name: "a claim template", reason: "the same in every pod's claim", action: Warn,
			manifest: `{apiVersion: apps/v1, kind: StatefulSet, spec: {volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: 20}}}}]}}`,
			want:     []string{`spec.volumeClaimTemplates[0].spec.resources.requests[storage]: claim template "data": the request for storage is 20, which is 20 bytes`},
		},
		{
			name: "a volume", reason: "no claim of a real size fits it", action: Warn, manifest: strings.Replace(volumeOf("nfs: {server: s, path: /x}", "ReadWriteMany", ""), "storage: 1Gi", "storage: 5", 1),
			want: []string{`spec.capacity[storage]: the volume's capacity is 5, which is 5 bytes`},
		},
		{name: "a mebibyte", reason: "the example of the NFS provisioner", manifest: claim("requests: {storage: 1Mi}")},
		{name: "bytes in full", reason: "what some tools write", manifest: claim("requests: {storage: 10737418240}")},
		{name: "a limit at the request", reason: "as it should be", manifest: claim("requests: {storage: 5Gi}, limits: {storage: 5Gi}")},
		{name: "no size", reason: "the API server says so itself", manifest: claim("")},
	})
}

func TestEmptyDirMemoryAboveLimit(t *testing.T) {
	pod := func(limit, volume, mount, rest string) string {
		return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {` + rest + `containers: [{name: c, image: i, resources: {` + limit + `}, volumeMounts: [{name: v, mountPath: /v` + mount +
			`}]}], volumes: [{name: v, emptyDir: {` + volume + `}}]}}`
	}
	told := func(rest string) []string {
		return []string{`spec.volumes[0].emptyDir.sizeLimit: memory volume "v" may hold 2Gi, and ` + rest}
	}
	runRule(t, "emptydir-memory-above-limit", []ruleCase{
		{
			name: "above the container's limit", reason: "its files are its memory", action: Warn, manifest: pod("limits: {memory: 1Gi}", "medium: Memory, sizeLimit: 2Gi", "", ""),
			want: told(`container "c", which writes to it, has a memory limit of 1Gi`),
		},
		{
			name: "above the pod's limit", reason: "the files are in the pod's memory", action: Warn,
			manifest: pod("", "medium: Memory, sizeLimit: 2Gi", "", "resources: {limits: {memory: 1Gi}}, "), want: told("the pod has a memory limit of 1Gi"),
		},
		{name: "as large as the limit", reason: "not above", manifest: pod("limits: {memory: 2Gi}", "medium: Memory, sizeLimit: 2Gi", "", "")},
		{name: "below the limit", reason: "as it should be", manifest: pod("limits: {memory: 4Gi}", "medium: Memory, sizeLimit: 2Gi", "", "")},
		{name: "no limit", reason: "emptydir-memory-unbounded asks for one of the two", manifest: pod("", "medium: Memory, sizeLimit: 2Gi", "", "")},
		{name: "no size", reason: "the kubelet takes the pod's limit", manifest: pod("limits: {memory: 1Gi}", "medium: Memory", "", "")},
		{name: "on disk", reason: "no memory", manifest: pod("limits: {memory: 1Gi}", "sizeLimit: 2Gi", "", "")},
		{name: "a reader", reason: "who writes pays", manifest: pod("limits: {memory: 1Gi}", "medium: Memory, sizeLimit: 2Gi", ", readOnly: true", "")},
	})
}

func TestEmptyDirDiskUnbounded(t *testing.T) {
	pod := func(limit, volume, mount string) string {
		return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i, resources: {` + limit + `}, volumeMounts: [{name: v, mountPath: /v` + mount +
			`}]}], volumes: [{name: v, emptyDir: {` + volume + `}}]}}`
	}
	runRule(t, "emptydir-disk-unbounded", []ruleCase{
		{
			name: "nothing bounds it", reason: "but the disk", action: Audit, manifest: pod("limits: {memory: 1Gi}", "", ""),
			want: []string{`spec.volumes[0].emptyDir: volume "v" on the node's disk has no sizeLimit, and no container an ephemeral-storage limit`},
		},
		{name: "a size", reason: "bounds it", manifest: pod("", "sizeLimit: 1Gi", "")},
		{name: "a limit", reason: "bounds the pod", manifest: pod("limits: {ephemeral-storage: 1Gi}", "", "")},
		{name: "memory", reason: "not on the disk", manifest: pod("", "medium: Memory", "")},
		{name: "a reader", reason: "writes nothing", manifest: pod("", "", ", readOnly: true")},
	})
}
