// SPDX-License-Identifier: Apache-2.0

package extender_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/extender/budget"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

func newWaiting(t *testing.T, claims ...string) *burst {
	t.Helper()
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	b := &burst{t: t, cache: cluster(t, claims...), registry: prometheus.NewRegistry()}
	b.handler = extender.New(extender.Options{
		Snapshot: b.cache.Snapshot, Changed: b.cache.Changed, Missing: func() []topology.Kind { return nil }, Engine: engine, Registry: b.registry, Logger: logr.Discard(),
		ClaimWait: budget.ClaimWait, PlacementWait: budget.PlacementWait, SecondLook: budget.SecondLook,
	})
	return b
}

func (b *burst) skipped(wait string) float64 {
	b.t.Helper()
	families, err := b.registry.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "moorage_extender_waits_skipped_total" && m.GetLabel()[0].GetValue() == wait {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// Whatever pods come, of none of which anything is ever seen, kube-scheduler does not wait for more than a tenth of the time, and what was saved up.
func TestWaitsTakeATenthOfTheTimeAtMost(t *testing.T) {
	for name, c := range map[string]struct {
		wait  string
		claim func(i int) string
	}{
		"for placements": {"placement", func(i int) string { return fmt.Sprintf("w-%d", i) }},
		"for claims":     {"claim", func(i int) string { return fmt.Sprintf("missing-%d", i) }},
		"for both": {"placement", func(i int) string {
			return map[bool]string{true: fmt.Sprintf("w-%d", i), false: fmt.Sprintf("missing-%d", i)}[i%2 == 0]
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const pods = 2000
				var claims []string
				for i := range pods {
					claims = append(claims, fmt.Sprintf("w-%d", i))
				}
				b := newWaiting(t, claims...)
				start, waited := time.Now(), time.Duration(0)
				for i := range pods {
					_, took := b.filter(b.pod(c.claim(i)), "b")
					if waited += took; took > 650*time.Millisecond {
						t.Fatalf("one request waited %s", took)
					}
					time.Sleep(10 * time.Millisecond) //nolint:forbidigo // time passes in a bubble, at once
				}
				all := time.Since(start)
				if most := all/10 + 5*time.Second; waited > most {
					t.Errorf("of %s the scheduler waited %s, want %s at most", all, waited, most)
				}
				if waited < 4*time.Second {
					t.Errorf("of %s the scheduler waited %s: a burst is to have its waits", all, waited)
				}
				if b.skipped(c.wait) == 0 {
					t.Error("no skipped wait was counted")
				}
			})
		})
	}
}

// A burst in which each wait sees what it waits for after a while, as it is in a cluster, has all its waits.
func TestABurstHasItsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pods = 200
		var claims []string
		for i := range pods {
			claims = append(claims, fmt.Sprintf("w-%d", i))
		}
		b := newWaiting(t, claims...)
		for _, claim := range claims {
			left, _ := b.filter(b.pod(claim), "b")
			if len(left) > 0 {
				time.AfterFunc(20*ms, func() { b.upsert(selected(claim, "a")) })
			}
		}
		if n := b.skipped("placement"); n != 0 {
			t.Errorf("%g waits were skipped", n)
		}
		if n := b.waits("seen"); n != pods-1 {
			t.Errorf("%d waits, want %d", n, pods-1)
		}
	})
}
