// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"io"
	"log"

	"k8s.io/klog/v2"
)

// libraryLogs sends what libraries log to a writer, until a command chooses a logger. Among it are the warnings of API servers, and what
// clients send to a server: they do not go to standard error as they come.
func libraryLogs(w io.Writer) {
	log.SetOutput(w)
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	klog.InitFlags(flags)
	for name, value := range map[string]string{"logtostderr": "false", "stderrthreshold": "FATAL"} {
		if err := flags.Set(name, value); err != nil {
			log.Printf("set klog's %s: %v", name, err)
		}
	}
	klog.SetOutput(w)
}
