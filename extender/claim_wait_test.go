// SPDX-License-Identifier: Apache-2.0

package extender_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// TestFilterWaitsForAClaim: kube-scheduler names a claim before the watch has brought it. The answer is about the claim,
// not about what was known a moment before.
func TestFilterWaitsForAClaim(t *testing.T) {
	c := cluster(t)
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{}, 1)
	registry := prometheus.NewRegistry()
	server := httptest.NewServer(extender.New(extender.Options{
		// The first snapshot that filter takes is without the claim; the claim comes while it waits.
		Snapshot: c.Snapshot,
		Changed: func(seen *topology.Snapshot) <-chan struct{} {
			select {
			case asked <- struct{}{}:
			default:
			}
			return c.Changed(seen)
		},
		Missing: func() []topology.Kind { return nil }, Engine: engine, ClaimWait: time.Minute, Registry: registry, Logger: logr.Discard(),
	}))
	defer server.Close()
	go func() {
		<-asked
		if err := c.Upsert(synthetic.Claim("late", "zonal", 20<<30)); err != nil {
			t.Error(err)
		}
	}()
	var got extenderv1.ExtenderFilterResult
	post(t, server.URL+"/filter", extenderv1.ExtenderArgs{Pod: pod("late"), NodeNames: &[]string{"a", "b"}}, &got)
	if got.NodeNames == nil || len(*got.NodeNames) != 1 || (*got.NodeNames)[0] != "a" {
		t.Errorf("passed %v, want the one node with room for the late claim", got.NodeNames)
	}
	if n := testutil.CollectAndCount(registry, "moorage_extender_claim_wait_seconds"); n != 1 {
		t.Errorf("%d series of waits, want 1", n)
	}
}

// TestFilterGivesUpWaiting: a claim that does not come refuses nothing.
func TestFilterGivesUpWaiting(t *testing.T) {
	c := cluster(t)
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(extender.New(extender.Options{
		Snapshot: c.Snapshot, Changed: c.Changed, Missing: func() []topology.Kind { return nil }, Engine: engine,
		ClaimWait: 5 * time.Millisecond, Registry: prometheus.NewRegistry(), Logger: logr.Discard(),
	}))
	defer server.Close()
	var got extenderv1.ExtenderFilterResult
	post(t, server.URL+"/filter", extenderv1.ExtenderArgs{Pod: pod("never"), NodeNames: &[]string{"a", "b", "c"}}, &got)
	if got.NodeNames == nil || len(*got.NodeNames) != 3 {
		t.Errorf("passed %v, want all", got.NodeNames)
	}
}
