// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

const (
	// watchPause is between two questions at least, and watchShare how many times as long as a question took: an API server of a large
	// cluster is not asked all the time.
	watchPause = 2 * time.Second
	watchShare = 4
)

// checkWatch refuses what cannot be watched.
func (f *explainFlags) checkWatch() error {
	switch {
	case !f.watch:
		return nil
	case len(f.from) > 0 || len(f.file) > 0:
		return errors.New("--watch is for what is in a cluster: files do not change by themselves")
	case f.output != "text" && f.output != "wide":
		return fmt.Errorf("--watch writes text or wide, not %s", f.output)
	default:
		return nil
	}
}

// keepAsking prints the answer whenever it has changed, until what was asked about runs, or is gone.
func (f *explainFlags) keepAsking(cmd *cobra.Command, engine *placement.Engine, asked target, list bool) error {
	stdout, stderr := cmd.OutOrStdout(), cmd.ErrOrStderr()
	last, failure := "", ""
	for {
		begun := time.Now()
		c, err := f.open(cmd.Context(), cmd.ErrOrStderr())
		if err == nil {
			var key string
			if key, err = f.key(cmd, c, engine, asked, list); err == nil && key != last {
				separate(stdout, last != "")
				err = f.answer(cmd, c, engine, asked, list)
				last = key
			}
		}
		cmd.SetErr(io.Discard) // Its notes have been seen.
		status := exitStatus(0)
		switch done := err == nil || errors.As(err, &status); {
		case cmd.Context().Err() != nil:
			return context.Cause(cmd.Context())
		case done && f.runs(c, asked, list):
			return err
		case done:
			failure = ""
		case last == "":
			return err
		case err.Error() != failure:
			// What was there a moment ago is gone, or the API server is away for a while: the user decides when to end it.
			failure = err.Error()
			_, _ = fmt.Fprintf(stderr, "note: %s: %s\n", time.Now().Format(time.TimeOnly), plain.Line(failure))
		}
		select {
		case <-cmd.Context().Done():
			return context.Cause(cmd.Context())
		case <-time.After(max(watchPause, watchShare*time.Since(begun))):
		}
	}
}

// separate begins an answer with its time.
func separate(stdout io.Writer, again bool) {
	if again {
		_, _ = fmt.Fprintln(stdout)
	}
	_, _ = fmt.Fprintf(stdout, "At %s:\n", time.Now().Format(time.TimeOnly))
}

// key is the answer without what changes from one moment to the next: how much of a cluster was looked at.
func (f *explainFlags) key(cmd *cobra.Command, c *cluster, engine *placement.Engine, asked target, list bool) (string, error) {
	stdout, stderr := cmd.OutOrStdout(), cmd.ErrOrStderr()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	programs := *f
	programs.output = "json"
	err := programs.answer(cmd, c, engine, asked, list)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	if status := exitStatus(0); err != nil && !errors.As(err, &status) {
		return "", err
	}
	var answer map[string]any
	if err = json.Unmarshal(out.Bytes(), &answer); err != nil {
		return "", fmt.Errorf("compare the answer with the one before: %w", err)
	}
	delete(answer, "known")
	text, err := json.Marshal(answer)
	return string(text), err
}

// runs reports whether what was asked about is as somebody waits for: the pod runs or has ended, nothing of a list waits, the claim is bound.
func (f *explainFlags) runs(c *cluster, asked target, list bool) bool {
	started := func(pods []*corev1.Pod) bool {
		return !slices.ContainsFunc(pods, explain.Unstarted)
	}
	var pods []*corev1.Pod
	key := topology.Key{Namespace: c.namespace, Name: asked.name}
	for k, pod := range c.whole.pods {
		if list && f.inList(c, pod) || !list && isWorkload(asked.kind) && k.Namespace == key.Namespace &&
			explain.Owns(explain.Object{Kind: string(asked.kind), Namespace: key.Namespace, Name: asked.name}, pod) {
			pods = append(pods, pod)
		}
	}
	switch {
	case list:
		return started(pods)
	case asked.kind == topology.KindPod:
		pod := c.whole.pods[key]
		return pod != nil && !explain.Unstarted(pod) && pod.DeletionTimestamp == nil
	case asked.kind == topology.KindClaim:
		claim := c.snapshot.Claim(key.Namespace, key.Name)
		return claim != nil && claim.Bound() && !claim.Deleting
	case isWorkload(asked.kind):
		return len(pods) > 0 && started(pods)
	default:
		return false
	}
}
