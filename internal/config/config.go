// SPDX-License-Identifier: Apache-2.0

// Package config reads moorage's own configuration, one versioned kind. It is decoded strictly: a field that it does not
// know is an error that names the field's path, so that a typo does not leave a rule switched off unnoticed. Every field may
// be left out.
package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/extender/budget"
	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// The version and kind of the configuration.
const (
	APIVersion = "moorage.dev/v1alpha1"
	Kind       = "MoorageConfiguration"
)

// Off in the place of an address switches a server off.
const Off = "0"

// Configuration is a MoorageConfiguration.
type Configuration struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Extender   Extender `json:"extender"`
	Webhook    Webhook  `json:"webhook"`
	Metrics    Metrics  `json:"metrics"`
	// Autoscaler is what is written for autoscalers of nodes.
	Autoscaler Autoscaler `json:"autoscaler"`
}

// Extender configures kube-scheduler's extender.
type Extender struct {
	// BindAddress is host:port; "0" switches the extender off.
	BindAddress string `json:"bindAddress"`
	// CertFile and KeyFile are the serving certificate and its key, read again when they change. Without them the extender is
	// plain HTTP.
	CertFile string `json:"certFile"`
	KeyFile  string `json:"keyFile"`
	// ClientCAFile holds the authorities of which kube-scheduler must have a certificate, read again when it changes. Without it
	// every client that can reach the extender is answered.
	ClientCAFile string `json:"clientCAFile"`
	// MaxBodyBytes is the largest request that is read.
	MaxBodyBytes int64 `json:"maxBodyBytes"`
	// ClaimWait is how long filter waits for a claim that the cache has not seen yet, such as 100ms; 0s not at all.
	ClaimWait metav1.Duration `json:"claimWait"`
	// PlacementWait is how long filter waits to see where pods that it has just let through were placed, where the room that
	// they take decides whether the next one fits; 0s not at all.
	PlacementWait metav1.Duration `json:"placementWait"`
	// ReservationLimit is how long the room of a volume that was made stays reserved where its pool's capacity is not
	// published again.
	ReservationLimit metav1.Duration `json:"reservationLimit"`
	// InFlightLimit is how long a claim may keep room reserved at one node while its volume is not made.
	InFlightLimit metav1.Duration `json:"inFlightLimit"`
	// ReservedPercentOfNamespace is how much of a pool's published capacity the claims of one namespace may have reserved, in percent;
	// 0 is no limit.
	ReservedPercentOfNamespace int `json:"reservedPercentOfNamespace"`
	// Predicates by name: Enforce, Score or Off; those not named have their default.
	Predicates map[string]Word `json:"predicates"`
	// Scorers by name, with their weights.
	Scorers []Scorer `json:"scorers"`
	// BalanceBy are labels by which the scorer ZoneBalance tells claims to belong together, before those that it knows: keys joined by commas, of which
	// the first has to be there and the others tell sets apart where they are.
	BalanceBy []string `json:"balanceBy"`
	// ReplicasOf are the CSI drivers whose storage systems are asked where their replicas are, for ReplicaLocality and RebuildRoom.
	ReplicasOf []string `json:"replicasOf"`
	// Decisions is how many of the last answers are kept for GET /debug/decisions on the metrics port, which names pods and
	// nodes to every client that can reach it; 0 keeps none, and there is no such path.
	Decisions int `json:"decisions"`
	// ProvisioningHalfLife is the time after which the scorer ProvisioningMemory counts a failure half.
	ProvisioningHalfLife metav1.Duration `json:"provisioningHalfLife"`
}

// Scorer configures one scorer.
type Scorer struct {
	// Name is one of the scorers'.
	Name string `json:"name"`
	// Weight is the scorer's share; 0 switches it off.
	Weight *int `json:"weight"`
	// Policy is Spread or Pack, for scorers that have one.
	Policy string `json:"policy"`
	// ExistingVolumes is LeastWaste or MostLeft, for PoolFit.
	ExistingVolumes string `json:"existingVolumes"`
}

// Metrics configures the server of metrics and probes.
type Metrics struct {
	// BindAddress is host:port; "0" switches the server off.
	BindAddress string `json:"bindAddress"`
}

// Word is one of a few words. A bare off or on in YAML, which YAML 1.1 takes for a boolean, is the word again.
type Word string

// UnmarshalJSON reads a string or a boolean.
func (w *Word) UnmarshalJSON(data []byte) error {
	switch text := string(data); text {
	case "false":
		*w = "off"
	case "true":
		*w = "on"
	default:
		var word string
		if err := json.Unmarshal(data, &word); err != nil {
			return fmt.Errorf("%s is not a word", text)
		}
		*w = Word(word)
	}
	return nil
}

// Default is the configuration of an empty file.
func Default() *Configuration {
	return &Configuration{
		APIVersion: APIVersion,
		Kind:       Kind,
		Extender: Extender{
			BindAddress:      "127.0.0.1:10261",
			ClaimWait:        metav1.Duration{Duration: budget.ClaimWait},
			PlacementWait:    metav1.Duration{Duration: budget.PlacementWait},
			ReservationLimit: metav1.Duration{Duration: topology.DefaultReservationLimit},
			InFlightLimit:    metav1.Duration{Duration: topology.DefaultInFlightLimit},

			ProvisioningHalfLife: metav1.Duration{Duration: placement.DefaultProvisioningHalfLife},
		},
		Webhook: Webhook{BindAddress: ":10250"},
		Metrics: Metrics{BindAddress: ":8080"},
	}
}

// Load reads a file. Its errors name the file and the field.
func Load(path string) (*Configuration, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	c, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("read the configuration %s: %w", path, err)
	}
	return c, nil
}

// Parse reads a configuration on top of the defaults.
func Parse(data []byte) (*Configuration, error) {
	c, strict, err := decode(data)
	if err != nil {
		return nil, err
	}
	if err := c.validateHead(); err != nil {
		return nil, err
	}
	if err := errors.Join(strict...); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Configuration) validateHead() error {
	if c.Kind != Kind || c.APIVersion != APIVersion {
		return fmt.Errorf("it is apiVersion %q, kind %q; want apiVersion: %s, kind: %s", c.APIVersion, c.Kind, APIVersion, Kind)
	}
	return nil
}

// decode reads a configuration on top of the defaults. What is there twice, or not known, is in strict.
func decode(data []byte) (c *Configuration, strict []error, err error) {
	c = Default()
	c.APIVersion, c.Kind = "", ""
	words := func() []error { return wordsOf(data, reflect.TypeFor[Configuration]()) }
	asJSON, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		if told := words(); told != nil {
			return nil, nil, errors.Join(told...)
		}
		return nil, nil, fmt.Errorf("not YAML: %w", err)
	}
	if strict, err = kjson.UnmarshalStrict(asJSON, c); err != nil {
		if told := words(); told != nil {
			return nil, nil, errors.Join(told...)
		}
		return nil, nil, err
	}
	if told := words(); len(strict) > 0 && told != nil {
		strict = told
	}
	return c, strict, nil
}

// Validate checks what the decoder cannot, and fills in what depends on other settings. Parse has done so; who changes a setting
// afterwards asks again. Names of predicates and scorers are checked by whom they belong to.
func (c *Configuration) Validate() error {
	var faults []error
	if (c.Extender.CertFile == "") != (c.Extender.KeyFile == "") {
		faults = append(faults, errors.New("extender.certFile, extender.keyFile: give both or neither"))
	}
	if c.Extender.ClientCAFile != "" && c.Extender.CertFile == "" {
		faults = append(faults, errors.New("extender.clientCAFile: needs extender.certFile and extender.keyFile; a client shows its certificate only over TLS"))
	}
	if c.Extender.MaxBodyBytes < 0 {
		faults = append(faults, errors.New("extender.maxBodyBytes: must not be negative"))
	}
	for _, wait := range []struct {
		name string
		metav1.Duration
	}{{"claimWait", c.Extender.ClaimWait}, {"placementWait", c.Extender.PlacementWait}} {
		if wait.Duration.Duration < 0 || wait.Duration.Duration > budget.Most {
			faults = append(faults, fmt.Errorf("extender.%s: %s is not from 0s to %s; the scheduler waits for the answer",
				wait.name, wait.Duration.Duration, budget.Most))
		}
	}
	if limit := c.Extender.ReservationLimit.Duration; limit < time.Second || limit > time.Hour {
		faults = append(faults, fmt.Errorf("extender.reservationLimit: %s is not from 1s to 1h", limit))
	}
	if limit := c.Extender.InFlightLimit.Duration; limit < time.Second || limit > 24*time.Hour {
		faults = append(faults, fmt.Errorf("extender.inFlightLimit: %s is not from 1s to 24h", limit))
	}
	for _, family := range c.Extender.BalanceBy {
		for key := range strings.SplitSeq(family, ",") {
			if problems := validation.IsQualifiedName(key); len(problems) > 0 {
				faults = append(faults, fmt.Errorf("extender.balanceBy: %q is no label key: %s", key, strings.Join(problems, "; ")))
			}
		}
	}
	for _, driver := range c.Extender.ReplicasOf {
		if known := topology.ReplicaDrivers(); !slices.Contains(known, driver) {
			faults = append(faults, fmt.Errorf("extender.replicasOf: it is not known how %q says where its replicas are; known: %s", driver, strings.Join(known, ", ")))
		}
	}
	if percent := c.Extender.ReservedPercentOfNamespace; percent < 0 || percent > 100 {
		faults = append(faults, fmt.Errorf("extender.reservedPercentOfNamespace: %d is not from 0 to 100", percent))
	}
	if half := c.Extender.ProvisioningHalfLife.Duration; half < time.Second || half > time.Hour {
		faults = append(faults, fmt.Errorf("extender.provisioningHalfLife: %s is not from 1s to 1h", half))
	}
	if n := c.Extender.Decisions; n < 0 || n > decisions.Max {
		faults = append(faults, fmt.Errorf("extender.decisions: %d is not from 0 to %d", n, decisions.Max))
	}
	seen := map[string]bool{}
	for i, s := range c.Extender.Scorers {
		switch {
		case s.Name == "":
			faults = append(faults, fmt.Errorf("extender.scorers[%d].name: required", i))
		case seen[s.Name]:
			faults = append(faults, fmt.Errorf("extender.scorers[%d].name: %s occurs twice", i, s.Name))
		case s.Weight == nil:
			faults = append(faults, fmt.Errorf("extender.scorers[%d].weight: required; 0 switches %s off", i, s.Name))
		}
		seen[s.Name] = true
	}
	if err := c.Webhook.validate(); err != nil {
		faults = append(faults, err)
	}
	if err := c.Autoscaler.validate(); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// Placement is the engine's part of the configuration.
func (c *Configuration) Placement() placement.Config {
	out := placement.Config{
		Predicates: map[string]placement.Mode{}, Scorers: map[string]placement.ScorerConfig{},
		ProvisioningHalfLife: c.Extender.ProvisioningHalfLife.Duration, AtSource: atSource, Machines: diskMachines,
	}
	for name, word := range c.Extender.Predicates {
		out.Predicates[name] = mode(word)
	}
	for _, s := range c.Extender.Scorers {
		out.Scorers[s.Name] = placement.ScorerConfig{
			Weight: *s.Weight, Policy: placement.Policy(s.Policy), ExistingVolumes: placement.Existing(s.ExistingVolumes),
		}
	}
	return out
}

// atSource is what the catalog knows.
func atSource(driver string, parameters map[string]string, snapshot bool) bool {
	row, known := catalog.Default().Driver(driver)
	switch {
	case !known:
		return false
	case snapshot:
		return row.CloneTopology.OfSnapshot(parameters) == catalog.CloneAtSource
	default:
		return row.CloneTopology.OfVolume(parameters) == catalog.CloneAtSource
	}
}

// diskMachines is what the catalog knows.
func diskMachines(driver string, parameters map[string]string) (disk string, refuses func(machine string) bool) {
	row, known := catalog.Default().Driver(driver)
	if !known {
		return "", nil
	}
	if disk = row.Machines.DiskOf(parameters); disk == "" {
		return "", nil
	}
	return disk, func(machine string) bool { return row.Machines.Refuses(machine, disk) }
}

// mode takes the modes in any case.
func mode(word Word) placement.Mode {
	for _, m := range []placement.Mode{placement.Enforce, placement.Score, placement.Off} {
		if strings.EqualFold(string(word), string(m)) {
			return m
		}
	}
	return placement.Mode(word)
}
