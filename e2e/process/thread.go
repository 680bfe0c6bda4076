// SPDX-License-Identifier: Apache-2.0

package process

import (
	"os/exec"
	"runtime"
	"sync"
)

// startRequest asks the forking thread for one child.
type startRequest struct {
	cmd    *exec.Cmd
	result chan<- error
}

// forks carries requests to a goroutine that stays on one thread for as long as the program runs. Linux ties the parent
// death signal to the thread that forked, not to the process, and the Go runtime ends threads as it likes: a child
// forked on any other thread could be killed in the middle of a test.
var forks = sync.OnceValue(func() chan<- startRequest {
	requests := make(chan startRequest)
	go func() {
		runtime.LockOSThread()
		for r := range requests {
			r.result <- r.cmd.Start()
		}
	}()
	return requests
})

// startOnLastingThread is cmd.Start on the thread that lives as long as the program.
func startOnLastingThread(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	forks() <- startRequest{cmd: cmd, result: result}
	return <-result
}
