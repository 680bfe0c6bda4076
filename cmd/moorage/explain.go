// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/simulate"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// explainFlags are what explain was asked for.
type explainFlags struct {
	clusterFlags
	file           []string
	config, output string
	// decisions is the URL of a moorage that is asked what it answered; empty for none.
	decisions string
	// allNamespaces and selector are for a list.
	allNamespaces bool
	selector      string
	// watch asks again until what was asked about runs.
	watch bool
	// autoscaler asks why autoscalers add no node.
	autoscaler bool
}

func explainCommand() *cobra.Command {
	var flags explainFlags
	flags.whole, flags.degrades = true, true
	cmd := &cobra.Command{
		Use:   "explain [NAME | KIND NAME | KIND/NAME | -f FILE]",
		Short: "Explain which nodes a pod can use, why the others are ruled out, and what would fix it",
		Long: `Tells where a pod could land, why not elsewhere, and the smallest change that would help.

About volumes the answer is that of the engine which kube-scheduler asks, on the cluster as it is now, or with --from on the cluster that files describe.
First comes the cause in one sentence; then changes that would help, each of which was tried out: the engine was asked again
with the change made; then what each volume allows, which constraint refuses how many nodes, and the nodes by zone and reason.
What else holds a waiting pod back (CPU, memory, taints, affinity, spread) is looked at as kube-scheduler's default filters do, unless the
source is a capture, which does not hold it; what was not looked at is said, and what kube-scheduler wrote into the pod's status is shown.

A pod that has its node and does not start is looked at there: driver, attachments, who has the volume instead, and Warning events, which are read
of the pod, its claims and their volumes.

  explain             every pod of the namespace that waits or hangs, a line each with its cause
  explain NAME        a pod of the cluster, Pending or not; also pod NAME, pod/NAME, NAMESPACE/NAME
  explain sts NAME    all replicas of a StatefulSet, and the claims that earlier ones left behind;
                      likewise deployment, replicaset, daemonset and job
  explain -f FILE     the pods of a file, as if they were created now, with the claims of the file
  explain pvc NAME    what a claim waits for, who uses it, where its volume can be used
  explain pv NAME     whose a volume is, and where it can be used
  explain sc NAME     what a StorageClass can provision where, now
  explain node NAME   drivers, attach slots, pools, and the volumes on a node

The exit status is 0 if the pod fits some node, the claim has its volume or will get it, or the node is there; 1 if the pod
(of a list: one of them) fits none, kube-scheduler holds it back or a volume keeps it from its start, or the claim is held back; and 2 if the question could not be answered.`,
		Example: `  # What waits, and why?
  moorage explain -n prod
  moorage explain -A

  # Why is it Pending?
  moorage explain db-0 -n prod

  # Tell me when that changes
  moorage explain db-0 -n prod --watch

  # How are all of its replicas?
  moorage explain statefulset/db -n prod

  # The same as a plugin of kubectl, with each node's score
  kubectl moorage explain pod db-0 -n prod -o wide

  # A pod that does not exist yet
  moorage explain -f pod.yaml

  # What was kube-scheduler told at the time?
  kubectl -n moorage port-forward deployment/moorage-scheduler 8080 &
  moorage explain pod db-0 -n prod --decisions

  # Why does no node come?
  moorage explain db-0 -n prod --autoscaler

  # For a bug report
  moorage explain db-0 -n prod -o issue

  # On a cluster that was captured before
  moorage explain pod db-0 -n prod --from cluster.yaml`,
		ValidArgsFunction: flags.complete,
		RunE:              flags.run,
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.StringSliceVarP(&flags.file, "filename", "f", nil, "explain the pods of this file or directory (- for standard input), read as strictly as by check, with its claims on top of the cluster; may be repeated")
	f.StringVar(&flags.config, "config", "", "file with a MoorageConfiguration, for the modes of predicates, the weights of scorers and the drivers whose replicas are looked for")
	f.StringVar(&flags.decisions, "decisions", "", "show what the running moorage answered kube-scheduler about the pod, as its metrics port at this URL tells "+
		"(extender.decisions in its configuration says how much it keeps)")
	f.Lookup("decisions").NoOptDefVal = defaultDecisions
	f.BoolVarP(&flags.allNamespaces, "all-namespaces", "A", false, "list what waits in all namespaces")
	f.StringVarP(&flags.selector, "selector", "l", "", "list what waits among the pods with these labels, such as app=db")
	f.BoolVarP(&flags.watch, "watch", "w", false, "ask again and again, and print the answer when it has changed, until the pod runs")
	f.BoolVar(&flags.autoscaler, "autoscaler", false, "say in a sentence why cluster-autoscaler or Karpenter adds no node for a pod that waits")
	cmd.MarkFlagsMutuallyExclusive("all-namespaces", "namespace")
	f.StringVarP(&flags.output, "output", "o", "text", "text, wide, json, yaml, or issue: ten lines without names, for a bug report")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(output.PodOutputs, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *explainFlags) run(cmd *cobra.Command, args []string) error {
	if !slices.Contains(output.PodOutputs, f.output) {
		return fmt.Errorf("output %q: want text, wide, json, yaml or issue", f.output)
	}
	if k := kindOfAll(args); k != nil && k.kind == topology.KindPod {
		args = nil // As people write it who ask for 'pod NAME' otherwise, or as with kubectl get.
	}
	list := len(args) == 0 && len(f.file) == 0
	if !list && (f.allNamespaces || f.selector != "") {
		return errors.New("--all-namespaces and --selector are for a list of all that waits; leave out what else is named")
	}
	var asked target
	if len(args) > 0 {
		var err error
		if asked, err = targetOf(args); err != nil {
			return err
		}
		f.namespace = cmp.Or(f.namespace, asked.namespace)
	}
	if f.output == output.IssueOutput && (list || asked.name != "" && asked.kind != topology.KindPod) {
		return errors.New("-o issue is about a pod; name the one that waits, or that uses what you ask about")
	}
	if err := twoStdins(f.file, f.from); err != nil {
		return err
	}
	if err := f.checkWatch(); err != nil {
		return err
	}
	engine, err := f.engine()
	if err != nil {
		return err
	}
	if f.watch {
		return f.keepAsking(cmd, engine, asked, list)
	}
	c, err := f.open(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	return f.answer(cmd, c, engine, asked, list)
}

// answer answers what was asked, with what is known of the cluster.
func (f *explainFlags) answer(cmd *cobra.Command, c *cluster, engine *placement.Engine, asked target, list bool) error {
	if list {
		return f.explainWaiting(cmd, c, engine)
	}
	pods, err := f.addFiles(cmd, c)
	if err != nil {
		return err
	}
	if asked.name == "" {
		return f.explainPods(cmd, c, engine, pods)
	}
	key, err := asked.in(c, f.namespace)
	if err != nil {
		return err
	}
	if err := c.listed(asked.kind, needed[asked.kind]...); err != nil {
		return err
	}
	switch asked.kind {
	case topology.KindClaim:
		return f.explainClaim(cmd, c, engine, key)
	case topology.KindVolume:
		return f.explainVolume(cmd, c, key.Name)
	case topology.KindClass:
		return f.explainClass(cmd, c, engine, key.Name)
	case topology.KindNode:
		return f.explainNode(cmd, c, key.Name)
	case topology.KindPod:
		pod, err := c.findPod(cmd.Context(), key, pods)
		if err != nil && asked.guessed && !c.hasNamespace(key.Namespace) {
			return fmt.Errorf("%w; if %s is a kind: %s", err, key.Namespace, kindsHint())
		}
		if err != nil {
			return err
		}
		return f.explainPods(cmd, c, engine, []*corev1.Pod{pod})
	default:
		return f.explainWorkload(cmd, c, engine, asked.kind, key)
	}
}

// kindOfAll is the kind that is named alone, for all of its objects; nil where there is more or less.
func kindOfAll(args []string) *explainedKind {
	if len(args) != 1 {
		return nil
	}
	return kindNamed(args[0])
}

func (f *explainFlags) explainPods(cmd *cobra.Command, c *cluster, engine *placement.Engine, pods []*corev1.Pod) error {
	fits, uncertain, unsure := true, false, false
	ask := f.autoscalers(cmd, c, pods)
	for i, pod := range pods {
		q := c.question(cmd.Context(), engine, pod)
		ask(&q)
		e := explain.Pod(q)
		c.sign(&e.Known)
		fits, unsure = fits && e.Fits, unsure || e.Seen != nil && e.Seen.Unsure
		decided := output.Decided{Asked: f.decisions != ""}
		if decided.Asked {
			var err error
			if decided.Decisions, err = readDecisions(cmd.Context(), f.decisions, topology.Key{Namespace: pod.Namespace, Name: pod.Name}); err != nil {
				return err
			}
		}
		if i > 0 && (f.output == "text" || f.output == "wide") {
			_, _ = fmt.Fprintln(cmd.OutOrStdout())
		}
		if i > 0 && f.output == "yaml" {
			_, _ = fmt.Fprintln(cmd.OutOrStdout(), "---")
		}
		if f.output == output.IssueOutput {
			if err := c.writeIssue(cmd, e, pod); err != nil {
				return err
			}
			continue
		}
		if err := output.WriteExplanation(cmd.OutOrStdout(), e, decided, f.output, colored(cmd.OutOrStdout())); err != nil {
			return err
		}
		uncertain = uncertain || len(e.Uncertain) > 0
	}
	c.noteUnasked(cmd.ErrOrStderr(), uncertain)
	switch {
	case !fits:
		return exitStatus(exitFound)
	case unsure:
		return exitStatus(exitFailure)
	default:
		return nil
	}
}

func (f *explainFlags) explainClaim(cmd *cobra.Command, c *cluster, engine *placement.Engine, key topology.Key) error {
	if slices.Contains(c.unlisted, topology.KindClaim) && c.claimsOf != key.Namespace {
		return c.listed(topology.KindClaim, topology.KindClaim)
	}
	if explain.Blind(c.unlisted) {
		return f.explainSeenClaim(cmd, c, engine, key)
	}
	claim := c.snapshot.Claim(key.Namespace, key.Name)
	if claim == nil {
		return c.notFound("claim", topology.KindClaim, key)
	}
	question := c.questionOf(engine)
	question.Events, question.Unread = c.eventsOf(cmd.Context(), explain.AboutClaim(key, claim.UID, claim.VolumeName)...)
	e := explain.Claim(question, key)
	e.Attach(c.snapshot, c.objects)
	c.sign(&e.Known)
	if err := output.WriteClaimExplanation(cmd.OutOrStdout(), e, f.output, colored(cmd.OutOrStdout())); err != nil {
		return err
	}
	c.noteUnasked(cmd.ErrOrStderr(), e.MayBeReserved > 0)
	if !e.Fine {
		return exitStatus(exitFound)
	}
	return nil
}

// explainSeenClaim explains a claim by itself alone, where what is around it may not be listed.
func (f *explainFlags) explainSeenClaim(cmd *cobra.Command, c *cluster, engine *placement.Engine, key topology.Key) error {
	claim := c.snapshot.Claim(key.Namespace, key.Name)
	if claim == nil {
		return c.notFound("claim", topology.KindClaim, key)
	}
	question := c.questionOf(engine)
	question.Events, question.Unread = c.eventsOf(cmd.Context(), explain.AboutClaim(key, claim.UID, claim.VolumeName)...)
	e := explain.OfSeenClaim(question, key)
	c.sign(&e.Known)
	if err := output.WriteSeenClaim(cmd.OutOrStdout(), e, f.output, colored(cmd.OutOrStdout())); err != nil {
		return err
	}
	switch {
	case e.Fine():
		return nil
	case e.Unsure():
		return exitStatus(exitFailure)
	default:
		return exitStatus(exitFound)
	}
}

func (f *explainFlags) explainNode(cmd *cobra.Command, c *cluster, name string) error {
	e := explain.OfNode(c.snapshot, name)
	if e == nil {
		return c.notFound("node", topology.KindNode, topology.Key{Name: name})
	}
	e.Attach(c.snapshot, c.objects)
	c.sign(&e.Known)
	return output.WriteNodeExplanation(cmd.OutOrStdout(), e, f.output, colored(cmd.OutOrStdout()))
}

func (f *explainFlags) explainVolume(cmd *cobra.Command, c *cluster, name string) error {
	e := explain.OfVolume(c.snapshot, name)
	if e == nil {
		return c.notFound("volume", topology.KindVolume, topology.Key{Name: name})
	}
	c.sign(&e.Known)
	return asFound(e.Fine, output.WriteVolumeExplanation(cmd.OutOrStdout(), e, f.output, colored(cmd.OutOrStdout())))
}

func (f *explainFlags) explainClass(cmd *cobra.Command, c *cluster, engine *placement.Engine, name string) error {
	e := explain.OfClass(c.snapshot, engine, name)
	if e == nil {
		return c.notFound("class", topology.KindClass, topology.Key{Name: name})
	}
	c.sign(&e.Known)
	return asFound(e.Alone.Fits, output.WriteClassExplanation(cmd.OutOrStdout(), e, f.output, colored(cmd.OutOrStdout())))
}

// asFound is how a command ends that has written its answer.
func asFound(fine bool, err error) error {
	if err == nil && !fine {
		return exitStatus(exitFound)
	}
	return err
}

func (f *explainFlags) engine() (*placement.Engine, error) {
	c := config.Default()
	if f.config != "" {
		var err error
		if c, err = config.Load(f.config); err != nil {
			return nil, err
		}
	}
	f.replicasOf = c.Extender.ReplicasOf
	return placement.NewEngine(c.Placement())
}

// addFiles puts what the files of -f hold on top of the cluster, and returns their pods, which stay outside of it.
func (f *explainFlags) addFiles(cmd *cobra.Command, c *cluster) ([]*corev1.Pod, error) {
	if len(f.file) == 0 {
		return nil, nil
	}
	given, err := c.readOnTop(cmd, f.file)
	if err != nil {
		return nil, err
	}
	var pods []*corev1.Pod
	for _, o := range given.objects[topology.KindPod] {
		pods = append(pods, o.(*corev1.Pod))
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int {
		return topology.Key{Namespace: a.Namespace, Name: a.Name}.Compare(topology.Key{Namespace: b.Namespace, Name: b.Name})
	})
	if len(pods) == 0 && len(cmd.Flags().Args()) == 0 {
		hint := ""
		if i := slices.IndexFunc(given.others, simulate.IsWorkload); i >= 0 {
			hint = "; it holds a " + given.others[i].GetObjectKind().GroupVersionKind().Kind + ": ask 'moorage simulate -f' about workloads"
		}
		return nil, fmt.Errorf("there is no pod in %s%s", givenNames(f.file), hint)
	}
	return pods, nil
}

// findPod finds a pod among those of the files or in the cluster. Its error names what there is.
func (c *cluster) findPod(ctx context.Context, key topology.Key, fromFiles []*corev1.Pod) (*corev1.Pod, error) {
	for _, pod := range fromFiles {
		if pod.Namespace == key.Namespace && pod.Name == key.Name {
			return pod, nil
		}
	}
	pod, err := c.pod(ctx, key)
	if err != nil || pod != nil {
		return pod, err
	}
	return nil, c.notFound("pod", topology.KindPod, key)
}
