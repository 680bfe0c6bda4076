// SPDX-License-Identifier: Apache-2.0

// Command moorage schedules pods onto nodes their volumes can reach, and rejects volume specs that cannot work.
//
// One file holds one command: its flags, its help, what it prints and its exit status. What the commands do is in the
// packages that they call.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/version"
)

const (
	// exitFound is the exit status of a command that did its work and found what it was to find.
	exitFound = 1
	// exitFailure is the exit status of every command for what it could not do.
	exitFailure = 2
)

// exitStatus ends a command that has said all there is to say.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run runs the command line and returns its exit status. Whatever a command writes as text is made harmless on its way: it is full
// of words that others wrote, and a terminal or a runner of continuous integration reads it.
func run(args []string, stdout, stderr io.Writer) int {
	out, errOut := plain.NewWriter(stdout, colored(stdout)), plain.NewWriter(stderr, false)
	defer func() { _ = errors.Join(out.Flush(), errOut.Flush()) }()
	libraryLogs(errOut)
	ctx, stop := untilSignal(os.Exit)
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err != nil {
		if _, _, unknown := root.Find(args); unknown != nil {
			err = unknownCommand(root, args[slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") })])
		}
	}
	if status := exitStatus(0); errors.As(err, &status) {
		return int(status)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		// A name with a line break in it begins no line that looks like another message.
		_, _ = fmt.Fprintln(errOut, "error:", strings.ReplaceAll(err.Error(), "\n", "\n  "))
		return exitFailure
	}
	return 0
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "moorage",
		Short: "Volume-aware placement and admission for Kubernetes",
		Long: `moorage schedules pods onto nodes their volumes can reach, and rejects volume specs that cannot work.

It is a kube-scheduler extender and an admission webhook on one view of the cluster's storage.`,
		Example: `  # Every pod that waits or hangs, and why
  moorage explain -A

  # Zones, nodes, attach slots and pools
  moorage map

  # The admission rules, about files
  moorage check -f manifests/`,
		Version:       version.Get().String(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	if strings.HasPrefix(filepath.Base(os.Args[0]), "kubectl-") {
		root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl moorage"}
	}
	setHelp(root)
	root.SetHelpCommand(helpCommand())
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see '%s --help'", err, cmd.CommandPath())
	})
	root.AddCommand(
		serveCommand(), explainCommand(), simulateCommand(), checkCommand(), captureCommand(), scanCommand(), mapCommand(), adviseCommand(), doctorCommand(),
		rulesCommand(), driversCommand(), configCommand(), unhookCommand(), optionsCommand(), versionCommand(),
	)
	return root
}
