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
var ownPredicates = []string{placement.JointCapacity}

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

// snapshotOf brings the cluster into a cache, in a way that the seed chooses: kind by kind as after a list, object by object
// in any order as from a watch, or over the remains of another cluster.
func snapshotOf(c *Cluster, seed uint64) (*topology.Snapshot, error) {
	rng := rand.New(rand.NewPCG(seed, 0))
	cache := topology.New(topology.Options{NodeDelay: -1})
	byKind := map[topology.Kind][]metav1.Object{}
	objects := c.Objects()
	for _, o := range objects {
		kind, ok := topology.KindOf(o)
		if !ok {
			return nil, fmt.Errorf("load %T %s into moorage's cache: it does not read this kind", o, o.GetName())
		}
		byKind[kind] = append(byKind[kind], o)
	}
	how := rng.IntN(3)
	if how == 2 {
		for _, o := range Generate(seed, 0).Cluster.Objects() {
			if err := cache.Upsert(o); err != nil {
				return nil, err
			}
		}
	}
	if how == 1 {
		for _, i := range rng.Perm(len(objects)) {
			if err := cache.Upsert(objects[i]); err != nil {
				return nil, err
			}
		}
	} else {
		for _, kind := range topology.Kinds {
			if err := cache.Replace(kind, byKind[kind]); err != nil {
				return nil, err
			}
		}
	}
	cache.Flush()
	return cache.Snapshot(), nil
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
