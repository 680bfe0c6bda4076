// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/autoscaler"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/internal/kubeconfig"
	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// clusterFlags say which cluster a command looks at: a live one, or one that manifests describe.
type clusterFlags struct {
	server    kubeconfig.Flags
	namespace string
	// moorage is the namespace of the running moorage that is asked for its reservations; empty for none.
	moorage string
	from    []string
	// now is the time that --from is read as of; empty for that of the capture.
	now     string
	timeout time.Duration
	// stdin is what - stands for.
	stdin io.Reader
	// whole keeps the objects that decide beside volumes, for a command that asks others.
	whole bool
	// events lists Warning events too, for a command that keeps them all.
	events bool
	// degrades does without what may not be listed, for a command that says what it does not know.
	degrades bool
	// replicasOf are the CSI drivers whose storage systems are asked where their replicas are.
	replicasOf []string
	// budgets lists PodDisruptionBudgets too, for a command that asks for them.
	budgets bool
	// each, where it is not nil, is given each object that is read, in full, and newest is then the newest time in them. More objects are read
	// for it: those that make pods, and events that show that something goes on.
	each   func(runtime.Object)
	newest func() time.Time
	// storageOnly is set by listing where the files hold nothing beside.
	storageOnly bool
}

func (f *clusterFlags) register(cmd *cobra.Command) {
	f.registerSource(cmd)
	cmd.Flags().StringVar(&f.now, "now", "", "with --from, the time at which the answer is to hold, such as 2026-01-31T12:00:00Z: what ages is as old as it was then; "+
		"default: when the newest capture among the files was made, or the present where none of them is one that says so")
	cmd.Flags().StringVar(&f.moorage, "moorage-namespace", "moorage", "namespace of the running moorage, which is asked what is reserved; empty for not asking")
	f.registerNamespace(cmd, "namespace; default: that of the context, or 'default' with --from")
}

func (f *clusterFlags) registerNamespace(cmd *cobra.Command, usage string) {
	cmd.Flags().StringVarP(&f.namespace, "namespace", "n", "", usage)
	_ = cmd.RegisterFlagCompletionFunc("namespace", func(cmd *cobra.Command, _ []string, start string) ([]string, cobra.ShellCompDirective) {
		return f.namespaces(cmd.Context(), start), cobra.ShellCompDirectiveNoFileComp
	})
}

// registerSource is for commands that ask about no one namespace.
func (f *clusterFlags) registerSource(cmd *cobra.Command) {
	f.stdin = cmd.InOrStdin()
	flags := cmd.Flags()
	flags.StringSliceVar(&f.from, "from", nil, "read the cluster from these files or directories of manifests, or - for standard input, instead of an API server; "+
		"they may be compressed with gzip; may be repeated")
	flags.DurationVar(&f.timeout, "timeout", time.Minute, "how long it may take to read a live cluster")
	f.registerServer(cmd)
	for _, name := range kubeconfig.Names() {
		cmd.MarkFlagsMutuallyExclusive("from", name)
	}
}

// registerServer is for commands that ask an API server.
func (f *clusterFlags) registerServer(cmd *cobra.Command) {
	f.server.Register(cmd.Flags())
	complete := func(name string, of func(kubeconfig.Entries) []string) {
		_ = cmd.RegisterFlagCompletionFunc(name, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return of(f.server.Entries()), cobra.ShellCompDirectiveNoFileComp
		})
	}
	complete("context", func(e kubeconfig.Entries) []string { return e.Contexts })
	complete("cluster", func(e kubeconfig.Entries) []string { return e.Clusters })
	complete("user", func(e kubeconfig.Entries) []string { return e.Users })
}

// cluster is what a command knows of a cluster, at one moment.
type cluster struct {
	snapshot *topology.Snapshot
	// namespace is where names are looked for.
	namespace string
	// source tells a person where this comes from, age how old it is. At is the time that it was taken at, where that is known.
	source string
	age    time.Duration
	at     time.Time
	// files tells that it was read from files, captured that some of them are a capture.
	files, captured bool
	// unlisted are the kinds that may not be listed, or not everywhere.
	unlisted []topology.Kind
	// unread are kinds that could not be read, or not all of them, and why: those of unlisted, and those that a command can do without.
	unread map[topology.Kind]string
	// claimsOf is the one namespace of which claims could be listed, where they may not be listed everywhere.
	claimsOf string
	// witness is the pod of the running moorage that told what is reserved; empty where none was asked or none answered, and unasked says
	// why, where it might have.
	witness string
	unasked error
	// pod returns a pod as the source has it, also one that has no volumes; nil where there is none.
	pod func(ctx context.Context, key topology.Key) (*corev1.Pod, error)
	// version is that of the API server; empty where that is not known.
	version func() string
	// workload returns what counts of a workload; nil where there is none.
	workload func(ctx context.Context, kind topology.Kind, key topology.Key) (*workload, error)
	// others is what decides beside volumes, made when it is first asked for; nil, with the reason, where the source does not tell.
	others func() (*nodefit.Cluster, string)
	// warnings are the Warning events of objects; eventsOf asks for them.
	warnings warnings
	// autoscalers tells of these; askOfAutoscalers asks.
	autoscalers autoscalers
	// whole are the objects that are kept in full, for a command that asks others.
	whole *wholeObjects
	// objects are these by name, and moment the time of an answer; zero where that is not known.
	objects start.Objects
	moment  time.Time
}

// readingGCPercent lets a command that answers once and ends spend memory rather than time: nearly all that it reads it keeps.
const readingGCPercent = 400

// open reads the cluster in full. Its errors say what to do.
func (f *clusterFlags) open(ctx context.Context, stderr io.Writer) (*cluster, error) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(readingGCPercent)
	}
	if len(f.from) > 0 {
		return f.openFiles(stderr)
	}
	if f.now != "" {
		return nil, errors.New("--now is for --from: a live cluster is read as it is")
	}
	return f.openLive(ctx, stderr)
}

func (f *clusterFlags) openFiles(stderr io.Writer) (*cluster, error) {
	var left leftOut
	// at is the time at which the answer is to hold; zero for the present.
	var at time.Time
	cache := topology.New(topology.Options{NodeDelay: -1, Fault: left.add, Now: func() time.Time {
		if at.IsZero() {
			return time.Now()
		}
		return at
	}})
	whole := newWholeObjects()
	result, err := f.readFrom(stderr, func(reader manifests.Reader) (manifests.Result, error) {
		if reader.Pods = whole.pods; f.whole {
			reader.Nodes, reader.Namespaces, reader.Budgets = whole.nodes, whole.namespaces, whole.budgets
			reader.Events, reader.Reasons, reader.Claim = whole.events, autoscaler.Normal, whole.addClaim
			workload := whole.takeWorkload(metav1.NamespaceDefault)
			reader.Rest = f.restOfFiles(func(o runtime.Object) bool {
				return whole.takeStatus(o) || whole.data.take(o) || whole.groups.take(o) || workload(o)
			})
			reader.Attachments = whole.attachments
		}
		reader.Each = f.eachOfFiles()
		reader.BeforeFill = func(result *manifests.Result) (err error) {
			if at, err = f.asOf(result); at.IsZero() && f.newest != nil {
				at = f.newest()
			}
			return err
		}
		return reader.Load(cache, f.from...)
	})
	if err != nil {
		return nil, err
	}
	if err := left.err(); err != nil {
		return nil, err
	}
	age := ageOf(result.Written)
	if !at.IsZero() {
		age = ageOf(at)
	}
	return &cluster{
		snapshot: cache.Snapshot(), namespace: cmp.Or(f.namespace, metav1.NamespaceDefault),
		source: f.fromNames(), age: age, at: at, files: true, captured: !result.Captured.IsZero(),
		pod:    func(_ context.Context, key topology.Key) (*corev1.Pod, error) { return whole.pods[key], nil },
		others: whole.ofFiles(&result), whole: whole, warnings: warningsOf(whole.events), autoscalers: whole.autoscalersOf(&result),
		version: func() string { return "" },
		workload: func(_ context.Context, kind topology.Kind, key topology.Key) (*workload, error) {
			return whole.workloads[kind][key], nil
		},
		objects: whole.objects(), moment: at,
	}, nil
}

func (f *clusterFlags) openLive(ctx context.Context, stderr io.Writer) (*cluster, error) {
	found, err := f.server.Find()
	if err != nil {
		return nil, err
	}
	listing, _, err := f.listing(ctx, stderr, f.eachOfCluster())
	if err != nil {
		return nil, err
	}
	unlisted := degrade(listing)
	if len(unlisted) > 0 {
		noteUnlisted(ctx, stderr, found.Client, unlisted)
	}
	var left leftOut
	cache := topology.New(topology.Options{NodeDelay: -1, Fault: left.add})
	if err := cache.ReplaceAll(listing.Objects); err != nil {
		return nil, err
	}
	left.note(stderr)
	whole := newWholeObjects()
	if f.whole {
		whole.add(listing)
	}
	c := &cluster{
		others: whole.ofCluster(), whole: whole, warnings: liveWarnings(found.Client), autoscalers: liveAutoscalers(found.Client),
		unlisted: unlisted, unread: unreadOf(listing), claimsOf: listing.Within[topology.KindClaim],
		objects: whole.objects(), moment: f.clock(ctx, found.Client),
		snapshot: cache.Snapshot(), namespace: cmp.Or(f.namespace, found.Namespace), source: found.Server,
		pod: func(ctx context.Context, key topology.Key) (*corev1.Pod, error) {
			pod, err := found.Client.CoreV1().Pods(key.Namespace).Get(ctx, key.Name, metav1.GetOptions{})
			switch {
			case apierrors.IsNotFound(err):
				return nil, nil
			case err != nil:
				return nil, fmt.Errorf("read pod %s: %w", key, err)
			}
			return pod, nil
		},
		version: func() string {
			info, err := found.Client.Discovery().ServerVersion()
			if err != nil {
				return ""
			}
			return info.GitVersion
		},
		workload: func(ctx context.Context, kind topology.Kind, key topology.Key) (*workload, error) {
			return readWorkload(ctx, found.Client, kind, key)
		},
	}
	if f.moorage != "" {
		c.agree(ctx, found.Client, f.moorage)
	}
	return c, nil
}

// sign notes on an answer what it rests on.
func (c *cluster) sign(k *explain.Known) {
	k.Source, k.AgeSeconds, k.ReservationsFrom = c.source, 0, c.witness
	if c.age >= time.Minute {
		k.AgeSeconds = int64(c.age.Seconds())
	}
	for _, kind := range c.unlisted {
		k.Unlisted = append(k.Unlisted, string(kind))
	}
	if c.age.Abs() >= time.Minute && !c.at.IsZero() {
		k.Time = &metav1.Time{Time: c.at}
	}
}
