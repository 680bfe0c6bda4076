// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/moorage-k8s/moorage/internal/output"
)

func driversCommand() *cobra.Command {
	return referenceCommand(&cobra.Command{
		Use:   "drivers [NAME]",
		Short: "Tell what volume drivers can do, or one of them in full",
		Long: `Tells what the rules know of CSI drivers and of the volume plugins in Kubernetes itself: access modes, growth, snapshots, topology,
attach limits, and what replaced the plugins that are gone. NAME is a driver, with or without an installation's prefix, an in-tree
provisioner such as kubernetes.io/aws-ebs, or a source's field such as nfs or glusterfs.`,
		Example: `  moorage drivers
  moorage drivers ebs.csi.aws.com
  moorage drivers rook-ceph.rbd.csi.ceph.com -o yaml
  moorage drivers glusterfs`,
	}, output.DriverNames, output.Drivers, output.Driver)
}

// referenceCommand completes a command that tells all entries of a list, or one by its name.
func referenceCommand(cmd *cobra.Command, names func() []string, all func(io.Writer, string) error, one func(io.Writer, string, string) error) *cobra.Command {
	var format string
	cmd.Args = cobra.MaximumNArgs(1)
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(), cobra.ShellCompDirectiveNoFileComp
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return all(cmd.OutOrStdout(), format)
		}
		return one(cmd.OutOrStdout(), args[0], format)
	}
	cmd.Flags().StringVarP(&format, "output", "o", "text", "text, json or yaml")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(output.Outputs, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
