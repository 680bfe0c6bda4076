// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// The kinds of workloads, of which all replicas are explained.
const (
	kindStatefulSet topology.Kind = "StatefulSet"
	kindDeployment  topology.Kind = "Deployment"
	kindReplicaSet  topology.Kind = "ReplicaSet"
	kindDaemonSet   topology.Kind = "DaemonSet"
	kindJob         topology.Kind = "Job"
)

// explainedKind is a kind that can be explained.
type explainedKind struct {
	kind topology.Kind
	// names are those that kubectl takes, the one that is shown first.
	names []string
	what  string
}

var explainedKinds = []explainedKind{
	{topology.KindPod, []string{"pod", "pods", "po"}, "why a pod could land here and not there"},
	{topology.KindClaim, []string{"pvc", "persistentvolumeclaim", "persistentvolumeclaims"}, "what a claim waits for"},
	{topology.KindVolume, []string{"pv", "persistentvolume", "persistentvolumes"}, "whose a volume is, and where it can be used"},
	{topology.KindClass, []string{"storageclass", "storageclasses", "sc"}, "what a class can provision where, now"},
	{topology.KindNode, []string{"node", "nodes", "no"}, "what a node has and can take"},
	{kindStatefulSet, []string{"statefulset", "statefulsets", "sts"}, "all replicas, and the claims of earlier ones"},
	{kindDeployment, []string{"deployment", "deployments", "deploy"}, "all replicas"},
	{kindReplicaSet, []string{"replicaset", "replicasets", "rs"}, "all replicas"},
	{kindDaemonSet, []string{"daemonset", "daemonsets", "ds"}, "the pods on all nodes"},
	{kindJob, []string{"job", "jobs"}, "the pods of a job"},
}

// otherKinds are kinds of which people may think that they are explained, so that their names are not taken for those of namespaces.
var otherKinds = []string{
	"service", "services", "svc", "configmap", "configmaps", "cm", "secret", "secrets", "ingress", "ingresses", "ing", "namespace", "namespaces",
	"ns", "cronjob", "cronjobs", "cj", "event", "events", "ev", "serviceaccount", "sa", "poddisruptionbudget", "pdb", "volumesnapshot", "volumesnapshots",
	"vs", "csidriver", "csidrivers", "csinode", "csinodes", "csistoragecapacity", "volumeattachment", "volumeattachments", "replicationcontroller", "rc",
	"horizontalpodautoscaler", "hpa", "endpoints", "ep", "zone", "zones", "podgroup",
}

// kindNamed is the kind by a name that kubectl takes, with or without its group; nil where it is not explained.
func kindNamed(name string) *explainedKind {
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	for i := range explainedKinds {
		if slices.Contains(explainedKinds[i].names, name) {
			return &explainedKinds[i]
		}
	}
	return nil
}

// target is what explain is asked about.
type target struct {
	kind topology.Kind
	// namespace is empty for the one that -n names, or the context.
	namespace, name string
	// guessed tells that the namespace was written before a slash, where a kind might be.
	guessed bool
}

func kindsHint() string {
	var names []string
	for i := range explainedKinds {
		names = append(names, explainedKinds[i].names[0])
	}
	return "it explains " + strings.Join(names, ", ") + ", as in 'explain pvc data' or 'explain sts/db'"
}

// targetOf reads NAME, KIND/NAME, NAMESPACE/NAME, KIND NAME and KIND NAMESPACE/NAME.
func targetOf(args []string) (target, error) {
	switch len(args) {
	case 1:
	case 2:
		k := kindNamed(args[0])
		if k == nil {
			return target{}, unknownKind(args[0])
		}
		t := target{kind: k.kind, name: args[1]}
		if namespace, name, ok := strings.Cut(args[1], "/"); ok {
			t.namespace, t.name = namespace, name
		}
		err := t.check(args)
		return t, err
	default:
		return target{}, fmt.Errorf("explain one at a time, not %s; without a name it lists all that waits", strings.Join(args, " "))
	}
	parts := strings.Split(args[0], "/")
	k := kindNamed(parts[0])
	var t target
	switch {
	case len(parts) == 1 && k != nil:
		return t, fmt.Errorf("explain which %s? Say its name, such as 'explain %s NAME'", parts[0], parts[0])
	case len(parts) == 1:
		t = target{kind: topology.KindPod, name: parts[0]}
	case len(parts) == 2 && k != nil:
		t = target{kind: k.kind, name: parts[1]}
	case len(parts) == 3 && k != nil:
		t = target{kind: k.kind, namespace: parts[1], name: parts[2]}
	case len(parts) == 2 && !slices.Contains(otherKinds, strings.ToLower(parts[0])) && !strings.Contains(parts[0], "."):
		t = target{kind: topology.KindPod, namespace: parts[0], name: parts[1], guessed: true}
	default:
		return t, unknownKind(parts[0])
	}
	err := t.check(args)
	return t, err
}

func (t *target) check(args []string) error {
	switch {
	case t.name == "" || strings.Contains(t.name, "/"):
		return fmt.Errorf("explain which %s? %q has no name; say KIND NAME, KIND/NAME or NAMESPACE/NAME", t.kind, strings.Join(args, " "))
	case t.namespace != "" && !t.namespaced():
		return fmt.Errorf("a %s is in no namespace; say %s alone", t.kind, t.name)
	default:
		return nil
	}
}

func (t *target) namespaced() bool {
	return t.kind != topology.KindNode && t.kind != topology.KindVolume && t.kind != topology.KindClass
}

func unknownKind(name string) error {
	var all []string
	for i := range explainedKinds {
		all = append(all, explainedKinds[i].names...)
	}
	near := ""
	if len(suggest.Nearest(name, all)) > 0 {
		near = "; " + suggest.Sentence(name, all)
	}
	return fmt.Errorf("cannot explain %q%s; %s", name, near, kindsHint())
}

// in is the target with its namespace: its own, or the one that names are looked for in.
func (t *target) in(c *cluster, flag string) (topology.Key, error) {
	key := topology.Key{Name: t.name}
	if !t.namespaced() {
		return key, nil
	}
	if t.namespace != "" && flag != "" && flag != t.namespace {
		return key, fmt.Errorf("-n %s and %s/%s name two namespaces", flag, t.namespace, t.name)
	}
	key.Namespace = c.namespace
	if t.namespace != "" {
		key.Namespace = t.namespace
	}
	return key, nil
}

// fewNames are listed in an error.
const fewNames = 8

// notFound is the error for a name that there is not; it names what there is.
func (c *cluster) notFound(what string, kind topology.Kind, key topology.Key) error {
	var names, elsewhere []string
	for _, k := range c.keys(kind) {
		switch {
		case k.Namespace == key.Namespace:
			names = append(names, k.Name)
		case k.Name == key.Name:
			elsewhere = append(elsewhere, k.Namespace)
		}
	}
	where := ""
	if key.Namespace != "" {
		where = " in namespace " + key.Namespace
	}
	text := fmt.Sprintf("there is no %s %s%s of %s", what, key.Name, where, c.source)
	switch {
	case len(elsewhere) > 0:
		return fmt.Errorf("%s, but there is one in %s; choose it with -n", text, strings.Join(elsewhere[:min(len(elsewhere), 3)], ", "))
	case len(names) > 0:
		return fmt.Errorf("%s; %s", text, whatThereIs(key.Name, names))
	default:
		return errors.New(text)
	}
}

// whatThereIs says which names there are in place of one: those that are near to it, or all, or the first of many.
func whatThereIs(name string, names []string) string {
	if len(names) > fewNames && len(suggest.Nearest(name, names)) == 0 {
		return fmt.Sprintf("there are %d, such as %s", len(names), strings.Join(names[:3], ", "))
	}
	return suggest.Sentence(name, names)
}

// keys names the objects of a kind that are known, sorted. Workloads are known by their pods as well.
func (c *cluster) keys(kind topology.Kind) []topology.Key {
	met := map[topology.Key]bool{}
	switch {
	case kind == topology.KindPod:
		for key := range c.whole.pods {
			met[key] = true
		}
	case isWorkload(kind):
		return c.workloadKeys(kind)
	}
	keys := c.snapshot.Keys(kind)
	for _, key := range keys {
		delete(met, key)
	}
	for key := range met {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, topology.Key.Compare)
	return keys
}

// hasNamespace reports whether anything that is known is in a namespace.
func (c *cluster) hasNamespace(namespace string) bool {
	in := func(k topology.Key) bool { return k.Namespace == namespace }
	return slices.ContainsFunc(c.keys(topology.KindPod), in) || slices.ContainsFunc(c.snapshot.Keys(topology.KindClaim), in)
}
