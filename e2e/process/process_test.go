// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// parentRole makes the test binary play the parent that is about to be killed; its value chooses how it behaves.
const parentRole = "MOORAGE_PROCESS_TEST_PARENT"

func TestMain(m *testing.M) {
	if role := os.Getenv(parentRole); role != "" {
		playParent(role)
		return
	}
	os.Exit(m.Run())
}

// playParent starts a group with a process that has a child of its own, prints the directory and both IDs, and then waits or panics.
func playParent(role string) {
	g, err := NewGroup("moorage-process-test-")
	if err != nil {
		panic(err)
	}
	if err = os.MkdirAll(foreignOf(g.Dir())+"/inner", 0o755); err != nil {
		panic(err)
	}
	g.RemoveForeign(foreignOf(g.Dir()))
	p, err := g.Start(Command{Name: "family", Path: "/bin/sh", Args: []string{"-c", "sleep 1000 & echo $!; wait"}})
	if err != nil {
		panic(err)
	}
	grandchild := ""
	err = wait.PollUntilContextTimeout(context.Background(), 10*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		grandchild = p.Tail(1)
		return grandchild != "", nil
	})
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintln(os.Stdout, g.Dir(), p.PID(), grandchild)
	if role == "panic" {
		panic("as the test wants")
	}
	select {}
}

// foreignOf is a directory beside the group's.
func foreignOf(dir string) string { return dir + "-foreign" }

func TestNothingOutlivesTheParent(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		role string
		end  func(parent *os.Process) error
	}{
		{"killed", "wait", func(p *os.Process) error { return p.Signal(syscall.SIGKILL) }},
		{"interrupted", "wait", func(p *os.Process) error { return p.Signal(syscall.SIGINT) }},
		{"terminated", "wait", func(p *os.Process) error { return p.Signal(syscall.SIGTERM) }},
		{"panicking", "panic", func(*os.Process) error { return nil }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			parent := exec.Command(self)
			parent.Env = append(os.Environ(), parentRole+"="+tc.role)
			out, err := parent.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err = parent.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatalf("read what the parent started: %v", err)
			}
			fields := strings.Fields(line)
			if len(fields) != 3 {
				t.Fatalf("the parent printed %q, want a directory and two process IDs", line)
			}
			dir, child, grandchild := fields[0], pid(t, fields[1]), pid(t, fields[2])
			if tc.role == "wait" {
				for _, p := range []int{child, grandchild} {
					if !alive(p) {
						t.Fatalf("process %d does not run before the parent ends", p)
					}
				}
			}
			if err = tc.end(parent.Process); err != nil {
				t.Fatal(err)
			}
			if err = parent.Wait(); err == nil {
				t.Error("the parent ended with status 0")
			}
			eventually(t, "child, grandchild and both directories are gone", func() bool {
				_, statErr := os.Stat(dir)
				_, foreignErr := os.Stat(foreignOf(dir))
				return !alive(child) && !alive(grandchild) && errors.Is(statErr, os.ErrNotExist) && errors.Is(foreignErr, os.ErrNotExist)
			})
		})
	}
}

func TestStopEndsEverythingAndRemovesTheDirectory(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	p, err := g.Start(Command{Name: "stubborn", Path: "/bin/sh", Args: []string{"-c", "trap '' TERM; echo ready; while :; do sleep 1000; done"}})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the trap is set", func() bool { return p.Tail(1) == "ready" })
	if err = g.Stop(); err != nil {
		t.Fatal(err)
	}
	if alive(p.PID()) {
		t.Errorf("process %d still runs", p.PID())
	}
	if _, err = os.Stat(g.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
	if err = g.Stop(); err != nil {
		t.Errorf("a second Stop: %v", err)
	}
	if _, err = g.Start(Command{Name: "late", Path: "/bin/true"}); err == nil {
		t.Error("a stopped group started a process")
	}
}

func TestProcessStop(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, script string
		cancelled    bool
	}{
		{name: "it obeys SIGTERM", script: "echo ready; exec sleep 1000"},
		{name: "it ignores SIGTERM and the caller is in a hurry", script: "trap '' TERM; echo ready; while :; do sleep 1000; done", cancelled: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := newGroup(t)
			p, err := g.Start(Command{Name: "p", Path: "/bin/sh", Args: []string{"-c", tc.script}})
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "the process is ready", func() bool { return p.Tail(1) == "ready" })
			if _, err = g.Start(Command{Name: "p", Path: "/bin/true"}); err == nil {
				t.Error("two processes of one name run at once")
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tc.cancelled {
				cancel()
			}
			if err = p.Stop(ctx); err != nil {
				t.Fatal(err)
			}
			if alive(p.PID()) {
				t.Errorf("process %d still runs", p.PID())
			}
			if p.Err() == nil {
				t.Error("Err is nil for a process that was ended by a signal")
			}
			if err = p.Stop(t.Context()); err != nil {
				t.Errorf("Stop of an ended process: %v", err)
			}
			if _, err = g.Start(Command{Name: "p", Path: "/bin/sh", Args: []string{"-c", "true"}}); err != nil {
				t.Errorf("the name of an ended process cannot be used again: %v", err)
			}
		})
	}
}

func TestEnvironmentIsMinimal(t *testing.T) {
	t.Setenv("KUBECONFIG", "/somewhere/else")
	g := newGroup(t)
	p, err := g.Start(Command{Name: "env", Path: "/bin/sh", Args: []string{"-c", `echo "$KUBECONFIG|$HOME|$ADDED|$PWD"`}, Env: []string{"ADDED=yes"}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if got, want := p.Tail(1), "|"+g.Dir()+"|yes|"+g.Dir(); got != want {
		t.Errorf("environment: got %q, want %q", got, want)
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", tailWindow) + "\nlast\n"
	for _, tc := range []struct {
		name, log string
		lines     int
		want      string
	}{
		{"fewer lines than asked for", "a\nb\n", 5, "a\nb"},
		{"exactly as many", "a\nb\n", 2, "a\nb"},
		{"more", "a\nb\nc\n", 2, "b\nc"},
		{"no newline at the end", "a\nb", 1, "b"},
		{"empty", "", 3, ""},
		{"longer than the window", long, 1, "last"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, []byte(tc.log), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := tail(path, tc.lines); err != nil || got != tc.want {
				t.Errorf("tail: got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func newGroup(t *testing.T) *Group {
	t.Helper()
	g, err := NewGroup("moorage-process-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Stop(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// alive reports whether the process exists and is not a zombie: the process that inherits an orphan may reap it late.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

func pid(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("process ID: %v", err)
	}
	return n
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) {
		return condition(), nil
	})
	if err != nil {
		t.Fatalf("waited in vain until %s", what)
	}
}
