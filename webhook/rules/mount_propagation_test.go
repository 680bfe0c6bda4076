// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
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
	message := func(path string) []string {
		return []string{`spec.containers[0].volumeMounts[0].mountPropagation: container "agent" may not mount host path "` + path + `" as Bidirectional`}
	}
	runRule(t, "propagation-bidirectional-path", []ruleCase{
		{name: "the root", reason: "the whole node", action: Deny, manifest: podMounting(bidirectional, "/", true), want: message("/")},
		{name: "above the kubelet", reason: "/var/lib holds more than the kubelet", action: Deny, manifest: podMounting(bidirectional, "/var/lib", true), want: message("/var/lib")},
		{name: "a name that only begins alike", reason: "/var/lib/kubelet2 is another folder", action: Deny, manifest: podMounting(bidirectional, "/var/lib/kubelet2", true), want: message("/var/lib/kubelet2")},
		{name: "an uncleaned path", reason: "paths are compared cleaned", action: Deny, manifest: podMounting(bidirectional, "//mnt/./", true), want: message("/mnt")},
		{name: "a subPath outside", reason: "it says which folder takes part", action: Deny, manifest: podMounting(bidirectional+", subPath: mnt", "/", true), want: message("/mnt")},
		{
			name: "an init container of a DaemonSet", reason: "the path has the template's prefix and the right list", action: Deny,
			manifest: `{apiVersion: apps/v1, kind: DaemonSet, spec: {template: {spec: {initContainers: [{name: setup, securityContext: {privileged: true},
			  volumeMounts: [{name: a, mountPath: /a}, {name: h, mountPath: /h, mountPropagation: Bidirectional}]}],
			  volumes: [{name: a, emptyDir: {}}, {name: h, hostPath: {path: /opt}}]}}}}`,
			want: []string{`spec.template.spec.initContainers[0].volumeMounts[1].mountPropagation: container "setup" may not mount host path "/opt" as Bidirectional`},
		},
		{
			name: "an ephemeral container", reason: "a debugger is a container too", action: Deny,
			manifest: `{apiVersion: v1, kind: Pod, spec: {ephemeralContainers: [{name: debugger, securityContext: {privileged: true},
			  volumeMounts: [{name: h, mountPath: /h, mountPropagation: Bidirectional}]}], volumes: [{name: h, hostPath: {path: /srv}}]}}`,
			want: []string{`spec.ephemeralContainers[0].volumeMounts[0].mountPropagation: container "debugger" may not mount host path "/srv" as Bidirectional`},
		},

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
	for path, denied := range map[string]bool{"/srv/storage/a": false, "/var/lib/kubelet": true} {
		kind, obj := decode(t, podMounting(bidirectional, path, true))
		got := e.Evaluate(context.Background(), Question{Kind: kind, Object: obj})
		if (len(got.Findings) == 1) != denied {
			t.Errorf("%s: got %+v, want denied %t", path, got.Findings, denied)
		}
	}
	if _, err := NewEvaluator(EvaluatorOptions{Settings: Settings{BidirectionalRoots: []string{"srv"}}}); err == nil || !strings.Contains(err.Error(), `"srv"`) {
		t.Errorf("a relative root must be refused by name, got %v", err)
	}
}
