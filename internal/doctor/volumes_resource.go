// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/webhook/defaults"
)

// volumesResource holds the resource that the webhook writes into pods against what the kube-schedulers that can be seen do about it. One that
// does not ignore it keeps every pod with it Pending.
func (e *examination) volumesResource(ctx context.Context, schedulers []corev1.Pod) Check {
	moorages, err := e.moorages(ctx)
	if err != nil {
		return unread(ctx, "moorage's pods", err)
	}
	c, where, err := e.admitting(ctx, moorages)
	if err != nil {
		return unreadConfiguration(ctx, where, err)
	}
	if c == nil || c.Webhook.VolumesResource == "" {
		return Check{State: OK}
	}
	resource, ignoring := c.Webhook.VolumesResource, c.Webhook.IgnoringSchedulers()
	if on, switched := c.Webhook.Defaults[defaults.VolumesResource]; switched && !on {
		ignoring = nil
	}
	out, seen := Check{State: OK}, map[string]bool{}
	for i := range schedulers {
		configuration, place := e.configurationOf(ctx, &schedulers[i])
		if configuration == nil {
			continue
		}
		for _, name := range configuration.names() {
			seen[name] = true
			out = worst(out, configuration.about(resource, name, place, slices.Contains(ignoring, name)))
		}
	}
	for _, name := range ignoring {
		if !seen[name] {
			out = worst(out, skipped("look there for managedResources with name: "+resource+" and ignoredByScheduler: true",
				"the webhook writes the resource %s into pods of the scheduler %s, whose configuration cannot be read from here: if it does not ignore the resource, they stay Pending",
				resource, name))
		}
	}
	return out
}

// configurationOf is that of the pod's kube-scheduler, and where it is; nil where it cannot be read. Without --config there is none, which is
// one without extenders.
func (e *examination) configurationOf(ctx context.Context, pod *corev1.Pod) (c *schedulerConfiguration, where string) {
	container := schedulerOf(pod)
	if container == nil {
		return nil, ""
	}
	c = &schedulerConfiguration{}
	path := argument(slices.Concat(container.Command, container.Args), "config")
	if path == "" {
		return c, "kube-scheduler of pod " + pod.Namespace + "/" + pod.Name + ", started without --config,"
	}
	text, where, err := e.mounted(ctx, pod, container, path)
	if err != nil || text == "" || yaml.Unmarshal([]byte(text), c) != nil {
		return nil, where
	}
	return c, where
}

// names are those of the schedulers that the configuration is for.
func (c *schedulerConfiguration) names() []string {
	if len(c.Profiles) == 0 {
		return []string{corev1.DefaultSchedulerName}
	}
	var out []string
	for i := range c.Profiles {
		out = append(out, cmp.Or(c.Profiles[i].SchedulerName, corev1.DefaultSchedulerName))
	}
	return out
}

// about compares what the configuration says of the resource with whether the webhook writes it into pods of one of its schedulers.
func (c *schedulerConfiguration) about(resource, name, where string, written bool) Check {
	managed, ignored := false, false
	for i := range c.Extenders {
		for _, r := range c.Extenders[i].ManagedResources {
			if r.Name == resource {
				managed, ignored = true, ignored || r.IgnoredByScheduler
			}
		}
	}
	const list = "webhook.volumesResourceSchedulers"
	switch {
	case written && !managed:
		return failure("take over managedResources: [{name: "+resource+", ignoredByScheduler: true}] into its extender and restart it, or take "+name+" out of "+list,
			"pods with claims of %s ask for %s, and %s does not ignore it: they stay Pending", name, resource, where)
	case written && !ignored:
		return failure("add ignoredByScheduler: true there and restart kube-scheduler, or take "+name+" out of "+list,
			"pods with claims of %s ask for %s, which %s has in managedResources without ignoredByScheduler: true: they stay Pending", name, resource, where)
	case !written && managed && !slices.ContainsFunc(c.Extenders, func(x schedulerExtender) bool {
		return strings.Trim(x.FilterVerb, "/") == "filter" && len(x.ManagedResources) == 0
	}):
		return warning("add "+name+" to "+list, "%s has moorage asked about pods with %s alone, and the webhook writes it into none of %s", where, resource, name)
	default:
		return Check{State: OK}
	}
}
