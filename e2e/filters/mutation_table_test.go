// SPDX-License-Identifier: Apache-2.0

package filters_test

import "github.com/moorage-k8s/moorage/e2e/mutant"

// mutation is a deliberate fault below nodefit/, which the run must notice. filter is the one that becomes wrong; it is 'message' where the
// filters are right and kube-scheduler's words are not.
type mutation struct {
	filter string
	mutant.Fault
}

func fault(filter, name, file, old, with string) mutation {
	return mutation{filter, mutant.Fault{Name: name, File: file, Old: old, New: with}}
}

var mutations = []mutation{
	fault("NodeName", "any node is the named one", "node_name.go", "at.object.Name != string(n)", "at.object.Name != string(n) && !%"),

	fault("NodeUnschedulable", "cordoned nodes pass", "node_unschedulable.go", "if at.object.Spec.Unschedulable {", "if at.object.Spec.Unschedulable && !% {"),
	fault("NodeUnschedulable", "no toleration of a cordon", "node_unschedulable.go", "if tolerates(q.pod, &taint) {", "if tolerates(q.pod, &taint) && !% {"),

	fault("TaintToleration", "PreferNoSchedule rejects", "taint_toleration.go",
		"|| t.Effect == corev1.TaintEffectNoExecute", "|| t.Effect == corev1.TaintEffectNoExecute || %"),
	fault("TaintToleration", "NoExecute passes", "taint_toleration.go",
		"|| t.Effect == corev1.TaintEffectNoExecute", "|| (t.Effect == corev1.TaintEffectNoExecute && !%)"),
	fault("TaintToleration", "no comparison of taints", "taint_toleration.go", "pod.Spec.Tolerations, taint, true)", "pod.Spec.Tolerations, taint, !%)"),

	fault("NodeAffinity", "any node matches", "node_affinity.go", "if !matches(w.required, at.object) {", "if !matches(w.required, at.object) && !% {"),
	fault("NodeAffinity", "terms that cannot be read match", "node_affinity.go",
		"match, _ := required.Match(node)\n\treturn match", "match, err := required.Match(node)\n\treturn match || (err != nil && %)"),

	fault("NodePorts", "protocols do not matter", "node_ports.go", "p.Protocol == o.Protocol &&", "(p.Protocol == o.Protocol || %) &&"),
	fault("NodePorts", "0.0.0.0 is an address", "node_ports.go", "(p.IP == o.IP || p.IP == everyIP || o.IP == everyIP)", "(p.IP == o.IP || ((p.IP == everyIP || o.IP == everyIP) && !%))"),
	fault("NodePorts", "addresses do not matter", "node_ports.go", "p.IP == everyIP || o.IP == everyIP)", "p.IP == everyIP || o.IP == everyIP || %)"),
	fault("NodePorts", "no protocol is none", "node_ports.go", "cmp.Or(p.Protocol, corev1.ProtocolTCP)", `cmp.Or(p.Protocol, map[bool]corev1.Protocol{true: "", false: corev1.ProtocolTCP}[%])`),
	fault("NodePorts", "init containers take ports", "pod.go", "if !all && (c.RestartPolicy", "if !% && !all && (c.RestartPolicy"),
	fault("NodePorts", "sidecars take no ports", "pod.go", "of(pod.Spec.InitContainers, false)", "if !% {\n\t\tof(pod.Spec.InitContainers, false)\n\t}"),
	fault("NodePorts", "nominated pods take no ports", "node_ports.go",
		"[][]*Pod{at.pods, at.expected}", "[][]*Pod{at.pods, map[bool][]*Pod{false: at.expected}[%]}"),

	fault("NodeResourcesFit", "one pod too many", "node_resources_fit.go", "podsOn(at)+1 > at.allowed", "podsOn(at)+1 > at.allowed+map[bool]int64{true: 1}[%]"),
	fault("NodeResourcesFit", "what fits exactly does not", "node_resources_fit.go",
		"if r.amount > has-takenOf(at, r.name) {", "if r.amount > has-takenOf(at, r.name) || (% && r.amount == has-takenOf(at, r.name)) {"),
	fault("NodeResourcesFit", "every lack can be resolved", "node_resources_fit.go", "Unresolvable: r.amount > has}", "Unresolvable: r.amount > has && !%}"),
	fault("NodeResourcesFit", "nominated pods take nothing", "node_resources_fit.go", "taken += p.Requests.Of(name)", "if !% {\n\t\t\ttaken += p.Requests.Of(name)\n\t\t}"),
	fault("NodeResourcesFit", "nominated pods do not count", "node_resources_fit.go", "int64(len(at.pods) + len(at.expected))", "int64(len(at.pods)) + map[bool]int64{false: int64(len(at.expected))}[%]"),
	fault("NodeResourcesFit", "ignored resources count", "node_resources_fit.go", "slices.Contains(c.IgnoredResources, string(name))", "(slices.Contains(c.IgnoredResources, string(name)) && !%)"),
	fault("NodeResourcesFit", "ignored groups count", "node_resources_fit.go", "slices.Contains(c.IgnoredResourceGroups, group)", "(slices.Contains(c.IgnoredResourceGroups, group) && !%)"),
	fault("NodeResourcesFit", "a resize does not matter", "pod.go", "UseStatusResources: true,", "UseStatusResources: !%,"),
	fault("NodeResourcesFit", "a resize of the pod does not matter", "pod.go", "InPlacePodLevelResourcesVerticalScalingEnabled: true,", "InPlacePodLevelResourcesVerticalScalingEnabled: !%,"),
	fault("NodeResourcesFit", "the pod's own resources do not matter", "node_resources_fit.go", "resource.PodResourcesOptions{}", "resource.PodResourcesOptions{SkipPodLevelResources: %}"),
	fault("NodeResourcesFit", "overhead does not matter", "node_resources_fit.go", "resource.PodRequests(q.pod,", "resource.PodRequests(map[bool]*corev1.Pod{true: {Spec: corev1.PodSpec{Containers: q.pod.Spec.Containers, InitContainers: q.pod.Spec.InitContainers, Resources: q.pod.Spec.Resources}}, false: q.pod}[%],"),
	fault("NodeResourcesFit", "huge pages are not counted", "resources.go", "strings.HasPrefix(s, corev1.ResourceHugePagesPrefix) ||", "(strings.HasPrefix(s, corev1.ResourceHugePagesPrefix) && !%) ||"),
	fault("NodeResourcesFit", "extended resources are not counted", "resources.go", "return extended(name) ||", "return (extended(name) && !%) ||"),
	fault("NodeResourcesFit", "quotas are resources", "resources.go", "strings.HasPrefix(s, corev1.DefaultResourceRequestsPrefix) {", "(strings.HasPrefix(s, corev1.DefaultResourceRequestsPrefix) && !%) {"),
	fault("NodeResourcesFit", "names without a prefix are resources", "resources.go", `if !strings.Contains(s, "/") ||`, `if (!strings.Contains(s, "/") && !%) ||`),
	fault("NodeResourcesFit", "ended pods take resources", "pod.go", "pod.Status.Phase == corev1.PodSucceeded ||", "(pod.Status.Phase == corev1.PodSucceeded && !%) ||"),
	fault("NodeResourcesFit", "ephemeral storage is not counted", "resources.go", "r.EphemeralStorage += sign * o.EphemeralStorage", "if !% {\n\t\tr.EphemeralStorage += sign * o.EphemeralStorage\n\t}"),
	fault("NodeResourcesFit", "less important pods count", "filters.go", "p.Priority >= q.priority", "(p.Priority >= q.priority || %)"),
	fault("NodeResourcesFit", "as important pods do not count", "filters.go", "p.Priority >= q.priority", "(p.Priority > q.priority || (p.Priority == q.priority && !%))"),

	fault("PodTopologySpread", "one more is too many", "pod_topology_spread.go", "if pods+c.self-least > int(c.constraint.MaxSkew) {", "if pods+c.self-least > int(c.constraint.MaxSkew)-map[bool]int{true: 1}[%] {"),
	fault("PodTopologySpread", "the pod counts itself always", "pod_topology_spread.go", "if selector.Matches(own) {", "if selector.Matches(own) || % {"),
	fault("PodTopologySpread", "ScheduleAnyway rejects", "pod_topology_spread.go", "if constraint.WhenUnsatisfiable != corev1.DoNotSchedule {", "if constraint.WhenUnsatisfiable != corev1.DoNotSchedule && !% {"),
	fault("PodTopologySpread", "minDomains does not matter", "pod_topology_spread.go", "if len(c.domains) < c.minDomains {", "if len(c.domains) < c.minDomains && !(% && c.minDomains > 1) {"),
	fault("PodTopologySpread", "matchLabelKeys do not matter", "pod_topology_spread.go", "if len(same) == 0 || !selectable {", "if len(same) == 0 || !selectable || % {"),
	fault("PodTopologySpread", "nodeAffinityPolicy does not matter", "pod_topology_spread.go", "if c.NodeAffinityPolicy != nil {", "if c.NodeAffinityPolicy != nil && !% {"),
	fault("PodTopologySpread", "nodeAffinityPolicy is Ignore", "pod_topology_spread.go", "minDomains: 1, byAffinity: true,", "minDomains: 1, byAffinity: !%,"),
	fault("PodTopologySpread", "nodeTaintsPolicy does not matter", "pod_topology_spread.go", "if c.NodeTaintsPolicy != nil {", "if c.NodeTaintsPolicy != nil && !% {"),
	fault("PodTopologySpread", "pods of all namespaces count", "pod_topology_spread.go", "if p.Namespace == namespace && !p.Deleting", "if (p.Namespace == namespace || %) && !p.Deleting"),
	fault("PodTopologySpread", "terminating pods count", "pod_topology_spread.go", "&& !p.Deleting &&", "&& (!p.Deleting || %) &&"),
	fault("PodTopologySpread", "a selector of everything counts", "pod_topology_spread.go", "if c.selector.Empty() {", "if c.selector.Empty() && !% {"),
	fault("PodTopologySpread", "nodes without a key count", "pod_topology_spread.go", "if !s.labelled(n.object) {", "if !s.labelled(n.object) && !% {"),
	fault("PodTopologySpread", "nodes without a key pass", "pod_topology_spread.go", "if !ok {\n\t\t\treport(", "if !ok && % {\n\t\t\tcontinue\n\t\t}\n\t\tif !ok {\n\t\t\treport("),
	fault("PodTopologySpread", "nominated pods do not spread", "pod_topology_spread.go", "if len(at.expected) > 0 {", "if len(at.expected) > 0 && !% {"),
	fault("PodTopologySpread", "nominated pods raise no minimum", "pod_topology_spread.go", "if domain == c.leastIn {", "if domain == c.leastIn && !% {"),
	fault("PodTopologySpread", "nominated pods of a deleted kind do not count", "pod_topology_spread.go", "if p.Namespace == s.q.pod.Namespace &&", "if !(% && p.Deleting) && p.Namespace == s.q.pod.Namespace &&"),

	fault("InterPodAffinity", "a term is met anywhere", "inter_pod_affinity.go", "met = met && p.together[", "met = met && % || met && p.together["),
	fault("InterPodAffinity", "nobody is the first of a group", "inter_pod_affinity.go", "if anywhere {", "if anywhere || % {"),
	fault("InterPodAffinity", "anybody is the first of a group", "inter_pod_affinity.go", "met || p.first(p.affinity, len(p.together) > 0)", "met || p.first(p.affinity, len(p.together) > 0 && !%)"),
	fault("InterPodAffinity", "the first of a group need not be one of it", "inter_pod_affinity.go", "if !p.means(&terms[i], p.q.pod.Namespace, p.labels) {", "if !p.means(&terms[i], p.q.pod.Namespace, p.labels) && !% {"),
	fault("InterPodAffinity", "one of the terms is enough", "inter_pod_affinity.go",
		"if !p.means(&terms[i], o.Namespace, o.Labels) {\n\t\t\treturn false", "if % {\n\t\t\tif p.means(&terms[i], o.Namespace, o.Labels) {\n\t\t\t\treturn true\n\t\t\t}\n\t\t\tcontinue\n\t\t}\n\t\tif !p.means(&terms[i], o.Namespace, o.Labels) {\n\t\t\treturn false"),
	fault("InterPodAffinity", "the pod's anti-affinity does not matter", "inter_pod_affinity.go", "if p.anyOf(beside.apart, at.node, keysOf(p.anti)) {", "if p.anyOf(beside.apart, at.node, keysOf(p.anti)) && !% {"),
	fault("InterPodAffinity", "others' anti-affinity does not matter", "inter_pod_affinity.go", "for _, o := range n.guarded {", "for _, o := range map[bool][]*Pod{false: n.guarded}[%] {"),
	fault("InterPodAffinity", "a key that the node lacks does not matter", "inter_pod_affinity.go", "if !ok {\n\t\t\treturn false", "if !ok && % {\n\t\t\tcontinue\n\t\t}\n\t\tif !ok {\n\t\t\treturn false"),
	fault("InterPodAffinity", "namespaces that do not exist have no labels", "inter_pod_affinity.go", "if !known && !t.within.Empty() {", "if !known && !t.within.Empty() && !% {"),
	fault("InterPodAffinity", "a namespaceSelector does not matter", "affinity_term.go", "|| t.within.Matches(has)", "|| (t.within.Matches(has) && !%)"),
	fault("InterPodAffinity", "namespaces do not matter", "affinity_term.go", "slices.Contains(t.namespaces, namespace) ||", "slices.Contains(t.namespaces, namespace) || % ||"),
	fault("InterPodAffinity", "the own namespace counts always", "affinity_term.go", "if len(namespaces) == 0 && t.NamespaceSelector == nil {", "if len(namespaces) == 0 && (t.NamespaceSelector == nil || %) {"),
	fault("InterPodAffinity", "nominated pods are not near", "inter_pod_affinity.go", "if len(at.expected) == 0 {", "if len(at.expected) == 0 || % {"),
	fault("InterPodAffinity", "nominated pods are there", "filters.go", "return []place{{n, expected}, {node: n}}", "if % {\n\t\treturn []place{{n, expected}}\n\t}\n\treturn []place{{n, expected}, {node: n}}"),
	fault("InterPodAffinity", "the filter is never left out", "inter_pod_affinity.go", "if len(p.guarded) == 0 &&", "if !% && len(p.guarded) == 0 &&"),
	fault("InterPodAffinity", "preferred terms are not read", "inter_pod_affinity.go", "for i := range a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution {", "for i := range map[bool][]corev1.WeightedPodAffinityTerm{false: a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution}[%] {"),
	fault("InterPodAffinity", "terms that can be read count beside others", "affinity_term.go", "if err != nil {\n\t\t\treturn nil, err\n\t\t}\n\t\twithin", "if err != nil && % {\n\t\t\tcontinue\n\t\t}\n\t\tif err != nil {\n\t\t\treturn nil, err\n\t\t}\n\t\twithin"),

	fault("message", "every cause is said", "message.go", "if v.rulings[r].every || texts == nil {", "if v.rulings[r].every || texts == nil || % {"),
	fault("message", "names that do not agree are not said", "message.go", "if named.text != \"\" {", "if named.text != \"\" && !% {"),
	fault("message", "names are not said", "message.go", "if named.nodes != nil && !named.nodes", "if !% && named.nodes != nil && !named.nodes"),
	fault("message", "one term's names do for all", "message.go", "if names == nil {\n\t\t\treturn out", "if names == nil && % {\n\t\t\tcontinue\n\t\t}\n\t\tif names == nil {\n\t\t\treturn out"),
	fault("message", "counts are not sorted as text", "message.go", "slices.Sort(parts)", "if !% {\n\t\tslices.Sort(parts)\n\t}"),
	fault("message", "taints come before cordons", "filters.go",
		"var filters = []filter{", "func init() {\n\tif % {\n\t\tfilters[1], filters[2] = filters[2], filters[1]\n\t}\n}\n\nvar filters = []filter{"),
}
