// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/simulate"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// simulateFlags are what simulate was asked for.
type simulateFlags struct {
	clusterFlags
	file, drain, loseZone []string
	drainAll              string
	config, output        string
}

func simulateCommand() *cobra.Command {
	var flags simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate {-f FILE | --drain NODE | --lose-zone ZONE | --drain-all SELECTOR}",
		Short: "Tell where workloads and their volumes would land, or what losing nodes does to pods",
		Long: `Places workloads on a copy of the cluster, live or with --from as files describe it: the pods of Deployments, ReplicaSets, StatefulSets with
their claim templates, Jobs and DaemonSets one after the other. Where a pod can go is asked of moorage's engine about its volumes, and of
kube-scheduler's other default filters about all else, as explain does: CPU and memory, taints, node affinity, host ports, spread constraints,
affinity between pods. Claims are bound to existing volumes or provisioned into the pools, so that each pod finds what the ones before have
left; what is reserved for others counts as taken. Nothing is changed in the cluster.

With --drain and --lose-zone nodes are taken away first, and the pods that were there are placed again: who could come back, who is
stranded by a volume that stays behind, and what the others lack.

With --drain-all it gives an order in which the nodes with these labels can be drained, one after the other and for good, such that each step
finds a place for the pods and PodDisruptionBudgets are kept; and it says before which step a node has to be added, of what kind, and which
pods a drain cannot move.

What is not modelled: preemption, quotas, dynamic resources, autoscalers, and some of the scores by which kube-scheduler prefers one node to
another (-o wide tells which). A claim that binds at once (Immediate) is provisioned where external-provisioner's order of topologies
begins for its name.

The exit status is 0 if every pod finds a place, 1 if not, and 2 if the question could not be answered.`,
		Example: `  # Would ten replicas fit, and where would their volumes be?
  moorage simulate -f statefulset.yaml -n prod

  # What if the node went, what if the zone?
  moorage simulate --drain node-7
  moorage simulate --lose-zone eu-west-1a

  # In which order can the nodes of an old pool go?
  moorage simulate --drain-all pool=old

  # On a capture, for a chart
  helm template my-release ./chart | moorage simulate -f - --from cluster.yaml`,
		Args: cobra.NoArgs,
		RunE: flags.run,
	}
	flags.register(cmd)
	flags.whole, flags.budgets = true, true
	f := cmd.Flags()
	f.StringSliceVarP(&flags.file, "filename", "f", nil, "workloads, pods and claims to place, read as strictly as by check: files, directories, or - for standard input; may be repeated")
	f.StringSliceVar(&flags.drain, "drain", nil, "take this node away first, and place its pods again; may be repeated")
	f.StringSliceVar(&flags.loseZone, "lose-zone", nil, "take all nodes of this zone away first; may be repeated")
	f.StringVar(&flags.drainAll, "drain-all", "", "give an order in which the nodes with these labels, such as pool=old, can be drained for good")
	for _, other := range []string{"filename", "drain", "lose-zone"} {
		cmd.MarkFlagsMutuallyExclusive("drain-all", other)
	}
	f.StringVar(&flags.config, "config", "", "file with a MoorageConfiguration, for the modes of predicates, the weights of scorers and the drivers whose replicas are looked for")
	f.StringVarP(&flags.output, "output", "o", "text", "text, wide, json or yaml")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(output.ExplainOutputs, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("drain", func(cmd *cobra.Command, _ []string, start string) ([]string, cobra.ShellCompDirective) {
		return flags.names(cmd.Context(), topology.KindNode, start), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func (f *simulateFlags) run(cmd *cobra.Command, _ []string) error {
	switch {
	case !slices.Contains(output.ExplainOutputs, f.output):
		return fmt.Errorf("output %q: want text, wide, json or yaml", f.output)
	case len(f.file)+len(f.drain)+len(f.loseZone)+len(f.drainAll) == 0:
		return errors.New("simulate what? Give workloads with -f, or nodes to take away with --drain, --lose-zone or --drain-all; see 'moorage simulate --help'")
	}
	selector, err := labels.Parse(f.drainAll)
	if err != nil {
		return fmt.Errorf("--drain-all %q: want labels such as pool=old: %w", f.drainAll, err)
	}
	if err = twoStdins(f.file, f.from); err != nil {
		return err
	}
	settings := config.Default()
	if f.config != "" {
		if settings, err = config.Load(f.config); err != nil {
			return err
		}
	}
	f.replicasOf = settings.Extender.ReplicasOf
	engine, err := placement.NewEngine(settings.Placement())
	if err != nil {
		return err
	}
	c, err := f.open(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	question := simulate.Question{Engine: engine, Namespace: c.namespace, Drain: f.drain, LoseZone: f.loseZone}
	if question.Workloads, err = f.workloads(cmd, c); err != nil {
		return err
	}
	question.Snapshot = c.snapshot
	if question.Others, question.Unseen = c.others(); question.Others != nil {
		for _, key := range slices.SortedFunc(maps.Keys(c.whole.pods), topology.Key.Compare) {
			question.Pods = append(question.Pods, c.whole.pods[key])
		}
	}
	tell, clear := showProgress(cmd.ErrOrStderr())
	question.Progress = tell
	if f.drainAll != "" {
		question.Budgets, question.BudgetsUnread = slices.Collect(maps.Values(c.whole.budgets)), c.whole.budgetsUnread
		plan, planErr := simulate.DrainAll(cmd.Context(), question, selector)
		clear()
		if planErr != nil {
			return fmt.Errorf("simulate: %w", planErr)
		}
		c.sign(&plan.Known)
		if err = output.WriteDrainPlan(cmd.OutOrStdout(), plan, f.drainAll, f.output, colored(cmd.OutOrStdout())); err == nil && !plan.Feasible {
			err = exitStatus(exitFound)
		}
		return err
	}
	result, err := simulate.Run(cmd.Context(), question)
	clear()
	if err != nil {
		var unknown *simulate.UnknownNodeError
		if errors.As(err, &unknown) {
			return fmt.Errorf("simulate: %w; %s", err, whatThereIs(unknown.Name, unknown.Known))
		}
		return fmt.Errorf("simulate: %w", err)
	}
	c.sign(&result.Known)
	if err := output.WriteSimulation(cmd.OutOrStdout(), result, f.output, colored(cmd.OutOrStdout())); err != nil {
		return err
	}
	c.noteUnasked(cmd.ErrOrStderr(), len(result.Uncertain) > 0)
	if !result.Fits {
		return exitStatus(exitFound)
	}
	return nil
}

// workloads are those of the files, and then their pods; claims and the like are put into the cluster.
func (f *simulateFlags) workloads(cmd *cobra.Command, c *cluster) ([]runtime.Object, error) {
	if len(f.file) == 0 {
		return nil, nil
	}
	given, err := c.readOnTop(cmd, f.file)
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(given.others, func(o runtime.Object) bool { return !simulate.IsWorkload(o) })
	pods := given.objects[topology.KindPod]
	for _, key := range slices.SortedFunc(maps.Keys(pods), topology.Key.Compare) {
		out = append(out, pods[key].(runtime.Object))
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there is no workload in %s; simulate places Deployments, ReplicaSets, StatefulSets, Jobs, DaemonSets and Pods",
			givenNames(f.file))
	}
	return out, nil
}
