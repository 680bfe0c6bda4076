// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/term"
)

// announce says that a build starts, and on a terminal counts its seconds. The function that it returns says how it ended.
func (b Builder) announce(program Binary) func(took time.Duration, err error) {
	name := program.Name
	if program.Version != "" {
		name += " " + program.Version
	}
	if b.Progress == nil {
		return func(time.Duration, error) {}
	}
	building := "building "
	if b.total > 1 {
		building += fmt.Sprintf("%d of %d: ", b.number, b.total)
	}
	building += name
	live := b.onTerminal()
	if !live {
		b.say("%s", building)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		if live {
			b.count(building, stop)
		}
	}()
	return func(took time.Duration, err error) {
		close(stop)
		<-stopped
		word := "built"
		switch {
		case errors.Is(err, ErrStopped):
			word = "stopped building"
		case err != nil:
			word = "failed to build"
		}
		b.say("%s %s in %.0f s", word, name, took.Seconds())
	}
}

// count rewrites one line each second until stop is closed, and then clears it.
func (b Builder) count(building string, stop <-chan struct{}) {
	const clearLine = "\r\x1b[K"
	started := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		_, _ = fmt.Fprintf(b.Progress, "%s%s … %.0f s", clearLine, building, time.Since(started).Seconds())
		select {
		case <-tick.C:
		case <-stop:
			_, _ = fmt.Fprint(b.Progress, clearLine)
			return
		}
	}
}

func (b Builder) say(format string, args ...any) {
	if b.Progress != nil {
		_, _ = fmt.Fprintf(b.Progress, format+"\n", args...)
	}
}

func (b Builder) onTerminal() bool {
	f, ok := b.Progress.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
