// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// nodeAgent is a row of testdata/node_agents.yaml.
type nodeAgent struct {
	Product, From string
	// Kind is the workload's; empty for a DaemonSet.
	Kind Kind
	// Node is a node that the pod is made for.
	Node       string
	Containers map[string][]string
	// Warned says that there is a warning.
	Warned bool
}

func nodeAgents(t *testing.T) []nodeAgent {
	t.Helper()
	text, err := os.ReadFile("testdata/node_agents.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all []nodeAgent
	if err := yaml.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// podSpec is the agent's, as the API server would have it.
func (a nodeAgent) podSpec(t *testing.T) corev1.PodSpec {
	t.Helper()
	spec := corev1.PodSpec{}
	if a.Node != "" {
		spec.NodeSelector = map[string]string{corev1.LabelHostname: a.Node}
	}
	names := make([]string, 0, len(a.Containers))
	for name := range a.Containers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, full := range names {
		name, privileged := strings.CutSuffix(full, "*")
		name, init := strings.CutPrefix(name, "init:")
		c := corev1.Container{Name: name, Image: "registry.example.com/" + name + ":1", SecurityContext: &corev1.SecurityContext{Privileged: &privileged}}
		for i, mount := range a.Containers[full] {
			fields := strings.Fields(mount)
			volume := corev1.Volume{Name: fmt.Sprintf("%s-%d", name, i)}
			m := corev1.VolumeMount{Name: volume.Name, MountPath: "/host/" + volume.Name}
			var kind corev1.HostPathType
			for _, flag := range fields[1:] {
				switch flag {
				case "B":
					m.MountPropagation = new(corev1.MountPropagationBidirectional)
				case "H":
					m.MountPropagation = new(corev1.MountPropagationHostToContainer)
				case "ro":
					m.ReadOnly = true
				case "file":
					kind = corev1.HostPathFile
				default:
					t.Fatalf("%s: flag %q", a.Product, flag)
				}
			}
			switch path := fields[0]; {
			case strings.HasPrefix(path, "memory:"):
				volume.EmptyDir = &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}
			case strings.HasPrefix(path, "config:"):
				volume.ConfigMap = &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "config"}}
				m.SubPath = "file"
			default:
				volume.HostPath = &corev1.HostPathVolumeSource{Path: path, Type: &kind}
			}
			spec.Volumes, c.VolumeMounts = append(spec.Volumes, volume), append(c.VolumeMounts, m)
		}
		if init {
			spec.InitContainers = append(spec.InitContainers, c)
		} else {
			spec.Containers = append(spec.Containers, c)
		}
	}
	return spec
}

// objects are the agent's workload, and the pod that its controller makes.
func (a nodeAgent) objects(t *testing.T) map[Kind]runtime.Object {
	t.Helper()
	template := corev1.PodTemplateSpec{Spec: a.podSpec(t)}
	out := map[Kind]runtime.Object{Pod: &corev1.Pod{Spec: template.Spec}}
	switch a.Kind {
	case Pod:
	case "", DaemonSet:
		out[DaemonSet] = &appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{Template: template}}
	case Deployment:
		out[Deployment] = &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Template: template}}
	case StatefulSet:
		out[StatefulSet] = &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{Template: template}}
	case Job:
		template.Spec.RestartPolicy = corev1.RestartPolicyNever
		out[Job] = &batchv1.Job{Spec: batchv1.JobSpec{Template: template}}
	default:
		t.Fatalf("%s: kind %q", a.Product, a.Kind)
	}
	return out
}

// No agent of the node is denied where nothing is configured, whatever it is made as, and one warning is enough for each.
func TestNodeAgentsAreLetIn(t *testing.T) {
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	agents := nodeAgents(t)
	if len(agents) < 100 {
		t.Errorf("%d agents", len(agents))
	}
	for _, a := range agents {
		t.Run(a.Product, func(t *testing.T) {
			if a.From == "" {
				t.Error("nothing says where this was seen")
			}
			for kind, obj := range a.objects(t) {
				if pod, ok := obj.(*corev1.Pod); ok && a.Kind == "" {
					pod.OwnerReferences = []metav1.OwnerReference{{Kind: string(DaemonSet), Controller: new(true)}}
				}
				for _, asWritten := range []bool{false, true} {
					result := e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, Namespace: "storage", Lookup: cluster, AsWritten: asWritten})
					if len(result.Panics) > 0 {
						t.Fatal(result.Panics)
					}
					var warned []string
					for _, f := range result.Findings {
						switch f.Action {
						case Deny:
							t.Errorf("%s is denied by %s: %s", kind, f.Rule, f.Message)
						case Warn:
							warned = append(warned, f.Rule+": "+f.Message)
						case Audit, Off:
						}
					}
					if want := map[bool]int{true: 1}[a.Warned]; len(warned) != want {
						t.Errorf("%s: %d warnings, want %d: %q", kind, len(warned), want, warned)
					}
				}
			}
		})
	}
}

// What the configuration names holds for node plugins as for all others.
func TestANodePluginIsJudgedByWhatIsNamed(t *testing.T) {
	agents := nodeAgents(t)
	trident := agents[slices.IndexFunc(agents, func(a nodeAgent) bool { return a.Product == "NetApp Trident" })]
	every, err := NewNamespaceSelector(&metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "storage"}})
	if err != nil {
		t.Fatal(err)
	}
	const rule = "propagation-bidirectional-path"
	for name, tc := range map[string]struct {
		opts EvaluatorOptions
		want Action
	}{
		"nothing":                 {EvaluatorOptions{}, Audit},
		"another rule":            {EvaluatorOptions{Actions: map[string]Action{"hostpath-sensitive": Deny}}, Audit},
		"allowed roots":           {EvaluatorOptions{Settings: Settings{BidirectionalRoots: []string{"/srv"}}}, Audit},
		"the rule":                {EvaluatorOptions{Actions: map[string]Action{rule: Deny}}, Deny},
		"the rule in a namespace": {EvaluatorOptions{NamespaceActions: []NamespaceActions{{every, map[string]Action{rule: Warn}}}}, Warn},
		"mandatory":               {EvaluatorOptions{Mandatory: []string{rule}}, Deny},
	} {
		e, err := NewEvaluator(tc.opts)
		if err != nil {
			t.Fatal(err)
		}
		for kind, obj := range trident.objects(t) {
			got := map[Action]bool{}
			for _, f := range e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, Namespace: "storage", Lookup: cluster}).Findings {
				if f.Rule == rule {
					got[f.Action] = true
				}
			}
			if len(got) != 1 || !got[tc.want] {
				t.Errorf("%s named, %s: %v, want %s", name, kind, got, tc.want)
			}
		}
	}
}

// Only what gets storage to a node is a node plugin.
func TestNodePlugins(t *testing.T) {
	for _, tc := range []struct {
		path, mount string
		want        bool
	}{
		{"/var/lib/kubelet/plugins_registry", "", true},
		{"/var/lib/kubelet/plugins/csi.example.com", "", true},
		{"/var/lib/kubelet/plugins/", "", true},
		{"//var/lib/kubelet/./plugins_registry/", "", true},
		{"/var/snap/microk8s/common/var/lib/kubelet/plugins_registry", "", true},
		{"/var/lib/k0s/kubelet/plugins/x", "", true},
		{"/var/data/kubelet/plugins_registry", "", true},
		{"/var/lib/rancher/k3s/agent/kubelet/plugins/x", "", true},
		{"/mnt/kubelet-root/plugins_registry", "", true},
		{"/var/lib/kubelet", "subPath: plugins_registry", true},
		{"/var/lib/kubelet", "subPathExpr: plugins/$(DRIVER)", true},
		{"/var/lib/kubelet/plugins_registry", "readOnly: true", false},
		{"/var/lib/kubelet", "", false},
		{"/var/lib/kubelet/pods", "", false},
		{"/var/lib/kubelet/device-plugins", "", false},
		{"/usr/libexec/kubernetes/kubelet-plugins/volume/exec", "", false},
		{"/", "", false},
		{"/srv/plugins/x", "", false},
	} {
		mount := tc.mount
		if mount == "" {
			mount = "readOnly: false"
		}
		kind, obj := decode(t, podMounting(mount, tc.path, true))
		if got := isNodePlugin(&Input{Kind: kind, Object: obj}); got != tc.want {
			t.Errorf("%s %s: %t", tc.path, tc.mount, got)
		}
	}
}

// What the API server refuses by itself is explained of node plugins, too, and denied by nobody else.
func TestTheAPIServersRefusalOfANodePluginIsExplained(t *testing.T) {
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	kind, obj := decode(t, podMounting(bidirectional, "/var/lib/kubelet/plugins", false))
	for _, tc := range []struct {
		explaining, asWritten bool
		want                  Action
	}{{true, false, Warn}, {false, false, Warn}, {false, true, Deny}} {
		var got []Action
		for _, f := range e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, OnlyExplainAPI: tc.explaining, AsWritten: tc.asWritten}).Findings {
			if f.Rule == "propagation-bidirectional-unprivileged" {
				got = append(got, f.Action)
			}
		}
		diff(t, []Action{tc.want}, got, "explained")
	}
}
