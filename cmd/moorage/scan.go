// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/scan"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// scanFlags are what scan was asked for.
type scanFlags struct {
	clusterFlags
	allNamespaces    bool
	selector, output string
	only, ignore     []string
	since            time.Duration
	failOn           string
	contexts         []string
}

func scanCommand() *cobra.Command {
	flags := scanFlags{}
	flags.whole, flags.degrades, flags.budgets = true, true, true
	cmd := &cobra.Command{
		Use:     "scan",
		Short:   "Find what is wrong with a cluster's storage: lost, stuck, about to be stuck, wasted",
		Example: `  moorage scan`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.run(cmd)
		},
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.BoolVarP(&flags.allNamespaces, "all-namespaces", "A", false, "look at all namespaces, as is done where no namespace is named")
	f.StringVarP(&flags.selector, "selector", "l", "", "only findings about objects with these labels, or that hurt some, such as app=db")
	f.StringSliceVar(&flags.only, "only", nil, "only these sections or kinds of findings, such as stuck or claim-lost; may be repeated")
	f.StringSliceVar(&flags.ignore, "ignore", nil, "not these kinds of findings or sections; may be repeated")
	f.DurationVar(&flags.since, "since", 0, "only what began so long ago at most, such as 24h")
	f.StringVar(&flags.failOn, "fail-on", string(scan.Stuck), "the mildest section of which a finding makes the exit status 1: dataAtRisk, stuck, willStick, waste, unwise, or none")
	f.StringSliceVar(&flags.contexts, "contexts", nil, "the clusters of these contexts of the kubeconfig, side by side")
	f.StringVarP(&flags.output, "output", "o", "text", "text, wide, json, yaml, markdown or junit")
	cmd.MarkFlagsMutuallyExclusive("all-namespaces", "namespace")
	for _, other := range []string{"context", "from"} {
		cmd.MarkFlagsMutuallyExclusive("contexts", other)
	}
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(output.ScanOutputs, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *scanFlags) run(cmd *cobra.Command) error {
	if !slices.Contains(output.ScanOutputs, f.output) {
		return fmt.Errorf("output %q: want text, wide, json, yaml, markdown or junit", f.output)
	}
	options := scan.Options{Namespace: f.namespace, Only: f.only, Ignore: f.ignore, Since: f.since}
	if err := options.Check(); err != nil {
		return err
	}
	var err error
	if options.Selector, err = labels.Parse(f.selector); err != nil {
		return fmt.Errorf("--selector %q: %w", f.selector, err)
	}
	if f.failOn != "none" && !slices.Contains(scan.Sections, scan.Section(f.failOn)) {
		return fmt.Errorf("--fail-on %q: want dataAtRisk, stuck, willStick, waste, unwise or none", f.failOn)
	}
	result, err := f.scan(cmd, options)
	if err != nil {
		return err
	}
	if err := output.JSON(cmd.OutOrStdout(), result); err != nil {
		return err
	}
	for _, section := range scan.Sections {
		if f.failOn != "none" && result.Summary.Of(section) > 0 {
			return exitStatus(exitFound)
		}
		if string(section) == f.failOn {
			break
		}
	}
	return nil
}

// scan looks at one cluster.
func (f *scanFlags) scan(cmd *cobra.Command, options scan.Options) (*output.ScanResult, error) {
	engine, err := placement.NewEngine(config.Default().Placement())
	if err != nil {
		return nil, err
	}
	objects := scan.NewObjects()
	f.each, f.newest = func(o runtime.Object) { objects.Add(o) }, func() time.Time { return objects.Newest }
	c, err := f.open(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	q := c.questionOf(engine)
	cluster := scan.New(objects, q, c.moment, c.unread)
	tell, clear := showProgress(cmd.ErrOrStderr())
	options.Progress = tell
	found := scan.Run(cluster, options)
	clear()
	return output.ScanResultOf(found, c.source, c.moment), nil
}
