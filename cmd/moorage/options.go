// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/moorage-k8s/moorage/internal/kubeconfig"
)

func optionsCommand() *cobra.Command {
	var server kubeconfig.Flags
	cmd := &cobra.Command{
		Use:   "options",
		Short: "List kubectl's flags, which say which cluster is asked, and as whom",
		Long: `Lists the flags of kubectl that every command takes which talks to a cluster: explain, simulate, map, capture, check, doctor and unhook.
They mean what they mean to kubectl. The other commands do without a cluster, and serve runs in one: it takes --kubeconfig alone.`,
		Example: `  # As somebody else, to see what he would
  moorage explain db-0 -n prod --as jane --as-group developers

  # A cluster of which there is no kubeconfig
  moorage map --server https://10.0.0.1:6443 --certificate-authority ca.crt --token "$TOKEN"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "These flags are for every command that talks to a cluster:\n\n%s", flagsOfKubectl(cmd, true).FlagUsagesWrapped(helpWidth))
			return err
		},
	}
	server.Register(cmd.Flags())
	return cmd
}

// flagsOfKubectl are a command's flags that are kubectl's, or the others.
func flagsOfKubectl(cmd *cobra.Command, kubectl bool) *pflag.FlagSet {
	out := pflag.NewFlagSet(cmd.Name(), pflag.ContinueOnError)
	names := kubeconfig.Names()
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if cmd.Name() == "options" && f.Name != "help" || f.Annotations[kubeconfig.Annotation] != nil {
			if kubectl && slices.Contains(names, f.Name) {
				out.AddFlag(f)
			}
		} else if !kubectl {
			out.AddFlag(f)
		}
	})
	return out
}
