// SPDX-License-Identifier: Apache-2.0

package nodeset

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/util/validation"
)

// zoneLabels are the labels of volumes that kube-scheduler's volumezone plugin reads, each with the label of a node that
// stands in where the node lacks it.
var zoneLabels = []struct{ key, fallback string }{
	{corev1.LabelFailureDomainBetaZone, corev1.LabelTopologyZone},
	{corev1.LabelFailureDomainBetaRegion, corev1.LabelTopologyRegion},
	{corev1.LabelTopologyZone, ""},
	{corev1.LabelTopologyRegion, ""},
}

// multiZoneDelimiter separates the zones of a volume that is in several (k8s.io/cloud-provider/volume).
const multiZoneDelimiter = "__"

// ZoneLabels compiles a volume's zone and region labels, one condition for each label; a node must meet all. A node that has
// none of the four labels meets every one. A label with an empty part says nothing.
func ZoneLabels(volume map[string]string) []*Selector {
	var out []*Selector
	for _, label := range zoneLabels {
		value, ok := volume[label.key]
		if !ok {
			continue
		}
		zones := strings.Split(value, multiZoneDelimiter)
		for i := range zones {
			zones[i] = strings.TrimSpace(zones[i])
		}
		if slices.Contains(zones, "") {
			continue
		}
		// A part that is not a label's value, such as the _b of a___b, is not a node's zone.
		zones = slices.DeleteFunc(zones, func(zone string) bool { return len(validation.IsValidLabelValue(zone)) > 0 })
		s := &Selector{}
		if len(zones) > 0 {
			s.add([]labels.Requirement{requirement(label.key, selection.In, zones...)}, nil)
			if label.fallback != "" {
				s.add([]labels.Requirement{
					requirement(label.key, selection.DoesNotExist), requirement(label.fallback, selection.In, zones...),
				}, nil)
			}
		}
		none := make([]labels.Requirement, len(zoneLabels))
		for i := range zoneLabels {
			none[i] = requirement(zoneLabels[i].key, selection.DoesNotExist)
		}
		s.add(none, nil)
		out = append(out, s.sealed())
	}
	return out
}

// requirement is for keys and values that are known to be valid.
func requirement(key string, op selection.Operator, values ...string) labels.Requirement {
	r, err := labels.NewRequirement(key, op, values)
	if err != nil {
		panic(err)
	}
	return *r
}
