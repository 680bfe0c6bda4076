// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package enclosure runs the calling program a second time, as root in namespaces of its own: of processes, mounts, network and IPC.
//
// What is done inside to the network, to mounts and to the directories that the inside has for itself is not seen by the machine, and all of
// it is gone with its last process, however that ends: the kernel takes interfaces, routes, packet filter rules, mounts and processes away. A
// control group and a temporary directory, which no namespace holds, are removed by package process, also after SIGKILL.
//
// The network inside has a loopback interface and nothing else: nothing can be downloaded there.
//
// The package knows nothing of Kubernetes.
package enclosure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/moorage-k8s/moorage/e2e/process"
)

// The environment tells a program that was run again which part it plays, and where.
const (
	roleEnv = "MOORAGE_ENCLOSURE"
	dirEnv  = "MOORAGE_ENCLOSURE_DIR"

	roleInit   = "init"   // process 1, which sets the enclosure up
	roleInside = "inside" // the one that does the work
)

// refusedFile, in the enclosure's directory, holds why process 1 gave up.
const refusedFile = "refused"

// Options say what is run. They must be the same each time that the program runs.
type Options struct {
	// Directories are absolute paths at which the inside finds empty directories of its own. Those that the machine lacks are made for the mount, and
	// removed afterwards.
	Directories []string
	// Outside runs first and on the machine itself, where what is missing can be downloaded. It may leave files in the directory. Nil does nothing.
	Outside func(ctx context.Context, dir string) error
	// Probe runs as process 1 before Inside, and reports whether the machine lets the inside do what it has to. Nil means that it does.
	Probe func() error
	// Inside does the work, and returns the exit status.
	Inside func() int
}

// RefusedError tells that this machine does not allow an enclosure, or what the probe needs in it.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return e.Reason }

// Run runs the program again in an enclosure, and returns the exit status of Inside. Where the machine does not allow that, the error is
// a *RefusedError. It is to be the first thing that a program does: the one that is run again comes here too, and must not have begun
// anything else.
func Run(ctx context.Context, options Options) (status int, err error) {
	switch os.Getenv(roleEnv) {
	case roleInit:
		return runInit(options), nil
	case roleInside:
		return options.Inside(), nil
	}
	return runOutside(ctx, options)
}

// Dir returns the directory that goes with the enclosure, to those inside.
func Dir() string { return os.Getenv(dirEnv) }

// ControlGroup returns the path of the control group that goes with the enclosure, within each hierarchy, to those inside.
func ControlGroup() string { return "/" + filepath.Base(Dir()) }

func runOutside(ctx context.Context, options Options) (status int, err error) {
	if os.Geteuid() != 0 {
		return 0, &RefusedError{"only root can have namespaces and control groups made"}
	}
	group, err := process.NewGroup("moorage-enclosure-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, group.Stop()) }()
	if options.Outside != nil {
		if err = options.Outside(ctx, group.Dir()); err != nil {
			return 0, err
		}
	}
	if err = makeControlGroups(group); err != nil {
		return 0, &RefusedError{err.Error()}
	}
	for _, directory := range options.Directories {
		if err = makeMountPoint(group, directory); err != nil {
			return 0, err
		}
	}
	return runAgain(group.Dir())
}

// runAgain runs the program as process 1 of new namespaces, until it ends.
func runAgain(dir string) (status int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find the program's own file: %w", err)
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), roleEnv+"="+roleInit, dirEnv+"="+dir, "TMPDIR="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	// The signal is tied to the thread that forks, which has to live until the end.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err = cmd.Start(); err != nil {
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
			return 0, &RefusedError{fmt.Sprintf("namespaces cannot be made: %v", err)}
		}
		return 0, fmt.Errorf("run %s again in namespaces of its own: %w", self, err)
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("run %s again in namespaces of its own: %w", self, err)
	}
	why, err := os.ReadFile(filepath.Join(dir, refusedFile))
	switch {
	case err == nil:
		return 0, &RefusedError{string(why)}
	case !errors.Is(err, os.ErrNotExist):
		return 0, fmt.Errorf("read why the enclosure was refused: %w", err)
	}
	if status = cmd.ProcessState.ExitCode(); status < 0 {
		return 0, fmt.Errorf("the enclosure was ended from outside: %v", cmd.ProcessState)
	}
	return status, nil
}
