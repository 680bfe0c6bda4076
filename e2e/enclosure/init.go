// SPDX-License-Identifier: Apache-2.0

//go:build linux

package enclosure

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// runInit is process 1: it sets the enclosure up, runs the program that does the work, and waits for what nobody else waits for. When it
// ends, the kernel kills all that is left.
func runInit(options Options) int {
	if err := setUp(options); err != nil {
		if err = os.WriteFile(filepath.Join(Dir(), refusedFile), []byte(err.Error()), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, "enclosure:", err)
		}
		return 1
	}
	status, err := runInside()
	if err != nil {
		fmt.Fprintln(os.Stderr, "enclosure:", err)
		return 1
	}
	return status
}

func setUp(options Options) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts cannot be made private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("/proc cannot be mounted: %w", err)
	}
	for _, directory := range options.Directories {
		own := filepath.Join(Dir(), "directories", directory)
		if err := os.MkdirAll(own, 0o755); err != nil {
			return fmt.Errorf("the directory for %s cannot be made: %w", directory, err)
		}
		if err := unix.Mount(own, directory, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("a directory cannot be mounted at %s: %w", directory, err)
		}
	}
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("the loopback interface cannot be switched on: %w", err)
	}
	if options.Probe == nil {
		return nil
	}
	return options.Probe()
}

func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket) //nolint:errcheck // nothing was written to it
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request)
}

// runInside starts the program once more, and waits for it and for every orphan: a process 1 inherits them.
func runInside() (status int, err error) {
	if err = os.Setenv(roleEnv, roleInside); err != nil {
		return 0, err
	}
	inside, err := os.StartProcess("/proc/self/exe", os.Args, &os.ProcAttr{Env: os.Environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return 0, fmt.Errorf("run the program inside: %w", err)
	}
	for {
		var state syscall.WaitStatus
		pid, waitErr := syscall.Wait4(-1, &state, 0, nil)
		switch {
		case errors.Is(waitErr, syscall.EINTR):
		case waitErr != nil:
			return 0, fmt.Errorf("wait for the processes inside: %w", waitErr)
		case pid != inside.Pid:
		case state.Signaled():
			return 0, fmt.Errorf("the program inside was ended by signal %v", state.Signal())
		default:
			return state.ExitStatus(), nil
		}
	}
}
