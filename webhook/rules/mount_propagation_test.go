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

// podClaiming is the same with a claim in place of the host's path.
func podClaiming(claim string) string {
	return strings.Replace(podMounting(bidirectional, "/", true), `hostPath: {path: "/"}`, "persistentVolumeClaim: {claimName: "+claim+"}", 1)
}

// hostVolume is a volume that is kept for the claim of its name, and claimBoundTo that claim, bound.
func hostVolume(name, source string) string {
	return `{apiVersion: v1, kind: PersistentVolume, metadata: {name: ` + name + `}, spec: {` + source + `, capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce],
	  claimRef: {namespace: default, name: ` + name + `}}}`
}

func claimBoundTo(name string) string {
	return `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: ` + name + `, namespace: default, annotations: {pv.kubernetes.io/bind-completed: "yes"}},
	  spec: {storageClassName: "", volumeName: ` + name + `, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`
}

const bidirectional = "mountPropagation: Bidirectional"

func TestPropagationBidirectionalPath(t *testing.T) {
	const at = `spec.containers[0].volumeMounts[0].mountPropagation: container "agent" `
	denied := func(path string) []string {
		return []string{at + `may not mount host path "` + path + `" as Bidirectional`}
	}
	warned := func(path string) []string {
		return []string{at + `mounts host path "` + path + `" as Bidirectional, which is not one of the usual directories`}
	}
	lookup := clusterOf(nil, hostVolume("etc", "hostPath: {path: /etc}"), claimBoundTo("etc"), hostVolume("kept", "hostPath: {path: /usr}"),
		hostVolume("disk", "local: {path: /mnt/disk-1}"), claimBoundTo("disk"))
	runRuleIn(t, lookup, "propagation-bidirectional-path", []ruleCase{
		{name: "the root", reason: "storage drivers and other agents do this, and are privileged anyway", action: Warn, manifest: podMounting(bidirectional, "/", true), want: warned("/")},
		{name: "the host's /sys", reason: "the same", action: Warn, manifest: podMounting(bidirectional, "/sys/", true), want: warned("/sys")},
		{name: "the root by another name", reason: "the first process has the host's root", action: Warn, manifest: podMounting(bidirectional, "/proc/1/root", true), want: warned("/")},
		{name: "a directory by another name", reason: "the same", action: Deny, manifest: podMounting(bidirectional, "/proc/thread-self/root/proc/1/cwd/etc", true), want: denied("/etc")},
		{name: "a relative path", reason: "the runtime works in the root", action: Deny, manifest: podMounting(bidirectional, "./etc", true), want: denied("/etc")},
		{name: "a subPathExpr that is written out", reason: "the kubelet takes it as it is", action: Deny, manifest: podMounting(bidirectional+`, subPathExpr: "./usr//."`, "/", true), want: denied("/usr")},
		{name: "a subPathExpr of a dot", reason: "the volume itself", action: Deny, manifest: podMounting(bidirectional+`, subPathExpr: "."`, "/etc", true), want: denied("/etc")},
		{name: "a claim of a directory of the host", reason: "the volume is bound, and known", action: Deny, manifest: podClaiming("etc"), want: denied("/etc")},
		{name: "a claim for which a directory of the host is kept", reason: "it will be bound to it", action: Deny, manifest: podClaiming("kept"), want: denied("/usr")},
		{name: "a claim of a local volume", reason: "the same as a hostPath", action: Warn, manifest: podClaiming("disk"), want: warned("/mnt/disk-1")},
		{name: "an uncleaned path", reason: "paths are compared cleaned", action: Deny, manifest: podMounting(bidirectional, "//etc/./", true), want: denied("/etc")},
		{name: "a subPath outside", reason: "it says which directory takes part", action: Deny, manifest: podMounting(bidirectional+", subPath: usr", "/", true), want: denied("/usr")},
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
		{name: "a name that only begins alike", reason: "/var/lib/kubelet2 is another directory", action: Warn, manifest: podMounting(bidirectional, "/var/lib/kubelet2", true), want: warned("/var/lib/kubelet2")},
		{name: "Calico", reason: "its calico-node mounts bpffs for the host", action: Warn, manifest: podMounting(bidirectional, "/sys/fs", true), want: warned("/sys/fs")},
		{name: "Multus", reason: "its DaemonSet installs its plugin so", action: Warn, manifest: podMounting(bidirectional, "/opt/cni/bin", true), want: warned("/opt/cni/bin")},
		{name: "FUSE in /mnt", reason: "people share mounts of rclone so", action: Warn, manifest: podMounting(bidirectional, "/mnt", true), want: warned("/mnt")},

		{name: "a CSI node plugin", reason: "every one does this", manifest: podMounting(bidirectional, "/var/lib/kubelet/pods", true)},
		{name: "the kubelet's root itself", reason: "many CSI node plugins do this", manifest: podMounting(bidirectional, "/var/lib/kubelet/", true)},
		{name: "k0s", reason: "its kubelet's root", manifest: podMounting(bidirectional, "/var/lib/k0s/kubelet/plugins", true)},
		{name: "Longhorn", reason: "its data directory", manifest: podMounting(bidirectional, "/var/lib/longhorn", true)},
		{name: "HostToContainer on the root", reason: "nothing flows back; node-exporter does this", manifest: podMounting("mountPropagation: HostToContainer", "/", false)},
		{name: "None on the root", reason: "no propagation", manifest: podMounting("mountPropagation: None", "/", false)},
		{name: "a subPath inside", reason: "only that directory takes part", manifest: podMounting(bidirectional+", subPath: var/lib/kubelet", "/", true)},
		{name: "a subPathExpr that only the kubelet knows", reason: "it may choose the root itself", action: Warn, manifest: podMounting(bidirectional+`, subPathExpr: "$(X)"`, "/", true), want: warned("/")},
		{name: "a subPathExpr below the kubelet", reason: "it cannot leave that", manifest: podMounting(bidirectional+`, subPathExpr: "var/lib/kubelet/$(X)"`, "/", true)},
		{name: "a subPathExpr that may be the kubelet's", reason: "or another in /var/lib", action: Warn, manifest: podMounting(bidirectional+`, subPathExpr: "var/lib/kube$(X)"`, "/", true), want: warned("/var/lib")},
		{name: "a claim that is not known", reason: "in doubt no finding", manifest: podClaiming("unknown")},
		{
			name: "an emptyDir", reason: "the kubelet's own directory; sidecars that share a FUSE mount do this",
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
		{name: "Bidirectional", reason: "warned of for its path, and once is enough", action: Audit, manifest: podMounting(bidirectional, "/./", true), want: want("Bidirectional")},
		{name: "read-only", reason: "how node-exporter does it", manifest: podMounting("mountPropagation: HostToContainer, readOnly: true", "/", false)},
		{name: "no propagation", reason: "hostpath-sensitive speaks of it", manifest: podMounting("readOnly: false", "/", false)},
		{name: "a directory below", reason: "not the root", manifest: podMounting("mountPropagation: HostToContainer", "/var/log", false)},
		{name: "a subPath", reason: "not the root", manifest: podMounting("mountPropagation: HostToContainer, subPath: var", "/", false)},
	})
}

// A configuration that names the rule means it: what reaches the host's root by any name is denied, and what an exemption would lift, too.
func TestTheHostsRootByAnyNameIsDeniedByName(t *testing.T) {
	lookup := clusterOf(nil, hostVolume("root", "hostPath: {path: /}"), claimBoundTo("root"), hostVolume("disk", "local: {path: /}"), claimBoundTo("disk"))
	expr := func(value, expr string) string {
		return strings.Replace(podMounting(bidirectional+`, subPathExpr: "`+expr+`"`, "/", true), "image: i", "image: i, env: [{name: Y, value: lib}, {name: X, value: '"+value+"'}]", 1)
	}
	manifests := map[string]string{
		"the root": podMounting(bidirectional, "/", true), "slashes and dots": podMounting(bidirectional, "//././/", true), "a relative path": podMounting(bidirectional, ".", true),
		"a subPath": podMounting(bidirectional+", subPath: ./.", "/", true), "a subPathExpr": expr("", "."), "a variable": expr(".", "$(X)"), "an empty variable": expr("", "$(X)"),
		"half a variable": expr("", "./$(X"), "a variable of a variable": expr("$(Y)", "$(X)"), "a dollar": expr("", "$$(X)/.."), "an unknown variable": expr("", "var/$(Z)"),
		"the first process": podMounting(bidirectional, "/proc/1/root", true), "this process": podMounting(bidirectional, "/proc/self/root/", true),
		"where it works": podMounting(bidirectional, "/proc/self/cwd", true), "a thread": podMounting(bidirectional, "/proc/thread-self/root/./", true),
		"a thread of a process": podMounting(bidirectional, "/proc/1/task/1/root", true), "a chain": podMounting(bidirectional, "/proc/1/root/proc/2/cwd", true),
		"an open file": podMounting(bidirectional, "/dev/fd/3", true), "a subPath into a process": podMounting(bidirectional+", subPath: 1/root", "/proc", true),
		"a claim": podClaiming("root"), "a claim of a local volume": podClaiming("disk"),
	}
	for name, opts := range map[string]EvaluatorOptions{
		"mandatory": {Mandatory: []string{"propagation-bidirectional-path"}, Exemptions: []Exemption{{Namespaces: []string{"default"}, Reason: "why"}}},
		"deny":      {Actions: map[string]Action{"propagation-bidirectional-path": Deny}},
	} {
		e, err := NewEvaluator(opts)
		if err != nil {
			t.Fatal(err)
		}
		for what, manifest := range manifests {
			kind, obj := decode(t, manifest)
			found := e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, Namespace: "default", Lookup: lookup}).Findings
			if !slices.ContainsFunc(found, func(f Finding) bool { return f.Rule == "propagation-bidirectional-path" && f.Action == Deny }) {
				t.Errorf("%s, %s: %+v", name, what, found)
			}
		}
		kind, obj := decode(t, expr("lib/kubelet", "var/$(X)/pods"))
		if found := e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, Namespace: "default", Lookup: lookup}).Findings; slices.ContainsFunc(found, func(f Finding) bool { return f.Action == Deny }) {
			t.Errorf("%s: a variable below an allowed root: %+v", name, found)
		}
	}
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
			name: "read-only", reason: "nothing can be mounted where no directory can be made", action: Warn,
			manifest: podMounting(bidirectional+", readOnly: true", "/var/lib/kubelet", true),
			want:     []string{at + ` and read-only: it cannot create directories to mount on`},
		},
		{
			name: "a user namespace", reason: "its mounts are slaves of the host's", action: Warn,
			manifest: strings.Replace(podMounting(bidirectional, "/var/lib/kubelet", true), "spec: {", "spec: {hostUsers: false, ", 1),
			want:     []string{at + ` in a user namespace (hostUsers: false): the kernel does not propagate mounts out of it`},
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
