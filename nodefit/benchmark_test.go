// SPDX-License-Identifier: Apache-2.0

package nodefit_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// large is 5,000 nodes and 150,000 pods, of which every tenth keeps its like off its node.
func large() ([]*corev1.Node, []*corev1.Pod) {
	var nodes []*corev1.Node
	var pods []*corev1.Pod
	for i := range 5_000 {
		n := node(fmt.Sprintf("node-%04d", i), fmt.Sprintf("zone-%d", i%3))
		n.Status.Allocatable = list("64", "256Gi")
		n.Status.Allocatable[corev1.ResourcePods] = *n.Status.Allocatable.Cpu()
		nodes = append(nodes, n)
		for k := range 30 {
			p := pod(fmt.Sprintf("pod-%04d-%02d", i, k), n.Name, asks("1"))
			p.Labels = map[string]string{"app": fmt.Sprintf("app-%d", k)}
			p.Namespace = fmt.Sprintf("ns-%d", k)
			if k%10 == 0 {
				apart(p)
				p.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].TopologyKey = corev1.LabelHostname
			}
			pods = append(pods, p)
		}
	}
	return nodes, pods
}

// demanding has something to say to every filter.
func demanding() *corev1.Pod {
	p := pod("new", "", asks("40"), port, near)
	p.Labels, p.Namespace = map[string]string{"app": "app-1"}, "ns-1"
	near(p)
	p.Spec.NodeSelector = map[string]string{corev1.LabelTopologyZone: "zone-1"}
	p.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule,
		LabelSelector: &metav1.LabelSelector{MatchLabels: p.Labels},
	}}
	return p
}

func BenchmarkRead(b *testing.B) {
	nodes, pods := large()
	for b.Loop() {
		cluster(nodes, pods...)
	}
}

func BenchmarkJudge(b *testing.B) {
	nodes, pods := large()
	c := cluster(nodes, pods...)
	for _, test := range []struct {
		name string
		pod  *corev1.Pod
	}{{"plain", pod("new", "", asks("40"))}, {"demanding", demanding()}} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				c.Judge(test.pod)
			}
		})
		b.Run(test.name+"/because", func(b *testing.B) {
			for b.Loop() {
				v := c.Judge(test.pod)
				for e := range v.Eliminations {
					for i := range v.Eliminations[e].Nodes.All() {
						v.Because(&v.Eliminations[e], i)
					}
				}
			}
		})
	}
	b.Run("place", func(b *testing.B) {
		d := c.Draft()
		p := pod("new", "", asks("1"))
		for i := 0; b.Loop(); i++ {
			d.Place(p, nodes[i%len(nodes)].Name)
			d.Cluster()
		}
	})
}
