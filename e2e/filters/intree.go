// SPDX-License-Identifier: Apache-2.0

package filters

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"

	"github.com/moorage-k8s/moorage/e2e/intree"
)

// Plugins are kube-scheduler's filters that are not about volumes, in its default order.
var Plugins = []string{
	names.NodeName, names.NodeUnschedulable, names.TaintToleration, names.NodeAffinity, names.NodePorts, names.NodeResourcesFit,
	names.PodTopologySpread, names.InterPodAffinity,
}

// Resources that the configuration of both sides ignores.
const (
	ignoredResource = "example.com/ignored"
	ignoredGroup    = "ignored.example.com"
)

// InTree is the plugins over a cluster that can be exchanged. It is not safe for concurrent use.
type InTree struct {
	plugins   *intree.Plugins
	nominated nominator
}

// nominator knows the nominated pods by node. Of the interface, filters ask for them only.
type nominator struct {
	fwk.PodNominator
	byNode map[string][]fwk.PodInfo
}

func (n *nominator) NominatedPodsForNode(node string) []fwk.PodInfo { return n.byNode[node] }

// NewInTree returns the plugins over an empty cluster. What they start ends with ctx.
func NewInTree(ctx context.Context) (*InTree, error) {
	// It is for the whole process, and switches on what nodefit takes for switched on.
	err := utilfeature.DefaultMutableFeatureGate.SetFromMap(map[string]bool{string(features.TaintTolerationComparisonOperators): true})
	if err != nil {
		return nil, fmt.Errorf("switch on kube-scheduler's features: %w", err)
	}
	t := &InTree{}
	t.plugins, err = intree.Start(ctx, intree.Options{
		Names: Plugins,
		Configure: func(profile *config.KubeSchedulerProfile) {
			for i := range profile.PluginConfig {
				if args, ok := profile.PluginConfig[i].Args.(*config.NodeResourcesFitArgs); ok {
					args.IgnoredResources, args.IgnoredResourceGroups = []string{ignoredResource}, []string{ignoredGroup}
				}
			}
		},
		With: func(informers.SharedInformerFactory) []frameworkruntime.Option {
			return []frameworkruntime.Option{frameworkruntime.WithPodNominator(&t.nominated)}
		},
	})
	return t, err
}

// Load makes the cluster the one that the plugins see.
func (t *InTree) Load(c *Cluster) error {
	var namespaces []any
	for _, n := range c.Namespaces {
		namespaces = append(namespaces, n)
	}
	if err := t.plugins.Informers.Core().V1().Namespaces().Informer().GetIndexer().Replace(namespaces, ""); err != nil {
		return fmt.Errorf("load a cluster into kube-scheduler's plugins: %w", err)
	}
	exists := map[string]bool{}
	for _, n := range c.Nodes {
		exists[n.Name] = true
	}
	// kube-scheduler's own informer leaves terminal pods out, and its snapshot those of nodes that do not exist.
	var assigned []*corev1.Pod
	t.nominated.byNode = map[string][]fwk.PodInfo{}
	for _, p := range c.Pods {
		switch {
		case p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed:
		case p.Spec.NodeName != "":
			if exists[p.Spec.NodeName] {
				assigned = append(assigned, p)
			}
		case p.Status.NominatedNodeName != "":
			info, _ := framework.NewPodInfo(p)
			t.nominated.byNode[p.Status.NominatedNodeName] = append(t.nominated.byNode[p.Status.NominatedNodeName], info)
		}
	}
	return t.plugins.Load(assigned, c.Nodes)
}

// Ruling is what a plugin says of one node.
type Ruling struct {
	Rejected, Unresolvable bool
	Reasons                []string
	// Unreadable pods end the attempt to schedule them, whatever the node.
	Unreadable bool
}

// Rule asks one plugin about every node, in the order of the nodes' names. What PreFilter says of nodes that the pod does not name, it says
// in words of its own: Filter is asked about them all the same, which decides them too.
func (t *InTree) Rule(plugin string, pod *corev1.Pod) []Ruling {
	f := t.plugins.Single[plugin]
	rulings := make([]Ruling, len(t.plugins.Nodes))
	state := framework.NewCycleState()
	_, status, _ := f.RunPreFilterPlugins(t.plugins.Context, state, pod)
	unreadable := !status.IsSuccess() && plugin != names.NodeAffinity && plugin != names.NodeName
	for i, node := range t.plugins.Nodes {
		if unreadable {
			rulings[i] = Ruling{Rejected: true, Unresolvable: true, Unreadable: true}
			continue
		}
		ruling := f.RunFilterPluginsWithNominatedPods(t.plugins.Context, state, pod, node)
		if ruling.IsSuccess() {
			continue
		}
		rulings[i] = Ruling{Rejected: true, Unresolvable: ruling.Code() == fwk.UnschedulableAndUnresolvable, Reasons: slices.Sorted(slices.Values(ruling.Reasons()))}
	}
	return rulings
}

// Message is what kube-scheduler says of the pod if it fits nowhere, up to what it says of preemption. It does what findNodesThatFitPod
// (pkg/scheduler/schedule_one.go) does. It is empty where the pod cannot be read.
func (t *InTree) Message(pod *corev1.Pod) string {
	fault := framework.FitError{Pod: pod, NumAllNodes: len(t.plugins.Nodes), Diagnosis: framework.Diagnosis{NodeToStatus: framework.NewDefaultNodeToStatus()}}
	state := framework.NewCycleState()
	result, status, by := t.plugins.Joint.RunPreFilterPlugins(t.plugins.Context, state, pod)
	if !status.IsSuccess() {
		if !status.IsRejected() || strings.HasPrefix(status.Message(), "parsing pod") {
			return ""
		}
		fault.Diagnosis.PreFilterMsg = status.Message()
		return fault.Error()
	}
	if !result.AllNodes() {
		fault.Diagnosis.NodeToStatus.SetAbsentNodesStatus(fwk.NewStatus(fwk.UnschedulableAndUnresolvable,
			fmt.Sprintf("node(s) didn't satisfy plugin(s) %v", slices.Sorted(slices.Values(by.UnsortedList())))))
	}
	for _, node := range t.plugins.Nodes {
		passed := false
		if result.AllNodes() || result.NodeNames.Has(node.Node().Name) {
			if ruling := t.plugins.Joint.RunFilterPluginsWithNominatedPods(t.plugins.Context, state, pod, node); !ruling.IsSuccess() {
				fault.Diagnosis.NodeToStatus.Set(node.Node().Name, ruling)
			} else {
				passed = true
			}
		}
		if passed && !result.AllNodes() {
			// It is not absent.
			fault.Diagnosis.NodeToStatus.Set(node.Node().Name, fwk.NewStatus(fwk.Success))
		}
	}
	return fault.Error()
}
