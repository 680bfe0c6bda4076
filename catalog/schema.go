// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

var (
	// accessModes leaves out ReadWriteOncePod on purpose: it follows from ReadWriteOnce.
	accessModes    = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadOnlyMany, corev1.ReadWriteMany}
	facts          = []Knowledge{Supported, Unsupported, Unknown}
	driverKinds    = []DriverKind{CSI, External}
	scopes         = []TopologyScope{ScopeNone, ScopeRegion, ScopeZone, ScopeNode, ScopeConfigurable, ScopeUnknown}
	limitKinds     = []LimitKind{LimitNone, LimitFixed, LimitRange, LimitAtMost, LimitByMachine, LimitUnknown}
	cloneReaches   = []CloneReach{"", CloneAtSource, CloneAnywhere, CloneUnknown}
	outcomes       = []Outcome{Redirected, Gone}
	conditionKinds = []ConditionKind{NeedsDataSource, NeedsParameter, NeedsVolumeType, NeedsDriverSetting, NeedsCoordination}
	minorVersion   = regexp.MustCompile(`^1\.\d+$`)
)

// validate reports every fault of the file at once, so that a contributor need not find them one by one.
func (doc *document) validate() error {
	var errs []error
	drivers := map[string]bool{}
	for i := range doc.Drivers {
		d := &doc.Drivers[i]
		if d.Name == "" || drivers[d.Name] {
			errs = append(errs, fmt.Errorf("catalog: drivers[%d]: name %q is empty or used twice", i, d.Name))
		}
		drivers[d.Name] = true
		for _, err := range d.faults() {
			errs = append(errs, fmt.Errorf("catalog: driver %q: %w", d.Name, err))
		}
	}
	sources := map[string]bool{}
	for i := range doc.Sources {
		s := &doc.Sources[i]
		if s.Field == "" || sources[s.Field] {
			errs = append(errs, fmt.Errorf("catalog: sources[%d]: field %q is empty or used twice", i, s.Field))
		}
		sources[s.Field] = true
		for _, err := range slices.Concat(s.Filesystem.faults("filesystem"), s.Block.faults("block")) {
			errs = append(errs, fmt.Errorf("catalog: source %q: %w", s.Field, err))
		}
	}
	for i := range doc.Removed {
		r := &doc.Removed[i]
		if r.Field == "" || sources[r.Field] {
			errs = append(errs, fmt.Errorf("catalog: removed[%d]: field %q is empty, used twice, or still runs", i, r.Field))
		}
		sources[r.Field] = true
		if !slices.Contains(outcomes, r.Outcome) || !minorVersion.MatchString(r.Since) {
			errs = append(errs, fmt.Errorf("catalog: removed %q: needs an outcome of %v and a since such as 1.27", r.Field, outcomes))
		}
		if r.Outcome == Redirected && !drivers[r.Replacement] {
			errs = append(errs, fmt.Errorf("catalog: removed %q: its replacement %q is not among the drivers", r.Field, r.Replacement))
		}
	}
	return errors.Join(errs...)
}

func (d *Driver) faults() []error {
	errs := slices.Concat(d.Filesystem.faults("filesystem"), d.Block.faults("block"))
	if !slices.Contains(driverKinds, d.Kind) {
		errs = append(errs, fmt.Errorf("kind %q is none of %v", d.Kind, driverKinds))
	}
	if d.Kind == CSI && d.AcceptsReadWriteOncePod {
		errs = append(errs, errors.New("acceptsReadWriteOncePod is for drivers that are not CSI: it follows from ReadWriteOnce"))
	}
	if !slices.Contains(facts, d.Expansion) || !slices.Contains(facts, d.Snapshots) {
		errs = append(errs, fmt.Errorf("expansion and snapshots must each be one of %v", facts))
	}
	if d.Ephemeral != "" && !slices.Contains(facts, d.Ephemeral) {
		errs = append(errs, fmt.Errorf("ephemeral %q is none of %v", d.Ephemeral, facts))
	}
	if d.IDMap != "" && !slices.Contains(facts, d.IDMap) {
		errs = append(errs, fmt.Errorf("idmap %q is none of %v", d.IDMap, facts))
	}
	if !slices.Contains(scopes, d.Topology.Scope) {
		errs = append(errs, fmt.Errorf("topology.scope %q is none of %v", d.Topology.Scope, scopes))
	}
	located := d.Topology.Scope == ScopeRegion || d.Topology.Scope == ScopeZone || d.Topology.Scope == ScopeNode
	if located && len(d.Topology.Keys) == 0 && !d.Topology.Optional {
		errs = append(errs, fmt.Errorf("topology.scope %s needs keys", d.Topology.Scope))
	}
	if !located && len(d.Topology.Keys) > 0 {
		errs = append(errs, fmt.Errorf("topology.scope %s has no keys", d.Topology.Scope))
	}
	if c := d.CloneTopology; c != nil && (!slices.Contains(cloneReaches, c.Volume) || !slices.Contains(cloneReaches, c.Snapshot)) {
		errs = append(errs, fmt.Errorf("cloneTopology: volume and snapshot must each be one of %v", cloneReaches[1:]))
	}
	return slices.Concat(errs, d.Machines.faults(), d.AttachLimit.faults())
}

func (l AttachLimit) faults() []error {
	var ok bool
	switch l.Kind {
	case LimitFixed, LimitAtMost:
		ok = l.Max > 0 && l.Min == 0
	case LimitRange:
		ok = l.Min > 0 && l.Max > l.Min
	default:
		ok = slices.Contains(limitKinds, l.Kind) && l.Min == 0 && l.Max == 0
	}
	if ok {
		return nil
	}
	return []error{fmt.Errorf("attachLimit %+v: the kind must be one of %v, with the numbers it needs and no others", l, limitKinds)}
}

func (m *Modes) faults(name string) []error {
	if m == nil {
		return []error{fmt.Errorf("%s is missing: say support: Unsupported if it is not served", name)}
	}
	var errs []error
	if !slices.Contains(facts, m.Support) {
		errs = append(errs, fmt.Errorf("%s.support %q is none of %v", name, m.Support, facts))
	}
	if listed := len(m.Modes) + len(m.Conditional); (m.Support == Supported) != (listed > 0) {
		errs = append(errs, fmt.Errorf("%s: modes are listed if, and only if, support is Supported", name))
	}
	seen := map[corev1.PersistentVolumeAccessMode]bool{}
	add := func(modes []corev1.PersistentVolumeAccessMode) {
		for _, mode := range modes {
			if !slices.Contains(accessModes, mode) {
				errs = append(errs, fmt.Errorf("%s: access mode %q is none of %v", name, mode, accessModes))
			}
			if seen[mode] {
				errs = append(errs, fmt.Errorf("%s: access mode %q is listed twice", name, mode))
			}
			seen[mode] = true
		}
	}
	add(m.Modes)
	for _, c := range m.Conditional {
		add(c.Modes)
		if !slices.Contains(conditionKinds, c.Needs.Kind) || c.Needs.Text == "" || len(c.Modes) == 0 {
			errs = append(errs, fmt.Errorf("%s.conditional: needs modes, a kind of %v and a text", name, conditionKinds))
		}
		if c.Needs.Kind == NeedsParameter && (c.Needs.Name == "" || (c.Needs.Minimum <= 0) == (len(c.Needs.Values) == 0)) {
			errs = append(errs, fmt.Errorf("%s.conditional: a Parameter needs a name, and either a minimum above 0 or values", name))
		}
	}
	return errs
}
