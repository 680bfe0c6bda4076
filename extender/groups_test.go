// SPDX-License-Identifier: Apache-2.0

package extender_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/extender/budget"
	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// gang is a cluster whose pools have room for some of the members of a scheduling group, asked about as kube-scheduler does it: filter and
// prioritize for each member, and nothing is written before the last one is through.
type gang struct {
	burst
	members   []string
	decisions *decisions.Log
	// took is what the members that were let through take of each node's pool, in pods.
	took map[string]int
	// waited is how long all answers of the last cycle took.
	waited time.Duration
}

func newGang(t *testing.T, n int) *gang {
	t.Helper()
	g := &gang{decisions: decisions.New(decisions.Max)}
	for i := range n {
		g.members = append(g.members, fmt.Sprintf("w-%d", i))
	}
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	g.burst = burst{t: t, cache: cluster(t, append([]string{"x", "y"}, g.members...)...), registry: prometheus.NewRegistry()}
	g.handler = extender.New(extender.Options{
		Snapshot: g.cache.Snapshot, Changed: g.cache.Changed, Missing: func() []topology.Kind { return nil }, Engine: engine, Registry: g.registry, Logger: logr.Discard(),
		Decisions: g.decisions,
		ClaimWait: budget.ClaimWait, PlacementWait: budget.PlacementWait, SecondLook: budget.SecondLook,
	})
	for _, m := range append([]string{"x", "y"}, g.members...) {
		g.upsert(g.pod(m))
	}
	return g
}

// room is how many members the pools a (100 Gi) and b (10 Gi) hold, of 6 Gi each.
const room = 100/6 + 10/6

func (g *gang) member(name string) *corev1.Pod {
	p := g.pod(name)
	group := "workers"
	p.Spec.SchedulingGroup = &corev1.PodSchedulingGroup{PodGroupName: &group}
	return p
}

// cycle asks about the members in their order and returns those let through. Each goes to the node that prioritize rates best.
func (g *gang) cycle(members []string) (let []string) {
	g.t.Helper()
	g.took, g.waited = map[string]int{}, 0
	for _, m := range members {
		left, took := g.filter(g.member(m), "a", "b", "c")
		g.waited += took
		if len(left) > 0 {
			let = append(let, m)
			g.took[g.prefer(m, left)]++
		}
	}
	return let
}

// prefer is what prioritize leads to; kube-scheduler does not ask where one node is left.
func (g *gang) prefer(member string, nodes []string) string {
	g.t.Helper()
	if len(nodes) == 1 {
		return nodes[0]
	}
	body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: g.member(member), NodeNames: &nodes})
	if err != nil {
		g.t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	g.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/prioritize", bytes.NewReader(body)))
	var scores extenderv1.HostPriorityList
	if err := json.Unmarshal(answer.Body.Bytes(), &scores); err != nil {
		g.t.Fatal(err)
	}
	return slices.MaxFunc(scores, func(a, b extenderv1.HostPriority) int { return int(a.Score - b.Score) }).Host
}

// expectLet wants so many let through, and no answer that took time: no member is to be waited for.
func (g *gang) expectLet(let []string, want int) {
	g.t.Helper()
	if g.waited != 0 {
		g.t.Errorf("the answers took %s", g.waited)
	}
	g.expectSome(let, want)
}

func (g *gang) expectSome(let []string, want int) {
	g.t.Helper()
	if len(let) != want {
		g.t.Errorf("of %d members %d were let through, want %d", len(g.members), len(let), want)
	}
	if g.took["a"] > 100/6 || g.took["b"] > 10/6 || g.took["c"] > 0 {
		g.t.Errorf("the pools are over-committed: %v", g.took)
	}
}

func TestAGroupIsLetThroughAsFarAsItFits(t *testing.T) {
	for _, n := range []int{2, 8, 30, 100, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGang(t, n)
				// Given up three times, as preemption tries it with other pods out of the way, and scheduled again later.
				for range 3 {
					g.expectLet(g.cycle(g.members), min(n, room))
				}
				time.Sleep(time.Second) //nolint:forbidigo // time passes in a bubble, at once
				let := g.cycle(g.members)
				g.expectLet(let, min(n, room))
				// It is bound as far as it fits (minCount); the rest is asked about again.
				for i, m := range let {
					g.upsert(selected(m, map[bool]string{true: "b", false: "a"}[i == room-1]))
				}
				g.expectSome(g.cycle(g.members[len(let):]), 0)
				// What others have is a reason for a second look, one for the group.
				if g.waited > budget.SecondLook {
					t.Errorf("the answers took %s", g.waited)
				}
			})
		})
	}
}

// Of a group that does not fit the decision about the member that is refused tells how many do.
func TestARefusedMemberIsToldForHowManyThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGang(t, 30)
		g.cycle(g.members[:room+1])
		got := g.decisions.About("default/" + g.members[room])
		want := &decisions.Group{Name: "workers", Room: room, Asked: room + 1}
		if len(got) != 1 || !reflect.DeepEqual(got[0].Group, want) {
			t.Errorf("decisions about the member that is refused: %+v, want one with %+v", got, want)
		}
		if got := g.decisions.About("default/" + g.members[0]); len(got) == 0 || got[0].Group != nil {
			t.Errorf("decisions about a member that was let through: %+v", got)
		}
	})
}

// The order of members may change from cycle to cycle, and members may be refused first.
func TestAGroupIsLetThroughInAnyOrder(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			g := newGang(t, 30)
			for range 5 {
				random.Shuffle(len(g.members), func(i, j int) { g.members[i], g.members[j] = g.members[j], g.members[i] })
				if let := g.cycle(g.members); len(let) != room {
					t.Errorf("seed %d: %d were let through, want %d", seed, len(let), room)
				}
			}
		})
	}
}

// A nominated node is asked about first, and then all, for the same member in the same cycle.
func TestAMemberWithANominatedNodeIsAskedAboutTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGang(t, 3)
		g.expectPod(g.member("w-0"), 0, []string{"b"}, "b")
		g.expectPod(g.member("w-1"), 0, []string{}, "b")
		g.expectPod(g.member("w-1"), 0, []string{"a"}, "a", "b")
		g.expectPod(g.member("w-2"), 0, []string{}, "b")
	})
}

// Only what is seen of the members ends what is noted of them: a member that is refused in the next cycle is refused while the others are
// being bound.
func TestMembersBeingBoundStayTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGang(t, 30)
		let := g.cycle(g.members)
		g.upsert(selected(let[0], "a"))
		g.expectLet(g.cycle(g.members[len(let):]), 0)
	})
}

func TestOthersWaitForAGroupAndAGroupForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGang(t, 2)
		g.expectPod(g.member("w-0"), 0, []string{"b"}, "b")
		time.AfterFunc(20*ms, func() { g.upsert(selected("w-0", "b")) })
		g.expect("x", 20*ms+budget.SecondLook, []string{}, "b")
	})
	synctest.Test(t, func(t *testing.T) {
		g := newGang(t, 2)
		g.expect("x", 0, []string{"b"}, "b")
		time.AfterFunc(20*ms, func() { g.upsert(selected("x", "a")) })
		g.expectPod(g.member("w-0"), 20*ms, []string{"b"}, "b")
	})
	synctest.Test(t, func(t *testing.T) {
		g := newGang(t, 2)
		g.expectPod(g.member("w-0"), 0, []string{"b"}, "b")
		other := g.member("w-1")
		group := "others"
		other.Spec.SchedulingGroup.PodGroupName = &group
		time.AfterFunc(20*ms, func() { g.upsert(selected("w-0", "a")) })
		g.expectPod(other, 20*ms, []string{"b"}, "b")
	})
}

// What is noted of a group ends when nothing more is heard of it.
func TestAGroupIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGang(t, 2)
		g.expectPod(g.member("w-0"), 0, []string{"b"}, "b")
		time.Sleep(6 * time.Second) //nolint:forbidigo // time passes in a bubble, at once
		g.expect("x", 0, []string{"b"}, "b")
	})
}

// Pools on nodes: where each member went is not known, and each node has room for one.
func TestAGroupOnPoolsOfNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGang(t, 12)
		var nodes []string
		for i := range 8 {
			name := fmt.Sprintf("n%d", i)
			nodes = append(nodes, name)
			g.upsert(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"zone": name}}})
			capacity := resource.MustParse("10Gi")
			g.upsert(&storagev1.CSIStorageCapacity{
				ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "kube-system"}, StorageClassName: "zonal", Capacity: &capacity,
				NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{"zone": name}},
			})
		}
		g.cache.Flush()
		let := 0
		for _, m := range g.members {
			left, took := g.filter(g.member(m), nodes...)
			if took != 0 {
				t.Errorf("the answer took %s", took)
			}
			if len(left) > 0 {
				let++
				g.prefer(m, left)
			}
		}
		if let != 8 {
			t.Errorf("%d members were let through, want 8", let)
		}
	})
}

// The field has changed its name and shape: 1.35 wrote workloadRef.
func TestAGroupIsReadAsEachVersionWritesIt(t *testing.T) {
	for name, spec := range map[string]string{
		"1.36": `"schedulingGroup":{"podGroupName":"g"}`,
		"1.35": `"workloadRef":{"name":"w","podGroup":"g","podGroupReplicaKey":"0"}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGang(t, 2)
				for i, want := range []string{`["b"]`, `[]`} {
					body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: g.pod(g.members[i]), NodeNames: &[]string{"b"}})
					if err != nil {
						t.Fatal(err)
					}
					with := strings.Replace(string(body), `"spec":{`, `"spec":{`+spec+",", 1)
					start, answer := time.Now(), httptest.NewRecorder()
					g.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/filter", strings.NewReader(with)))
					if got := answer.Body.String(); !strings.Contains(got, `"NodeNames":`+want) || time.Since(start) != 0 {
						t.Errorf("after %s: %s, want %s at once", time.Since(start), got, want)
					}
				}
			})
		})
	}
}

// A field of another shape names no group, and is not a reason to answer with an error.
func TestAGroupThatCannotBeReadIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGang(t, 1)
		body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: g.pod("w-0"), NodeNames: &[]string{"b"}})
		if err != nil {
			t.Fatal(err)
		}
		with := strings.Replace(string(body), `"spec":{`, `"spec":{"schedulingGroup":["g"],"workloadRef":7,`, 1)
		answer := httptest.NewRecorder()
		g.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/filter", strings.NewReader(with)))
		if !strings.Contains(answer.Body.String(), `"NodeNames":["b"]`) {
			t.Errorf("answer %s", answer.Body)
		}
	})
}
