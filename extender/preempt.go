// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// preemption is what is read of an ExtenderPreemptionArgs: for each candidate node the UIDs of the pods that would be
// evicted from it.
type preemption struct {
	pod        *topology.Pod
	fault      any // as in request
	candidates map[string]*extenderv1.MetaVictims
}

// decodePreemption reads an ExtenderPreemptionArgs, in the form with UIDs (nodeCacheCapable) or with whole pods.
func decodePreemption(body []byte) (*preemption, error) {
	if err := boundVictims(body); err != nil {
		return nil, err
	}
	var args struct {
		Pod                   json.RawMessage
		NodeNameToMetaVictims map[string]*extenderv1.MetaVictims
		NodeNameToVictims     map[string]*struct {
			Pods []*struct {
				Metadata struct {
					UID string `json:"uid"`
				} `json:"metadata"`
			}
			NumPDBViolations int64
		}
	}
	if err := json.Unmarshal(body, &args); err != nil {
		return nil, err
	}
	if args.NodeNameToMetaVictims == nil && args.NodeNameToVictims == nil {
		return nil, errors.New("neither NodeNameToMetaVictims nor NodeNameToVictims is given: there is no candidate to judge")
	}
	p := &preemption{candidates: map[string]*extenderv1.MetaVictims{}}
	for node, victims := range args.NodeNameToVictims {
		if victims == nil {
			continue
		}
		meta := &extenderv1.MetaVictims{NumPDBViolations: victims.NumPDBViolations}
		for _, pod := range victims.Pods {
			if pod != nil {
				meta.Pods = append(meta.Pods, &extenderv1.MetaPod{UID: pod.Metadata.UID})
			}
		}
		p.candidates[node] = meta
	}
	for node, victims := range args.NodeNameToMetaVictims {
		if victims != nil {
			p.candidates[node] = victims
		}
	}
	var err error
	p.pod, _, p.fault, err = decodePod(args.Pod)
	return p, err
}

// maxVictims is far beyond the pods that a preemption would evict: each costs many times the three bytes of an empty one.
const maxVictims = 1_000_000

// boundVictims returns an error for more candidates or victims than there can be, before anything is made of them.
func boundVictims(body []byte) error {
	w := newWire(body)
	nodes, victims := 0, 0
	skip := func() error {
		_, err := w.value()
		return err
	}
	victim := func() error {
		if victims++; victims > maxVictims {
			return fmt.Errorf("there are more than %d victims", maxVictims)
		}
		return skip()
	}
	candidate := func([]byte) error {
		if nodes++; nodes > maxNodes {
			return errManyNodes
		}
		if w.next() != '{' {
			return skip()
		}
		return w.members(func(key []byte) error {
			if !bytes.EqualFold(key, []byte("Pods")) || w.next() != '[' {
				return skip()
			}
			return w.elements(victim)
		})
	}
	return w.members(func(key []byte) error {
		if !bytes.EqualFold(key, []byte("NodeNameToMetaVictims")) && !bytes.EqualFold(key, []byte("NodeNameToVictims")) || w.next() != '{' {
			return skip()
		}
		return w.members(candidate)
	})
}

// preempt answers /preempt: of the candidates those on which the pod's volumes would fit once the victims are gone, with
// their victims as given. A candidate without victims is left out: kube-scheduler would nominate it and evict nobody.
func (e *Extender) preempt(body []byte) (answer []byte, status int) {
	p, err := decodePreemption(body)
	if err != nil {
		return errorAnswer(fmt.Sprintf("invalid ExtenderPreemptionArgs of k8s.io/kube-scheduler/extender/v1: %v", err)), http.StatusBadRequest
	}
	if message := e.unsynced(); message != "" {
		return errorAnswer(message), http.StatusServiceUnavailable
	}
	result := extenderv1.ExtenderPreemptionResult{NodeNameToMetaVictims: e.worthEvicting(p)}
	if answer, err = json.Marshal(result); err != nil {
		return errorAnswer(err.Error()), http.StatusInternalServerError
	}
	return answer, http.StatusOK
}

// worthEvicting keeps every candidate where a fault in the engine leaves it without an opinion.
func (e *Extender) worthEvicting(p *preemption) (kept map[string]*extenderv1.MetaVictims) {
	defer func() {
		if fault := recover(); fault != nil {
			e.fault("preempt", p.pod, fault)
			kept = p.candidates
		}
	}()
	if p.fault != nil {
		panic(p.fault)
	}
	kept = map[string]*extenderv1.MetaVictims{}
	start := time.Now()
	s := e.options.Snapshot()
	for node, victims := range p.candidates {
		if len(victims.Pods) > 0 && e.fitsWithout(s, p.pod, node, victims) {
			kept[node] = victims
		}
	}
	e.keepPreempted(p.pod, len(p.candidates), slices.Collect(maps.Keys(kept)), start)
	return kept
}

func (e *Extender) fitsWithout(s *topology.Snapshot, pod *topology.Pod, node string, victims *extenderv1.MetaVictims) bool {
	var gone []topology.Key
	for _, v := range victims.Pods {
		if v == nil {
			continue
		}
		if victim := s.PodByUID(v.UID); victim != nil {
			gone = append(gone, victim.Key())
		}
	}
	after := s.Without(gone...)
	i, known := after.NodeIndex(node)
	return !known || e.options.Engine.Filter(after, placement.NewDemand(after, pod)).Feasible.Has(i)
}
