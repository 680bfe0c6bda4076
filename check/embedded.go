// SPDX-License-Identifier: Apache-2.0

package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// custom is a resource of a kind that nothing here knows, with what in it has the shape of a pod or of a claim. Its operator may fill in and
// replace what is written, so that it is never denied, and nothing is said of what is missing.
type custom struct {
	item
	parts []part
}

// part is a pod or claim in a custom resource.
type part struct {
	kind   rules.Kind
	object runtime.Object
	what   string
	// places lead from the beginnings of its own paths to those in the resource, the longest first.
	places []place
}

type place struct{ own, in string }

// in returns the path in the resource.
func (p *part) in(path string) (string, bool) {
	for _, at := range p.places {
		if rest, ok := strings.CutPrefix(path, at.own); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return strings.TrimPrefix(at.in+rest, "."), true
		}
	}
	return "", false
}

// notByShape are the rules that speak of what is missing or of several objects, which an operator fills in or knows better.
var notByShape = []string{"api-refused", "decode", "ignore-annotation", "access-mode-shared-writer", "claim-template-unused", "binding-no-class", "binding-selected-node", "binding-hook-deadlock"}

// otherShapes are the groups whose objects hold patterns, tests, schemas or other objects instead of pods.
var otherShapes = []string{
	"apiextensions.k8s.io", "kyverno.io", "policies.kyverno.io", "chainsaw.kyverno.io", "cli.kyverno.io", "kuttl.dev", "gatekeeper.sh", "template.openshift.io",
	"admissionregistration.k8s.io", "kustomize.config.k8s.io", "helm.toolkit.fluxcd.io", "helm.cattle.io",
}

const (
	maxParts     = 64
	maxPartDepth = 16
)

// embedded finds the pods and claims of a custom resource.
func (f *file) embedded(i *item, gv schema.GroupVersion) {
	group := gv.Group
	if group == "" || slices.ContainsFunc(otherShapes, func(g string) bool { return group == g || strings.HasSuffix(group, "."+g) }) {
		return
	}
	c := &custom{item: *i}
	for _, e := range i.root.fields {
		if e.name != "metadata" && e.name != "status" {
			c.look(e.value, e.name, e.name, 0)
		}
	}
	if len(c.parts) > 0 {
		f.customs = append(f.customs, c)
	}
}

func (c *custom) look(n *node, name, path string, depth int) {
	if depth > maxPartDepth || len(c.parts) >= maxParts {
		return
	}
	switch n.shape {
	case list:
		for k, item := range n.items {
			c.look(item, name, fmt.Sprintf("%s[%d]", path, k), depth+1)
		}
	case object:
		pod := c.pod(n, path)
		if c.claim(n, name, path) {
			return
		}
		for _, e := range n.fields {
			switch {
			case e.name == "values" || e.name == "valuesObject" || e.name == "helm":
				// A chart's values have shapes of their own.
			case pod && (strings.HasSuffix(e.name, "ontainers") || e.name == "volumes"):
			default:
				c.look(e.value, e.name, path+"."+e.name, depth+1)
			}
		}
	case null, boolean, number, text:
	}
}

// claim takes a template of a claim, by the name of its field: an object with metadata and spec, or a spec alone.
func (c *custom) claim(n *node, name, path string) bool {
	var spec *node
	at := path
	switch name {
	case "volumeClaimTemplate", "volumeClaimTemplates", "persistentVolumeClaimTemplate":
		spec, at = n.field("spec"), path+".spec"
	case "pvcTemplate", "persistentVolumeClaimSpec":
		if spec = n; n.field("spec") != nil {
			spec, at = n.field("spec"), path+".spec"
		}
	default:
		return false
	}
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: c.meta()}
	if spec == nil || spec.shape != object || !decodes(spec, &claim.Spec) {
		return false
	}
	c.parts = append(c.parts, part{rules.PersistentVolumeClaim, claim, "claim template", []place{{"spec", at}}})
	return true
}

// pod takes an object with containers or volumes, those that stand beside them as in Argo's workflows and Prometheus' servers included.
func (c *custom) pod(n *node, path string) bool {
	containers, volumes := named(n.field("containers")), named(n.field("volumes"))
	if !containers && !volumes {
		return false
	}
	pod := &corev1.Pod{ObjectMeta: c.meta()}
	only := &node{shape: object}
	for _, e := range n.fields {
		if slices.Contains([]string{"containers", "initContainers", "volumes", "securityContext", "hostUsers", "hostNetwork", "hostPID", "nodeSelector", "restartPolicy", "resources"}, e.name) {
			only.fields = append(only.fields, e)
		}
	}
	if !containers {
		only.fields = slices.DeleteFunc(only.fields, func(e entry) bool { return e.name == "containers" })
	}
	if !decodes(only, &pod.Spec) {
		return false
	}
	places := append(c.beside(n, path, &pod.Spec), place{"spec", path})
	if strings.Contains(strings.ToLower(path), "daemonset") {
		// Agents of nodes are judged as such.
		for i := range places {
			places[i].own = "spec.template." + places[i].own
		}
		set := &appsv1.DaemonSet{ObjectMeta: pod.ObjectMeta, Spec: appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{Spec: pod.Spec}}}
		c.parts = append(c.parts, part{rules.DaemonSet, set, "pod", places})
		return true
	}
	c.parts = append(c.parts, part{rules.Pod, pod, "pod", places})
	return true
}

// beside adds the containers that stand elsewhere than in a list of them: one to each template of a workflow, and that whose mounts stand beside the volumes.
func (c *custom) beside(n *node, path string, spec *corev1.PodSpec) []place {
	var places []place
	add := func(from *node, at string) {
		var container corev1.Container
		if from == nil || from.shape != object || len(spec.Containers) >= maxParts || !decodes(from, &container) {
			return
		}
		places = append(places, place{fmt.Sprintf("spec.containers[%d]", len(spec.Containers)), at})
		spec.Containers = append(spec.Containers, container)
	}
	if mounts := n.field("volumeMounts"); named(mounts) {
		add(&node{shape: object, fields: []entry{{name: "name", value: &node{shape: text, scalar: strings.ToLower(c.ref.Kind)}}, {name: "volumeMounts", value: mounts}}}, path)
	}
	if templates := n.field("templates"); named(templates) {
		for k, t := range templates.items {
			for _, name := range []string{"container", "script"} {
				before := len(spec.Containers)
				add(t.field(name), fmt.Sprintf("%s.templates[%d].%s", path, k, name))
				if len(spec.Containers) > before && spec.Containers[before].Name == "" {
					spec.Containers[before].Name = t.text("name")
				}
			}
		}
	}
	return places
}

// named reports whether a node is a list of objects that all have names.
func named(n *node) bool {
	return n != nil && n.shape == list && len(n.items) > 0 &&
		!slices.ContainsFunc(n.items, func(i *node) bool { return i.shape != object || i.text("name") == "" })
}

func decodes(n *node, into any) bool {
	return kjson.UnmarshalCaseSensitivePreserveInts(n.appendJSON(nil, nil), into) == nil
}

func (c *custom) meta() metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: c.ref.Name, Namespace: c.ref.Namespace}
}

// evaluate asks the rules about the parts, and tells what they find by the place in the resource.
func (c *custom) evaluate(ctx context.Context, e *rules.Evaluator, q rules.Question, tell func(i *item, at position, path string, found rules.Finding)) []rules.Panic {
	var panics []rules.Panic
	for k := range c.parts {
		p := &c.parts[k]
		q.Kind, q.Object = p.kind, p.object
		result := e.Evaluate(ctx, q)
		for _, found := range result.Findings {
			path, ok := p.in(pathOf(found))
			if !ok || slices.Contains(notByShape, found.Rule) || c.undecided(path) {
				continue
			}
			if found.Action == rules.Deny {
				found.Action = rules.Warn
			}
			found.Message += fmt.Sprintf(" (a %s in this %s, by its shape)", p.what, c.ref.Kind)
			tell(&c.item, c.root.find(path), path, found)
		}
		panics = append(panics, result.Panics...)
	}
	return panics
}
