// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"sync/atomic"
	"weak"

	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// lastJudged is what filter has found last, for the prioritize of the same pod that follows it. It keeps nothing alive: what the garbage
// collector takes is found again.
type lastJudged struct {
	kept atomic.Pointer[weak.Pointer[judged]]
}

// judged is a pod's demand, and the engine's verdict on it with no regard to other pods that were let through.
type judged struct {
	pod      types.UID
	snapshot *topology.Snapshot
	demand   *placement.Demand
	verdict  *placement.Verdict
}

func (l *lastJudged) keep(j *judged) {
	kept := weak.Make(j)
	l.kept.Store(&kept)
}

// of returns what is known of the pod on this snapshot; nil if nothing is. A pod's volumes do not change while its UID is the same.
func (l *lastJudged) of(pod types.UID, s *topology.Snapshot) *judged {
	kept := l.kept.Load()
	if kept == nil || pod == "" {
		return nil
	}
	if j := kept.Value(); j != nil && j.pod == pod && j.snapshot == s {
		return j
	}
	return nil
}
