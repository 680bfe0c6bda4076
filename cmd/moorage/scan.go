// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/scan"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// scanFlags are what scan was asked for.
type scanFlags struct {
	clusterFlags
	allNamespaces    bool
	selector, output string
	only, ignore     []string
	since            time.Duration
	failOn           string
	upgradeTo        string
	contexts         []string
}

// scanMemory is up to how much memory garbage may take: above it is collected sooner.
const scanMemory = 2000 << 20

// failOnNone is the value of --fail-on for never.
const failOnNone = "none"

func scanCommand() *cobra.Command {
	var flags scanFlags
	flags.whole, flags.degrades, flags.budgets = true, true, true
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "Find what is wrong with a cluster's storage: at risk, stuck, about to be stuck, wasted",
		Long: `Finds what is wrong with the volumes of a cluster, and reports it section by section, those that hurt most first:

  dataAtRisk   data is lost, or may be
  stuck        what does not go on by itself
  willStick    what works, and will not when something usual happens, such as the loss of a node
  waste        what takes room or money for nothing
  unwise       what the admission rules say of the objects that are there

Each finding has one root, where it is fixed, with its cause, the fields that show it, what it hurts, what to do, whether data can be lost by that, and a
command. What follows from a root, such as pods that wait for a lost volume, stands there and is not reported again. What moves is not stuck: each kind of
finding has its grace, counted from when its present state began. Why pods and claims wait is the answer of 'moorage explain'.

It reads the whole cluster, all namespaces, with your rights, and writes nothing; moorage need not be installed. What you may not list is said, with the
kinds of findings that are missing for that. With --from it reads files instead, as of the newest time in them, of the capture, or of --now. The kinds
of findings are in docs/scan.md.

The exit status is 0 if nothing was found in the sections up to that of --fail-on, 1 if something was, and 2 if the question could not be answered: the
cluster cannot be read, or nothing was found and some of those sections' kinds could not be looked for.`,
		Example: `  moorage scan

  # Everything about what is stuck, with evidence and remedies
  moorage scan --only stuck -o wide

  # One namespace, one application
  moorage scan -n prod -l app=db

  # What has gone wrong since yesterday
  moorage scan --since 24h

  # Several clusters of the kubeconfig, side by side
  moorage scan --contexts production,staging

  # In a pipeline: fail on data at risk alone, and keep a report
  moorage scan --fail-on dataAtRisk -o junit > scan.xml

  # Files: a capture, or what kubectl get -o yaml wrote
  moorage scan --from cluster.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return flags.run(cmd) },
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.Lookup("namespace").Usage = "only findings about objects of this namespace, or that hurt some; default: all namespaces"
	f.Lookup("now").Usage = "with --from, the time at which the findings are to hold, such as 2026-01-31T12:00:00Z; default: when the newest capture among the files was made, " +
		"or the newest time in them"
	f.BoolVarP(&flags.allNamespaces, "all-namespaces", "A", false, "all namespaces, which is the default")
	f.StringVarP(&flags.selector, "selector", "l", "", "only findings about objects with these labels, or that hurt some, such as app=db")
	f.StringSliceVar(&flags.only, "only", nil, "only these sections or kinds of findings, such as stuck or claim-lost, each in full; may be repeated")
	f.StringSliceVar(&flags.ignore, "ignore", nil, "none of these kinds of findings or sections; may be repeated")
	f.DurationVar(&flags.since, "since", 0, "only what began so long ago at most, such as 24h; what has no time is left out then")
	f.StringVar(&flags.failOn, "fail-on", string(scan.Stuck), "the mildest section of which a finding makes the exit status 1, or none")
	f.StringVar(&flags.upgradeTo, "upgrade-to", "", "what this version of Kubernetes would change for the volumes of the cluster, such as 1.37")
	f.StringSliceVar(&flags.contexts, "contexts", nil, "the clusters of these contexts of the kubeconfig, side by side")
	f.StringVarP(&flags.output, "output", "o", "text", "text, wide, json, yaml, markdown or junit")
	cmd.MarkFlagsMutuallyExclusive("all-namespaces", "namespace")
	for _, other := range []string{"context", "from"} {
		cmd.MarkFlagsMutuallyExclusive("contexts", other)
	}
	complete := func(name string, of func() []string) {
		_ = cmd.RegisterFlagCompletionFunc(name, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return of(), cobra.ShellCompDirectiveNoFileComp
		})
	}
	complete("output", func() []string { return output.ScanOutputs })
	complete("only", scanNames)
	complete("ignore", scanNames)
	complete("fail-on", func() []string { return append(sectionIDs(), failOnNone) })
	complete("contexts", func() []string { return flags.server.Entries().Contexts })
	return cmd
}

// sectionIDs are the sections as they are typed.
func sectionIDs() []string {
	var out []string
	for _, s := range scan.Sections {
		out = append(out, string(s))
	}
	return out
}

// scanNames are what --only and --ignore take.
func scanNames() []string {
	out := sectionIDs()
	for _, k := range scan.Registry() {
		out = append(out, k.ID)
	}
	return out
}

func (f *scanFlags) run(cmd *cobra.Command) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	if len(f.contexts) > 0 {
		return f.sideBySide(cmd, options)
	}
	result, found, err := f.scan(cmd, options)
	if err != nil {
		return err
	}
	if err := f.write(cmd, []*output.ScanResult{result}); err != nil {
		return err
	}
	return f.status(cmd.ErrOrStderr(), result, &found)
}

// options checks what was asked for.
func (f *scanFlags) options() (scan.Options, error) {
	options := scan.Options{Namespace: f.namespace, Only: f.only, Ignore: f.ignore, Since: f.since}
	if !slices.Contains(output.ScanOutputs, f.output) {
		return options, fmt.Errorf("output %q: want text, wide, json, yaml, markdown or junit", f.output)
	}
	if unknown := options.Unknown(); unknown != "" {
		return options, fmt.Errorf("there is no finding or section %q; there are %s", unknown, strings.Join(scanNames(), ", "))
	}
	if f.failOn != failOnNone && !slices.Contains(scan.Sections, scan.Section(f.failOn)) {
		return options, fmt.Errorf("--fail-on %q: want %s or none", f.failOn, strings.Join(sectionIDs(), ", "))
	}
	var err error
	if options.Selector, err = labels.Parse(f.selector); err != nil {
		return options, fmt.Errorf("--selector %q: %w", f.selector, err)
	}
	return options, nil
}

// scan looks at one cluster.
func (f *scanFlags) scan(cmd *cobra.Command, options scan.Options) (*output.ScanResult, scan.Result, error) {
	engine, err := placement.NewEngine(config.Default().Placement())
	if err != nil {
		return nil, scan.Result{}, err
	}
	ruleOptions, err := config.Default().RuleOptions()
	if err != nil {
		return nil, scan.Result{}, err
	}
	evaluator, err := rules.NewEvaluator(ruleOptions)
	if err != nil {
		return nil, scan.Result{}, err
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(scanMemory)
	}
	objects := scan.NewObjects()
	f.each, f.newest = func(o runtime.Object) { objects.Add(o) }, func() time.Time { return objects.Newest }
	c, err := f.open(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return nil, scan.Result{}, err
	}
	cluster := scan.New(objects, c.questionOf(engine), c.moment, c.unread)
	cluster.Rules = evaluator
	if f.upgradeTo != "" {
		if cluster.Upgrade, err = scan.ParseUpgrade(c.version(), f.upgradeTo); err != nil {
			return nil, scan.Result{}, err
		}
	}
	tell, clear := showProgress(cmd.ErrOrStderr())
	options.Progress = tell
	found := scan.Run(cluster, options)
	clear()
	known := explain.KnownOf(c.snapshot)
	c.sign(&known)
	return output.ScanResultOf(found, known, c.moment), found, nil
}

// sideBySide looks at several clusters. One that cannot be read does not keep the others from being answered for.
func (f *scanFlags) sideBySide(cmd *cobra.Command, options scan.Options) error {
	var results []*output.ScanResult
	worst := 0
	for _, name := range f.contexts {
		of := *f
		of.server.Use(name)
		result, found, err := of.scan(cmd, options)
		status := exitStatus(0)
		switch {
		case cmd.Context().Err() != nil:
			return cmd.Context().Err()
		case err != nil:
			result, status = output.UnreadScanResult(err), exitFailure
		case errors.As(of.status(cmd.ErrOrStderr(), result, &found), &status):
		}
		result.Cluster = name
		results = append(results, result)
		worst = max(worst, int(status))
	}
	if err := f.write(cmd, results); err != nil {
		return err
	}
	if worst > 0 {
		return exitStatus(worst)
	}
	return nil
}

// write writes the results of one cluster or of several.
func (f *scanFlags) write(cmd *cobra.Command, results []*output.ScanResult) error {
	stdout := cmd.OutOrStdout()
	switch f.output {
	case "json", "yaml":
		if len(f.contexts) > 0 {
			return output.WriteScanValue(stdout, f.output, output.ScanResultsOf(results))
		}
		return output.WriteScanValue(stdout, f.output, results[0])
	case "markdown":
		return output.ScanMarkdown(stdout, results)
	case "junit":
		return output.ScanJUnit(stdout, results, f.fails)
	}
	o := output.ScanOptions{
		Color: colored(stdout), Width: width(stdout), Lines: height(stdout), All: f.output == "wide" || len(f.only) > 0, Command: f.typed(cmd),
	}
	if len(f.contexts) == 0 {
		return output.ScanText(stdout, results[0], o)
	}
	if err := output.ScanSideBySide(stdout, results, o.Width); err != nil {
		return err
	}
	o.Lines /= len(results)
	for _, r := range results {
		if _, err := fmt.Fprintf(stdout, "\n%s: ", plain.Line(r.Cluster)); err != nil {
			return err
		}
		if err := output.ScanText(stdout, r, o); err != nil {
			return err
		}
	}
	return nil
}

// typed is the command with what says which cluster and which part of it.
func (f *scanFlags) typed(cmd *cobra.Command) string {
	out := cmd.CommandPath()
	for _, from := range f.from {
		out += " --from " + plain.Quote(from)
	}
	if f.namespace != "" {
		out += " -n " + plain.Quote(f.namespace)
	}
	if f.selector != "" {
		out += " -l " + plain.Quote(f.selector)
	}
	return out
}

// fails reports whether a finding of the section makes the command fail.
func (f *scanFlags) fails(section scan.Section) bool {
	return f.failOn != failOnNone && slices.Index(scan.Sections, section) <= slices.Index(scan.Sections, scan.Section(f.failOn))
}

// status is the exit status: where nothing was found although some kinds could not be looked for, the question is not answered.
func (f *scanFlags) status(stderr io.Writer, result *output.ScanResult, found *scan.Result) error {
	for _, section := range scan.Sections {
		if f.fails(section) && result.Summary.Of(section) > 0 {
			return exitStatus(exitFound)
		}
	}
	for _, k := range scan.Registry() {
		if f.fails(k.Section) && slices.ContainsFunc(found.Unknown, func(u scan.Unknown) bool { return slices.Contains(u.IDs, k.ID) }) {
			_, _ = fmt.Fprintln(stderr, "note: nothing was found, but not all was looked for; see what could not be listed")
			return exitStatus(exitFailure)
		}
	}
	return nil
}
