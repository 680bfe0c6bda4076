// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"slices"
	"strings"
	"testing"
)

func podMounting(mount, hostPath string, privileged bool) string {
	context := ""
	if privileged {
		context = ", securityContext: {privileged: true}"
	}
	return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: agent, image: i` + context +
		`, volumeMounts: [{name: host, mountPath: /host, ` + mount + `}]}], volumes: [{name: host, hostPath: {path: "` + hostPath + `"}}]}}`
}

const bidirectional = "mountPropagation: Bidirectional"

func TestPropagationBidirectionalPath(t *testing.T) {
	const at = `spec.containers[0].volumeMounts[0].mountPropagation: container "agent" `
	denied := func(path string) []string {
		return []string{at + `may not mount host path "` + path + `" as Bidirectional`}
	}
	warned := func(path string) []string {
		return []string{at + `mounts host path "` + path + `" as Bidirectional, which is none of the usual folders`}
	}
	runRule(t, "propagation-bidirectional-path", []ruleCase{
		{name: "the root", reason: "the whole node", action: Deny, manifest: podMounting(bidirectional, "/", true), want: denied("/")},
		{name: "an uncleaned path", reason: "paths are compared cleaned", action: Deny, manifest: podMounting(bidirectional, "//etc/./", true), want: denied("/etc")},
		{name: "a subPath outside", reason: "it says which folder takes part", action: Deny, manifest: podMounting(bidirectional+", subPath: usr", "/", true), want: denied("/usr")},
		{
			name: "an init container of a DaemonSet", reason: "the path has the template's prefix and the right list", action: Deny,
			manifest: `{apiVersion: apps/v1, kind: DaemonSet, spec: {template: {spec: {initContainers: [{name: setup, securityContext: {privileged: true},
			  volumeMounts: [{name: a, mountPath: /a}, {name: h, mountPath: /h, mountPropagation: Bidirectional}]}],
			  volumes: [{name: a, emptyDir: {}}, {name: h, hostPath: {path: /boot}}]}}}}`,
			want: []string{`spec.template.spec.initContainers[0].volumeMounts[1].mountPropagation: container "setup" may not mount host path "/boot" as Bidirectional`},
		},
		{
			name: "an ephemeral container", reason: "a debugger is a container too", action: Deny,
			manifest: `{apiVersion: v1, kind: Pod, spec: {ephemeralContainers: [{name: debugger, securityContext: {privileged: true},
			  volumeMounts: [{name: h, mountPath: /h, mountPropagation: Bidirectional}]}], volumes: [{name: h, hostPath: {path: /root}}]}}`,
			want: []string{`spec.ephemeralContainers[0].volumeMounts[0].mountPropagation: container "debugger" may not mount host path "/root" as Bidirectional`},
		},

		{name: "above the kubelet", reason: "/var/lib holds more than the kubelet", action: Warn, manifest: podMounting(bidirectional, "/var/lib", true), want: warned("/var/lib")},
		{name: "a name that only begins alike", reason: "/var/lib/kubelet2 is another folder", action: Warn, manifest: podMounting(bidirectional, "/var/lib/kubelet2", true), want: warned("/var/lib/kubelet2")},
		{name: "Calico", reason: "its calico-node mounts bpffs for the host", action: Warn, manifest: podMounting(bidirectional, "/sys/fs", true), want: warned("/sys/fs")},
		{name: "Multus", reason: "its DaemonSet installs its plugin so", action: Warn, manifest: podMounting(bidirectional, "/opt/cni/bin", true), want: warned("/opt/cni/bin")},
		{name: "FUSE in /mnt", reason: "people share mounts of rclone so", action: Warn, manifest: podMounting(bidirectional, "/mnt", true), want: warned("/mnt")},

		{name: "a CSI node plugin", reason: "every one does this", manifest: podMounting(bidirectional, "/var/lib/kubelet/pods", true)},
		{name: "the kubelet's root itself", reason: "many CSI node plugins do this", manifest: podMounting(bidirectional, "/var/lib/kubelet/", true)},
		{name: "k0s", reason: "its kubelet's root", manifest: podMounting(bidirectional, "/var/lib/k0s/kubelet/plugins", true)},
		{name: "Longhorn", reason: "its data folder", manifest: podMounting(bidirectional, "/var/lib/longhorn", true)},
		{name: "HostToContainer on the root", reason: "nothing flows back; node-exporter does this", manifest: podMounting("mountPropagation: HostToContainer", "/", false)},
		{name: "None on the root", reason: "no propagation", manifest: podMounting("mountPropagation: None", "/", false)},
		{name: "a subPath inside", reason: "only that folder takes part", manifest: podMounting(bidirectional+", subPath: var/lib/kubelet", "/", true)},
		{name: "a subPathExpr", reason: "its value is not known: in doubt no finding", manifest: podMounting(bidirectional+`, subPathExpr: "$(X)"`, "/", true)},
		{
			name: "an emptyDir", reason: "the kubelet's own folder; sidecars that share a FUSE mount do this",
			manifest: `{apiVersion: v1, kind: Pod, spec: {containers: [{name: fuse, securityContext: {privileged: true}, volumeMounts: [{name: e, mountPath: /e, mountPropagation: Bidirectional}]}], volumes: [{name: e, emptyDir: {}}]}}`,
		},
	})
}

func TestPropagationBidirectionalUnprivileged(t *testing.T) {
	want := []string{`spec.containers[0].volumeMounts[0].mountPropagation: container "agent" mounts volume "host" as Bidirectional and is not privileged`}
	runRule(t, "propagation-bidirectional-unprivileged", []ruleCase{
		{name: "no security context", reason: "the API server's own rule", action: Deny, api: true, manifest: podMounting(bidirectional, "/var/lib/kubelet", false), want: want},
		{
			name: "SYS_ADMIN is not privileged", reason: "the API server asks for privileged alone", action: Deny, api: true,
			manifest: strings.Replace(podMounting(bidirectional, "/var/lib/kubelet", true), "{privileged: true}", "{privileged: false, capabilities: {add: [SYS_ADMIN]}}", 1), want: want,
		},
		{
			name: "a StatefulSet's template", reason: "templates fail too, some only when the pod is made", action: Deny, api: true,
			manifest: `{apiVersion: apps/v1, kind: StatefulSet, spec: {template: {spec: {containers: [{name: c, volumeMounts: [{name: d, mountPath: /d, mountPropagation: Bidirectional}]}]}}}}`,
			want:     []string{`spec.template.spec.containers[0].volumeMounts[0].mountPropagation: container "c" mounts volume "d" as Bidirectional and is not privileged`},
		},
		{name: "privileged", reason: "allowed", manifest: podMounting(bidirectional, "/var/lib/kubelet", true)},
		{name: "HostToContainer", reason: "needs no privilege", manifest: podMounting("mountPropagation: HostToContainer", "/mnt", false)},
		{name: "a mode that does not exist", reason: "the API server says so itself", manifest: podMounting("mountPropagation: Both", "/mnt", false)},
	})
}

func TestPropagationHostRoot(t *testing.T) {
	want := func(mode string) []string {
		return []string{`spec.containers[0].volumeMounts[0].mountPropagation: container "agent" mounts the host's / writable with ` + mode + ` propagation`}
	}
	runRule(t, "propagation-host-root", []ruleCase{
		{name: "HostToContainer", reason: "every mount of the node, writable", action: Warn, manifest: podMounting("mountPropagation: HostToContainer", "/", false), want: want("HostToContainer")},
		{name: "Bidirectional", reason: "denied for its path, and warned of", action: Warn, manifest: podMounting(bidirectional, "/./", true), want: want("Bidirectional")},
		{name: "read-only", reason: "how node-exporter does it", manifest: podMounting("mountPropagation: HostToContainer, readOnly: true", "/", false)},
		{name: "no propagation", reason: "hostpath-sensitive speaks of it", manifest: podMounting("readOnly: false", "/", false)},
		{name: "a folder below", reason: "not the root", manifest: podMounting("mountPropagation: HostToContainer", "/var/log", false)},
		{name: "a subPath", reason: "not the root", manifest: podMounting("mountPropagation: HostToContainer, subPath: var", "/", false)},
	})
}

func TestBidirectionalRootsAreConfigurable(t *testing.T) {
	e, err := NewEvaluator(EvaluatorOptions{Settings: Settings{BidirectionalRoots: []string{"/srv/storage/"}}})
	if err != nil {
		t.Fatal(err)
	}
	for path, denied := range map[string]bool{"/srv/storage/a": false, "/var/lib/kubelet": true, "/opt/cni/bin": true} {
		kind, obj := decode(t, podMounting(bidirectional, path, true))
		found := e.Evaluate(context.Background(), Question{Kind: kind, Object: obj}).Findings
		if slices.ContainsFunc(found, func(f Finding) bool { return f.Action == Deny }) != denied {
			t.Errorf("%s: got %+v, want denied %t", path, found, denied)
		}
	}
	if _, err := NewEvaluator(EvaluatorOptions{Settings: Settings{BidirectionalRoots: []string{"srv"}}}); err == nil || !strings.Contains(err.Error(), `"srv"`) {
		t.Errorf("a relative root must be refused by name, got %v", err)
	}
}

func TestPropagationIneffective(t *testing.T) {
	at := `spec.containers[0].volumeMounts[0].mountPropagation: container "agent" mounts volume "host" as Bidirectional`
	fuse := func(mount string) string {
		return `{apiVersion: v1, kind: Pod, spec: {containers: [{name: app, image: i, volumeMounts: [` + mount + `]},
		  {name: agent, image: i, securityContext: {privileged: true}, volumeMounts: [{name: share, mountPath: /s, mountPropagation: Bidirectional}]}],
		  volumes: [{name: share, emptyDir: {}}, {name: other, emptyDir: {}}]}}`
	}
	runRule(t, "propagation-ineffective", []ruleCase{
		{
			name: "read-only", reason: "nothing can be mounted where no folder can be made", action: Warn,
			manifest: podMounting(bidirectional+", readOnly: true", "/var/lib/kubelet", true),
			want:     []string{at + ` and read-only: it cannot make folders to mount on`},
		},
		{
			name: "a user namespace", reason: "its mounts are slaves of the host's", action: Warn,
			manifest: strings.Replace(podMounting(bidirectional, "/var/lib/kubelet", true), "spec: {", "spec: {hostUsers: false, ", 1),
			want:     []string{at + ` in a user namespace (hostUsers: false): the kernel lets no mount out of it`},
		},
		{
			name: "an emptyDir of one container", reason: "nobody is there to see the mount", action: Warn,
			manifest: fuse(`{name: other, mountPath: /o}`),
			want:     []string{`spec.containers[1].volumeMounts[0].mountPropagation: container "agent" mounts volume "share" as Bidirectional, and no other container mounts that volume`},
		},
		{name: "a CSI node plugin", reason: "the kubelet sees what it mounts", manifest: podMounting(bidirectional, "/var/lib/kubelet", true)},
		{name: "a FUSE sidecar", reason: "the application sees its mount", manifest: fuse(`{name: share, mountPath: /data, mountPropagation: HostToContainer}`)},
		{name: "a FUSE sidecar that starts first", reason: "the application starts with the mount there", manifest: fuse(`{name: share, mountPath: /data}`)},
		{name: "hostUsers: true", reason: "the host's user namespace", manifest: strings.Replace(podMounting(bidirectional, "/var/lib/kubelet", true), "spec: {", "spec: {hostUsers: true, ", 1)},
		{name: "node-exporter", reason: "HostToContainer and read-only is another rule's", manifest: podMounting("mountPropagation: HostToContainer, readOnly: true", "/", false)},
		{
			name: "a claim of one container", reason: "other pods on the node may mount it too",
			manifest: `{apiVersion: v1, kind: Pod, spec: {containers: [{name: c, image: i, securityContext: {privileged: true}, volumeMounts: [{name: d, mountPath: /d, mountPropagation: Bidirectional}]}],
			  volumes: [{name: d, persistentVolumeClaim: {claimName: d}}]}}`,
		},
	})
}

func TestPropagationSubPath(t *testing.T) {
	runRule(t, "propagation-subpath", []ruleCase{
		{
			name: "HostToContainer", reason: "the kubelet's bind of a subPath does not recurse", action: Warn,
			manifest: podMounting("mountPropagation: HostToContainer, subPath: mnt", "/srv", false),
			want: []string{`spec.containers[0].volumeMounts[0].mountPropagation: container "agent" mounts a subPath of volume "host" ` +
				`with HostToContainer propagation: what is already mounted below it is missing`},
		},
		{
			name: "a subPathExpr, Bidirectional", reason: "the same bind", action: Warn,
			manifest: podMounting(bidirectional+`, subPathExpr: "$(NODE)"`, "/var/lib/kubelet", true),
			want: []string{`spec.containers[0].volumeMounts[0].mountPropagation: container "agent" mounts a subPath of volume "host" ` +
				`with Bidirectional propagation: what is already mounted below it is missing`},
		},
		{name: "no subPath", reason: "the runtime's own bind recurses", manifest: podMounting("mountPropagation: HostToContainer", "/srv", false)},
		{name: "a subPath with None", reason: "nobody asked to see mounts", manifest: podMounting("mountPropagation: None, subPath: mnt", "/srv", false)},
		{name: "a subPath alone", reason: "nobody asked to see mounts", manifest: podMounting("subPath: mnt", "/srv", false)},
	})
}

func TestPropagationReadOnlyNotRecursive(t *testing.T) {
	runRule(t, "propagation-readonly-not-recursive", []ruleCase{
		{
			name: "node-exporter", reason: "/proc, /sys and every volume below stay writable", action: Warn,
			manifest: podMounting("mountPropagation: HostToContainer, readOnly: true", "/", false),
			want: []string{`spec.containers[0].volumeMounts[0].mountPropagation: container "agent" mounts volume "host" ` +
				`read-only with HostToContainer: what is mounted below it stays writable`},
		},
		{name: "writable", reason: "nobody meant it to be read-only", manifest: podMounting("mountPropagation: HostToContainer", "/srv", false)},
		{name: "recursive", reason: "what the rule recommends", manifest: podMounting("readOnly: true, recursiveReadOnly: IfPossible", "/", false)},
		{name: "read-only alone", reason: "no propagation was asked for", manifest: podMounting("readOnly: true", "/", false)},
		{name: "Bidirectional", reason: "propagation-ineffective speaks of it", manifest: podMounting(bidirectional+", readOnly: true", "/var/lib/kubelet", true)},
		{
			name: "a file", reason: "nothing can be mounted below it",
			manifest: strings.Replace(podMounting("mountPropagation: HostToContainer, readOnly: true", "/etc/localtime", false), `localtime"`, `localtime", type: File`, 1),
		},
	})
}
