// SPDX-License-Identifier: Apache-2.0

// Command demo shows moorage at work on a real control plane, and fails if what it shows is not so. With --keep it goes on
// until Ctrl-C, for a reader who wants to look around with kubectl.
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
	"github.com/moorage-k8s/moorage/e2e/demo"
)

// interrupted is the exit status of a program that Ctrl-C ended.
const interrupted = 130

func main() {
	keep := flag.Bool("keep", false, "leave everything running until Ctrl-C")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := demo.Run(ctx, os.Stdout, os.Stderr, *keep)
	stop()
	switch {
	case errors.Is(err, binaries.ErrStopped):
		fmt.Fprintln(os.Stderr, "stopped; what is built is kept")
		os.Exit(interrupted)
	case errors.Is(err, context.Canceled):
		os.Exit(interrupted)
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}
