// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// The annotations that say when a tool makes an object.
const (
	helmHook       = "helm.sh/hook"
	helmHookWeight = "helm.sh/hook-weight"
	argoHook       = "argocd.argoproj.io/hook"
	argoWave       = "argocd.argoproj.io/sync-wave"
)

// phase is one of the parts of an installation, which come one after the other.
type phase int

const (
	// phaseNone is for what is made at another time, or not at all: at an update alone, a deletion or a test.
	phaseNone phase = iota
	phaseBefore
	phaseMain
	phaseAfter
)

// stage is when in an installation an object is made. Argo CD, which takes Helm's hooks for its own, makes what is of one phase and wave, waits for
// that to be healthy, and goes on to the next.
type stage struct {
	phase phase
	wave  int
	// by is the annotation that says so.
	by string
}

func (s stage) compare(o stage) int {
	return cmp.Or(cmp.Compare(s.phase, o.phase), cmp.Compare(s.wave, o.wave))
}

// stageOf reads an object's annotations as Argo CD does (gitops-engine, pkg/sync/hook and pkg/sync/syncwaves).
func stageOf(annotations map[string]string) stage {
	s := stage{phase: phaseMain}
	phases := func(names string, of map[string]phase) phase {
		first := phaseNone
		for name := range strings.SplitSeq(names, ",") {
			if p := of[strings.TrimSpace(name)]; p != phaseNone && (first == phaseNone || p < first) {
				first = p
			}
		}
		return first
	}
	if names, ok := annotations[argoHook]; ok {
		s.phase, s.by = phases(names, map[string]phase{"PreSync": phaseBefore, "Sync": phaseMain, "PostSync": phaseAfter}), argoHook
	} else if names, ok = annotations[helmHook]; ok {
		s.phase, s.by = phases(names, map[string]phase{"pre-install": phaseBefore, "post-install": phaseAfter}), helmHook
	}
	wave, ok := annotations[argoWave]
	if !ok && s.by != "" {
		wave = annotations[helmHookWeight]
	}
	if n, err := strconv.Atoi(strings.TrimSpace(wave)); err == nil {
		s.wave = n
		if s.by == "" && n != 0 {
			s.by = argoWave
		}
	}
	return s
}

// String says where in an installation the object is.
func (s stage) String() string {
	switch s.by {
	case "", argoWave:
		return fmt.Sprintf("in sync wave %d", s.wave)
	case helmHook:
		return map[phase]string{phaseBefore: "a pre-install hook", phaseAfter: "a post-install hook"}[s.phase] + s.weight()
	default:
		return map[phase]string{phaseBefore: "a PreSync hook", phaseMain: "a Sync hook", phaseAfter: "a PostSync hook"}[s.phase] + s.weight()
	}
}

func (s stage) weight() string {
	if s.wave == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d)", s.wave)
}
