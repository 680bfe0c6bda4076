// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// before says what the pod waits for beside its volumes.
func before(b *explain.Before) string {
	var parts []string
	if len(b.Gates) > 0 {
		parts = append(parts, fmt.Sprintf("the pod has the scheduling %s %s, and no scheduler looks at it before %s", text.Plural(len(b.Gates), "gate"), text.And(b.Gates),
			map[bool]string{true: "it is removed", false: "they are removed"}[len(b.Gates) == 1]))
	}
	if b.Scheduler != "" {
		parts = append(parts, fmt.Sprintf("no scheduler has looked at the pod: its schedulerName is %s, and nothing shows that a scheduler of that name runs%s",
			b.Scheduler, meant(b.Scheduler, b.Schedulers)))
	}
	if g := b.Group; g != nil {
		parts = append(parts, fmt.Sprintf("scheduling group %s has %s, and no scheduler looks at any before %d are there (minCount)", g.Name, text.Count(g.Members, "member"), g.Want))
	}
	return strings.Join(parts, "; and ")
}

// gateKeepers are controllers that set gates, by what their gates' names begin with, and where they say why.
var gateKeepers = []struct{ prefix, name, look string }{
	{"kueue.x-k8s.io/", "Kueue", "'kubectl get workloads.kueue.x-k8s.io -n %s' and its conditions say whether the queue has quota left"},
}

func beforeHelp(e *explain.Explanation) []string {
	b := e.Before
	var out []string
	for _, gate := range b.Gates {
		what := fmt.Sprintf("let the controller that set the gate %s remove it: look whether it runs and what it waits for", gate)
		for _, k := range gateKeepers {
			if strings.HasPrefix(gate, k.prefix) {
				what = fmt.Sprintf("let %s admit the pod, which removes the gate %s: "+k.look, k.name, gate, plain.Quote(e.Pod.Namespace))
			}
		}
		out = append(out, what+"; removing it by hand skips what it guards")
	}
	if b.Scheduler != "" {
		names := suggest.Nearest(b.Scheduler, b.Schedulers)
		if len(names) == 0 {
			names = b.Schedulers
		}
		out = append(out, fmt.Sprintf("start the scheduler that is to answer to %s, if there is to be one", b.Scheduler),
			fmt.Sprintf("recreate the pod with schedulerName %s (in the template of what made it)", text.Or(names)))
	}
	if g := b.Group; g != nil {
		out = append(out, fmt.Sprintf("create the %s of group %s (look at the workload that makes its pods), or lower minCount of PodGroup %s in namespace %s",
			text.Count(g.Want-g.Members, "missing pod"), g.Name, g.Name, e.Pod.Namespace))
	}
	return out
}
