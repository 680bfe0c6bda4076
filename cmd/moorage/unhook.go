// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/moorage-k8s/moorage/internal/unhook"
)

// unhookFlags are what unhook was asked for.
type unhookFlags struct {
	cluster clusterFlags
	name    string
}

func unhookCommand() *cobra.Command {
	var flags unhookFlags
	cmd := &cobra.Command{
		Use:   "unhook",
		Short: "Have the API server no longer ask moorage",
		Long: `Deletes moorage's MutatingWebhookConfiguration and ValidatingWebhookConfiguration, so that the API server no longer asks it about
anything. The chart runs this before it is uninstalled. It is also the quick way out where the configurations have failurePolicy
Fail and moorage cannot be reached.

Configurations with other webhooks than moorage's are left alone. Those that are not there are as they should be: the exit status is
0, or 2 if one could not be deleted.`,
		Example: `  moorage unhook

  # What a release of the chart with another name has installed
  moorage unhook --name storage-moorage`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return flags.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.cluster.kubeconfig, "kubeconfig", "", "kubeconfig of the cluster; default: $KUBECONFIG, ~/.kube/config, or the pod's service account")
	f.StringVar(&flags.cluster.context, "context", "", "context of the kubeconfig; default: the current one")
	f.DurationVar(&flags.cluster.timeout, "timeout", 30*time.Second, "how long it may take")
	f.StringVar(&flags.name, "name", "moorage", "name of both configurations")
	flags.cluster.completeContext(cmd)
	return cmd
}

func (f *unhookFlags) run(ctx context.Context, stdout io.Writer) error {
	found, err := findCluster(f.cluster.kubeconfig, f.cluster.context)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.cluster.timeout)
	defer cancel()
	deleted, err := unhook.Webhooks(ctx, found.client, f.name)
	for _, what := range deleted {
		_, _ = fmt.Fprintln(stdout, "deleted", what)
	}
	if err == nil && len(deleted) == 0 {
		_, _ = fmt.Fprintf(stdout, "there are no webhook configurations named %s\n", f.name)
	}
	return err
}
