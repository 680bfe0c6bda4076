// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/topology"
)

var podHangingKind = Kind{
	ID: "pod-hanging", Section: Stuck,
	Means: "A pod has its node, and does not start there because of a volume: it is not attached, not mounted, another node has it, or what it names is not there.",
	Known: "As by 'moorage explain': the pod's Warning events, the volumes' VolumeAttachments, the node's CSINode, and who else has the volume.",
	Not: "Within 120 seconds of its node or of the last volume that was attached for it; where its containers are to blame, or its node is lost; " +
		"where an attachment, a claim, a volume or a driver is already reported as the root.",
	Remedy: "do what 'moorage explain' proposes",
	Needs:  []topology.Kind{topology.KindPod, topology.KindClaim, topology.KindVolume, topology.KindNode},
	Find:   podHanging,
}

// startGrace is how long a pod takes to start before it is reported.
const startGrace = 120 * time.Second

func podHanging(c *Cluster) []Finding {
	pods := c.waiting(func(p *corev1.Pod) bool {
		return p.Spec.NodeName != "" && !c.explained[podObject(keyOf(p))] && c.lasts(c.startsSince(p), startGrace)
	})
	asked, _ := c.explainPods(pods)
	var found []Finding
	for i := range asked {
		pod, e := asked[i].pods[0], asked[i].says
		if !hangs(e) {
			continue
		}
		f := Finding{Objects: []Object{podObject(keyOf(pod))}, Since: c.startsSince(pod), Explained: e, Command: explainCommand("pod", keyOf(pod))}
		f.Evidence = []string{fmt.Sprintf("Pod %s: status.phase Pending, spec.nodeName %s since %s", keyOf(pod), pod.Spec.NodeName, moment(explain.UnstartedSince(pod)))}
		for k := range e.Events {
			if k == 3 {
				break
			}
			f.Evidence = append(f.Evidence, fmt.Sprintf("Event %s: %s", e.Events[k].Reason, e.Events[k].Message))
		}
		found = append(found, f)
	}
	return found
}

// hangs reports whether a volume keeps a pod from its start.
func hangs(e *explain.Explanation) bool {
	if e.Seen != nil {
		return false
	}
	return len(e.Pinned) > 0 || e.Start != nil && e.Start.State == start.Hanging
}

// startsSince is since when a pod could have started: it has its node, and the last of its volumes came.
func (c *Cluster) startsSince(pod *corev1.Pod) time.Time {
	events := c.Events(event.Object{Kind: string(topology.KindPod), Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID})
	return newest(explain.UnstartedSince(pod), last(events, "SuccessfulAttachVolume"))
}
