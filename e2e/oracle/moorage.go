// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// cause is what a predicate of moorage agrees with: a plugin, and the reason that it gives.
type cause struct {
	plugin string
	// reason is the name in Reasons.
	reason string
	// first says that the plugin looks at nothing before this, so that the reason is there whenever it holds.
	first bool
}

// causes are those of moorage's predicates.
var causes = map[string]cause{
	placement.ReadWriteOncePod:     {plugin: names.VolumeRestrictions, reason: "ReadWriteOncePod in use"},
	placement.ExclusiveDisk:        {plugin: names.VolumeRestrictions, reason: "disk conflict", first: true},
	placement.DriverRequired:       {plugin: names.NodeVolumeLimits, reason: "driver not installed", first: true},
	placement.AttachLimits:         {plugin: names.NodeVolumeLimits, reason: "too many volumes"},
	placement.VolumeAffinity:       {plugin: names.VolumeBinding, reason: "PV affinity", first: true},
	placement.ProvisioningTopology: {plugin: names.VolumeBinding, reason: "nothing to bind"},
	placement.PoolCapacity:         {plugin: names.VolumeBinding, reason: "not enough storage"},
	placement.VolumeZone:           {plugin: names.VolumeZone, reason: "zone mismatch", first: true},
}

// ownPredicates are those that judge what no plugin does; they are switched off.
var ownPredicates = []string{
	placement.SingleWriter, placement.DriverReady, placement.TopologyKeys, placement.Sources, placement.JointCapacity,
	placement.DiskMachine, placement.RebuildRoom,
}

// newEngine returns an engine that judges only what kube-scheduler judges too.
func newEngine() (*placement.Engine, error) {
	config := placement.Config{Predicates: map[string]placement.Mode{}}
	for _, name := range ownPredicates {
		config.Predicates[name] = placement.Off
	}
	engine, err := placement.NewEngine(config)
	if err != nil {
		return nil, fmt.Errorf("switch off moorage's own predicates: %w", err)
	}
	return engine, nil
}

// snapshotOf brings the cluster into a cache, in a way that the seed chooses: kind by kind as after a list, or object by
// object in any order as from a watch; and into an empty cache, or over another cluster with the same names.
func snapshotOf(c *Cluster, seed uint64) (*topology.Snapshot, error) {
	rng := rand.New(rand.NewPCG(seed, 0))
	cache := topology.New(topology.Options{NodeDelay: -1})
	var before []object
	if rng.IntN(2) == 0 {
		before = Generate(seed, 0).Cluster.Objects()
	}
	for _, o := range before {
		if err := cache.Upsert(o); err != nil {
			return nil, err
		}
	}
	bring := watch
	if rng.IntN(2) == 0 {
		bring = list
	}
	if err := bring(cache, before, c.Objects(), rng); err != nil {
		return nil, fmt.Errorf("load a cluster into moorage's cache: %w", err)
	}
	cache.Flush()
	return cache.Snapshot(), nil
}

// list replaces all objects, kind by kind.
func list(cache *topology.Cache, _, objects []object, _ *rand.Rand) error {
	byKind := map[topology.Kind][]metav1.Object{}
	for _, o := range objects {
		kind, _ := topology.KindOf(o)
		byKind[kind] = append(byKind[kind], o)
	}
	for _, kind := range topology.Kinds {
		if err := cache.Replace(kind, byKind[kind]); err != nil {
			return err
		}
	}
	return nil
}

// watch puts the objects and deletes those from before, one by one, in any order but that of one object's events.
func watch(cache *topology.Cache, before, objects []object, rng *rand.Rand) error {
	type id struct {
		kind topology.Kind
		key  topology.Key
	}
	idOf := func(o object) id {
		kind, _ := topology.KindOf(o)
		return id{kind, topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}}
	}
	stay := map[id]bool{}
	for _, o := range objects {
		stay[idOf(o)] = true
	}
	var events []func() error
	for _, o := range objects {
		events = append(events, func() error { return cache.Upsert(o) })
	}
	for _, o := range before {
		if gone := idOf(o); !stay[gone] {
			events = append(events, func() error {
				cache.Delete(gone.kind, gone.key)
				return nil
			})
		}
	}
	for _, i := range rng.Perm(len(events)) {
		if err := events[i](); err != nil {
			return err
		}
	}
	return nil
}

// ask is moorage's answer for the pod.
func ask(engine *placement.Engine, s *topology.Snapshot, pod *corev1.Pod) *placement.Verdict {
	return engine.Filter(s, placement.NewDemand(s, topology.PodFromAPI(pod)))
}

// outcomeOf is the in-tree code for a code of moorage.
func outcomeOf(code placement.Code) Outcome {
	if code == placement.Unschedulable {
		return Unschedulable
	}
	return UnschedulableAndUnresolvable
}
