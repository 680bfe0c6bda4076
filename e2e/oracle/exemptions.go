// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"slices"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
)

// Exemption is a cause for which moorage and kube-scheduler differ on purpose. It is recognised by what the objects say; what
// the objects say beyond it is still compared. The table has four kinds, by what is done with the cause:
//
//   - holds: kube-scheduler holds every pod back that has such a volume, so no extender is ever asked. The plugins are asked
//     about the pod without it, and moorage about the whole pod: the volume must not rule out a node for moorage.
//   - fix: the plugins are asked about the cluster with the cause fixed, as moorage reads it.
//   - errs: the plugin fails on the node, which ends the attempt before an extender is asked. What moorage says of the node
//     on the same matter is not compared.
//   - blurs: the plugin rules out the node, and the cause may be one that moorage leaves undecided. Nor is that compared.
type Exemption struct {
	Name, Why string

	holds func(x *lookup, pod *corev1.Pod, v *corev1.Volume) bool
	// stops are the plugins that decide nothing about nodes while the pod has such a volume.
	stops []string
	// passes says that kube-scheduler may get on in spite of the volume.
	passes bool

	fix func(c *Cluster) *Cluster

	errs, blurs func(x *lookup, pod *corev1.Pod, node string) bool

	// plugin is the one plugin that is concerned; empty where all are.
	plugin string
}

func (e *Exemption) concerns(plugin string) bool { return e.plugin == "" || e.plugin == plugin }

// Exemptions are all there are; those of one pod are applied together.
var Exemptions = []*Exemption{
	{
		Name: "claim missing", Why: "undecided: most likely moorage's cache lags, as kube-scheduler saw the claim",
		stops: []string{names.VolumeRestrictions, names.NodeVolumeLimits, names.VolumeBinding, names.VolumeZone},
		holds: func(x *lookup, pod *corev1.Pod, v *corev1.Volume) bool { return x.claimOf(pod, v) == nil },
	},
	{
		Name: "ephemeral claim of another", Why: "undecided: VolumeBinding refuses the pod before it looks at nodes",
		stops: []string{names.NodeVolumeLimits, names.VolumeBinding},
		holds: func(x *lookup, pod *corev1.Pod, v *corev1.Volume) bool { return x.foreign(pod, v) },
	},
	held("claim Lost", func(_ *lookup, c *corev1.PersistentVolumeClaim) bool { return c.Status.Phase == corev1.ClaimLost }),
	held("claim being deleted", func(_ *lookup, c *corev1.PersistentVolumeClaim) bool { return c.DeletionTimestamp != nil }),
	held("PV missing", func(x *lookup, c *corev1.PersistentVolumeClaim) bool {
		return c.Spec.VolumeName != "" && x.volumes[c.Spec.VolumeName] == nil
	}, names.VolumeZone),
	held("claim not bound to the end", func(x *lookup, c *corev1.PersistentVolumeClaim) bool {
		return c.Spec.VolumeName != "" && !bound(c) && x.volumes[c.Spec.VolumeName] != nil
	}),
	held("unbound immediate claim", func(x *lookup, c *corev1.PersistentVolumeClaim) bool {
		return c.Spec.VolumeName == "" && !x.waits(c)
	}, names.VolumeZone),
	{
		Name: "unreadable claim selector", Why: "undecided: the attempt fails where the claim is matched to volumes",
		stops: []string{names.VolumeBinding}, passes: true,
		holds: func(x *lookup, pod *corev1.Pod, v *corev1.Volume) bool {
			claim := x.claimOf(pod, v)
			if claim == nil || claim.Spec.Selector == nil || bound(claim) {
				return false
			}
			_, err := metav1.LabelSelectorAsSelector(claim.Spec.Selector)
			return err != nil
		},
	},
	{
		Name: "unreadable PV affinity", Why: "undecided: no node may be refused for a term that cannot be read",
		fix: fixAffinity,
	},
	{
		Name: "unreadable pool topology", Why: "undecided: such a pool may reach any node",
		fix: fixPools,
	},
	{
		Name: "unreadable PV affinity after translation", plugin: names.VolumeBinding,
		Why: "undecided: CSI migration takes a PV's zone label apart, and a part may be no zone that a node can have",
		blurs: func(x *lookup, pod *corev1.Pod, node string) bool {
			return slices.ContainsFunc(x.volumesOf(pod), func(pv *corev1.PersistentVolume) bool {
				plugin, err := translator.GetInTreePluginNameFromSpec(pv, nil)
				if err != nil || !x.migratedOn(node, plugin) {
					return false
				}
				translated, err := translator.TranslateInTreePVToCSI(logr.Discard(), pv)
				return err == nil && !readable(translated.Spec.NodeAffinity)
			})
		},
	},
	{
		Name: "PV not translated", Why: "the attempt fails on a node where the PV's plugin is migrated", plugin: names.VolumeBinding,
		errs: func(x *lookup, pod *corev1.Pod, _ string) bool {
			return slices.ContainsFunc(x.volumesOf(pod), func(pv *corev1.PersistentVolume) bool {
				if !translator.IsPVMigratable(pv) {
					return false
				}
				_, err := translator.TranslateInTreePVToCSI(logr.Discard(), pv)
				return err != nil
			})
		},
	},
	{
		Name: "inline volume not translated", Why: "the attempt fails on a node to which the pod or an assigned one brings it",
		plugin: names.NodeVolumeLimits,
		errs: func(x *lookup, pod *corev1.Pod, node string) bool {
			return slices.ContainsFunc(x.podsWith(pod, node), func(p *corev1.Pod) bool {
				return slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool {
					if usesClaim(&v) || !translator.IsInlineMigratable(&v) {
						return false
					}
					_, err := translator.TranslateInTreeInlineVolumeToCSI(logr.Discard(), &v, p.Namespace)
					return err != nil
				})
			})
		},
	},
	{
		Name: "assigned pod with the ephemeral claim of another", Why: "the attempt fails on the node of the assigned pod",
		plugin: names.NodeVolumeLimits,
		errs: func(x *lookup, _ *corev1.Pod, node string) bool {
			return slices.ContainsFunc(x.podsWith(nil, node), func(p *corev1.Pod) bool {
				return slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return x.foreign(p, &v) })
			})
		},
	},
	doubleCount,
}

// doubleCount is applied where an attachment is of a volume that the pod itself brings (withOwnAttachmentsUsed). Where
// another pod on the node uses the volume it changes nothing, since in-tree then counts it once.
var doubleCount = &Exemption{
	Name: "attached but used by no pod", plugin: names.NodeVolumeLimits,
	Why: "in-tree counts a volume as new and as attached where it is attached to the node and used by no pod there, and so " +
		"rejects the node that still holds a restarting pod's volume: for moorage the node has the volume",
}

// held is an exemption for a state of a claim in which VolumeBinding refuses every pod that uses it. It stops those plugins
// too that are named.
func held(name string, holds func(x *lookup, c *corev1.PersistentVolumeClaim) bool, stops ...string) *Exemption {
	return &Exemption{
		Name: name, Why: "undecided: VolumeBinding refuses the pod, whatever the node",
		stops: append(stops, names.VolumeBinding),
		holds: func(x *lookup, pod *corev1.Pod, v *corev1.Volume) bool {
			claim := x.claimOf(pod, v)
			return claim != nil && holds(x, claim)
		},
	}
}

// podsWith are the pods that the node would have with one more pod, where one is given.
func (x *lookup) podsWith(pod *corev1.Pod, node string) []*corev1.Pod {
	var pods []*corev1.Pod
	if pod != nil {
		pods = append(pods, pod)
	}
	for _, p := range x.cluster.Pods {
		if p.Spec.NodeName == node {
			pods = append(pods, p)
		}
	}
	return pods
}

// everywhere is an affinity that every node meets, and that CSI migration leaves so: as it speaks of a zone, no zone is added.
var everywhere = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
	MatchExpressions: []corev1.NodeSelectorRequirement{{
		Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpNotIn, Values: []string{"no-zone-has-this-name"},
	}},
}}}}

func fixAffinity(c *Cluster) *Cluster {
	out := c
	for _, pv := range c.Volumes {
		if readable(pv.Spec.NodeAffinity) {
			continue
		}
		fixed := *pv
		fixed.Spec.NodeAffinity = everywhere
		out = out.Swap(pv, &fixed)
	}
	return out
}

func readable(affinity *corev1.VolumeNodeAffinity) bool {
	if affinity == nil || affinity.Required == nil {
		return true
	}
	_, err := nodeaffinity.NewNodeSelector(affinity.Required)
	return err == nil
}

func fixPools(c *Cluster) *Cluster {
	out := c
	for _, pool := range c.Pools {
		if _, err := metav1.LabelSelectorAsSelector(pool.NodeTopology); err == nil {
			continue
		}
		fixed := *pool
		fixed.NodeTopology = &metav1.LabelSelector{}
		out = out.Swap(pool, &fixed)
	}
	return out
}

// withOwnAttachmentsUsed is the cluster with one more pod for each attachment of a volume that the pod itself brings: a pod
// on the attachment's node that uses the volume. In-tree then sees that the node has the volume already.
func withOwnAttachmentsUsed(x *lookup, pod *corev1.Pod, c *Cluster) *Cluster {
	if len(c.Attachments) == 0 {
		return c
	}
	own := x.identities(pod)
	out := c
	for _, a := range c.Attachments {
		if a.Spec.Source.PersistentVolumeName == nil || !x.nodes[a.Spec.NodeName] {
			continue
		}
		pv := x.volumes[*a.Spec.Source.PersistentVolumeName]
		if pv == nil || pv.Spec.CSI == nil {
			continue
		}
		if v, ok := own[a.Spec.Attacher+"/"+pv.Spec.CSI.VolumeHandle]; ok {
			if out == c {
				out = c.Clone()
			}
			out.Pods = append(out.Pods, &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: "uses-" + a.Name, UID: types.UID(a.Name)},
				Spec:       corev1.PodSpec{NodeName: a.Spec.NodeName, Volumes: []corev1.Volume{v}},
			})
		}
	}
	return out
}
