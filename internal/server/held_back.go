// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/flowcontrol"

	"github.com/moorage-k8s/moorage/extender/heldback"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

const (
	// tellInterval is how often it is looked whether there is something to tell, and tellBurst how many events may be written then, at tellPerSecond after that.
	tellInterval  = 10 * time.Second
	tellBurst     = 20
	tellPerSecond = 0.5
	// component is who writes the events.
	component = "moorage"
	// heldBackReason is the reason of the events.
	heldBackReason = "HeldBackByMoorage"
)

// teller writes events on pods that moorage alone has held back.
type teller struct {
	client kubernetes.Interface
	held   *heldback.Log
	// snapshot is the cluster as it is now; nil until it has been read.
	snapshot func() *topology.Snapshot
	engine   *placement.Engine
	limit    flowcontrol.PassiveRateLimiter
	host     string
	logger   logr.Logger
	now      func() time.Time
}

// newTeller makes the part that writes them.
func (o *Options) newTeller(cache *topology.Cache, engine *placement.Engine, held *heldback.Log) (part, error) {
	if len(o.From) > 0 {
		return nil, errors.New("autoscaler.events writes into a cluster, and --from reads no cluster; leave out one of them")
	}
	access, err := o.Cluster()
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname()
	t := &teller{
		client: access.Client, held: held, engine: engine, limit: flowcontrol.NewTokenBucketPassiveRateLimiter(tellPerSecond, tellBurst), host: host,
		logger: o.Logger.WithName("held-back"), now: time.Now,
		snapshot: func() *topology.Snapshot {
			if len(cache.Missing()) > 0 {
				return nil
			}
			return cache.Snapshot()
		},
	}
	return func(ctx context.Context) error {
		tick := time.NewTicker(tellInterval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				t.tell(ctx)
			}
		}
	}, nil
}

// tell writes of the pods that are due, as many as may be written now. The others are due the next time.
func (t *teller) tell(ctx context.Context) {
	s := t.snapshot()
	if s == nil {
		return
	}
	for _, pod := range t.held.Due(t.now()) {
		if !t.waits(s, &pod) {
			t.held.Forget(pod.UID)
			continue
		}
		if !t.limit.TryAccept() {
			return
		}
		_, err := t.client.CoreV1().Events(pod.Namespace).Create(ctx, t.event(&pod), metav1.CreateOptions{})
		if err != nil && !apierrors.IsNotFound(err) && ctx.Err() == nil {
			t.logger.Error(err, "An event could not be written", "pod", pod.Namespace+"/"+pod.Name)
		}
		t.held.Told(pod.UID, t.now()) // Also of one that could not be written: the next try is in half an hour.
	}
}

// waits reports whether the pod is still there, and fits on none of the nodes of the last refusal by now.
func (t *teller) waits(s *topology.Snapshot, held *heldback.Pod) (waits bool) {
	defer func() {
		if fault := recover(); fault != nil {
			t.logger.Error(fmt.Errorf("%v", fault), "A fault in moorage; nothing is said of the pod", "pod", held.Namespace+"/"+held.Name)
			waits = false
		}
	}()
	pod := s.Pod(topology.Key{Namespace: held.Namespace, Name: held.Name})
	if pod == nil || string(pod.UID) != held.UID || pod.Node != "" || pod.Terminal {
		return false
	}
	v := t.engine.Filter(s, placement.NewDemand(s, pod))
	for _, name := range held.Nodes {
		if at, known := s.NodeIndex(name); known && v.Feasible.Has(at) {
			return false
		}
	}
	return true
}

// event is what is written. A new one each time: moorage may create events, and change none.
func (t *teller) event(pod *heldback.Pod) *corev1.Event {
	now := metav1.NewTime(t.now())
	var reasons []string
	for _, r := range pod.Reasons {
		reasons = append(reasons, fmt.Sprintf("%d %s (%s)", r.Nodes, r.Text, r.Predicate))
	}
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{GenerateName: "moorage-", Namespace: pod.Namespace},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: types.UID(pod.UID)},
		Type:           corev1.EventTypeWarning, Reason: heldBackReason,
		Message: fmt.Sprintf("moorage alone has held this pod back for %s: %s. Autoscalers do not ask moorage, and add no node for that; "+
			"'moorage explain pod %s -n %s --autoscaler' tells more",
			t.now().Sub(pod.Since).Round(time.Second), strings.Join(reasons, ", "), pod.Name, pod.Namespace),
		Source: corev1.EventSource{Component: component, Host: t.host}, ReportingController: component, ReportingInstance: t.host,
		FirstTimestamp: now, LastTimestamp: now, Count: 1,
	}
}
