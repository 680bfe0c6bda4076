// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/printers"
	"github.com/moorage-k8s/moorage/webhook/files"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// checkFlags are what check was asked for.
type checkFlags struct {
	paths, from            []string
	config, output, failOn string
	verbose                bool
}

var (
	checkOutputs = []string{"text", "json", "sarif", "github"}
	failLevels   = []string{"deny", "warn", "never"}
)

func checkCommand() *cobra.Command {
	var flags checkFlags
	cmd := &cobra.Command{
		Use:   "check [-f] PATH…",
		Short: "Ask the admission rules about files",
		Long: `Asks the rules of the admission webhook about manifests, and tells the line and column of what they find.

PATH is a file, a folder (its .yaml, .yml and .json files, and those of its subfolders), a pattern such as 'deploy/*.yaml', or - for
standard input. Files are YAML or JSON, with any number of documents. They are read strictly: an unknown or repeated field, a value of a
wrong type and a version that is no longer served are findings (rule 'decode'). Kinds that there are no rules for are skipped and counted.

Rules that look things up, such as a claim's class, find what the files hold. With --from they see the state of a whole cluster as well,
and then they also tell what is missing.

The exit status is 0 if nothing was found at the level of --fail-on or above, 1 if something was, and 2 if the check could not be done.`,
		Example: `  # A folder, and what a chart or a kustomization renders to
  moorage check deploy/
  helm template my-release ./chart | moorage check -f -
  kustomize build overlays/production | moorage check -

  # In continuous integration
  moorage check -f deploy/ --fail-on warn -o github
  moorage check -f deploy/ -o sarif > moorage.sarif

  # With the state of a cluster, and another action for a rule
  moorage check -f deploy/ --from cluster.yaml --config moorage.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error { return check(cmd, flags, args) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&flags.paths, "filename", "f", nil, "file, folder, pattern, or - for standard input; may be repeated")
	f.StringSliceVar(&flags.from, "from", nil, "look things up in the cluster that these files or folders of manifests describe; may be repeated")
	f.StringVar(&flags.config, "config", "", "file with a MoorageConfiguration, whose webhook.rules say what each rule does")
	f.StringVarP(&flags.output, "output", "o", "text", "text, json, sarif or github")
	f.StringVar(&flags.failOn, "fail-on", "deny", "the least action of a finding that makes the exit status 1: deny, warn or never")
	f.BoolVarP(&flags.verbose, "verbose", "v", false, "show audit findings too (json and sarif always hold them)")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(checkOutputs, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(failLevels, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func check(cmd *cobra.Command, flags checkFlags, args []string) error {
	paths := slices.Concat(flags.paths, args)
	switch {
	case len(paths) == 0:
		return errors.New("check what? Give files, folders or - for standard input; see 'moorage check --help'")
	case !slices.Contains(checkOutputs, flags.output):
		return fmt.Errorf("output %q: want text, json, sarif or github", flags.output)
	case !slices.Contains(failLevels, flags.failOn):
		return fmt.Errorf("--fail-on %q: want deny, warn or never", flags.failOn)
	}
	evaluator, err := flags.evaluator()
	if err != nil {
		return err
	}
	progress, clear := showProgress(cmd.ErrOrStderr())
	result, err := files.Check(cmd.Context(), files.Options{
		Paths: paths, Stdin: cmd.InOrStdin(), From: flags.from, Evaluator: evaluator, Progress: progress,
	})
	clear()
	if cmd.Context().Err() != nil {
		return errors.New("interrupted before everything was checked")
	}
	if err != nil {
		return err
	}
	if err := flags.print(cmd.OutOrStdout(), result); err != nil {
		return err
	}
	for _, f := range result.Failures {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "error: the rule %s failed on %s %s in %s and was left out: %v; please report this\n",
			f.Panic.Rule, f.Object.Kind, f.Object.Name, printers.FileName(f.File), f.Panic.Value)
	}
	return flags.verdict(result)
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

func (f *checkFlags) print(w io.Writer, result *files.Result) error {
	switch f.output {
	case "json":
		return printers.FindingsJSON(w, result)
	case "sarif":
		return printers.FindingsSARIF(w, result)
	case "github":
		return printers.FindingsGitHub(w, result, f.verbose)
	default:
		return printers.FindingsText(w, result, printers.TextOptions{Verbose: f.verbose, Color: isTerminal(w) && os.Getenv("NO_COLOR") == ""})
	}
}

// verdict is the exit status of a check that could be done.
func (f *checkFlags) verdict(result *files.Result) error {
	if len(result.Failures) > 0 {
		return exitStatus(exitFailure)
	}
	for _, found := range result.Findings {
		if f.failOn != "never" && (found.Action == rules.Deny || f.failOn == "warn" && found.Action == rules.Warn) {
			return exitStatus(exitFound)
		}
	}
	return nil
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
