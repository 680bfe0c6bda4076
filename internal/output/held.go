// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// heldBack says what the pod waits for before any scheduler looks at nodes.
func heldBack(e *explain.Explanation) string {
	var parts []string
	if e.Before != nil {
		parts = append(parts, before(e.Before))
	}
	if len(e.HeldBy) > 0 {
		how := "kube-scheduler holds the pod back: "
		if e.Node != "" {
			how = fmt.Sprintf("the pod is on node %s and cannot start: ", e.Node)
		}
		parts = append(parts, how+heldBy(e))
	}
	what := strings.Join(parts, "; and ")
	if t := e.Then; t != nil && !t.Held && !t.Fits && t.Known.Nodes > 0 {
		what += "; and then it would fit nowhere: " + headlineOf(t)
	}
	return what
}

func heldBy(e *explain.Explanation) string {
	parts := make([]string, len(e.HeldBy))
	for i := range e.HeldBy {
		parts[i] = held(&e.HeldBy[i], e.Pod.Namespace)
	}
	return strings.Join(parts, "; ")
}

func held(h *explain.Held, namespace string) string {
	switch v := h.Volume; {
	case h.Cause == placement.CauseClaimMissing && v.Ephemeral:
		return fmt.Sprintf("claim %s of the pod's ephemeral volume %s has not been made yet by kube-controller-manager", v.ClaimName, v.Name)
	case h.Cause == placement.CauseClaimMissing:
		return fmt.Sprintf("claim %s does not exist in namespace %s%s", v.ClaimName, namespace, meant(v.ClaimName, h.Names))
	case h.Wait == nil:
		return h.Detail
	default:
		return waiting(v, h.Cause, h.Wait)
	}
}

// heldHelp is what would help a pod that is held back.
func heldHelp(e *explain.Explanation) []Help {
	var all []string
	if e.Before != nil {
		all = append(all, beforeHelp(e)...)
	}
	for i := range e.HeldBy {
		h := &e.HeldBy[i]
		switch v := h.Volume; {
		case h.Cause == placement.CauseClaimMissing && v.Ephemeral:
			all = append(all, fmt.Sprintf("wait for it; where that lasts, look at the events of pod %s (a quota, say)", e.Pod.Name))
		case h.Cause == placement.CauseClaimMissing && h.Maker != "":
			all = append(all, fmt.Sprintf("StatefulSet %s makes claim %s by itself if it is of its volumeClaimTemplates; where it does not, look at its events (a quota, say)", h.Maker, v.ClaimName))
		case h.Cause == placement.CauseClaimMissing:
			all = append(all, fmt.Sprintf("create claim %s, or recreate the pod with the right name in its volume %s", v.ClaimName, v.Name))
		case h.Wait != nil:
			all = append(all, waitHelp(v, h.Cause, h.Wait, h.Maker)...)
		}
	}
	return asHelp(all)
}

// asHelp makes a list of what was not tried on a copy.
func asHelp(all []string) []Help {
	var out []Help
	for _, what := range all {
		if !slices.ContainsFunc(out, func(h Help) bool { return h.What == what }) && len(out) < maxHelp {
			out = append(out, Help{What: what})
		}
	}
	return out
}

// message is how the pod's event begins: FitError.Error of k8s.io/kube-scheduler/framework, for the reasons that volumes give. Empty where
// the pod fits, and where kube-scheduler says it in other ways.
func message(e *explain.Explanation) string {
	var parts []string
	for reason, n := range e.Reasons {
		parts = append(parts, fmt.Sprintf("%d %s", n, reason))
	}
	slices.Sort(parts)
	switch {
	case e.Fits || e.Before != nil || e.Held && e.Node != "" || e.Together != nil && e.Together.Doubted:
		return ""
	case len(e.HeldBy) > 0:
		if parts = []string{preFilter(&e.HeldBy[0])}; parts[0] == "" {
			return ""
		}
	case len(e.Pinned) > 0 || len(e.Unserved) > 0 && e.Allowed > 0 || onlyFailing(e):
		return ""
	}
	return fmt.Sprintf("0/%d nodes are available: %s.", e.Known.Nodes, strings.Join(parts, ", "))
}

// preFilter is what kube-scheduler says of a volume for which it does not look at nodes.
func preFilter(h *explain.Held) string {
	switch v := h.Volume; h.Cause {
	case placement.CauseClaimMissing:
		if v.Ephemeral {
			return fmt.Sprintf("waiting for ephemeral volume controller to create the persistentvolumeclaim %q", v.ClaimName)
		}
		return fmt.Sprintf("persistentvolumeclaim %q not found", v.ClaimName)
	case placement.CauseClaimLost:
		return fmt.Sprintf("persistentvolumeclaim %q bound to non-existent persistentvolume %q", v.ClaimName, v.Claim.VolumeName)
	case placement.CauseClaimDeleting:
		return fmt.Sprintf("persistentvolumeclaim %q is being deleted", v.ClaimName)
	case placement.CauseClaimNotBound:
		return "pod has unbound immediate PersistentVolumeClaims"
	default:
		return ""
	}
}
