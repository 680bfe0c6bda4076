// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/moorage-k8s/moorage/e2e/zones"
)

const (
	throughputClass = "throughput"
	throughputLimit = 5 * time.Minute
	throughputClaim = 1 * gib
)

// Workload says what claims the pods of a throughput run have.
type Workload string

const (
	// Delayed claims get their volumes once a node is chosen, from pools with room for all.
	Delayed Workload = "delayed"
	// Bound claims have their volumes, each in one zone.
	Bound Workload = "bound"
)

// ThroughputOptions say how much is scheduled.
type ThroughputOptions struct {
	Workloads []Workload
	// Limits are those under which each workload is placed.
	Limits []Limit
	// NodesPerZone is for each of three zones.
	NodesPerZone int
	// BoundPods and DelayedPods are placed in each run of the workload, each with one claim.
	BoundPods, DelayedPods int
	// Repetitions are how often each side is measured, in alternating order.
	Repetitions int
}

// pods returns how many pods are placed in each run of a workload.
func (o *ThroughputOptions) pods(workload Workload) int {
	if workload == Bound {
		return o.BoundPods
	}
	return o.DelayedPods
}

// ThroughputRun is one side's run of a repetition.
type ThroughputRun struct {
	Workload   Workload
	Limit      Limit
	Repetition int
	Side       Side
	// Took is the time from the scheduler's first decision to the last pod's placement.
	Took time.Duration
	// Extender is how long moorage itself took, in all its answers; 0 on other sides.
	Extender time.Duration
	// CPU is what kube-scheduler used, its start included, and moorage meanwhile. Unlike Took it does not depend on what else the machine does.
	CPU time.Duration
}

// Throughput places the same pods again and again: alone, with an extender without an opinion, and with moorage.
func (l *Lab) Throughput(ctx context.Context, options ThroughputOptions) (_ *ThroughputReport, err error) {
	var undo teardown
	defer undo.run(ctx, &err)
	nodes, err := zones.AddNodes(ctx, l.Control, zones.Options{NodesPerZone: options.NodesPerZone, Prefix: "throughput"})
	if err != nil {
		return nil, err
	}
	undo.add(nodes.Remove)
	storage, err := nodes.AddStorage(ctx, zones.StorageOptions{PoolSize: int64(options.DelayedPods) * 100 * throughputClaim})
	if err != nil {
		return nil, err
	}
	undo.add(storage.Remove)
	if _, err = storage.AddClass(ctx, throughputClass, nil); err != nil {
		return nil, err
	}
	report := &ThroughputReport{Options: options}
	for _, workload := range options.Workloads {
		runs, err := l.repeat(ctx, storage, workload, options)
		if err != nil {
			return nil, fmt.Errorf("throughput with %s claims: %w", workload, err)
		}
		report.Runs = append(report.Runs, runs...)
	}
	return report, nil
}

// repeat measures one workload.
func (l *Lab) repeat(ctx context.Context, storage *zones.Storage, workload Workload, options ThroughputOptions) (runs []*ThroughputRun, err error) {
	var undo teardown
	defer undo.run(ctx, &err)
	ns, err := l.namespace(ctx, &undo)
	if err != nil {
		return nil, err
	}
	pods := options.pods(workload)
	if workload == Bound {
		// The volumes outlive the pods, so they are made once.
		if err = l.createBoundClaims(ctx, ns, storage, pods, &undo); err != nil {
			return nil, err
		}
	}
	for round := range options.Repetitions * len(options.Limits) {
		repetition, limit := round/len(options.Limits), options.Limits[round%len(options.Limits)]
		// Each side comes first, second and third equally often.
		sides := []Side{Without, NoOp, With}
		sides = slices.Concat(sides[repetition%len(sides):], sides[:repetition%len(sides)])
		for _, which := range sides {
			run, err := l.throughput(ctx, ns, workload, limit, pods, which)
			if err != nil {
				return nil, fmt.Errorf("repetition %d, limit %s, %s: %w", repetition, limit, which, err)
			}
			run.Repetition = repetition
			runs = append(runs, run)
			l.say("throughput, %s claims, limit %s, repetition %d, %s: %d pods in %.2f s, %.0f each second; %.2f s of CPU; the extender answered for %.2f s",
				workload, limit, repetition+1, which, pods, run.Took.Seconds(), float64(pods)/run.Took.Seconds(), run.CPU.Seconds(), run.Extender.Seconds())
		}
	}
	return runs, nil
}

// throughput makes the pods, then starts the scheduler, and measures how long it takes to place them.
func (l *Lab) throughput(ctx context.Context, ns string, workload Workload, limit Limit, pods int, which Side) (_ *ThroughputRun, err error) {
	var undo teardown
	defer undo.run(ctx, &err)
	s, err := l.start(ctx, which, &undo)
	if err != nil {
		return nil, err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	r, err := l.watch(watching, ns)
	if err != nil {
		return nil, err
	}
	if workload == Delayed {
		undo.add(func(ctx context.Context) error { return l.Control.EmptyNamespace(ctx, ns) })
		if err = l.createClaims(ctx, ns, throughputClass, pods, []int64{throughputClaim}); err != nil {
			return nil, err
		}
	} else {
		undo.add(func(ctx context.Context) error { return l.deletePods(ctx, ns) })
	}
	if err = l.createPods(ctx, ns, pods, 1); err != nil {
		return nil, err
	}
	r.restart()
	var before time.Duration
	if s.moorage != nil {
		if before, err = cpuTime(s.moorage.Process.PID()); err != nil {
			return nil, err
		}
	}
	scheduler, err := s.schedule(ctx, limit, &undo)
	if err != nil {
		return nil, err
	}
	var placed []time.Time
	err = wait.PollUntilContextTimeout(ctx, pollInterval, throughputLimit, true, func(context.Context) (bool, error) {
		placed = r.placements()
		return len(placed) == pods, nil
	})
	if err != nil {
		return nil, fmt.Errorf("wait for %d pods to be placed, %d are: %w", pods, len(placed), err)
	}
	run := &ThroughputRun{Workload: workload, Limit: limit, Side: which, Took: placed[len(placed)-1].Sub(r.began())}
	if run.CPU, err = cpuTime(scheduler.PID()); err != nil {
		return nil, err
	}
	if s.moorage != nil {
		after, err := cpuTime(s.moorage.Process.PID())
		if err != nil {
			return nil, err
		}
		run.CPU += after - before
		for _, verb := range []string{"filter", "prioritize"} {
			seconds, err := s.moorage.Count(ctx, `moorage_extender_request_duration_seconds_sum{verb="`+verb+`"}`)
			if err != nil {
				return nil, err
			}
			run.Extender += time.Duration(seconds * float64(time.Second))
		}
	}
	return run, nil
}

// createBoundClaims makes volumes that lie in the zones by turns, and claims that are bound to them.
func (l *Lab) createBoundClaims(ctx context.Context, ns string, storage *zones.Storage, n int, undo *teardown) error {
	client := l.Control.Client().CoreV1()
	segments := storage.Segments()
	volumeName := func(i int) string { return ns + "-" + podName(i) }
	undo.add(func(ctx context.Context) error {
		if err := l.Control.EmptyNamespace(ctx, ns); err != nil {
			return err
		}
		return each(ctx, n, func(i int) error {
			return client.PersistentVolumes().Delete(ctx, volumeName(i), metav1.DeleteOptions{})
		})
	})
	err := each(ctx, n, func(i int) error {
		c := claim(i, 0, "", throughputClaim)
		c.Spec.VolumeName = volumeName(i)
		if _, err := client.PersistentVolumeClaims(ns).Create(ctx, c, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create claim %s: %w", c.Name, err)
		}
		_, err := client.PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: volumeName(i)},
			Spec: corev1.PersistentVolumeSpec{
				AccessModes: c.Spec.AccessModes, Capacity: c.Spec.Resources.Requests,
				ClaimRef:                      &corev1.ObjectReference{Namespace: ns, Name: c.Name},
				PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
				PersistentVolumeSource: corev1.PersistentVolumeSource{
					CSI: &corev1.CSIPersistentVolumeSource{Driver: storage.Driver.Name(), VolumeHandle: volumeName(i)},
				},
				NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
					MatchExpressions: []corev1.NodeSelectorRequirement{{
						Key: storage.TopologyKey(), Operator: corev1.NodeSelectorOpIn, Values: []string{segments[i%len(segments)]},
					}},
				}}}},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("create volume %s: %w", volumeName(i), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = wait.PollUntilContextTimeout(ctx, pollInterval, throughputLimit, true, func(ctx context.Context) (bool, error) {
		claims, listErr := client.PersistentVolumeClaims(ns).List(ctx, metav1.ListOptions{})
		if listErr != nil {
			return false, listErr
		}
		return !slices.ContainsFunc(claims.Items, func(c corev1.PersistentVolumeClaim) bool { return c.Status.Phase != corev1.ClaimBound }), nil
	})
	if err != nil {
		return fmt.Errorf("wait for the claims to be bound: %w", err)
	}
	return nil
}

// deletePods deletes the pods and waits until they are gone.
func (l *Lab) deletePods(ctx context.Context, ns string) error {
	client := l.Control.Client().CoreV1().Pods(ns)
	if err := client.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, pollInterval, throughputLimit, true, func(ctx context.Context) (bool, error) {
		pods, err := client.List(ctx, metav1.ListOptions{})
		return err == nil && len(pods.Items) == 0, err
	})
}
