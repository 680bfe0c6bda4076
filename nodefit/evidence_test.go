// SPDX-License-Identifier: Apache-2.0

package nodefit_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/nodefit"
)

func node(name, zone string, changes ...func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		corev1.LabelTopologyZone: zone, corev1.LabelHostname: name,
	}}}
	n.Status.Allocatable = list("8", "16Gi")
	n.Status.Allocatable[corev1.ResourcePods] = resource.MustParse("10")
	for _, change := range changes {
		change(n)
	}
	return n
}

func list(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

func pod(name, on string, changes ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: name, Labels: map[string]string{"app": "db"}}}
	p.Spec.NodeName, p.Spec.SchedulerName = on, corev1.DefaultSchedulerName
	p.Spec.Containers = []corev1.Container{{Name: "c"}}
	for _, change := range changes {
		change(p)
	}
	return p
}

func asks(cpu string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].Resources.Requests = list(cpu, "1Gi") }
}

func port(p *corev1.Pod) {
	p.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 80, HostPort: 80}}
}

func apart(p *corev1.Pod) {
	p.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: together(p)}}
}

func near(p *corev1.Pod) {
	p.Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: together(p)}}
}

func together(p *corev1.Pod) []corev1.PodAffinityTerm {
	return []corev1.PodAffinityTerm{{TopologyKey: corev1.LabelTopologyZone, LabelSelector: &metav1.LabelSelector{MatchLabels: p.Labels}}}
}

func cluster(nodes []*corev1.Node, pods ...*corev1.Pod) *nodefit.Cluster {
	o := nodefit.Objects{Nodes: nodes, Namespaces: map[string]map[string]string{"prod": {}}}
	for _, p := range pods {
		o.Pods = append(o.Pods, nodefit.PodFromAPI(p))
	}
	return nodefit.New(o, nodefit.Config{})
}

// Each filter says why, with what the reader looks for: the resource and how much of it, the taint, the term, the port, the skew, the pods.
func TestEvidence(t *testing.T) {
	three := []*corev1.Node{node("n1", "a"), node("n2", "b")}
	for _, test := range []struct {
		name    string
		cluster *nodefit.Cluster
		pod     *corev1.Pod
		want    string
	}{
		{
			"room", cluster(three, pod("big", "n1", asks("6"))), pod("new", "", asks("4")),
			"n1 NodeResourcesFit 'Insufficient cpu': wants 4000, 6000 of 8000 taken",
		},
		{
			"pod count", cluster([]*corev1.Node{node("n1", "a", func(n *corev1.Node) {
				n.Status.Allocatable[corev1.ResourcePods] = resource.MustParse("1")
			})}, pod("one", "n1")), pod("new", ""),
			"n1 NodeResourcesFit 'Too many pods': wants 1, 1 of 1 taken",
		},
		{
			"taint", cluster([]*corev1.Node{node("n1", "a", func(n *corev1.Node) {
				n.Spec.Taints = []corev1.Taint{{Key: "dedicated", Value: "gpu", Effect: corev1.TaintEffectNoSchedule}}
			})}), pod("new", ""),
			"n1 TaintToleration 'node(s) had untolerated taint(s)': [dedicated=gpu:NoSchedule]",
		},
		{
			"cordon", cluster([]*corev1.Node{node("n1", "a", func(n *corev1.Node) { n.Spec.Unschedulable = true })}), pod("new", ""),
			"n1 NodeUnschedulable 'node(s) were unschedulable': cordoned",
		},
		{
			"selector", cluster(three), pod("new", "", func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{corev1.LabelTopologyZone: "b"} }),
			"n1 NodeAffinity 'node(s) didn't match Pod's node affinity/selector': map[topology.kubernetes.io/zone:b]",
		},
		{
			"port", cluster(three, pod("web", "n1", port)), pod("new", "", port),
			"n1 NodePorts 'node(s) didn't have free ports for the requested pod ports': 80 of [web]",
		},
		{
			"spread", cluster(three, pod("t-0", "n1")), pod("t-1", "", func(p *corev1.Pod) {
				p.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
					MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule,
					LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "db"}},
				}}
			}),
			"n1 PodTopologySpread 'node(s) didn't match pod topology spread constraints': a has 1+1, least 0",
		},
		{
			"own anti-affinity", cluster(three, pod("t-0", "n1")), pod("t-1", "", apart),
			"n1 InterPodAffinity 'node(s) didn't match pod anti-affinity rules': [t-0]",
		},
		{
			"anti-affinity of others", cluster(three, pod("t-0", "n1", apart)), pod("t-1", ""),
			"n1 InterPodAffinity 'node(s) didn't satisfy existing pods anti-affinity rules': [t-0]",
		},
		{
			"affinity", cluster(three, pod("t-0", "n2")), pod("t-1", "", near),
			"n1 InterPodAffinity 'node(s) didn't match pod affinity rules': terms [0]",
		},
		{"first of a group", cluster(three), pod("t-0", "", near), ""},
		{"ended pods hold nothing", cluster(three, pod("job", "n1", asks("8"), func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded })), pod("new", "", asks("4")), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := test.cluster.Judge(test.pod)
			got := ""
			for e := range v.Eliminations {
				for i := range v.Eliminations[e].Nodes.All() {
					got += describe(test.cluster, v, &v.Eliminations[e], i)
				}
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func describe(c *nodefit.Cluster, v *nodefit.Verdict, e *nodefit.Elimination, i int) string {
	names := func(pods []*nodefit.Pod) (out []string) {
		for _, p := range pods {
			out = append(out, p.Name)
		}
		return out
	}
	evidence := v.Because(e, i)
	var what string
	switch {
	case evidence.Wanted > 0:
		what = fmt.Sprintf("wants %d, %d of %d taken", evidence.Wanted, evidence.Taken, evidence.Allocatable)
	case evidence.Taints != nil:
		what = fmt.Sprint([]string{evidence.Taints[0].ToString()})
	case evidence.Unschedulable:
		what = "cordoned"
	case evidence.Selector != nil:
		what = fmt.Sprint(evidence.Selector)
	case evidence.Ports != nil:
		what = fmt.Sprintf("%d of %v", evidence.Ports[0].Port.Number, names(evidence.Ports[0].Pods))
	case evidence.Spread != nil:
		what = fmt.Sprintf("%s has %d+%d, least %d", evidence.Spread.Domain, evidence.Spread.Pods, evidence.Spread.Self, evidence.Spread.Least)
	case evidence.Affinity != nil:
		what = fmt.Sprintf("terms %v", evidence.Affinity)
	default:
		what = fmt.Sprint(names(evidence.Apart))
	}
	return fmt.Sprintf("%s %s '%s': %s", c.Node(i).Name, e.Filter, e.Text, what)
}

// The message is kube-scheduler's own: it stops at the first plugin that rejects a node, and what volumes reject comes in between.
func TestForetell(t *testing.T) {
	c := cluster([]*corev1.Node{
		node("n1", "a"), node("n2", "a", func(n *corev1.Node) {
			n.Spec.Taints = []corev1.Taint{{Key: "dedicated", Value: "gpu", Effect: corev1.TaintEffectNoSchedule}}
		}), node("n3", "b"),
	}, pod("big", "n1", asks("6")), pod("t-0", "n3"))
	v := c.Judge(pod("db-0", "", asks("4"), apart))
	got := v.Foretell(func(i int) []string {
		if c.Node(i).Name == "n3" {
			return []string{"node(s) didn't match PersistentVolume's node affinity"}
		}
		return nil
	}, nil)
	want := "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) had untolerated taint(s)."
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Where the labels of namespaces are not known, what they decide rejects no node, and the verdict says so.
func TestNamespacesThatAreNotKnown(t *testing.T) {
	wants := pod("t-1", "", near, func(p *corev1.Pod) {
		p.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "red"}}
	})
	c := nodefit.New(nodefit.Objects{Nodes: []*corev1.Node{node("n1", "a")}}, nodefit.Config{})
	v := c.Judge(wants)
	if !v.Feasible.Has(0) || len(v.Unknown) != 1 {
		t.Errorf("feasible %v, unknown %q", v.Feasible.Has(0), v.Unknown)
	}
}

// A pod from a manifest has its matchLabelKeys in the selectors as if the API server had kept it.
func TestAsCreated(t *testing.T) {
	p := pod("t-0", "", near, func(p *corev1.Pod) {
		p.Labels["version"] = "v1"
		term := &p.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0]
		term.LabelSelector = &metav1.LabelSelector{}
		term.MatchLabelKeys, term.MismatchLabelKeys = []string{"version", "absent"}, []string{"app"}
	})
	got := nodefit.AsCreated(p).Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].LabelSelector
	want := "app notin (db),version in (v1)"
	if text := metav1.FormatLabelSelector(got); text != want {
		t.Errorf("got %s, want %s", text, want)
	}
}
