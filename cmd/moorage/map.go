// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/internal/storagemap"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// mapFlags are what map was asked for.
type mapFlags struct {
	cluster             clusterFlags
	pod, config, output string
}

func mapCommand() *cobra.Command {
	var flags mapFlags
	cmd := &cobra.Command{
		Use:   "map",
		Short: "Draw the cluster's storage: zones, nodes, attach slots and pools",
		Long: `Draws the cluster's storage, as text or as a picture (-o svg), or writes it for programs (-o json or yaml): the zones, the nodes in them with the attach slots that are used and
free, and the pools of each class with what is used, reserved and free. With --pod it shows which nodes each volume of the
pod allows, and which they allow all together.

Used is what volumes take whose node affinity says that they are in the pool. Reserved has been promised to claims and is not
in the capacity that the driver published. Free is the published capacity without that; a class whose driver publishes
nothing has no pools here. Zones come from topology.kubernetes.io/zone. Zones with many nodes are drawn as a group.

The exit status is 0, or 2 if the map could not be drawn. With --pod it is 1 if the pod's volumes fit on no node.`,
		Example: `  moorage map
  moorage map -o svg > storage.svg

  # Where could this pod be?
  moorage map --pod db-0 -n prod
  moorage map --pod db-0 -n prod -o svg --from cluster.yaml > db-0.svg`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags.cluster.register(cmd)
	f := cmd.Flags()
	f.StringVar(&flags.pod, "pod", "", "show which nodes the volumes of this pod allow; NAME, or NAMESPACE/NAME")
	f.StringVar(&flags.config, "config", "", "file with a MoorageConfiguration, for the modes of predicates")
	f.StringVarP(&flags.output, "output", "o", "text", "text, svg, json or yaml")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(output.MapOutputs, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("pod", func(cmd *cobra.Command, _ []string, start string) ([]string, cobra.ShellCompDirective) {
		return flags.cluster.names(cmd.Context(), topology.KindPod, start), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func (f *mapFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	if !slices.Contains(output.MapOutputs, f.output) {
		return fmt.Errorf("output %q: want text, svg, json or yaml", f.output)
	}
	c := config.Default()
	if f.config != "" {
		var err error
		if c, err = config.Load(f.config); err != nil {
			return err
		}
	}
	f.cluster.replicasOf = c.Extender.ReplicasOf
	engine, err := placement.NewEngine(c.Placement())
	if err != nil {
		return fmt.Errorf("configure the engine: %w", err)
	}
	cluster, err := f.cluster.open(ctx, stderr)
	if err != nil {
		return err
	}
	pod, err := f.find(ctx, cluster)
	if err != nil {
		return err
	}
	m := storagemap.New(cluster.snapshot, engine, pod)
	cluster.sign(&m.Known)
	if err := output.WriteMap(stdout, m, f.output); err != nil {
		return fmt.Errorf("draw the map: %w", err)
	}
	cluster.noteUnasked(stderr, slices.ContainsFunc(m.Classes, func(c storagemap.Class) bool { return c.MayBeReserved > 0 }))
	if m.Pod != nil && m.Pod.Fits == 0 {
		return exitStatus(exitFound)
	}
	return nil
}

// find returns the pod that was asked about, or nil.
func (f *mapFlags) find(ctx context.Context, c *cluster) (*topology.Pod, error) {
	if f.pod == "" {
		return nil, nil
	}
	asked, err := targetOf([]string{"pod", strings.TrimPrefix(f.pod, "pod/")})
	if err != nil {
		return nil, err
	}
	key, err := asked.in(c, f.cluster.namespace)
	if err != nil {
		return nil, err
	}
	pod, err := c.pod(ctx, key)
	if err != nil {
		return nil, err
	}
	if pod == nil {
		return nil, c.notFound("pod", topology.KindPod, key)
	}
	return topology.PodFromAPI(pod), nil
}
