// SPDX-License-Identifier: Apache-2.0

package nodeset

import (
	"runtime"
	"sync"
	"weak"
)

// Pool makes equal selectors one, so that they are compiled once and cost memory once. It holds them weakly: a
// selector goes when the last object that says it goes.
type Pool struct {
	mu    sync.Mutex
	byKey map[string]weak.Pointer[Selector]
}

// Intern returns the selector that says the same as s, which is s itself where there is none yet. It is safe for concurrent use.
func (p *Pool) Intern(s *Selector) *Selector {
	if s == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if shared := p.byKey[s.key].Value(); shared != nil {
		return shared
	}
	if p.byKey == nil {
		p.byKey = map[string]weak.Pointer[Selector]{}
	}
	p.byKey[s.key] = weak.Make(s)
	runtime.AddCleanup(s, p.forget, s.key)
	return s
}

func (p *Pool) forget(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byKey[key].Value() == nil {
		delete(p.byKey, key)
	}
}

// Living returns the selectors that something still says.
func (p *Pool) Living() []*Selector {
	p.mu.Lock()
	defer p.mu.Unlock()
	living := make([]*Selector, 0, len(p.byKey))
	for _, pointer := range p.byKey {
		if s := pointer.Value(); s != nil {
			living = append(living, s)
		}
	}
	return living
}
