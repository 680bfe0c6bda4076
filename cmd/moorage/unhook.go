// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/unhook"
)

// unhookFlags are what unhook was asked for.
type unhookFlags struct {
	cluster clusterFlags
	name    string
	dryRun  bool
	// release and hook are given by the chart's hook alone.
	release, hook string
}

func unhookCommand() *cobra.Command {
	var flags unhookFlags
	cmd := &cobra.Command{
		Use:   "unhook",
		Short: "Remove moorage's webhook configurations",
		Long: `Deletes moorage's MutatingWebhookConfiguration and ValidatingWebhookConfiguration, so that the API server no longer calls
it. The chart runs this before Helm uninstalls it, as a hook (--helm-release, --helm-hook): then it does nothing unless the
configurations are of Helm's release and Helm has made the hook's Job, so that applying the output of helm template without Helm
deletes nothing. It is also the quick way out where the configurations have failurePolicy
Fail and moorage cannot be reached.

Configurations with other webhooks than moorage's are left alone. Those that are not there are as they should be: the exit status is
0, or 2 if one could not be deleted.`,
		Example: `  moorage unhook

  # What would it delete?
  moorage unhook --dry-run

  # What a release of the chart with another name has installed
  moorage unhook --name storage-moorage`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return flags.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	f := cmd.Flags()
	f.DurationVar(&flags.cluster.timeout, "timeout", 30*time.Second, "how long it may take")
	f.StringVar(&flags.name, "name", "moorage", "name of both configurations")
	f.BoolVar(&flags.dryRun, "dry-run", false, "delete nothing, and say what would be deleted")
	f.StringVar(&flags.release, "helm-release", "", "namespace/name of the release that the hook is of; only with --helm-hook")
	f.StringVar(&flags.hook, "helm-hook", "", "namespace/name of the Job in which Helm runs this; only with --helm-release")
	cmd.MarkFlagsRequiredTogether("helm-release", "helm-hook")
	flags.cluster.registerServer(cmd)
	return cmd
}

func (f *unhookFlags) run(ctx context.Context, stdout io.Writer) error {
	options := unhook.Options{Name: f.name, DryRun: f.dryRun}
	if f.release != "" || f.hook != "" {
		options.Helm = &unhook.Helm{}
		var err error
		if options.Helm.Release, err = unhook.ParseName(f.release); err != nil {
			return fmt.Errorf("--helm-release %w", err)
		}
		if options.Helm.Hook, err = unhook.ParseName(f.hook); err != nil {
			return fmt.Errorf("--helm-hook %w", err)
		}
	}
	found, err := f.cluster.server.Find()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.cluster.timeout)
	defer cancel()
	result, err := unhook.Webhooks(ctx, found.Client, options)
	did := "deleted"
	if f.dryRun {
		did = "would delete"
	}
	for _, what := range result.Deleted {
		_, _ = fmt.Fprintln(stdout, did, plain.Line(what))
	}
	for _, why := range result.Left {
		_, _ = fmt.Fprintf(stdout, "%s; nothing was deleted\n", plain.Line(why))
	}
	if err == nil && len(result.Deleted)+len(result.Left) == 0 {
		_, _ = fmt.Fprintf(stdout, "there are no webhook configurations named %s\n", plain.Line(f.name))
	}
	return err
}
