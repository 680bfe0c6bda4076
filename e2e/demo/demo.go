// SPDX-License-Identifier: Apache-2.0

// Package demo tells moorage's story on a real control plane to a reader who knows Kubernetes but not moorage: what was
// admitted, warned of or denied and why, where pods landed, where their volumes were provisioned, and that they agree. Every
// sentence that it prints is checked; what turns out otherwise is an error.
package demo

import (
	"context"
	"errors"
	"io"
	"time"

	"k8s.io/klog/v2"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

const (
	gib = int64(1) << 30
	// awaitTimeout bounds each thing that the demo waits for, awaitPoll is how often it looks.
	awaitTimeout = 2 * time.Minute
	awaitPoll    = 50 * time.Millisecond
	// driver is the CSI driver that the examples name.
	driver = "zonal.csi.example.com"
	class  = "zonal"
)

// pools are the zones' sizes in bytes. Each claim of the example database fits each of them, but the two claims of a replica
// do not fit zone-c together.
var pools = map[string]int64{"zone-a": 80 * gib, "zone-b": 70 * gib, "zone-c": 12 * gib}

// story is a run of the demo.
type story struct {
	out     io.Writer
	control *controlplane.ControlPlane
	nodes   *zones.Nodes
	storage *zones.Storage
	moorage *moorage.Moorage
	apply   *applier
	// progress reports builds and starts.
	progress io.Writer
	program  string // moorage's file
	// overCommits counts how often the driver was asked for more than it has without moorage.
	overCommits int
	counted     map[string]float64 // moorage's counters before the examples
}

// Run tells the story on out, with the progress of builds and starts on progress, and takes everything down again. With keep
// it first waits until the context ends.
func Run(ctx context.Context, out, progress io.Writer, keep bool) (err error) {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	s := &story{out: out, progress: progress}
	s.chapter("A real control plane, built from source, with three zones and a CSI driver that has finite pools")
	if s.control, err = controlplane.Start(ctx, controlplane.Options{Progress: progress, NoAttacher: true}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.control.Stop()) }()
	for _, tell := range []func(context.Context) error{
		s.cluster, s.build, s.stuck, s.start, s.unstuck, s.examples, s.landing, s.room, s.counters, s.pending,
	} {
		if err = tell(ctx); err != nil {
			return err
		}
	}
	s.say("\nEverything above was checked while it was printed.")
	if keep {
		s.say("\nStill running until Ctrl-C. In another shell:\n\n  export KUBECONFIG=%s\n  %s map\n  %s explain\n  %s simulate --lose-zone zone-a\n\n"+
			"kubectl works with it too, and %s/metrics has moorage's counters.",
			s.control.AdminKubeconfig(), s.program, s.program, s.program, s.moorage.MetricsURL)
		<-ctx.Done()
	}
	return nil
}

// cluster makes the nodes, the class of the examples, and storage for it.
func (s *story) cluster(ctx context.Context) (err error) {
	if s.nodes, err = zones.AddNodes(ctx, s.control, zones.Options{}); err != nil {
		return err
	}
	if s.storage, err = s.nodes.AddStorage(ctx, zones.StorageOptions{Driver: driver, Pools: pools}); err != nil {
		return err
	}
	if s.apply, err = newApplier(s.control.RESTConfig()); err != nil {
		return err
	}
	if err = s.admitted(ctx, "examples/demo/1-class.yaml"); err != nil {
		return err
	}
	if err = s.awaitPools(ctx, pools); err != nil {
		return err
	}
	var rows [][]string
	for _, zone := range sortedKeys(pools) {
		rows = append(rows, []string{zone, join(s.nodesIn(zone)), gibibytes(pools[zone])})
	}
	s.table([]string{"ZONE", "NODES", "POOL"}, rows)
	return nil
}

// build makes moorage's program, which explains before anything of moorage runs.
func (s *story) build(ctx context.Context) (err error) {
	s.program, err = binaries.Builder{Progress: s.progress}.QuickMoorage(ctx)
	return err
}

// start runs moorage and a scheduler that calls it.
func (s *story) start(ctx context.Context) (err error) {
	s.chapter("moorage, as extender of kube-scheduler and as admission webhook")
	if s.moorage, err = moorage.Start(ctx, s.control, moorage.Options{Program: s.program}); err != nil {
		return err
	}
	if _, err = s.control.StartScheduler(ctx, controlplane.SchedulerOptions{ExtenderURL: s.moorage.ExtenderURL}); err != nil {
		return err
	}
	configuration, err := binaries.RepositoryFile("docs/kube-scheduler-configuration.yaml")
	if err != nil {
		return err
	}
	if s.counted, err = s.count(ctx); err != nil {
		return err
	}
	s.say("One process, which may read nodes, pods, volumes and claims, and nothing else: no Secrets, no writing.\n"+
		"kube-scheduler calls it at %s, configured by\n%s.", s.moorage.ExtenderURL, relative(configuration))
	return nil
}

// examples applies the manifests, in order.
func (s *story) examples(ctx context.Context) error {
	s.chapter("The examples")
	if err := s.admitted(ctx, "examples/demo/3-database.yaml"); err != nil {
		return err
	}
	if err := s.admitted(ctx, "examples/demo/4-claim-with-beta-annotation.yaml"); err != nil {
		return err
	}
	if err := s.defaulted(ctx); err != nil {
		return err
	}
	if err := s.warned(ctx, "examples/demo/5-secret-mode.yaml", "secret-mode-decimal"); err != nil {
		return err
	}
	return s.denied(ctx, "examples/demo/6-host-programs.yaml", "propagation-bidirectional-path")
}
