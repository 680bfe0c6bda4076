// SPDX-License-Identifier: Apache-2.0

// Command pause holds a pod's namespaces, and does nothing else until it is asked to end.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	<-end
}
