// SPDX-License-Identifier: Apache-2.0

// Package process runs the programs of a test cluster and sees to it that none outlives its parent.
//
// A Group owns a directory and the processes started in it. They are gone, and so is the directory, once Stop has
// returned, and also when the parent never gets to call it: after a panic, a signal or SIGKILL. Two mechanisms that do
// not depend on each other see to that: on Linux each child asks the kernel to kill it with its parent, and on
// every Unix a watchdog, a shell that holds the other end of a pipe, kills the process groups that are left when the pipe closes.
//
// The package knows nothing of Kubernetes.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// termGrace is how long a process may take to end after SIGTERM before it is killed.
const termGrace = 10 * time.Second

// Command says what to run.
type Command struct {
	// Name is unique among the running processes of a group; the log file is named after it.
	Name string
	// Path is the program's file.
	Path string
	// Args are the arguments without the program's name.
	Args []string
	// Env is added to a minimal environment: PATH, TMPDIR and a HOME inside the group's directory, so that no setting of
	// the person who runs the suite reaches the cluster.
	Env []string
}

// Process is a started command. Its methods may be called from any goroutine.
type Process struct {
	name    string
	logPath string
	cmd     *exec.Cmd
	done    chan struct{}
	err     error // written before done is closed
}

// Name returns the command's name.
func (p *Process) Name() string { return p.name }

// PID returns the process ID, which is the ID of its process group as well.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// LogPath returns the file that holds what the process writes to stdout and stderr. A process of the same name started
// later appends to it.
func (p *Process) LogPath() string { return p.logPath }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns how the process ended (nil for status 0), or nil while it runs.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Stop ends the process with SIGTERM, and after ten seconds, or as soon as ctx is done, with SIGKILL. It returns when the
// process has ended, and it is not an error if that happened before.
func (p *Process) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, termGrace)
	defer cancel()
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return p.Kill()
	}
}

// Kill ends the process and all that it started with SIGKILL, and returns when it has ended.
func (p *Process) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

// signal reaches the whole process group. A group that no longer exists is no error.
func (p *Process) signal(sig syscall.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := syscall.Kill(-p.PID(), sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("send %v to %s (pid %d): %w", sig, p.name, p.PID(), err)
	}
	return nil
}

// Group runs processes in a temporary directory of its own.
type Group struct {
	dir      string
	watchdog *watchdog

	mu        sync.Mutex // guards the fields below
	processes []*Process // in the order of their start, ended ones included
	stopped   bool
}

// NewGroup makes a directory with the given name pattern (as os.MkdirTemp takes it) and the watchdog that guards it.
func NewGroup(pattern string) (*Group, error) {
	dir, err := os.MkdirTemp("", pattern)
	if err != nil {
		return nil, fmt.Errorf("make a temporary directory: %w", err)
	}
	w, err := startWatchdog(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &Group{dir: dir, watchdog: w}, nil
}

// Dir returns the group's directory. It is removed when the group stops.
func (g *Group) Dir() string { return g.dir }

// Start runs the command in the group's directory. The process goes on until it ends by itself, is stopped, or the group is.
func (g *Group) Start(c Command) (*Process, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return nil, fmt.Errorf("start %s: the group has been stopped", c.Name)
	}
	for _, p := range g.processes {
		select {
		case <-p.done:
			continue
		default:
		}
		if p.name == c.Name {
			return nil, fmt.Errorf("start %s: a process of this name runs already (pid %d)", c.Name, p.PID())
		}
	}

	logPath := filepath.Join(g.dir, c.Name+".log")
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", c.Name, err)
	}
	defer log.Close() //nolint:errcheck // the child has a descriptor of its own, and nothing was written here

	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir = g.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "HOME=" + g.dir}, c.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	// A group of its own: Ctrl-C on the terminal reaches the parent alone, which decides in what order things end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	if err := startOnLastingThread(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	g.watchdog.add(cmd.Process.Pid)

	p := &Process{name: c.Name, logPath: logPath, cmd: cmd, done: make(chan struct{})}
	g.processes = append(g.processes, p)
	go func() {
		p.err = cmd.Wait()
		g.watchdog.remove(cmd.Process.Pid)
		close(p.done)
	}()
	return p, nil
}

// RemoveForeign has a directory outside of the group's own go with it. Only directories in it are removed, not files, so that it goes if nothing
// but directories is left: as in a control group, whose files are the kernel's. The path must be without white space.
func (g *Group) RemoveForeign(dir string) { g.watchdog.foreign(dir) }

// Stop kills all processes, the last started first, and removes the directory. Nothing is asked to end in good order: what they
// hold is thrown away. Further calls do nothing.
func (g *Group) Stop() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return nil
	}
	g.stopped = true
	var errs []error
	for i := len(g.processes) - 1; i >= 0; i-- {
		errs = append(errs, g.processes[i].Kill())
	}
	errs = append(errs, g.watchdog.stop(), os.RemoveAll(g.dir))
	return errors.Join(errs...)
}
