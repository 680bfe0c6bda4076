// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// hostAccess are the rules that say in different words that a pod can change its node, the gravest first. Agents of the node
// have to, and do so by many mounts at once.
var hostAccess = []string{
	"propagation-bidirectional-path", "propagation-host-root", "hostpath-sensitive", "hostpath-runtime-directory", "propagation-readonly-not-recursive",
}

// agentAdvice are hostAccess and the rules about what works and could be better. An agent of the node comes from somebody else than the user who installs
// it: one of them is reported.
var agentAdvice = append(slices.Clone(hostAccess), "propagation-ineffective", "propagation-subpath", "emptydir-memory-unbounded",
	"secret-mode-too-open", "secret-subpath-stale", "hostpath-stateful", "mount-path", "fsgroup-skipped")

// maxVolumesTold is how many volumes a warning names beside its own.
const maxVolumesTold = 6

// isNodeAgent says that the object is a DaemonSet or a pod of one, or shares its host's namespaces.
func isNodeAgent(in *Input) bool {
	spec, _ := podSpecOf(in.Object)
	if spec == nil {
		return false
	}
	if pod, ok := in.Object.(*corev1.Pod); ok {
		if owner := metav1.GetControllerOfNoCopy(pod); owner != nil && owner.Kind == string(DaemonSet) {
			return true
		}
	}
	return in.Kind == DaemonSet || spec.HostNetwork || spec.HostPID || spec.HostIPC
}

// toldOnce leaves one warning of an object's access to its host, and of an agent one piece of advice: the first of the gravest
// rule, which names the other volumes and rules. The others become audit findings, so that each is still counted, logged, and
// shown where those are. An action that the configuration gives by name is left as it is: named reports for each finding whether
// it has one.
func toldOnce(found []Finding, named []bool, agent func() bool) {
	warned := 0
	for i := range found {
		if found[i].Action == Warn && !named[i] {
			warned++
		}
	}
	if warned < 2 {
		return
	}
	once := hostAccess
	if agent() {
		once = agentAdvice
	}
	first, rank := -1, len(once)
	var others []int
	for i := range found {
		at := slices.Index(once, found[i].Rule)
		if at < 0 || named[i] || found[i].Action != Warn {
			continue
		}
		others = append(others, i)
		if at < rank {
			first, rank = i, at
		}
	}
	if len(others) < 2 {
		return
	}
	told := &found[first]
	volumes, rules := []string{strconv.Quote(told.Volume)}, []string{told.Rule}
	seen := map[string]bool{volumes[0]: true, told.Rule: true}
	for _, i := range others {
		if i == first {
			continue
		}
		f := &found[i]
		f.Action = Audit
		if !slices.Contains(hostAccess, f.Rule) {
			if !seen[f.Rule] {
				seen[f.Rule], rules = true, append(rules, f.Rule)
			}
		} else if v := strconv.Quote(f.Volume); !seen[v] {
			seen[v], volumes = true, append(volumes, v)
		}
	}
	switch volumes = volumes[1:]; {
	case len(volumes) == 0:
	case len(volumes) == 1:
		told.Message += fmt.Sprintf("; volume %s reaches the host, too", volumes[0])
	case len(volumes) > maxVolumesTold:
		told.Message += fmt.Sprintf("; volumes %s and %d more reach the host, too", strings.Join(volumes[:maxVolumesTold], ", "), len(volumes)-maxVolumesTold)
	default:
		told.Message += fmt.Sprintf("; volumes %s reach the host, too", strings.Join(volumes, ", "))
	}
	if rules = rules[1:]; len(rules) > 0 {
		told.Message += "; see also " + strings.Join(rules, ", ")
	}
}
