// SPDX-License-Identifier: Apache-2.0

// Command controlplane prepares and runs the control plane of the end-to-end suites for a person.
//
//	controlplane build   builds all its programs into the cache, once, and kubectl
//	controlplane up      runs it with a scheduler until Ctrl-C, and prints the kubeconfig's path
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "controlplane:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	flags := flag.NewFlagSet("controlplane", flag.ContinueOnError)
	minor := flags.String("kubernetes", binaries.Kubernetes(), "the minor release of Kubernetes")
	extender := flags.String("extender", "", "up: the extender that the scheduler calls, such as http://127.0.0.1:10261; none if empty")
	flags.Usage = func() {
		_, _ = fmt.Fprintf(flags.Output(), "usage: controlplane [flags] build|up\n\nbuild builds the control plane's programs and kubectl into the cache;\n"+
			"up runs it with a scheduler until Ctrl-C.\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch flags.Arg(0) {
	case "build":
		return build(ctx, *minor)
	case "up":
		return up(ctx, *minor, *extender)
	default:
		flags.Usage()
		return fmt.Errorf("want build or up, got %q", flags.Arg(0))
	}
}

func build(ctx context.Context, minor string) error {
	programs, err := binaries.ForSuites(minor)
	if err != nil {
		return err
	}
	if _, err = (binaries.Builder{Progress: os.Stderr}).Build(ctx, programs...); err != nil {
		return err
	}
	dir, err := binaries.CacheDir()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stdout, "%d programs for the suites on Kubernetes %s are in %s\n", len(programs), minor, dir)
	return err
}

func up(ctx context.Context, minor, extender string) (err error) {
	c, err := controlplane.Start(ctx, controlplane.Options{Kubernetes: minor, Progress: os.Stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	if _, err = c.StartScheduler(ctx, controlplane.SchedulerOptions{ExtenderURL: extender}); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(os.Stdout, "export KUBECONFIG=%s\n", c.AdminKubeconfig())
	fmt.Fprintf(os.Stderr, "logs are in %s; Ctrl-C takes it all down\n", c.Dir())
	<-ctx.Done()
	return nil
}
