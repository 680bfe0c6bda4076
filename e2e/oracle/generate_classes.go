// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	csiplugins "k8s.io/csi-translation-lib/plugins"
)

// unreadable is a label value that no selector can hold.
const unreadable = "not a label value!"

func (g *generator) makeClasses() {
	for i, name := range g.classes {
		c := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}}
		switch {
		case g.marked(0.15, RowClassNoProvisioner):
			c.Provisioner = "kubernetes.io/no-provisioner"
		case g.marked(0.04, RowClassEmptyProvider):
		case g.chance(0.1) && g.dials.migrated > 0:
			c.Provisioner = pick(g, csiplugins.AWSEBSInTreePluginName, csiplugins.GCEPDInTreePluginName,
				csiplugins.AzureDiskInTreePluginName, csiplugins.CinderInTreePluginName, csiplugins.VSphereInTreePluginName)
			g.mark(RowClassMigrated)
		default:
			c.Provisioner = pick(g, plainDriver, plainDriver, otherDriver, csiplugins.AWSEBSDriverName, csiplugins.GCEPDDriverName)
		}
		switch {
		case g.marked(g.dials.held*0.2, RowClassModeless):
		case i > 0 && g.chance(0.15), g.chance(g.dials.held):
			c.VolumeBindingMode = new(storagev1.VolumeBindingImmediate)
			g.mark(RowClassImmediate)
		default:
			c.VolumeBindingMode = new(storagev1.VolumeBindingWaitForFirstConsumer)
		}
		g.allowTopologies(c)
		g.cluster.Classes = append(g.cluster.Classes, c)
	}
}

func (g *generator) allowTopologies(c *storagev1.StorageClass) {
	switch {
	case g.marked(0.1, RowAllowedNone):
		c.AllowedTopologies = []corev1.TopologySelectorTerm{}
	case g.chance(0.3 + g.dials.affinity/2):
		for range g.between(1, 2) {
			c.AllowedTopologies = append(c.AllowedTopologies, g.topologyTerm())
		}
	}
}

func (g *generator) topologyTerm() corev1.TopologySelectorTerm {
	if g.marked(0.08, RowAllowedEmptyTerm) {
		return corev1.TopologySelectorTerm{}
	}
	g.mark(RowAllowedTerms)
	var term corev1.TopologySelectorTerm
	for range pick(g, 1, 1, 1, 2) {
		e := corev1.TopologySelectorLabelRequirement{Key: pick(g, zoneKeys...), Values: g.someZones()}
		if g.marked(g.dials.unreadable*0.3, RowAllowedUnreadable) {
			e.Values = append(e.Values, unreadable)
		}
		term.MatchLabelExpressions = append(term.MatchLabelExpressions, e)
	}
	return term
}

// someZones is one zone or more, most of them real.
func (g *generator) someZones() []string {
	out := some(g, 0.4, zones...)
	if len(out) == 0 {
		out = []string{pick(g, pick(g, zones...), pick(g, zones...), "nowhere")}
	}
	return out
}

func (g *generator) makePools() {
	for i := range g.between(0, 8) {
		p := &storagev1.CSIStorageCapacity{
			ObjectMeta:       metav1.ObjectMeta{Namespace: pick(g, mainNamespace, otherNamespace), Name: fmt.Sprintf("pool-%d", i)},
			StorageClassName: pick(g, g.classes...),
		}
		switch {
		case g.marked(0.08, RowPoolNoTopology):
		case g.marked(0.15, RowPoolAllNodes):
			p.NodeTopology = &metav1.LabelSelector{}
		case g.marked(g.dials.unreadable*0.5, RowPoolUnreadable):
			p.NodeTopology = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: rackKey, Operator: pick(g, metav1.LabelSelectorOperator("Near"), metav1.LabelSelectorOpIn)},
			}}
		case g.chance(0.4):
			p.NodeTopology = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelHostname: g.nodeName()}}
		case g.chance(0.7):
			p.NodeTopology = &metav1.LabelSelector{MatchLabels: map[string]string{pick(g, zoneKeys...): pick(g, zones...)}}
		default:
			p.NodeTopology = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{g.labelRequirement(
				pick(g, zoneKeys...), g.someZones())}}
		}
		capacity := g.between(0, 40)
		switch {
		case g.marked(0.1, RowPoolSilent):
		case g.marked(0.2, RowPoolMaximum):
			p.Capacity, p.MaximumVolumeSize = gigabytes(capacity), gigabytes(g.between(0, capacity))
		case g.chance(0.05):
			p.MaximumVolumeSize = gigabytes(capacity)
		default:
			p.Capacity = gigabytes(capacity)
		}
		g.cluster.Pools = append(g.cluster.Pools, p)
	}
}

func (g *generator) labelRequirement(key string, values []string) metav1.LabelSelectorRequirement {
	switch g.between(0, 5) {
	case 0:
		return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpNotIn, Values: values}
	case 1:
		return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpExists}
	case 2:
		return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpDoesNotExist}
	default:
		return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: values}
	}
}

func gigabytes(n int) *resource.Quantity {
	return resource.NewQuantity(int64(n)<<30, resource.BinarySI)
}
