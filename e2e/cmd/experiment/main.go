// SPDX-License-Identifier: Apache-2.0

// Command experiment measures moorage on a real control plane: with it and without it in one run. It prints tables to stdout and what it is
// doing to stderr, and fails if moorage broke a promise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/experiments"
)

// experiment is a subcommand.
type experiment struct {
	describes string
	// prepare declares the flags and returns what runs the experiment after they have been read.
	prepare func(*flag.FlagSet) func(context.Context, *experiments.Lab) (report, error)
}

// report is what an experiment returns.
type report interface {
	Write(w io.Writer) error
	Broken() []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case errors.Is(err, context.Canceled):
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "experiment:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	chosen, ok := catalogue[name]
	if !ok {
		return fmt.Errorf("want burst, throughput or balance, got %q", name)
	}
	flags := flag.NewFlagSet("experiment "+name, flag.ContinueOnError)
	flags.Usage = func() {
		_, _ = fmt.Fprintf(flags.Output(), "experiment %s measures %s.\n\n", name, chosen.describes)
		flags.PrintDefaults()
	}
	config := flags.String("config", "", "the file of a MoorageConfiguration; none if empty")
	measure := chosen.prepare(flags)
	if err = flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("experiment %s takes no arguments, got %q", name, flags.Args())
	}
	lab := &experiments.Lab{Progress: os.Stderr}
	if *config != "" {
		text, readErr := os.ReadFile(*config)
		if readErr != nil {
			return readErr
		}
		lab.MoorageConfig = string(text)
	}
	lab.Control, err = controlplane.Start(ctx, controlplane.Options{Progress: os.Stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Control.Stop()) }()
	result, err := measure(ctx, lab)
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintf(os.Stdout, "Kubernetes %s\n", binaries.Kubernetes()); err != nil {
		return err
	}
	if err = result.Write(os.Stdout); err != nil {
		return err
	}
	var broken []error
	for _, promise := range result.Broken() {
		broken = append(broken, errors.New(promise))
	}
	return errors.Join(broken...)
}
