// SPDX-License-Identifier: Apache-2.0

//go:build linux

package enclosure

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/moorage-k8s/moorage/e2e/process"
)

// makeControlGroups makes a control group in each hierarchy. It goes with the process group.
func makeControlGroups(group *process.Group) error {
	hierarchies, err := Hierarchies()
	if err != nil {
		return err
	}
	for _, h := range hierarchies {
		dir := filepath.Join(h.MountPoint, filepath.Base(group.Dir()))
		if err := os.Mkdir(dir, 0o755); err != nil {
			return fmt.Errorf("control groups cannot be made: %w", err)
		}
		group.RemoveForeign(dir)
	}
	return nil
}

// Hierarchy is one tree of control groups.
type Hierarchy struct {
	MountPoint string
	// Unified tells version 2, which has all controllers in one tree.
	Unified bool
}

// Hierarchies returns the trees of control groups that are mounted whole.
func Hierarchies() ([]Hierarchy, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("find out where control groups are mounted: %w", err)
	}
	var found []Hierarchy
	for line := range strings.Lines(string(data)) {
		// Fields of proc_pid_mountinfo(5): the root within the file system is the fourth, the mount point the fifth.
		mount, system, _ := strings.Cut(line, " - ")
		fields := strings.Fields(mount)
		kind, _, _ := strings.Cut(system, " ")
		if len(fields) < 5 || fields[3] != "/" || kind != "cgroup" && kind != "cgroup2" {
			continue
		}
		found = append(found, Hierarchy{MountPoint: fields[4], Unified: kind == "cgroup2"})
	}
	if len(found) == 0 {
		return nil, errors.New("no control groups are mounted")
	}
	return found, nil
}

// makeMountPoint makes a directory, with those above it, if the machine lacks it. What was made goes with the process group.
func makeMountPoint(group *process.Group, directory string) error {
	made := ""
	for dir := directory; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		made = dir
	}
	if made == "" {
		return nil
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return fmt.Errorf("make a mount point: %w", err)
	}
	group.RemoveForeign(made)
	return nil
}
