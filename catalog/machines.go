// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Machines says which types of disk the machines of a cloud can attach.
type Machines struct {
	// Parameters are those of a class that name the type of its disks; the first that is set counts. Default is the type without any; empty where that
	// is not known.
	Parameters []string `json:"parameters"`
	Default    string   `json:"default,omitempty"`
	// Disks are all types of which the rows speak.
	Disks []string `json:"disks"`
	// Rows are by type of machine.
	Rows []MachineRow `json:"rows"`
}

// MachineRow is what machines can attach of the disks.
type MachineRow struct {
	// Machines are types of machines; one that ends in a star stands for all that begin so.
	Machines []string `json:"machines"`
	Attaches []string `json:"attaches"`
}

// DiskOf is the type of the disks that are made with a class's parameters; empty where the rows do not speak of it.
func (m *Machines) DiskOf(parameters map[string]string) string {
	if m == nil {
		return ""
	}
	disk := m.Default
	for _, name := range m.Parameters {
		if value := parameterOf(parameters, name); value != "" {
			disk = value
			break
		}
	}
	at := slices.IndexFunc(m.Disks, func(known string) bool { return strings.EqualFold(known, disk) })
	if at < 0 {
		return ""
	}
	return m.Disks[at]
}

// Refuses reports whether a type of machine is known not to attach a type of disk, of those that DiskOf returns.
func (m *Machines) Refuses(machine, disk string) bool {
	for i := range m.Rows {
		if slices.ContainsFunc(m.Rows[i].Machines, func(pattern string) bool { return matches(pattern, machine) }) {
			return !slices.Contains(m.Rows[i].Attaches, disk)
		}
	}
	return false
}

func matches(pattern, machine string) bool {
	prefix, open := strings.CutSuffix(pattern, "*")
	if !open {
		return strings.EqualFold(pattern, machine)
	}
	return len(machine) >= len(prefix) && strings.EqualFold(machine[:len(prefix)], prefix)
}

func parameterOf(parameters map[string]string, name string) string {
	for key, value := range parameters {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

func (m *Machines) faults() []error {
	if m == nil {
		return nil
	}
	var errs []error
	if len(m.Parameters) == 0 || len(m.Disks) == 0 || len(m.Rows) == 0 {
		errs = append(errs, errors.New("machines needs parameters, disks and rows"))
	}
	if m.Default != "" && !slices.Contains(m.Disks, m.Default) {
		errs = append(errs, fmt.Errorf("machines.default %q is not among the disks", m.Default))
	}
	seen := map[string]bool{}
	for _, row := range m.Rows {
		for _, machine := range row.Machines {
			if machine == "" || machine == "*" || seen[machine] {
				errs = append(errs, fmt.Errorf("machines: %q is empty, all, or there twice", machine))
			}
			seen[machine] = true
		}
		for _, disk := range row.Attaches {
			if !slices.Contains(m.Disks, disk) {
				errs = append(errs, fmt.Errorf("machines: %q is not among the disks", disk))
			}
		}
	}
	return errs
}
