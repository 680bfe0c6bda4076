// SPDX-License-Identifier: Apache-2.0

//go:build linux

package enclosure

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/util/wait"
)

// taskEnv makes the test binary a program that runs itself in an enclosure; its value is what the inside does.
const taskEnv = "MOORAGE_ENCLOSURE_TEST_TASK"

// ownDirectory is on no machine.
const ownDirectory = "/var/lib/moorage-enclosure-test/inner"

// refusedStatus is how the program ends where there can be no enclosure.
const refusedStatus = 77

func TestMain(m *testing.M) {
	task := os.Getenv(taskEnv)
	if task == "" {
		os.Exit(m.Run())
	}
	options := Options{Directories: []string{ownDirectory}, Inside: func() int { return playInside(task) }}
	if task == "refuse" {
		options.Probe = func() error { return errors.New("as the test wants") }
	}
	status, err := Run(context.Background(), options)
	var refused *RefusedError
	if errors.As(err, &refused) {
		status = refusedStatus
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// playInside leaves behind whatever it can, and prints its directory.
func playInside(task string) int {
	interfaces, err := net.Interfaces()
	if err != nil || len(interfaces) != 1 || interfaces[0].Flags&net.FlagUp == 0 {
		fmt.Fprintln(os.Stderr, "interfaces inside:", interfaces, err)
		return 1
	}
	orphan := exec.Command("/bin/sh", "-c", "sleep 1000 & sleep 1000 &")
	if err = orphan.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	hierarchies, err := Hierarchies()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for _, h := range hierarchies {
		err = errors.Join(err, os.Mkdir(filepath.Join(h.MountPoint, ControlGroup(), "inner"), 0o755))
	}
	err = errors.Join(err,
		os.WriteFile(filepath.Join(ownDirectory, "file"), nil, 0o600),
		os.Mkdir(filepath.Join(Dir(), "mount"), 0o755),
		unix.Mount("tmpfs", filepath.Join(Dir(), "mount"), "tmpfs", 0, ""))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_, _ = fmt.Fprintln(os.Stdout, Dir())
	if task == "wait" {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGUSR1) // a program that waits for nothing at all is ended by the runtime
		select {}
	}
	return 3
}

func TestNothingIsLeft(t *testing.T) {
	for _, tc := range []struct {
		name, task string
		end        func(*os.Process) error
		status     int
	}{
		{"done", "return", nil, 3},
		{"killed", "wait", (*os.Process).Kill, -1},
		{"interrupted", "wait", func(p *os.Process) error { return p.Signal(syscall.SIGINT) }, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			program := again(t, tc.task)
			out, err := program.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err = program.Start(); err != nil {
				t.Fatal(err)
			}
			line, readErr := bufio.NewReader(out).ReadString('\n')
			if tc.end != nil && readErr == nil {
				if err = tc.end(program.Process); err != nil {
					t.Fatal(err)
				}
			}
			_ = program.Wait() // its status says more
			switch status := program.ProcessState.ExitCode(); {
			case status == refusedStatus:
				t.Skip("this machine does not allow an enclosure: the line above says why")
			case readErr != nil:
				t.Fatalf("read the directory of the enclosure: %v", readErr)
			case status != tc.status && tc.task == "return":
				t.Errorf("the program ended with status %d, want that of the inside, %d", status, tc.status)
			}
			awaitNothingLeft(t, strings.TrimSpace(line))
		})
	}
}

// again prepares a run of the test binary as the program with a task.
func again(t *testing.T, task string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), taskEnv+"="+task)
	cmd.Stderr = os.Stderr
	return cmd
}

// awaitNothingLeft waits for all of an enclosure to go: a killed program cannot wait for the watchdog.
func awaitNothingLeft(t *testing.T, dir string) {
	t.Helper()
	hierarchies, err := Hierarchies()
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{dir, filepath.Dir(ownDirectory)}
	for _, h := range hierarchies {
		paths = append(paths, filepath.Join(h.MountPoint, filepath.Base(dir)))
	}
	var left []string
	err = wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) {
		left = nil
		for _, path := range paths {
			if _, statErr := os.Stat(path); !errors.Is(statErr, os.ErrNotExist) {
				left = append(left, path)
			}
		}
		return len(left) == 0, nil
	})
	if err != nil {
		t.Errorf("still there: %v", left)
	}
}

func TestAProbeThatFailsIsARefusal(t *testing.T) {
	program := again(t, "refuse")
	var said strings.Builder
	program.Stderr = &said
	if err := program.Run(); program.ProcessState == nil {
		t.Fatal(err)
	}
	if program.ProcessState.ExitCode() != refusedStatus {
		t.Errorf("the program ended with status %d, want the one for a refusal; it said %q", program.ProcessState.ExitCode(), said.String())
	}
	if os.Geteuid() == 0 && !strings.Contains(said.String(), "as the test wants") && !strings.Contains(said.String(), "cannot be") {
		t.Errorf("the refusal says %q, want what the probe said", said.String())
	}
}
