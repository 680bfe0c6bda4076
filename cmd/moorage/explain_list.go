// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/internal/parallel"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// mostExplained is how many different pods are explained in one list. Replicas of one template count once.
const mostExplained = 2000

// explainWaiting lists the pods that have not started.
func (f *explainFlags) explainWaiting(cmd *cobra.Command, c *cluster, engine *placement.Engine) error {
	selected, err := f.selected()
	if err != nil {
		return err
	}
	list := &output.WaitingPods{Selector: f.selector, Known: explain.KnownOf(c.snapshot)}
	if !f.allNamespaces {
		list.Namespace = c.namespace
	}
	var waiting []*corev1.Pod
	for _, key := range slices.SortedFunc(maps.Keys(c.whole.pods), topology.Key.Compare) {
		pod := c.whole.pods[key]
		if !selected.Matches(labels.Set(pod.Labels)) {
			continue
		}
		here := f.allNamespaces || pod.Namespace == c.namespace
		if here {
			list.Pods++
		}
		switch unstarted := explain.Unstarted(pod); {
		case unstarted && here:
			waiting = append(waiting, pod)
		case unstarted:
			list.Elsewhere++
		}
	}
	list.Waiting = len(waiting)
	list.Items, list.Unasked, list.Unknown = f.lines(cmd, c, engine, waiting)
	for i := range list.Items {
		if !list.Items[i].Fits {
			list.CannotRun++
		}
	}
	c.sign(&list.Known)
	stdout := cmd.OutOrStdout()
	if err := output.WriteWaitingPods(stdout, list, f.output, colored(stdout), width(stdout), c.now()); err != nil {
		return err
	}
	if list.CannotRun > 0 {
		return exitStatus(exitFound)
	}
	return nil
}

// selected is what --selector selects.
func (f *explainFlags) selected() (labels.Selector, error) {
	selected, err := labels.Parse(f.selector)
	if err != nil {
		return nil, fmt.Errorf("--selector %q: %w", f.selector, err)
	}
	return selected, nil
}

// inList reports whether a pod is one of those that a list is about.
func (f *explainFlags) inList(c *cluster, pod *corev1.Pod) bool {
	selected, err := f.selected()
	return err == nil && selected.Matches(labels.Set(pod.Labels)) && (f.allNamespaces || pod.Namespace == c.namespace)
}

// lines explain pods in a line each, those that are alike once, and tell how many were left out and what was not looked at.
func (f *explainFlags) lines(cmd *cobra.Command, c *cluster, engine *placement.Engine, pods []*corev1.Pod) (lines []output.PodLine, unasked int, unknown []string) {
	groups := explain.Alike(pods)
	for i := mostExplained; i < len(groups); i++ {
		unasked += len(groups[i])
	}
	groups = groups[:min(len(groups), mostExplained)]
	// Made once, before it is asked for by several at a time.
	c.others()
	first := make([]*corev1.Pod, len(groups))
	for i := range groups {
		first[i] = groups[i][0]
	}
	c.gatherEvents(cmd.Context(), first)
	ask := f.autoscalers(cmd, c, first)
	each := make([][]output.PodLine, len(groups))
	unseen := make([][]string, len(groups))
	tell, clear := showProgress(cmd.ErrOrStderr())
	for from := 0; from < len(groups); from += listedAtATime {
		to := min(from+listedAtATime, len(groups))
		parallel.Each(to-from, 1, func(i int) {
			group := groups[from+i]
			q := c.question(cmd.Context(), engine, group[0])
			q.Brief = true
			ask(&q)
			e := explain.Pod(q)
			unseen[from+i] = e.Unknown
			for _, pod := range group {
				each[from+i] = append(each[from+i], output.PodLineOf(
					explain.Object{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name}, explain.UnstartedSince(pod), e))
			}
		})
		if tell != nil {
			tell(to, len(groups))
		}
	}
	clear()
	for i := range each {
		lines = append(lines, each[i]...)
		for _, what := range unseen[i] {
			if !slices.Contains(unknown, what) {
				unknown = append(unknown, what)
			}
		}
	}
	return lines, unasked, unknown
}

// listedAtATime is how many pods are explained between two words of how far it is.
const listedAtATime = 64

// now is the time that answers about the cluster are of.
func (c *cluster) now() time.Time {
	if c.at.IsZero() {
		return time.Now()
	}
	return c.at
}
