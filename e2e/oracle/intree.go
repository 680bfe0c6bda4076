// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	toolscache "k8s.io/client-go/tools/cache"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodevolumelimits"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"

	"github.com/moorage-k8s/moorage/e2e/intree"
)

// Plugins are kube-scheduler's volume plugins, in its default order.
var Plugins = []string{names.VolumeRestrictions, names.NodeVolumeLimits, names.VolumeBinding, names.VolumeZone}

// Outcome is what a plugin says of a node.
type Outcome uint8

// The outcomes.
const (
	Accepted Outcome = iota
	Unschedulable
	UnschedulableAndUnresolvable
	// Errored ends the attempt to schedule the pod, so that no extender is asked.
	Errored
)

// String is kube-scheduler's name for the outcome.
func (o Outcome) String() string {
	return [...]string{"Accepted", "Unschedulable", "UnschedulableAndUnresolvable", "Error"}[o]
}

// Ruling is what a plugin says of one node.
type Ruling struct {
	Outcome Outcome
	// Reasons are in the plugin's order.
	Reasons []string
	// Held says that PreFilter ruled, before any node was looked at.
	Held bool
}

// Refused reports whether the node is refused; an error is not a refusal.
func (r Ruling) Refused() bool {
	return r.Outcome == Unschedulable || r.Outcome == UnschedulableAndUnresolvable
}

// InTree is kube-scheduler's volume plugins over a cluster that can be exchanged. It is not safe for concurrent use.
type InTree struct{ plugins *intree.Plugins }

// NewInTree returns the plugins over an empty cluster. What they start ends with ctx.
func NewInTree(ctx context.Context) (*InTree, error) {
	started, err := intree.Start(ctx, intree.Options{
		Names: Plugins,
		With: func(f informers.SharedInformerFactory) []frameworkruntime.Option {
			manager := nodevolumelimits.NewCSIManager(f.Storage().V1().CSINodes().Lister())
			return []frameworkruntime.Option{frameworkruntime.WithSharedCSIManager(manager)}
		},
	})
	return &InTree{plugins: started}, err
}

// Load makes the cluster the one that the plugins see.
func (t *InTree) Load(c *Cluster) error {
	core, storage := t.plugins.Informers.Core().V1(), t.plugins.Informers.Storage().V1()
	for _, load := range []error{
		replace(core.Nodes().Informer(), c.Nodes),
		replace(core.Pods().Informer(), c.Pods),
		replace(core.PersistentVolumes().Informer(), c.Volumes),
		replace(core.PersistentVolumeClaims().Informer(), c.Claims),
		replace(storage.StorageClasses().Informer(), c.Classes),
		replace(storage.CSINodes().Informer(), c.CSINodes),
		replace(storage.CSIDrivers().Informer(), c.Drivers),
		replace(storage.CSIStorageCapacities().Informer(), c.Pools),
		replace(storage.VolumeAttachments().Informer(), c.Attachments),
	} {
		if load != nil {
			return fmt.Errorf("load a cluster into kube-scheduler's plugins: %w", load)
		}
	}
	// kube-scheduler's own informer leaves terminal pods out.
	var assigned []*corev1.Pod
	for _, p := range c.Pods {
		if p.Spec.NodeName != "" && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			assigned = append(assigned, p)
		}
	}
	return t.plugins.Load(assigned, c.Nodes)
}

func replace[T object](informer toolscache.SharedIndexInformer, objects []T) error {
	list := make([]any, len(objects))
	for i, o := range objects {
		list[i] = o
	}
	return informer.GetIndexer().Replace(list, "")
}

// Rule asks one plugin about every node, in the order of the nodes' names.
func (t *InTree) Rule(plugin string, pod *corev1.Pod) []Ruling {
	return t.rule(t.plugins.Single[plugin], pod)
}

// RuleJointly asks the four plugins together, as kube-scheduler does: the first to rule out a node gives the reason.
func (t *InTree) RuleJointly(pod *corev1.Pod) []Ruling { return t.rule(t.plugins.Joint, pod) }

func (t *InTree) rule(f framework.Framework, pod *corev1.Pod) []Ruling {
	rulings := make([]Ruling, len(t.plugins.Nodes))
	state := framework.NewCycleState()
	if _, status, _ := f.RunPreFilterPlugins(t.plugins.Context, state, pod); !status.IsSuccess() {
		for i := range rulings {
			rulings[i] = rulingOf(status)
			rulings[i].Held = true
		}
		return rulings
	}
	for i, node := range t.plugins.Nodes {
		rulings[i] = rulingOf(f.RunFilterPlugins(t.plugins.Context, state, pod, node))
	}
	return rulings
}

func rulingOf(status *fwk.Status) Ruling {
	switch status.Code() {
	case fwk.Success:
		return Ruling{}
	case fwk.Unschedulable:
		return Ruling{Outcome: Unschedulable, Reasons: status.Reasons()}
	case fwk.UnschedulableAndUnresolvable:
		return Ruling{Outcome: UnschedulableAndUnresolvable, Reasons: status.Reasons()}
	default:
		return Ruling{Outcome: Errored, Reasons: []string{status.Message()}}
	}
}
