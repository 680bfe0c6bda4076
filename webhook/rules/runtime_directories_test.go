// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
)

func TestHostPathRuntimeDirectory(t *testing.T) {
	pod := func(path, mount string) string {
		return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /v` + mount + `}]}], volumes: [{name: v, hostPath: {path: ` + path + `}}]}}`
	}
	told := func(place, socket string) []string {
		return []string{`spec.volumes[0].hostPath.path: volume "v" gives container "c" the directory ` + place + " of the host, and in it the container runtime's socket (" + socket + ")"}
	}
	runRule(t, "hostpath-runtime-directory", []ruleCase{
		{name: "/var/run", reason: "docker.sock is there", action: Warn, manifest: pod("/var/run", ", readOnly: true"), want: told("/run", "/run/docker.sock")},
		{name: "containerd's own", reason: "read-only makes no difference", action: Warn, manifest: pod("/run/containerd/", ", readOnly: true"), want: told("/run/containerd", "/run/containerd/containerd.sock")},
		{name: "the root", reason: "it holds them all, and hostpath-sensitive, which comes first, names the volume", action: Audit, manifest: pod("/", ""), want: told("/", "/run/docker.sock")},
		{name: "the root, to look at", reason: "who looks at all of the host is an agent", action: Audit, manifest: pod("/", ", readOnly: true"), want: told("/", "/run/docker.sock")},
		{name: "by a subPath", reason: "what is mounted counts", action: Warn, manifest: pod("/run", ", subPath: crio, readOnly: true"), want: told("/run/crio", "/run/crio/crio.sock")},
		{
			name: "an agent", reason: "looks at what runs on its node", action: Audit,
			manifest: strings.Replace(pod("/run/containerd", ", readOnly: true"), "containers:", "hostPID: true, containers:", 1), want: told("/run/containerd", "/run/containerd/containerd.sock"),
		},
		{name: "a directory beside", reason: "no runtime listens there", manifest: pod("/run/app", "")},
		{name: "a name that begins alike", reason: "not the directory", manifest: pod("/run/containerd-shim", "")},
		{name: "the socket itself", reason: "hostpath-sensitive says it", manifest: pod("/run/docker.sock", "")},
		{name: "/var", reason: "/var/run is a link, which does not lead out of the mount", manifest: pod("/var", ", readOnly: true")},
		{name: "a drive", reason: "pipes are in no directory", manifest: pod("'C:\\'", ", readOnly: true")},
	})
}
