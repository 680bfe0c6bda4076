// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/internal/templatecapacity"
)

func adviseCommand() *cobra.Command {
	var (
		cluster clusterFlags
		labels  []string
		format  string
	)
	cmd := &cobra.Command{
		Use:   "advise autoscaler",
		Short: "Write what room a node would bring that cluster-autoscaler adds",
		Long: `Tells for each class with pools on nodes, and each group of nodes, what room a new node of the group would bring: the least that its empty nodes show. With -o yaml it
writes it as CSIStorageCapacity objects for the template nodes by which cluster-autoscaler decides, which otherwise finds no room on a node to come.

It writes to standard output and into no cluster. The objects match template nodes only, and kube-scheduler and moorage never count them for nodes that are there.
They are as the cluster was: with autoscaler.templateCapacity the running moorage keeps them up to date.`,
		Example: `  moorage advise autoscaler
  moorage advise autoscaler -o yaml -n moorage | kubectl apply -f -
  moorage advise autoscaler --node-group-label example.com/pool`,
		ValidArgs: []string{"autoscaler"},
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(output.Outputs, format) {
				return fmt.Errorf("output %q: want text, json or yaml", format)
			}
			c, err := cluster.open(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			known := explain.KnownOf(c.snapshot)
			c.sign(&known)
			return output.WriteAutoscalerAdvice(cmd.OutOrStdout(), output.AutoscalerAdviceOf(templatecapacity.Of(c.snapshot, labels), c.namespace, known), format)
		},
	}
	cluster.register(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&labels, "node-group-label", templatecapacity.GroupLabels, "labels that identify the nodes of a group; the first that a node has counts; default: those of known clouds and tools, or else the instance type")
	f.Lookup("node-group-label").DefValue = "[]" // A dozen names are no line of help.
	f.StringVarP(&format, "output", "o", "text", "text, json, or yaml: the objects")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(output.Outputs, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
