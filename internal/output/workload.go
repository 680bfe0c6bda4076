// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
)

// WorkloadExplanation is what is said of all replicas of a workload.
type WorkloadExplanation struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Workload   explain.Object `json:"workload"`
	Headline   string         `json:"headline"`
	// Fine tells that nothing keeps any replica from running.
	Fine bool `json:"fine"`
	// Replicas is how many there are to be; left out where that is not known.
	Replicas *int `json:"replicas,omitempty"`
	// Running, Waiting and CannotRun count the pods that run, that have not started, and of these those that cannot run as things are.
	Running   int `json:"running"`
	Waiting   int `json:"waiting"`
	CannotRun int `json:"cannotRun"`
	// Failure is why its controller makes no pods, in the controller's own words.
	Failure string        `json:"failure,omitempty"`
	Pods    []WorkloadPod `json:"pods"`
	// Retained are claims of ordinals that no replica has; for a StatefulSet.
	Retained []RetainedClaim `json:"retainedClaims,omitempty"`
	Unasked  int             `json:"unasked,omitempty"`
	Unknown  []string        `json:"unknown,omitempty"`
	Known    explain.Known   `json:"known"`
}

// WorkloadPod is a replica of a workload.
type WorkloadPod struct {
	PodLine
	// State is 'waits', 'runs', 'deleting' or 'ended'.
	State string `json:"state"`
}

// The states of a replica.
const (
	PodWaits    = "waits"
	PodRuns     = "runs"
	PodDeleting = "deleting"
	PodEnded    = "ended"
)

// RetainedClaim is a claim of an ordinal that no replica has.
type RetainedClaim struct {
	Claim            string `json:"claim"`
	Bytes            int64  `json:"bytes,omitempty"`
	PersistentVolume string `json:"persistentVolume,omitempty"`
	// Where tells a person where the volume can be used.
	Where string         `json:"where,omitempty"`
	Users []explain.User `json:"users,omitempty"`
}

// RetainedClaimsOf puts retained claims into words.
func RetainedClaimsOf(claims []explain.RetainedClaim) []RetainedClaim {
	var out []RetainedClaim
	for i := range claims {
		c := &claims[i]
		told := RetainedClaim{Claim: c.Claim.Name, Bytes: c.Claim.Request, PersistentVolume: c.Claim.VolumeName, Users: c.Users}
		if c.Where != nil {
			told.Where = on(c.Where)
		}
		out = append(out, told)
	}
	return out
}

// WriteWorkloadExplanation writes what is said of all replicas of a workload; now is the time of the answer.
func WriteWorkloadExplanation(w io.Writer, e *WorkloadExplanation, output string, color bool, columns int, now time.Time) error {
	e.APIVersion, e.Kind = apiVersion, "WorkloadExplanation"
	slices.SortStableFunc(e.Pods, func(a, b WorkloadPod) int { return naturally(a.Pod.Name, b.Pod.Name) })
	for i := range e.Pods {
		switch p := &e.Pods[i]; {
		case p.State == PodWaits && !p.Fits:
			e.Waiting++
			e.CannotRun++
		case p.State == PodWaits:
			e.Waiting++
		case p.State == PodRuns:
			e.Running++
		}
	}
	missing := e.missing()
	e.Fine = e.CannotRun == 0 && missing == 0 && e.Failure == ""
	e.Headline = workloadHeadline(e, missing)
	return writeExplained(w, output, e, func(out *bytes.Buffer, _ bool) { workloadText(out, e, color, columns, now) })
}

// missing is how many replicas have no pod.
func (e *WorkloadExplanation) missing() int {
	if e.Replicas == nil || e.Workload.Kind == "Job" {
		return 0
	}
	return max(*e.Replicas-len(e.Pods)-e.Unasked, 0)
}

func workloadHeadline(e *WorkloadExplanation, missing int) string {
	var line string
	replicas := text.Count(len(e.Pods)+e.Unasked+missing, "replica")
	switch {
	case len(e.Pods) == 0 && e.Replicas != nil && *e.Replicas == 0:
		return "it is to have no replicas"
	case len(e.Pods) == 0 && missing == 0:
		line = "it has no pods"
	case e.CannotRun > 0:
		line = fmt.Sprintf("%d of %s cannot run as things are", e.CannotRun, replicas)
	case e.Waiting > 0:
		line = fmt.Sprintf("%d of %s %s or hang%s, and nothing was found that keeps %s from running", e.Waiting, replicas,
			thirdPerson(e.Waiting, "wait"), map[bool]string{true: "s", false: ""}[e.Waiting == 1], map[bool]string{true: "it", false: "them"}[e.Waiting == 1])
	default:
		line = fmt.Sprintf("%d of %s %s", e.Running, replicas, thirdPerson(e.Running, "run"))
	}
	if missing > 0 {
		line += fmt.Sprintf("; of %d there is no pod yet", missing)
	}
	if e.Failure != "" {
		line += "; its controller says: " + e.Failure
	}
	return line
}

func thirdPerson(n int, verb string) string {
	if n == 1 {
		return verb + "s"
	}
	return verb
}

func workloadText(out *bytes.Buffer, e *WorkloadExplanation, color bool, columns int, now time.Time) {
	headline(out, fmt.Sprintf("%s %s/%s: %s.", e.Workload.Kind, e.Workload.Namespace, e.Workload.Name, e.Headline), e.Fine, color)
	if len(e.Pods) > 0 {
		rows := [][]string{{"POD", "NODE", "SINCE", "STATE, AND WHY"}}
		before, ask := "", ""
		for i := range e.Pods {
			p := &e.Pods[i]
			what := p.State
			if p.State == PodWaits {
				if ask == "" || !p.Fits && before == "" {
					ask = p.Pod.Name
				}
				if what = "waits: " + p.Cause; p.Cause == before {
					what = "waits: as above"
				}
				before = p.Cause
			}
			rows = append(rows, []string{p.Pod.Name, orDash(p.Node), age(p.Since, now), what})
		}
		fmt.Fprintln(out)
		text.Table(out, columns, rows)
		if ask != "" {
			fmt.Fprintf(out, "\nIn full, with what would help: moorage explain pod %s -n %s\n", plain.Quote(ask), plain.Quote(e.Workload.Namespace))
		}
	}
	if len(e.Retained) > 0 {
		fmt.Fprint(out, "\nClaims of ordinals that no replica has. They keep their data, and a replica of that ordinal gets its claim back:\n")
		rows := [][]string{{"CLAIM", "SIZE", "VOLUME", "CAN BE USED"}}
		for i := range e.Retained {
			c := &e.Retained[i]
			where := orDash(c.Where)
			for _, u := range c.Users {
				where += "; used by " + userText(u)
			}
			rows = append(rows, []string{c.Claim, text.Size(c.Bytes), orDash(c.PersistentVolume), where})
		}
		text.Table(out, columns, rows)
	}
	unknownText(out, e.Unknown)
	fmt.Fprintln(out)
	knownText(out, &e.Known)
}
