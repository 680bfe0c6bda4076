// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/topology"
)

// Mode is what a predicate of moorage's own does with a node that it would refuse.
type Mode string

// The modes. The zero Mode is the predicate's default.
const (
	Enforce Mode = "Enforce"
	// Score keeps the node, below every node that passes.
	Score Mode = "Score"
	// Off does not ask the predicate.
	Off Mode = "Off"
)

// Policy is which pool PoolFit prefers.
type Policy string

// The policies. The zero Policy is Spread.
const (
	Spread Policy = "Spread"
	Pack   Policy = "Pack"
)

// Existing is which existing volume PoolFit prefers.
type Existing string

// The preferences. The zero Existing is LeastWaste.
const (
	LeastWaste Existing = "LeastWaste"
	MostLeft   Existing = "MostLeft"
)

// Config configures an Engine. The zero value is the default.
type Config struct {
	// Predicates by name; those not named have their default. Only predicates that kube-scheduler does not have can be named.
	Predicates map[string]Mode
	// AtSource is what is known of drivers, for the predicate Sources, which does without it where nothing is.
	AtSource AtSource `json:"-"`
	// Machines is what is known of disks and machines, for DiskMachine, which does without it where nothing is.
	Machines DiskMachines `json:"-"`
	// Scorers by name; those not named keep their weight and policy.
	Scorers map[string]ScorerConfig
	// ProvisioningHalfLife is the time after which a failure of provisioning counts half; DefaultProvisioningHalfLife where
	// zero. Failures are kept for an hour.
	ProvisioningHalfLife time.Duration
}

// ScorerConfig configures one scorer.
type ScorerConfig struct {
	// Weight is the scorer's share in the mean; 0 switches it off.
	Weight int
	// Policy and ExistingVolumes are for scorers that have one; empty is the scorer's default.
	Policy          Policy
	ExistingVolumes Existing
}

// maxWeight keeps weights comparable; nothing is gained by larger ones.
const maxWeight = 100

// Engine answers questions with one configuration. It is immutable and safe for concurrent use.
type Engine struct {
	modes    map[string]Mode
	scorers  []weightedScorer
	halfLife time.Duration
	atSource AtSource
	machines DiskMachines
}

// NewEngine returns an engine. The error joins one for each name that is not known, with those that are, and for each value
// out of range; each starts with the field's path in MoorageConfiguration.
func NewEngine(config Config) (*Engine, error) {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for name, mode := range config.Predicates {
		switch known := configurablePredicates(); {
		case !slices.Contains(known, name):
			fault("extender.predicates.%s: no such predicate; known: %s", name, strings.Join(known, ", "))
		case mode != Enforce && mode != Score && mode != Off:
			fault("extender.predicates.%s: %q is none of Enforce, Score, Off", name, mode)
		}
	}
	for name, s := range config.Scorers {
		switch i := slices.IndexFunc(scorers, func(known scorer) bool { return known.name == name }); {
		case i < 0:
			fault("extender.scorers: no scorer %q; known: %s", name, strings.Join(scorerNames(), ", "))
		case s.Policy != "" && !scorers[i].policies:
			fault("extender.scorers: %s has no policy; leave out policy: %s", name, s.Policy)
			continue
		case s.ExistingVolumes != "" && !scorers[i].policies:
			fault("extender.scorers: %s has no preference of existing volumes; leave out existingVolumes: %s", name, s.ExistingVolumes)
			continue
		}
		if s.Weight < 0 || s.Weight > maxWeight {
			fault("extender.scorers: weight %d of %s is not from 0 to %d", s.Weight, name, maxWeight)
		}
		if s.Policy != "" && s.Policy != Spread && s.Policy != Pack {
			fault("extender.scorers: policy %q of %s is neither Spread nor Pack", s.Policy, name)
		}
		if s.ExistingVolumes != "" && s.ExistingVolumes != LeastWaste && s.ExistingVolumes != MostLeft {
			fault("extender.scorers: existingVolumes %q of %s is neither LeastWaste nor MostLeft", s.ExistingVolumes, name)
		}
	}
	halfLife := config.ProvisioningHalfLife
	if halfLife == 0 {
		halfLife = DefaultProvisioningHalfLife
	}
	if halfLife < time.Second || halfLife > time.Hour {
		fault("extender.provisioningHalfLife: %s is not from 1s to 1h", halfLife)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return &Engine{
		modes: maps.Clone(config.Predicates), scorers: weighted(config.Scorers), halfLife: halfLife, atSource: config.AtSource,
		machines: config.Machines,
	}, nil
}

// RestoresAnywhere reports whether snapshots of volumes of the class are known not to be restored only where they are, while clones are made only
// where their source is.
func (e *Engine) RestoresAnywhere(class *topology.Class) bool {
	return e.atSource != nil && e.atSource(class.Driver, class.Object.Parameters, false) && !e.atSource(class.Driver, class.Object.Parameters, true)
}

// Configurable reports whether a predicate judges what kube-scheduler's own plugins do not, so that only the extender rejects nodes for it.
func Configurable(predicate string) bool { return slices.Contains(configurablePredicates(), predicate) }

func configurablePredicates() []string {
	var names []string
	for _, p := range predicates {
		if p.byDefault != "" {
			names = append(names, p.name)
		}
	}
	return names
}

// Filter tells for every node of the snapshot whether the pod's volumes allow it, beside what is pending.
func (e *Engine) Filter(s *topology.Snapshot, d *Demand, pending ...Pending) *Verdict {
	v := &Verdict{Feasible: s.AllNodes().Clone(), Undecided: d.Undecided, demand: d, delayed: delayedClaims(s, d)}
	q := &query{s: s, d: d, verdict: v, delayed: v.delayed, pending: pending, atSource: e.atSource, machines: e.machines}
	v.query = q
	for i := range predicates {
		p := &predicates[i]
		if mode := cmp.Or(e.modes[p.name], p.byDefault); mode != Off {
			q.ask(p, mode)
		}
	}
	return v
}
