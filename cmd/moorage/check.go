// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/kubeconfig"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// checkFlags are what check was asked for.
type checkFlags struct {
	paths  []string
	source clusterFlags
	// named tells that one of kubectl's flags names a cluster, in which things are to be looked up.
	named bool
	// live asks about the cluster's objects instead of files: about those in one namespace or in all, and with these labels.
	live, allNamespaces              bool
	selector                         string
	config, output, failOn, baseline string
	verbose, failOnUnread            bool
}

var (
	checkOutputs = []string{"text", "lines", "json", "sarif", "github", "gitlab", "junit"}
	failLevels   = []string{"deny", "warn", "never"}
)

func checkCommand() *cobra.Command {
	var flags checkFlags
	cmd := &cobra.Command{
		Use:   "check [-f] PATH… | --live",
		Short: "Ask the admission rules about files, or about a cluster's objects",
		Long: `Asks the rules of the admission webhook about manifests, and tells the line and column of what they find.

PATH is a file, a directory (its .yaml, .yml and .json files, and those of its subdirectories), a pattern such as 'deploy/*.yaml', or - for
standard input. Files are YAML or JSON, with any number of documents. They are read strictly: an unknown or repeated field, a value of a
wrong type and a version that is no longer served are findings (rule 'decode'). Kinds that there are no rules for are skipped and counted.

In directories the templates of a chart are not read: pipe what they render to, as below. Neither are the patches of a kustomization.
The result says so in every output, and --fail-on-unread makes it a failure. A file that is named is always read.

Rules that look things up, such as a claim's class, find what the files hold. With --from (manifests of a cluster, or what 'moorage capture'
wrote), --kubeconfig, --context or another of kubectl's flags (a live cluster) they see the state of a whole cluster as well, and then they also tell what is missing.

With --live there are no files: the rules are asked about the objects of a cluster, those of one namespace (-n) with the volumes and classes that
its claims use, or with -A all. A workload's pods are its template, and reported there; findings name the object instead of a file. It
reads with your rights, and says what they do not let it read. Secrets and ConfigMaps are not read.

The exit status is 0 if nothing was found at the level of --fail-on or above, 1 if something was, and 2 if the check could not be done.`,
		Example: `  # A directory, and what a chart or a kustomization renders to
  moorage check deploy/
  helm template my-release ./chart | moorage check -f -
  kustomize build overlays/production | moorage check -

  # In continuous integration
  moorage check -f deploy/ --fail-on warn -o github
  moorage check -f deploy/ -o sarif > moorage.sarif

  # What is new since a day on which there was much to do
  moorage check deploy/ -o json > known.json
  moorage check deploy/ --baseline known.json

  # What is in a cluster: one namespace, or all of it
  moorage check --live -n shop
  moorage check --live -A -l app=db -o json

  # With the state of a cluster, and another action for a rule
  moorage check -f deploy/ --from cluster.yaml --config moorage.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error { return checkFiles(cmd, flags, args) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&flags.paths, "filename", "f", nil, "file, directory, pattern, or - for standard input; may be repeated")
	f.StringSliceVar(&flags.source.from, "from", nil, "look things up in the cluster that these files or directories of manifests describe (- for standard input); may be repeated")
	flags.source.registerServer(cmd)
	f.BoolVar(&flags.live, "live", false, "check the objects of a cluster instead of files")
	flags.source.registerNamespace(cmd, "with --live, the namespace; default: that of the context")
	f.BoolVarP(&flags.allNamespaces, "all-namespaces", "A", false, "with --live, check all namespaces, and every volume and class")
	f.StringVarP(&flags.selector, "selector", "l", "", "with --live, check the objects with these labels, such as app=db")
	f.DurationVar(&flags.source.timeout, "timeout", time.Minute, "how long it may take to read a live cluster")
	f.StringVar(&flags.config, "config", "", "file with a MoorageConfiguration, whose webhook.rules say what each rule does")
	f.StringVarP(&flags.output, "output", "o", "text", "text, lines (file:line:column: rule: message), json, sarif, github (workflow commands), gitlab (code quality) or junit")
	f.StringVar(&flags.failOn, "fail-on", "deny", "the least action of a finding that makes the exit status 1: deny, warn or never")
	f.BoolVar(&flags.failOnUnread, "fail-on-unread", false, "make the exit status 1 also where something was left out that may hold objects: "+
		"templates of charts, other templates, placeholders, patches of kustomizations, files in directories that cannot be read")
	f.BoolVarP(&flags.verbose, "verbose", "v", false, "show audit findings too (json, sarif and gitlab always hold them)")
	f.StringVar(&flags.baseline, "baseline", "", "file with what an earlier check wrote with -o json: leave its findings out, wherever they have moved")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(checkOutputs, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(failLevels, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func checkFiles(cmd *cobra.Command, flags checkFlags, args []string) error {
	paths := slices.Concat(flags.paths, args)
	flags.named = slices.ContainsFunc(kubeconfig.Names(), cmd.Flags().Changed)
	switch {
	case flags.live && (len(paths) > 0 || len(flags.source.from) > 0):
		return errors.New("--live checks what is in a cluster, and not files; leave out --live, or the files")
	case !flags.live && (flags.allNamespaces || flags.selector != "" || flags.source.namespace != ""):
		return errors.New("--namespace, --all-namespaces and --selector choose among a cluster's objects: they are for --live")
	case flags.allNamespaces && flags.source.namespace != "":
		return errors.New("--all-namespaces with --namespace: one namespace, or all of them?")
	case len(paths) == 0 && !flags.live:
		return errors.New("check what? Give files, directories or - for standard input, or --live for what is in a cluster; see 'moorage check --help'")
	case !slices.Contains(checkOutputs, flags.output):
		return fmt.Errorf("output %q: want %s", flags.output, text.Or(checkOutputs))
	case !slices.Contains(failLevels, flags.failOn):
		return fmt.Errorf("--fail-on %q: want deny, warn or never", flags.failOn)
	case len(flags.source.from) > 0 && flags.named:
		return errors.New("--from with --kubeconfig, --context or another that names a cluster: look things up in one cluster, not two")
	}
	if err := twoStdins(paths, flags.source.from); err != nil {
		return err
	}
	evaluator, err := flags.evaluator()
	if err != nil {
		return err
	}
	earlier, err := flags.earlier()
	if err != nil {
		return err
	}
	ask := flags.askFiles
	if flags.live {
		ask = flags.askCluster
	}
	result, err := ask(cmd, evaluator, paths)
	if err != nil {
		return err
	}
	result.LeaveKnown(earlier)
	if err := flags.print(cmd.OutOrStdout(), result); err != nil {
		return err
	}
	notRead(cmd.ErrOrStderr(), &result.Skipped)
	for _, f := range result.Failures {
		where := "the cluster"
		if !result.Live {
			where = output.FileName(f.File)
		}
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "error: the rule %s failed on %s %s in %s and was left out: %v; please report this\n",
			f.Panic.Rule, plain.Line(f.Object.Kind), plain.Line(f.Object.Name), where, f.Panic.Value)
	}
	return flags.verdict(result)
}

// askFiles asks about files, and looks things up in the cluster that the flags name.
func (f *checkFlags) askFiles(cmd *cobra.Command, evaluator *rules.Evaluator, paths []string) (*check.Result, error) {
	cluster, err := f.cluster(cmd)
	if err != nil {
		return nil, err
	}
	progress, clear := showProgress(cmd.ErrOrStderr())
	result, err := check.Check(cmd.Context(), check.Options{
		Paths: paths, Stdin: cmd.InOrStdin(), Cluster: cluster, Evaluator: evaluator, Progress: progress,
	})
	clear()
	if err != nil {
		return nil, err
	}
	if result.Files == 0 && result.Skipped.Unread() == "" {
		return nil, fmt.Errorf("there is nothing to check in %s: no .yaml, .yml or .json file", strings.Join(paths, ", "))
	}
	return result, nil
}

// earlier are the findings of the baseline; none without one.
func (f *checkFlags) earlier() ([]check.Finding, error) {
	if f.baseline == "" {
		return nil, nil
	}
	data, err := os.ReadFile(f.baseline)
	if err != nil {
		return nil, fmt.Errorf("read the baseline: %w", err)
	}
	findings, err := output.ReadFindings(data)
	if err != nil {
		return nil, fmt.Errorf("read the baseline %s: %w; it has to be what 'moorage check -o json' wrote", f.baseline, err)
	}
	return findings, nil
}

// cluster reads the cluster to look things up in; nil without one.
func (f *checkFlags) cluster(cmd *cobra.Command) (*topology.Snapshot, error) {
	if len(f.source.from) == 0 && !f.named {
		return nil, nil
	}
	whole := func(o metav1.Object) metav1.Object { return o }
	f.source.stdin = cmd.InOrStdin()
	listing, _, err := f.source.listing(cmd.Context(), cmd.ErrOrStderr(), whole)
	if err != nil {
		return nil, err
	}
	var left leftOut
	cache := topology.New(topology.Options{NodeDelay: -1, Fault: left.add})
	if err := cache.ReplaceAll(listing.Objects); err != nil {
		return nil, err
	}
	if len(f.source.from) > 0 && left.err() != nil {
		return nil, left.err()
	}
	left.note(cmd.ErrOrStderr())
	return cache.Snapshot(), nil
}

// byDirectory groups charts by the directory that they are in, in their order.
func byDirectory(charts []string) [][]string {
	var groups [][]string
	index := map[string]int{}
	for _, chart := range charts {
		directory := filepath.Dir(chart)
		at, known := index[directory]
		if !known {
			at = len(groups)
			index[directory], groups = at, append(groups, nil)
		}
		groups[at] = append(groups[at], chart)
	}
	return groups
}

// notRead tells of what was left out and could have been read in another way.
func notRead(w io.Writer, skipped *check.Skipped) {
	for _, charts := range byDirectory(skipped.Charts) {
		if chart := charts[0]; len(charts) == 1 {
			_, _ = fmt.Fprintf(w, "note: the templates of the chart %s were not read; check what they render to: helm template %s | moorage check -f -\n",
				plain.Line(chart), plain.Quote(noOption(chart)))
			continue
		}
		directory := filepath.Dir(charts[0])
		_, _ = fmt.Fprintf(w, "note: the templates of the %d charts in %s were not read; check what each renders to: helm template %s | moorage check -f -\n",
			len(charts), plain.Line(directory), plain.Quote(noOption(filepath.Join(directory, "CHART"))))
	}
	for _, path := range skipped.Templates {
		_, _ = fmt.Fprintf(w, "note: %s looks like a template and was not read; check what it renders to\n", plain.Line(path))
	}
	for _, path := range skipped.Placeholders {
		_, _ = fmt.Fprintf(w, "note: %s has placeholders such as ${NAME}, which were not judged; check what they become, such as with envsubst or 'flux build'\n",
			plain.Line(path))
	}
	for _, path := range skipped.Unreadable {
		_, _ = fmt.Fprintf(w, "note: %s cannot be read, and does not look like API objects\n", plain.Line(path))
	}
	if n := skipped.Patches; n > 0 {
		_, _ = fmt.Fprintf(w, "note: patches of kustomizations were not read (%d); check what is built of them: kustomize build DIRECTORY | moorage check -f -\n", n)
	}
}

func (f *checkFlags) evaluator() (*rules.Evaluator, error) {
	c := config.Default()
	if f.config != "" {
		var err error
		if c, err = config.Load(f.config); err != nil {
			return nil, err
		}
	}
	options, err := c.RuleOptions()
	if err != nil {
		return nil, err
	}
	return rules.NewEvaluator(options)
}

// noOption returns a path that no command takes for one of its options.
func noOption(path string) string {
	if strings.HasPrefix(path, "-") {
		return "./" + path
	}
	return path
}

func (f *checkFlags) print(w io.Writer, result *check.Result) error {
	switch f.output {
	case "json":
		return output.FindingsJSON(w, result)
	case "sarif":
		return output.FindingsSARIF(w, result)
	case "github":
		return output.FindingsGitHub(w, result, f.verbose)
	case "gitlab":
		return output.FindingsGitLab(w, result)
	case "junit":
		return output.FindingsJUnit(w, result, f.verbose)
	case "lines":
		return output.FindingsLines(w, result, f.verbose)
	default:
		return output.FindingsText(w, result, output.TextOptions{Verbose: f.verbose, Color: colored(w), Width: width(w)})
	}
}

// verdict is the exit status of a check that could be done.
func (f *checkFlags) verdict(result *check.Result) error {
	if len(result.Failures) > 0 {
		return exitStatus(exitFailure)
	}
	if f.failOnUnread && result.Skipped.Unread() != "" {
		return exitStatus(exitFound)
	}
	for _, found := range result.Findings {
		if f.failOn != "never" && (found.Action == rules.Deny || f.failOn == "warn" && found.Action == rules.Warn) {
			return exitStatus(exitFound)
		}
	}
	return nil
}
