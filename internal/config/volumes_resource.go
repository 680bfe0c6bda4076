// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"slices"

	"github.com/moorage-k8s/moorage/webhook/defaults"
)

// IgnoringSchedulers are the schedulers that ignore the volumes resource, and so may get pods that ask for it: those that are named, or
// else the one that the webhook sends pods to. There are none where there is no such resource.
func (w *Webhook) IgnoringSchedulers() []string {
	switch {
	case w.VolumesResource == "":
		return nil
	case len(w.VolumesResourceSchedulers) > 0:
		return w.VolumesResourceSchedulers
	case w.SchedulerName != nil && w.SchedulerName.Name != "":
		return []string{w.SchedulerName.Name}
	default:
		return nil
	}
}

func (w *Webhook) validateVolumesResource(add func(string, error)) {
	const schedulers = "webhook.volumesResourceSchedulers"
	for i, name := range w.VolumesResourceSchedulers {
		if name == "" {
			add(fmt.Sprintf("%s[%d]", schedulers, i), errors.New("is empty"))
		}
		if slices.Contains(w.VolumesResourceSchedulers[:i], name) {
			add(fmt.Sprintf("%s[%d]", schedulers, i), fmt.Errorf("%q is there twice", name))
		}
	}
	if w.VolumesResource == "" {
		if len(w.VolumesResourceSchedulers) > 0 {
			add(schedulers, errors.New("needs webhook.volumesResource"))
		}
		return
	}
	add("webhook.volumesResource", defaults.ValidateResource(w.VolumesResource))
	if len(w.IgnoringSchedulers()) == 0 {
		add("webhook.volumesResource", fmt.Errorf("no scheduler is known to ignore it, and pods of one that does not would stay Pending: name those "+
			"whose configuration has it in managedResources with ignoredByScheduler: true in %s, such as default-scheduler", schedulers))
	}
}
