// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// moorage returns this program under the name by which it is the command.
func moorage(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "moorage")
	if err := os.Symlink(self, path); err != nil {
		t.Skip(err)
	}
	return path
}

// One signal ends a command that waits for what it is to read, or computes. The exit status is that of the signal.
func TestOneSignalEndsACommand(t *testing.T) {
	program, dir := moorage(t), t.TempDir()
	fifo := filepath.Join(dir, "pipe.yaml")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	// More than a pipe holds: once it is written the command reads, and has long been ready for signals.
	const comment = "# a comment\n"
	some := strings.Repeat(comment, 1<<20/len(comment))
	waiting := func(in io.Writer) error {
		_, err := io.WriteString(in, some)
		return err
	}
	computing := func(in io.Writer) error {
		_, err := io.WriteString(in, "["+strings.Repeat("1,", 10_000_000)+"1]")
		return errors.Join(err, in.(io.Closer).Close())
	}
	for _, tc := range []struct {
		name  string
		args  []string
		fifo  bool
		write func(io.Writer) error
	}{
		{"check waits for standard input", []string{"check", "-f", "-"}, false, waiting},
		{"check waits for a pipe", []string{"check", "-f", fifo}, true, waiting},
		{"check computes", []string{"check", "-f", "-"}, false, computing},
		{"explain waits for a pipe", []string{"explain", "pod", "x", "--from", fifo}, true, waiting},
		{"simulate waits for standard input", []string{"simulate", "--drain", "x", "--from", "-"}, false, waiting},
		{"capture waits for a pipe", []string{"capture", "--from", fifo, "-o", filepath.Join(dir, "out.yaml")}, true, waiting},
		{"serve waits for a pipe", []string{"serve", "--from", fifo, "--webhook-bind-address", "0", "--extender-bind-address", "127.0.0.1:0", "--metrics-bind-address", "0"}, true, waiting},
	} {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			t.Run(tc.name+", "+signal.String(), func(t *testing.T) {
				cmd := exec.CommandContext(t.Context(), program, tc.args...)
				var said strings.Builder
				cmd.Stdout, cmd.Stderr = &said, &said
				in, err := cmd.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err = cmd.Start(); err != nil {
					t.Fatal(err)
				}
				if tc.fifo {
					pipe, openErr := os.OpenFile(fifo, os.O_WRONLY, 0)
					if openErr != nil {
						t.Fatal(openErr)
					}
					defer pipe.Close() //nolint:errcheck // The reader is gone by then.
					err = tc.write(pipe)
				} else {
					err = tc.write(in)
				}
				if err != nil {
					t.Fatalf("write: %v; it said %s", err, said.String())
				}
				if err = cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				_ = cmd.Wait()
				if got, want := cmd.ProcessState.ExitCode(), 128+int(signal); got != want {
					t.Errorf("exit status %d, want %d; it said %s", got, want, said.String())
				}
			})
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// What is half written goes before the process does.
func TestASignalCleansUp(t *testing.T) {
	status := make(chan int, 1)
	_, stop := untilSignal(func(s int) { status <- s })
	defer stop()
	half, err := os.Create(filepath.Join(t.TempDir(), "half"))
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close() //nolint:errcheck // It is gone.
	whole, err := os.Create(filepath.Join(t.TempDir(), "whole"))
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close() //nolint:errcheck // Nothing was written.
	defer onSignal(half, func() { _ = os.Remove(half.Name()) })()
	onSignal(whole, func() { _ = os.Remove(whole.Name()) })()
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := <-status; got != 143 {
		t.Errorf("exit status %d", got)
	}
	if _, err := os.Stat(half.Name()); !os.IsNotExist(err) {
		t.Errorf("what is half written is still there: %v", err)
	}
	if _, err := os.Stat(whole.Name()); err != nil {
		t.Errorf("what is whole is gone: %v", err)
	}
}
