// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"slices"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// The names of the defaults that are on where they have settings.
const (
	SchedulerName   = "scheduler-name"
	VolumesResource = "volumes-resource"
)

const (
	classFromBetaAnnotationName = "class-from-beta-annotation"
	gaTopologyKeysName          = "ga-topology-keys"
	waitForFirstConsumerName    = "wait-for-first-consumer"
	secretMode0440Name          = "secret-mode-0440"
	nodeNameToAffinityName      = "node-name-to-affinity"
)

// registry is every default, in the order in which they are applied.
var registry = []Default{
	{
		Name:    classFromBetaAnnotationName,
		Summary: "A claim's beta class annotation becomes spec.storageClassName where that is unset.",
		Kinds:   []rules.Kind{rules.PersistentVolumeClaim},
		On:      true,
		Apply:   classFromBetaAnnotation,
	},
	{
		Name:    gaTopologyKeysName,
		Summary: "The beta zone and region labels in a class's allowedTopologies and a PersistentVolume's node affinity become the present ones.",
		Kinds:   []rules.Kind{rules.PersistentVolume, rules.StorageClass},
		On:      true,
		Apply:   gaTopologyKeys,
	},
	{
		Name:    waitForFirstConsumerName,
		Summary: "A class of a zonal or node-local driver that binds immediately waits for the first consumer instead.",
		Kinds:   []rules.Kind{rules.StorageClass},
		Apply:   waitForFirstConsumer,
	},
	{
		Name:    secretMode0440Name,
		Summary: "A pod's secret volume with mode 0644 gets 0440 where all who mount it are of the pod's fsGroup and none is root.",
		Kinds:   []rules.Kind{rules.Pod},
		Apply:   secretMode0440,
	},
	{
		Name:    nodeNameToAffinityName,
		Summary: "A pod's nodeName becomes a node affinity where a claim waits for the scheduler to see the pod.",
		Kinds:   []rules.Kind{rules.Pod},
		Apply:   nodeNameToAffinity,
	},
	{
		Name:       SchedulerName,
		Summary:    "A pod with claims in a namespace that opted in goes to moorage's scheduler instead of the default one.",
		Kinds:      []rules.Kind{rules.Pod},
		Configured: func(s *Settings) bool { return s.SchedulerName != "" },
		Apply:      schedulerName,
	},
	{
		Name:       VolumesResource,
		Summary:    "A pod with claims asks for the resource by which its scheduler, if it is known to ignore it, chooses the pods that it asks moorage about.",
		Kinds:      []rules.Kind{rules.Pod},
		Configured: func(s *Settings) bool { return s.VolumesResource != "" },
		Apply:      volumesResource,
	},
}

// Registry returns a copy of every default in its order.
func Registry() []Default { return slices.Clone(registry) }

// Names returns the name of every default in the registry's order.
func Names() []string {
	names := make([]string, len(registry))
	for i := range registry {
		names[i] = registry[i].Name
	}
	return names
}
