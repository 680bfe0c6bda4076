// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/capture"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/internal/version"
	"github.com/moorage-k8s/moorage/topology"
)

// writeIssue writes the explanation of a pod for a bug report.
func (c *cluster) writeIssue(cmd *cobra.Command, e *explain.Explanation, pod *corev1.Pod) error {
	names := c.pseudonyms(pod)
	issue := &output.Issue{
		Moorage: version.Get().String(), Server: c.version(), Snapshot: c.snapshot, Text: names.Text, Name: names.Name, Driver: names.Driver,
	}
	for _, n := range c.whole.nodes {
		if v := n.Status.NodeInfo.KubeletVersion; v != "" && !slices.Contains(issue.Kubelets, v) {
			issue.Kubelets = append(issue.Kubelets, v)
		}
	}
	slices.Sort(issue.Kubelets)
	if since := explain.UnstartedSince(pod); explain.Unstarted(pod) && !since.IsZero() {
		issue.Age = max(c.now().Sub(since), 0)
	}
	return output.WriteIssue(cmd.OutOrStdout(), e, issue)
}

// pseudonyms know the names that an explanation of the pod may hold.
func (c *cluster) pseudonyms(pod *corev1.Pod) *capture.Pseudonyms {
	p := capture.NewPseudonyms()
	p.Know("pod", pod.Name)
	p.Know("namespace", pod.Namespace)
	volumes := topology.PodFromAPI(pod).Volumes
	for i := range volumes {
		p.Know("claim", volumes[i].Claim)
		p.Know("volume", volumes[i].Name)
	}
	for i := range pod.Spec.Containers {
		p.Know("container", pod.Spec.Containers[i].Name)
		p.Know("image", pod.Spec.Containers[i].Image)
	}
	p.Know("scheduler", notDefaultScheduler(pod.Spec.SchedulerName))
	labels := func(labels map[string]string) {
		for key, value := range labels {
			if !capture.PublicKey(key) {
				p.Know("label", key)
			}
			p.Know("value", value)
		}
	}
	for _, kind := range []struct {
		kind topology.Kind
		role string
	}{
		{topology.KindNode, "node"},
		{topology.KindClaim, "claim"},
		{topology.KindVolume, "pv"},
		{topology.KindClass, "class"},
		{topology.KindPod, "pod"},
		{topology.KindAttachment, "attachment"},
		{topology.KindPool, "pool"},
	} {
		for _, key := range c.keys(kind.kind) {
			p.Know(kind.role, key.Name)
			p.Know("namespace", key.Namespace)
		}
	}
	for _, key := range c.snapshot.Keys(topology.KindDriver) {
		if !capture.PublicDriver(key.Name) {
			p.Know("driver", key.Name)
		}
	}
	for i := range c.snapshot.NumNodes() {
		n := c.snapshot.Node(i)
		for _, d := range n.Drivers {
			if !capture.PublicDriver(d.Name) {
				p.Know("driver", d.Name)
			}
		}
		p.Know("zone", n.Labels[corev1.LabelTopologyZone])
		p.Know("region", n.Labels[corev1.LabelTopologyRegion])
		labels(n.Labels)
	}
	for _, n := range c.whole.nodes {
		labels(n.Labels)
		for _, t := range n.Spec.Taints {
			if !capture.PublicKey(t.Key) {
				p.Know("taint", t.Key)
			}
			p.Know("value", t.Value)
		}
	}
	labels(pod.Labels)
	labels(pod.Spec.NodeSelector)
	return p
}

func notDefaultScheduler(name string) string {
	if name == corev1.DefaultSchedulerName {
		return ""
	}
	return name
}
