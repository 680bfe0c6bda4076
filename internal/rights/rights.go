// SPDX-License-Identifier: Apache-2.0

// Package rights is the one list of what the service account of an installed moorage has to be allowed, and of nothing that it
// need not be. The command doctor looks for these rights, and a test holds the chart against them.
//
// It follows from the configuration what is needed. It asks no API server.
package rights

import (
	"cmp"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/topology/live"
)

// Right is one verb on one resource.
type Right struct {
	Verb string
	// Group is empty for the core group. Resource may have a subresource, as in pods/binding.
	Group, Resource string
	// Namespace is the one that the right is for; empty means all of them, and what is in none.
	Namespace string
	// Name is that of the one object that the right is for; empty means all.
	Name string
	// Optional is a right without which moorage works, and leaves something out.
	Optional bool
}

// What is asked of objects that moorage reads: a watch begins with a list.
var read = []string{"list", "watch"}

// Needed are the rights of a moorage with this configuration, sorted.
func Needed(c *config.Configuration) []Right {
	var out []Right
	add := func(r Right, qualified string, verbs ...string) {
		r.Resource, r.Group, _ = strings.Cut(qualified, ".")
		for _, r.Verb = range verbs {
			out = append(out, r)
		}
	}
	for _, name := range live.ResourceNames() {
		add(Right{}, name, read...)
	}
	if c.Extender.BindAddress != config.Off {
		for _, driver := range c.Extender.ReplicasOf {
			for _, name := range live.ReplicaResourceNames(driver) {
				add(Right{Optional: true}, name, read...)
			}
		}
	}
	if c.Autoscaler.Events && c.Extender.BindAddress != config.Off {
		add(Right{}, "events", "create")
	}
	if c.Webhook.BindAddress == config.Off {
		return sorted(out)
	}
	if t := c.Autoscaler.TemplateCapacity; t != nil {
		add(Right{Namespace: t.Namespace}, "csistoragecapacities.storage.k8s.io", "create", "update", "delete")
		add(Right{Namespace: t.Namespace, Name: t.Lease}, "leases."+coordination, "get")
	}
	for _, name := range live.OptionalResourceNames() {
		add(Right{Optional: true}, name, read...)
	}
	if c.NeedsNamespaces() {
		add(Right{}, live.NamespaceResource, read...)
	}
	if a := c.Webhook.Authority; a != nil {
		keep := []string{"get", "update"}
		add(Right{Namespace: a.Namespace, Name: a.Secret}, "secrets", keep...)
		add(Right{Name: a.MutatingWebhookConfiguration}, "mutatingwebhookconfigurations.admissionregistration.k8s.io", keep...)
		add(Right{Name: a.ValidatingWebhookConfiguration}, "validatingwebhookconfigurations.admissionregistration.k8s.io", keep...)
	}
	if s := c.Webhook.SchedulerName; s != nil && s.Lease != nil {
		add(Right{Namespace: s.Lease.Namespace, Name: s.Lease.Name}, "leases."+coordination, "get")
	}
	return sorted(out)
}

const coordination = "coordination.k8s.io"

// OfScheduler are rights of a kube-scheduler that runs beside moorage with its service account and holds this Lease, which exists. Of
// those that Kubernetes' own roles give it (system:kube-scheduler, system:volume-scheduler, extension-apiserver-authentication-reader) there is
// one for each role, which no other gives: it shows whether the role is bound.
func OfScheduler(namespace, lease string) []Right {
	return []Right{
		{Verb: "create", Resource: "pods/binding"},
		{Verb: "update", Resource: "persistentvolumeclaims"},
		{Verb: "get", Resource: "configmaps", Namespace: "kube-system", Name: "extension-apiserver-authentication"},
		{Verb: "get", Group: coordination, Resource: "leases", Namespace: namespace, Name: lease},
		{Verb: "update", Group: coordination, Resource: "leases", Namespace: namespace, Name: lease},
	}
}

// OfReader are the rights of a person for whom moorage reads a cluster: explain, simulate, map, capture, and check with a cluster.
func OfReader() []Right {
	var out []Right
	for _, name := range live.ResourceNames() {
		r := Right{}
		r.Resource, r.Group, _ = strings.Cut(name, ".")
		for _, r.Verb = range []string{"get", "list"} {
			out = append(out, r)
		}
	}
	return out
}

// Together are the rights of all, each once, sorted.
func Together(all ...[]Right) []Right { return sorted(slices.Concat(all...)) }

func sorted(rights []Right) []Right {
	slices.SortFunc(rights, compare)
	return slices.CompactFunc(rights, func(a, b Right) bool { return compare(a, b) == 0 })
}

// compare brings together what is granted together.
func compare(a, b Right) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Group, b.Group), strings.Compare(a.Resource, b.Resource),
		strings.Compare(a.Name, b.Name), strings.Compare(a.Verb, b.Verb))
}

// Qualified is the resource with its group, such as csinodes.storage.k8s.io.
func (r Right) Qualified() string {
	if r.Group == "" {
		return r.Resource
	}
	return r.Resource + "." + r.Group
}
