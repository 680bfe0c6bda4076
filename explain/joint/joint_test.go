// SPDX-License-Identifier: Apache-2.0

package joint_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain/joint"
	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/topology/placement"
)

var update = flag.Bool("update", false, "write what is answered into testdata")

// TestCases answers for pods that fit nowhere, for volumes and for other reasons. What is to blame, what each node lacks and what would help
// is in the case's own file.
func TestCases(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var name string
			if _, scanErr := fmt.Sscanf(string(archive.Comment), "pod: %s", &name); scanErr != nil {
				t.Fatal(scanErr)
			}
			dir, files := t.TempDir(), []txtar.File(nil)
			want := ""
			for _, f := range archive.Files {
				if f.Name == "answer" {
					want = string(f.Data)
					continue
				}
				files = append(files, f)
				if writeErr := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); writeErr != nil {
					t.Fatal(writeErr)
				}
			}
			got := tell(ask(t, dir, name))
			if *update {
				files = append(files, txtar.File{Name: "answer", Data: []byte(got)})
				archive.Files = files
				if writeErr := os.WriteFile(path, txtar.Format(archive), 0o600); writeErr != nil {
					t.Fatal(writeErr)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func ask(t *testing.T, dir, name string) *joint.Answer {
	t.Helper()
	cache := topology.New(topology.Options{NodeDelay: -1})
	if _, err := (&manifests.Reader{}).Load(cache, dir); err != nil {
		t.Fatal(err)
	}
	objects, _, err := (&manifests.Reader{}).Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	others := nodefit.Objects{Partial: true}
	var asked *corev1.Pod
	for _, o := range objects[topology.KindNode] {
		others.Nodes = append(others.Nodes, o.(*corev1.Node))
	}
	for _, o := range objects[topology.KindPod] {
		pod := o.(*corev1.Pod)
		others.Pods = append(others.Pods, nodefit.PodFromAPI(pod))
		if pod.Namespace+"/"+pod.Name == name {
			asked = pod
		}
	}
	if asked == nil {
		t.Fatalf("there is no pod %s", name)
	}
	return joint.Ask(joint.Question{Snapshot: cache.Snapshot(), Engine: engine, Others: nodefit.New(others, nodefit.Config{}), Pod: asked})
}

// tell is the answer in words that a test can compare; a person reads other words.
func tell(a *joint.Answer) string {
	var out strings.Builder
	fmt.Fprintf(&out, "fits on %d of %d nodes\n", a.Feasible.Len(), a.Snapshot.NumNodes())
	cause := a.Cause()
	fmt.Fprintf(&out, "cause (volumes innocent: %v):\n", a.Innocent(cause))
	for _, k := range cause {
		fmt.Fprintf(&out, "  %s\n", constraint(a, k))
	}
	for i := range a.Snapshot.NumNodes() {
		for _, lack := range a.Lacks(i) {
			fmt.Fprintf(&out, "%s lacks %s\n", a.Snapshot.Node(i).Name, lackOf(a, lack))
		}
	}
	helps := a.Helps()
	if len(helps) == 0 {
		if pair, ok := a.Pair(joint.MoveVolume); ok {
			helps = append(helps, pair)
		}
	}
	for _, help := range helps {
		fmt.Fprintf(&out, "help: %s\n", helpOf(&help))
	}
	for _, unknown := range a.Filters.Unknown {
		fmt.Fprintf(&out, "unknown: %s\n", unknown)
	}
	fmt.Fprintf(&out, "message: %s\n", a.Message())
	for _, c := range a.Pod.Status.Conditions {
		fmt.Fprintf(&out, "said beside: %v\n", a.Unfound(c.Message))
	}
	return out.String()
}

func constraint(a *joint.Answer, k int) string {
	c := &a.Constraints[k]
	name := c.Filter
	if c.Predicate != "" {
		name = c.Predicate
		if c.Volume >= 0 {
			name += " of " + a.Demand.Volumes[c.Volume].Name
		}
	}
	return fmt.Sprintf("%s: %s (%d nodes, %d alone)", name, c.Text(), c.Nodes.Len(), c.Alone.Len())
}

func lackOf(a *joint.Answer, lack joint.Lack) string {
	c := &a.Constraints[lack.Constraint]
	if e := lack.Volume; e != nil {
		return fmt.Sprintf("%s: driver %q, pods %d, conditions %d", c.Predicate, e.Driver, len(e.Pods), len(e.Conditions))
	}
	e := lack.Filter
	switch {
	case c.Filter == nodefit.NodeResourcesFit:
		return fmt.Sprintf("%s: wants %d, %d of %d taken", c.Cause.Resource, e.Wanted, e.Taken, e.Allocatable)
	case e.Taints != nil:
		return fmt.Sprintf("%s: %v", c.Filter, e.Taints[0].ToString())
	case e.Spread != nil:
		return fmt.Sprintf("%s: %s has %d, least %d", c.Filter, e.Spread.Domain, e.Spread.Pods, e.Spread.Least)
	default:
		return fmt.Sprintf("%s: selector %v, terms %v", c.Filter, e.Selector, e.Terms)
	}
}

func helpOf(h *joint.Help) string {
	kind := [...]string{
		joint.Uncordon: "uncordon", joint.RemovePods: "remove pods", joint.FreeRoom: "free room", joint.Tolerate: "tolerate", joint.LabelNode: "label",
		joint.RecoverNode: "recover", joint.ReduceRequest: "request less for",
		joint.WidenAffinity: "widen affinity", joint.RaiseSkew: "raise maxSkew", joint.AddNode: "add a node like", joint.MoveVolume: "move volume",
	}[h.Kind]
	text := kind
	if h.Node != "" {
		text += " " + h.Node
	}
	for _, room := range h.Room {
		text += fmt.Sprintf(" %d %s", room.Amount, room.Resource)
	}
	for _, p := range h.Pods {
		text += " " + p.Name
	}
	for _, taint := range h.Taints {
		text += " " + taint.ToString()
	}
	if h.Labels != nil {
		text += fmt.Sprint(" ", h.Labels)
	}
	if h.Kind == joint.RaiseSkew {
		text += fmt.Sprintf(" of constraint %d to %d", h.Constraint, h.MaxSkew)
	}
	if h.Kind == joint.MoveVolume {
		text += fmt.Sprintf(" %d", h.Volume)
	}
	if h.With != nil {
		text += " and " + helpOf(h.With)
	}
	if h.Nodes > 0 {
		text += fmt.Sprintf(": then on %d, %v", h.Nodes, h.Fits)
	}
	return text
}
