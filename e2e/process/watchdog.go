// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
)

// watchdogScript keeps the list of living process groups and of foreign directories that it reads from stdin. End of file means that
// the parent is gone, in whatever way: then it kills the groups that are left and removes the directories. It tries again for ten seconds, as
// what the kernel kills may still be there for a moment.
const watchdogScript = `
live= foreign=
while read -r what which; do
  case $what in
  add) live="$live $which" ;;
  remove)
    rest=
    for p in $live; do [ "$p" = "$which" ] || rest="$rest $p"; done
    live=$rest ;;
  foreign) foreign="$foreign $which" ;;
  esac
done
for p in $live; do kill -9 "-$p"; done 2>/dev/null
for try in 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9; do
  left=
  rm -rf -- "$1" 2>/dev/null || left=1
  for d in $foreign; do
    if [ -d "$d" ]; then
      find "$d" -depth -type d -exec rmdir {} ';' 2>/dev/null
      if [ -d "$d" ]; then left=1; fi
    fi
  done
  if [ -z "$left" ]; then break; fi
  sleep 0.5
done
`

// watchdog is the parent's end of the watchdog process.
type watchdog struct {
	cmd *exec.Cmd

	mu    sync.Mutex // serialises writes to the pipe
	stdin io.WriteCloser
}

// startWatchdog starts a watchdog for the directory. It is in a process group of its own, so that what kills the parent's group
// leaves it alive to do its work.
func startWatchdog(dir string) (*watchdog, error) {
	cmd := exec.Command("/bin/sh", "-c", watchdogScript, "watchdog", dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make the watchdog's pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the watchdog, which needs /bin/sh: %w", err)
	}
	return &watchdog{cmd: cmd, stdin: stdin}, nil
}

func (w *watchdog) add(pid int)        { w.tell("add", strconv.Itoa(pid)) }
func (w *watchdog) remove(pid int)     { w.tell("remove", strconv.Itoa(pid)) }
func (w *watchdog) foreign(dir string) { w.tell("foreign", dir) }

// tell writes one line. A watchdog that is gone cannot be told anything, and the children then still have the kernel's
// guard where there is one: that is not a reason to fail a start.
func (w *watchdog) tell(what, which string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = fmt.Fprintln(w.stdin, what, which)
}

// stop closes the pipe and waits for the watchdog to end, which removes the directory.
func (w *watchdog) stop() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.stdin.Close(); err != nil {
		return fmt.Errorf("close the watchdog's pipe: %w", err)
	}
	if err := w.cmd.Wait(); err != nil {
		return fmt.Errorf("wait for the watchdog: %w", err)
	}
	return nil
}
