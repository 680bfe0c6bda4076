// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
)

// hostMounting is a pod whose container "agent" mounts a host path.
func hostMounting(hostPath, mount string) string {
	return `{apiVersion: v1, kind: Pod, spec: {containers: [{name: agent, image: i, volumeMounts: [{name: host, mountPath: /host` + mount + `}]}],
	  volumes: [{name: tmp, emptyDir: {}}, {name: host, hostPath: {path: '` + hostPath + `'}}]}}`
}

func TestHostPathSensitive(t *testing.T) {
	writes := func(place string) []string {
		return []string{`spec.volumes[1].hostPath.path: volume "host" lets container "agent" write to the host's ` + place}
	}
	runtime := func(place string) []string {
		return []string{`spec.volumes[1].hostPath.path: volume "host" gives container "agent" the host's container runtime (` + place + `)`}
	}
	runRule(t, "hostpath-sensitive", []ruleCase{
		{name: "the root", reason: "the whole node", action: Warn, manifest: hostMounting("/", ""), want: writes("/")},
		{name: "an uncleaned path", reason: "paths are compared cleaned", action: Warn, manifest: hostMounting("//etc/./", ""), want: writes("/etc")},
		{name: "below a tree", reason: "static pods are started from there", action: Warn, manifest: hostMounting("/etc/kubernetes/manifests", ""), want: writes("/etc/kubernetes/manifests")},
		{name: "logs, writable", reason: "the kubelet follows links there", action: Warn, manifest: hostMounting("/var/log", ""), want: writes("/var/log")},
		{name: "/run by its other name", reason: "/var/run is a link", action: Warn, manifest: hostMounting("/var/run/", ""), want: writes("/run")},
		{name: "a subPath into a tree", reason: "it says which directory is seen", action: Warn, manifest: hostMounting("/", ", subPath: etc"), want: writes("/etc")},
		{name: "a socket", reason: "root on the node", action: Warn, manifest: hostMounting("/var/run/docker.sock", ""), want: runtime("/run/docker.sock")},
		{name: "a socket, read-only", reason: "one can still connect to it", action: Warn, manifest: hostMounting("/run/containerd/containerd.sock", ", readOnly: true"), want: runtime("/run/containerd/containerd.sock")},
		{name: "a Windows drive", reason: "the whole node", action: Warn, manifest: hostMounting(`C:\`, ""), want: writes("c:/")},
		{name: "a Windows directory", reason: "in any case and either slash", action: Warn, manifest: hostMounting(`c:/WINDOWS\System32`, ""), want: writes("c:/windows/system32")},
		{name: "docker's pipe", reason: "the same as the socket", action: Warn, manifest: hostMounting(`\\.\pipe\docker_engine`, ""), want: runtime("//./pipe/docker_engine")},
		{
			name: "a PersistentVolume", reason: "no matter who claims it", action: Warn, manifest: volumeOf("hostPath: {path: /etc}", "ReadWriteOnce", ""),
			want: []string{`spec.hostPath.path: the volume lets the pods of its claim write to the host's /etc`},
		},
		{
			name: "several containers", reason: "one finding for each that writes, however often it mounts the volume; one warning", action: Warn, others: Audit,
			manifest: `{apiVersion: apps/v1, kind: DaemonSet, spec: {template: {spec: {initContainers: [{name: a, volumeMounts: [{name: h, mountPath: /h}, {name: h, mountPath: /i}]}],
			  containers: [{name: b, volumeMounts: [{name: h, mountPath: /h, readOnly: true}]}, {name: c, volumeMounts: [{name: h, mountPath: /h}]}], volumes: [{name: h, hostPath: {path: /usr/local}}]}}}}`,
			want: []string{
				`spec.template.spec.volumes[0].hostPath.path: volume "h" lets container "a" write to the host's /usr/local`,
				`spec.template.spec.volumes[0].hostPath.path: volume "h" lets container "c" write to the host's /usr/local`,
			},
		},
		{name: "the root, read-only", reason: "node-exporter", manifest: hostMounting("/", ", readOnly: true")},
		{name: "the root with propagation", reason: "propagation-host-root speaks of it", manifest: hostMounting("/", ", mountPropagation: HostToContainer")},
		{name: "logs, read-only", reason: "how log collectors should", manifest: hostMounting("/var/log/pods", ", readOnly: true")},
		{name: "a directory beside", reason: "only begins alike", manifest: hostMounting("/etcd-data", "")},
		{name: "below /var/lib", reason: "a workload's own directory", manifest: hostMounting("/var/lib/postgresql", "")},
		{name: "below /run", reason: "a workload's own socket", manifest: hostMounting("/var/run/app", "")},
		{name: "a subPathExpr that only the kubelet knows", reason: "it may choose the root itself, and whatever is below", action: Warn, manifest: hostMounting("/", `, subPathExpr: "$(X)"`), want: writes("/")},
		{name: "a subPathExpr that begins below a tree", reason: "it cannot leave that", action: Warn, manifest: hostMounting("/", `, subPathExpr: "etc/$(X)"`), want: writes("/etc")},
		{name: "a socket by a subPathExpr", reason: "it is written out", action: Warn, manifest: hostMounting("/run", `, subPathExpr: docker.sock, readOnly: true`), want: runtime("/run/docker.sock")},
		{name: "the root by another name", reason: "the first process has the host's root", action: Warn, manifest: hostMounting("/proc/1/root", ""), want: writes("/")},
		{name: "a directory by another name", reason: "the same", action: Warn, manifest: hostMounting("/proc/self/task/7/cwd/etc", ""), want: writes("/etc")},
		{name: "a subPathExpr into a directory of a workload", reason: "it cannot leave that", manifest: hostMounting("/", `, subPathExpr: "srv/$(X)"`)},
		{name: "csi-proxy's pipe", reason: "made for pods", manifest: hostMounting(`\\.\pipe\csi-proxy-disk-v1`, "")},
		{name: "a Windows directory of its own", reason: "a workload's own directory", manifest: hostMounting(`C:\data`, "")},
		{name: "not mounted", reason: "nobody writes", manifest: podWithVolume("{name: h, hostPath: {path: /etc}}")},
		{name: "a PersistentVolume's own directory", reason: "what minikube does", manifest: volumeOf("hostPath: {path: /data/pv-1}", "ReadWriteOnce", "")},
	})
}

// TestHostPathSensitiveOfDrivers promises silence on those who could not do otherwise, and none on real dangers.
func TestHostPathSensitiveOfDrivers(t *testing.T) {
	object := func(kind, container, path string) string {
		return `{apiVersion: apps/v1, kind: ` + kind + `, spec: {template: {spec: {containers: [{name: c, ` + container + `, volumeMounts: [{name: h, mountPath: /h}]}], volumes: [{name: h, hostPath: {path: ` +
			path + `}}]}}}}`
	}
	writes := func(place string) []string {
		return []string{`spec.template.spec.volumes[0].hostPath.path: volume "h" lets container "c" write to the host's ` + place}
	}
	runtime := []string{`spec.template.spec.volumes[0].hostPath.path: volume "h" gives container "c" the host's container runtime (/run/docker.sock)`}
	const sidecar, endpoint, app = "image: registry.k8s.io/sig-storage/csi-provisioner:v5", "image: i, env: [{name: CSI_ENDPOINT, value: unix:///csi/csi.sock}]", "image: app"
	runRule(t, "hostpath-sensitive", []ruleCase{
		{name: "a driver's controller", reason: "it reads the cloud's credentials", action: Audit, manifest: object("Deployment", endpoint, "/etc/kubernetes"), want: writes("/etc/kubernetes")},
		{name: "a driver by its sidecar", reason: "the same", action: Audit, manifest: object("Deployment", sidecar, "/var/log"), want: writes("/var/log")},
		{name: "an agent and devices", reason: "its trade", action: Audit, manifest: object("DaemonSet", app, "/dev"), want: writes("/dev")},
		{name: "an agent and the network", reason: "its trade", action: Audit, manifest: object("DaemonSet", app, "/etc/cni/net.d"), want: writes("/etc/cni/net.d")},
		{name: "an application", reason: "need not", action: Warn, manifest: object("Deployment", app, "/etc/kubernetes"), want: writes("/etc/kubernetes")},
		{name: "an application and logs", reason: "need not", action: Warn, manifest: object("Deployment", app, "/var/log"), want: writes("/var/log")},
		{name: "an agent and the root", reason: "the whole node", action: Warn, manifest: object("DaemonSet", app, "/"), want: writes("/")},
		{name: "an agent and static pods", reason: "root on the node", action: Warn, manifest: object("DaemonSet", app, "/etc/kubernetes/manifests"), want: writes("/etc/kubernetes/manifests")},
		{name: "an agent and the runtime", reason: "root on the node", action: Warn, manifest: object("DaemonSet", app, "/run/docker.sock"), want: runtime},
		{name: "a driver and the runtime", reason: "root on the node", action: Warn, manifest: object("Deployment", endpoint, "/run/docker.sock"), want: runtime},
	})
}

func TestHostPathStateful(t *testing.T) {
	deployment := func(hostPath, mount, spec string) string {
		return `{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {` + spec + `containers: [{name: db, volumeMounts: [{name: data, mountPath: /d` + mount + `}]}],
		  volumes: [{name: data, hostPath: {path: ` + hostPath + `}}]}}}}`
	}
	want := []string{`spec.template.spec.volumes[0].hostPath.path: volume "data": container "db" writes to /srv/db of the node it runs on`}
	runRule(t, "hostpath-stateful", []ruleCase{
		{name: "a Deployment", reason: "the next pod may find an empty directory", action: Warn, manifest: deployment("/srv/db", "", ""), want: want},
		{name: "a StatefulSet", reason: "the same", action: Warn, manifest: strings.Replace(deployment("/srv/db", "", ""), "Deployment", "StatefulSet", 1), want: want},
		{name: "any Linux node", reason: "most nodes are", action: Warn, manifest: deployment("/srv/db", "", "nodeSelector: {kubernetes.io/os: linux}, "), want: want},
		{name: "one node", reason: "it cannot move", manifest: deployment("/srv/db", "", "nodeSelector: {kubernetes.io/hostname: node-1}, ")},
		{name: "a label", reason: "only one node may carry it", manifest: deployment("/srv/db", "", "nodeSelector: {storage: fast}, ")},
		{
			name: "an affinity to one node", reason: "it cannot move",
			manifest: deployment("/srv/db", "", "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [a]}]}]}}}, "),
		},
		{name: "read-only", reason: "it keeps nothing there", manifest: deployment("/srv/db", ", readOnly: true", "")},
		{name: "a socket", reason: "not data", manifest: deployment("/srv/agent.sock", "", "")},
		{name: "a device", reason: "not data", manifest: deployment("/dev/fuse", "", "")},
		{name: "a file", reason: "configuration of the node", manifest: deployment("/srv/tz, type: File", "", "")},
		{name: "a DaemonSet", reason: "it is on every node on purpose", manifest: strings.Replace(deployment("/srv/db", "", ""), "Deployment", "DaemonSet", 1)},
		{name: "a pod", reason: "it does not move", manifest: hostMounting("/srv/db", "")},
	})
}
