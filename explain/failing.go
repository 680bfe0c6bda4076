// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Failing is a volume that is to be made for a claim, and who makes it says that it fails.
type Failing struct {
	Volume *placement.Volume
	Event  *event.Event
}

// warning is the newest event that says of a claim what goes wrong in one of the stages; nil where none does. One that says why comes before one
// that only says that.
func (q *Question) warning(claim *topology.Claim, stages ...event.Stage) *event.Event {
	var symptom *event.Event
	for i := range q.Events {
		e := &q.Events[i]
		if e.Object.Kind != "PersistentVolumeClaim" || e.Object.Namespace != claim.Namespace || e.Object.Name != claim.Name {
			continue
		}
		if !slices.Contains(stages, event.StageOf(e.Reason)) {
			continue
		}
		if known := e.Known(); known == nil || !known.Symptom {
			return e
		}
		if symptom == nil {
			symptom = e
		}
	}
	return symptom
}

// provisioningWarning is what went wrong when a claim's volume was to be made or bound.
func (q *Question) provisioningWarning(claim *topology.Claim) *event.Event {
	return q.warning(claim, event.Provision, event.Bind)
}

// failing are the delayed claims of the pod whose volumes could not be made when that was tried last. What passes by itself is none of them.
func (q *asked) failing() []Failing {
	var out []Failing
	for i := range q.d.Volumes {
		v := &q.d.Volumes[i]
		if v.State != placement.Delayed {
			continue
		}
		if e := q.provisioningWarning(v.Claim); e != nil && !passing(e) {
			out = append(out, Failing{v, e})
		}
	}
	return out
}

func passing(e *event.Event) bool {
	known := e.Known()
	return known != nil && known.Passing
}

// kubeControllerManager is how it calls itself in events about claims and volumes.
const kubeControllerManager = "persistentvolume-controller"
