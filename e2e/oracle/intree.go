// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodevolumelimits"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
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
type InTree struct {
	ctx       context.Context
	informers informers.SharedInformerFactory
	// snapshot is what plugins see of assigned pods; they keep the pointer, Load changes what is behind it.
	snapshot *lister
	nodes    []fwk.NodeInfo
	single   map[string]framework.Framework
	joint    framework.Framework
}

type lister struct{ fwk.SharedLister }

// quiet stops the plugins' logging, which is for the whole process, and registers their metrics, without which they panic.
var quiet = sync.OnceFunc(func() {
	klog.SetLogger(logr.Discard())
	metrics.Register()
})

// NewInTree returns the plugins over an empty cluster. What they start ends with ctx.
func NewInTree(ctx context.Context) (*InTree, error) {
	quiet()
	client := fake.NewClientset()
	t := &InTree{
		ctx:       klog.NewContext(ctx, logr.Discard()),
		informers: informers.NewSharedInformerFactory(client, 0),
		snapshot:  &lister{cache.NewEmptySnapshot()},
		single:    map[string]framework.Framework{},
	}
	defaults, err := latest.Default()
	if err != nil {
		return nil, fmt.Errorf("read kube-scheduler's default configuration: %w", err)
	}
	start := func(enabled ...string) (framework.Framework, error) {
		profile := defaults.Profiles[0].DeepCopy()
		profile.Plugins = &config.Plugins{
			QueueSort: config.PluginSet{Enabled: []config.Plugin{{Name: names.PrioritySort}}},
			Bind:      config.PluginSet{Enabled: []config.Plugin{{Name: names.DefaultBinder}}},
		}
		for _, name := range enabled {
			profile.Plugins.PreFilter.Enabled = append(profile.Plugins.PreFilter.Enabled, config.Plugin{Name: name})
			profile.Plugins.Filter.Enabled = append(profile.Plugins.Filter.Enabled, config.Plugin{Name: name})
		}
		f, startErr := frameworkruntime.NewFramework(t.ctx, plugins.NewInTreeRegistry(), profile,
			frameworkruntime.WithClientSet(client),
			frameworkruntime.WithInformerFactory(t.informers),
			frameworkruntime.WithSnapshotSharedLister(t.snapshot),
			frameworkruntime.WithSharedCSIManager(nodevolumelimits.NewCSIManager(t.informers.Storage().V1().CSINodes().Lister())))
		if startErr != nil {
			return nil, fmt.Errorf("start kube-scheduler's plugins %v: %w", enabled, startErr)
		}
		return f, nil
	}
	for _, name := range Plugins {
		if t.single[name], err = start(name); err != nil {
			return nil, err
		}
	}
	t.joint, err = start(Plugins...)
	return t, err
}

// Load makes the cluster the one that the plugins see.
func (t *InTree) Load(c *Cluster) error {
	core, storage := t.informers.Core().V1(), t.informers.Storage().V1()
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
	snapshot := cache.NewSnapshot(assigned, c.Nodes)
	t.snapshot.SharedLister = snapshot
	nodes, err := snapshot.NodeInfos().List()
	if err != nil {
		return fmt.Errorf("load a cluster into kube-scheduler's plugins: %w", err)
	}
	t.nodes = slices.Clone(nodes)
	slices.SortFunc(t.nodes, func(a, b fwk.NodeInfo) int { return cmp.Compare(a.Node().Name, b.Node().Name) })
	return nil
}

func replace[T object](informer toolscache.SharedIndexInformer, objects []T) error {
	list := make([]any, len(objects))
	for i, o := range objects {
		list[i] = o
	}
	return informer.GetIndexer().Replace(list, "")
}

// Rule asks one plugin about every node, in the order of the nodes' names.
func (t *InTree) Rule(plugin string, pod *corev1.Pod) []Ruling { return t.rule(t.single[plugin], pod) }

// RuleJointly asks the four plugins together, as kube-scheduler does: the first to rule out a node gives the reason.
func (t *InTree) RuleJointly(pod *corev1.Pod) []Ruling { return t.rule(t.joint, pod) }

func (t *InTree) rule(f framework.Framework, pod *corev1.Pod) []Ruling {
	rulings := make([]Ruling, len(t.nodes))
	state := framework.NewCycleState()
	if _, status, _ := f.RunPreFilterPlugins(t.ctx, state, pod); !status.IsSuccess() {
		for i := range rulings {
			rulings[i] = rulingOf(status)
			rulings[i].Held = true
		}
		return rulings
	}
	for i, node := range t.nodes {
		rulings[i] = rulingOf(f.RunFilterPlugins(t.ctx, state, pod, node))
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
