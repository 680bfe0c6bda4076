// SPDX-License-Identifier: Apache-2.0

//go:build !race

package main

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// What serve needs at most while it reads a cluster from a file, and what it keeps afterwards, is a small multiple of what lives: the
// text and the objects in full are many times that. What a program without a cluster needs does not count.
func TestServeReadsInLittleMemory(t *testing.T) {
	const peak, kept, peakAgain = 3, 2.5, 3.5
	// The parser of YAML leaves garbage faster than a busy machine collects it, beside a cluster as small as this one: 3.1 times when idle,
	// 3.9 under load, 34 if the List were read whole.
	const peakAgainYAML = 5
	size := synthetic.Size{Nodes: 250, Volumes: 10_000, Attachments: 10_000, Pods: 15_000, LocalPools: true}
	dir := t.TempDir()
	none := filepath.Join(dir, "none.yaml")
	writeCluster(t, none, synthetic.Size{}, synthetic.WriteFile)
	lives := float64(heapOf(size))
	_, idle := serveFrom(t, none).memory()

	for _, of := range []struct {
		file  string
		write func(io.Writer, synthetic.Size) error
		again float64
	}{
		{"capture.yaml.gz", synthetic.WriteFile, peakAgain},
		{"list.json", synthetic.WriteJSONList, peakAgain},
		{"list.yaml", synthetic.WriteYAMLList, peakAgainYAML},
	} {
		t.Run(of.file, func(t *testing.T) {
			whole := filepath.Join(dir, of.file)
			writeCluster(t, whole, size, of.write)
			s := serveFrom(t, whole)
			report := func(what string) (most, resident float64) {
				m, r := s.memory()
				most, resident = float64(m-idle)/lives, float64(r-idle)/lives
				t.Logf("of %.1f MB that live, %s took %.2f times as much at most, and keeps %.2f times", lives/1e6, what, most, resident)
				return most, resident
			}
			if most, resident := report("reading"); most > peak || resident > kept {
				t.Errorf("reading may take %v times what lives, and keep %v times", peak, kept)
			}
			s.reload()
			if most, _ := report("reading again"); most > of.again {
				t.Errorf("reading again, beside what was there, may take %v times what lives", of.again)
			}
		})
	}
}

// heapOf is what a cluster of the size takes of the heap.
func heapOf(size synthetic.Size) int {
	alive := func() int {
		var m runtime.MemStats
		// What a weak pointer showed to goes with the second collection only.
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := alive()
	cache := synthetic.Cache(size)
	after := alive()
	runtime.KeepAlive(cache)
	return after - before
}

func writeCluster(t *testing.T, path string, size synthetic.Size, write func(io.Writer, synthetic.Size) error) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var to io.WriteCloser = file
	if strings.HasSuffix(path, ".gz") {
		to, _ = gzip.NewWriterLevel(file, gzip.BestSpeed)
	}
	if err := write(to, size); err != nil {
		t.Fatal(err)
	}
	if to != file {
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// serving is a serve that has read a cluster from a file.
type serving struct {
	t   *testing.T
	pid int
	log *bufio.Scanner
}

func serveFrom(t *testing.T, path string) *serving {
	t.Helper()
	cmd := exec.Command(moorage(t), "serve", "--from", path, "--extender-bind-address", "127.0.0.1:0",
		"--webhook-bind-address", "0", "--metrics-bind-address", "0")
	cmd.Env = append(os.Environ(), "GOGC=", "GOMEMLIMIT=")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_, _ = io.Copy(io.Discard, log)
		_ = cmd.Wait()
	})
	s := &serving{t, cmd.Process.Pid, bufio.NewScanner(log)}
	s.wait("Ready: the cluster has been read")
	return s
}

// wait reads the log up to a message.
func (s *serving) wait(message string) {
	s.t.Helper()
	for s.log.Scan() {
		if strings.Contains(s.log.Text(), message) {
			return
		}
	}
	s.t.Fatalf("serve ended without %q: %v", message, s.log.Err())
}

// reload has serve read its file again; the most that it took counts from here.
func (s *serving) reload() {
	s.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.pid), []byte("5"), 0); err != nil {
		s.t.Skip(err)
	}
	if err := syscall.Kill(s.pid, syscall.SIGHUP); err != nil {
		s.t.Fatal(err)
	}
	s.wait("Read the manifests")
}

// memory is how many bytes serve had resident at most, and has.
func (s *serving) memory() (most, resident int) {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	of := func(name string) int {
		_, after, _ := strings.Cut(string(status), "\n"+name+":")
		kib, rest, _ := strings.Cut(strings.TrimSpace(after), " ")
		number, err := strconv.Atoi(kib)
		if err != nil || !strings.HasPrefix(rest, "kB\n") {
			s.t.Fatalf("there is no %s in the status", name)
		}
		return number << 10
	}
	return of("VmHWM"), of("VmRSS")
}
