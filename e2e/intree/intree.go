// SPDX-License-Identifier: Apache-2.0

// Package intree runs kube-scheduler's own plugins, from its source, over a cluster that can be exchanged. It says nothing of what they are
// asked or compared with.
package intree

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
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
)

// Options say which plugins are run, and over what beside nodes and assigned pods.
type Options struct {
	// Names are the plugins in the order in which they are asked together.
	Names []string
	// Configure changes the default profile; nil leaves it.
	Configure func(*config.KubeSchedulerProfile)
	// With returns what else the plugins read; nil is nothing else.
	With func(informers.SharedInformerFactory) []frameworkruntime.Option
}

// Plugins are kube-scheduler's plugins over a cluster. They are not safe for concurrent use.
type Plugins struct {
	// Context is without a log, and ends what the plugins start.
	Context context.Context //nolint:containedctx // it is the plugins' own
	// Informers are never started: Load and the caller fill their indexers.
	Informers informers.SharedInformerFactory
	// Nodes are in the order of their names.
	Nodes []fwk.NodeInfo
	// Single has each plugin alone, Joint all together.
	Single map[string]framework.Framework
	Joint  framework.Framework

	// The plugins keep the pointer, and Load changes what is behind it.
	snapshot *lister
}

type lister struct{ fwk.SharedLister }

// quiet stops the plugins' logging, which is for the whole process, and registers their metrics, without which they panic.
var quiet = sync.OnceFunc(func() {
	klog.SetLogger(logr.Discard())
	metrics.Register()
})

// Start returns the plugins over an empty cluster. What they start ends with ctx.
func Start(ctx context.Context, options Options) (*Plugins, error) {
	quiet()
	client := fake.NewClientset()
	p := &Plugins{
		Context:   klog.NewContext(ctx, logr.Discard()),
		Informers: informers.NewSharedInformerFactory(client, 0),
		Single:    map[string]framework.Framework{},
		snapshot:  &lister{cache.NewEmptySnapshot()},
	}
	defaults, err := latest.Default()
	if err != nil {
		return nil, fmt.Errorf("read kube-scheduler's default configuration: %w", err)
	}
	with := []frameworkruntime.Option{
		frameworkruntime.WithClientSet(client),
		frameworkruntime.WithInformerFactory(p.Informers),
		frameworkruntime.WithSnapshotSharedLister(p.snapshot),
	}
	if options.With != nil {
		with = append(with, options.With(p.Informers)...)
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
		if options.Configure != nil {
			options.Configure(profile)
		}
		f, startErr := frameworkruntime.NewFramework(p.Context, plugins.NewInTreeRegistry(), profile, with...)
		if startErr != nil {
			return nil, fmt.Errorf("start kube-scheduler's plugins %v: %w", enabled, startErr)
		}
		return f, nil
	}
	for _, name := range options.Names {
		if p.Single[name], err = start(name); err != nil {
			return nil, err
		}
	}
	p.Joint, err = start(options.Names...)
	return p, err
}

// Load makes these the cluster's nodes and assigned pods.
func (p *Plugins) Load(assigned []*corev1.Pod, nodes []*corev1.Node) error {
	snapshot := cache.NewSnapshot(assigned, nodes)
	p.snapshot.SharedLister = snapshot
	infos, err := snapshot.NodeInfos().List()
	if err != nil {
		return fmt.Errorf("load a cluster into kube-scheduler's plugins: %w", err)
	}
	p.Nodes = slices.Clone(infos)
	slices.SortFunc(p.Nodes, func(a, b fwk.NodeInfo) int { return cmp.Compare(a.Node().Name, b.Node().Name) })
	return nil
}
