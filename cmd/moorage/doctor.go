// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/doctor"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/internal/version"
)

// doctorFlags are what doctor was asked for.
type doctorFlags struct {
	cluster                                 clusterFlags
	serviceAccount, extenderURL, metricsURL string
	config                                  string
	extenderTLS                             rest.TLSClientConfig
	output                                  string
}

func doctorCommand() *cobra.Command {
	var flags doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out whether moorage is wired to the cluster as it should be",
		Long: `Checks that moorage is wired to the cluster: a line for each check, with what to do where something is wrong.

  api-server             it answers, and its version is one that this moorage knows
  permissions            moorage's service account has each right that its configuration needs
  webhook-configuration  there is one for each webhook, and a moorage that is down holds nothing up
  webhook-certificate    the configuration's caBundle trusts it, and it does not end soon
  webhook-answers        the API server asks moorage about a claim: a dry run, which stores nothing
  scheduler              a kube-scheduler is at work and told of moorage, as far as can be seen
  dedicated-scheduler    the scheduler that pods are sent to holds its Lease and renews it
  extender               it answers at --extender-url
  cache                  moorage's view of the cluster is whole and fresh, by its own metrics
  versions               pods, this command, and kube-scheduler beside the pods fit one another
  capacities             drivers that promise capacities have published some for their classes
  autoscalers            cluster-autoscaler or Karpenter look at the pods that moorage judges

moorage's pods are found by the chart's label, and with them its service account and its configuration; --service-account and --config
name others. Without permission to create SubjectAccessReviews, doctor checks your own permissions
instead. What each takes is in docs/rights.md.

A check that is not allowed, or cannot be made from here, is skipped, and says what would allow it. Each takes no longer than --timeout;
they are made side by side. The exit status is 0 if nothing failed (warnings do not count), 1 if something did, and 2 if the
checks could not be made.`,
		Example: `  moorage doctor

  # A moorage that runs in no pod
  moorage doctor --service-account moorage:moorage --config moorage.yaml

  # On the control plane, beside kube-scheduler
  moorage doctor --extender-url http://127.0.0.1:10261 --metrics-url http://127.0.0.1:8080

  # For a program
  moorage doctor -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return flags.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	f := cmd.Flags()
	f.StringVarP(&flags.cluster.namespace, "namespace", "n", "", "namespace in which a claim is created as a dry run to test the webhook; default: that of the context")
	f.DurationVar(&flags.cluster.timeout, "timeout", 5*time.Second, "how long each check may take")
	f.StringVar(&flags.serviceAccount, "service-account", "", "namespace:name of moorage's service account, whose rights are looked at; default: that of moorage's pods, or your own rights")
	f.StringVar(&flags.config, "config", "", "file with moorage's configuration; default: that of moorage's pods")
	f.StringVar(&flags.extenderURL, "extender-url", "", "where the extender can be reached from here, as kube-scheduler's urlPrefix")
	f.StringVar(&flags.extenderTLS.CAFile, "extender-ca-file", "", "authority of the extender's certificate, PEM, for --extender-url https://…")
	f.StringVar(&flags.extenderTLS.CertFile, "extender-cert-file", "", "certificate to show to the extender, PEM, as kube-scheduler's")
	f.StringVar(&flags.extenderTLS.KeyFile, "extender-key-file", "", "key of --extender-cert-file, PEM")
	f.StringVar(&flags.metricsURL, "metrics-url", "", "where moorage's metrics can be reached from here; default: through the API server, from pods with the chart's label")
	f.StringVarP(&flags.output, "output", "o", "text", "text, json or yaml")
	cmd.MarkFlagsRequiredTogether("extender-cert-file", "extender-key-file")
	flags.cluster.registerServer(cmd)
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(output.Outputs, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *doctorFlags) run(ctx context.Context, stdout io.Writer) error {
	switch namespace, name, found := strings.Cut(f.serviceAccount, ":"); {
	case !slices.Contains(output.Outputs, f.output):
		return fmt.Errorf("output %q: want text, json or yaml", f.output)
	case f.serviceAccount != "" && (!found || namespace == "" || name == ""):
		return fmt.Errorf("--service-account %q: want namespace:name, such as moorage:moorage", f.serviceAccount)
	case f.cluster.timeout <= 0:
		return fmt.Errorf("--timeout %s: want a time above zero, such as 5s", f.cluster.timeout)
	}
	found, err := f.cluster.server.Find()
	if err != nil {
		return err
	}
	namespace := f.cluster.namespace
	if namespace == "" {
		namespace = found.Namespace
	}
	var configuration *config.Configuration
	if f.config != "" {
		if configuration, err = config.Load(f.config); err != nil {
			return err
		}
	}
	checks := doctor.Run(ctx, doctor.Options{
		Config: found.Config, Client: found.Client, Namespace: namespace, ServiceAccount: f.serviceAccount,
		Configuration: configuration, Version: version.Get().Version,
		ExtenderURL: f.extenderURL, ExtenderTLS: f.extenderTLS, MetricsURL: f.metricsURL, Timeout: f.cluster.timeout, Now: time.Now,
	})
	if ctx.Err() != nil {
		return errors.New("interrupted before everything was checked")
	}
	if err := output.Diagnosis(stdout, checks, f.output, colored(stdout)); err != nil {
		return err
	}
	if slices.ContainsFunc(checks, func(c doctor.Check) bool { return c.State == doctor.Failure }) {
		return exitStatus(exitFound)
	}
	return nil
}
