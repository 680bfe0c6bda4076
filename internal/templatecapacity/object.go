// SPDX-License-Identifier: Apache-2.0

package templatecapacity

import (
	"crypto/sha256"
	"encoding/hex"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// templateNode is the label of the nodes that cluster-autoscaler simulates (kubernetes/autoscaler#9702).
const templateNode = "cluster-autoscaler.kubernetes.io/template-node"

// groupAnnotation says of which group an object is.
const groupAnnotation = "moorage.dev/node-group"

// Object is the CSIStorageCapacity of a capacity. It matches template nodes of the group and no node that is there, and carries none of the labels by which
// external-provisioner knows its own, which it would delete. moorage itself does not count it (topology.TemplateCapacityLabel).
func (c *Capacity) Object(namespace string, owner *metav1.OwnerReference) *storagev1.CSIStorageCapacity {
	sum := sha256.Sum256([]byte(c.Class + "\x00" + c.Label + "\x00" + c.Group))
	out := &storagev1.CSIStorageCapacity{
		TypeMeta: metav1.TypeMeta{APIVersion: storagev1.SchemeGroupVersion.String(), Kind: "CSIStorageCapacity"},
		ObjectMeta: metav1.ObjectMeta{
			Name: "moorage-template-" + hex.EncodeToString(sum[:8]), Namespace: namespace,
			Labels:      map[string]string{topology.TemplateCapacityLabel: "true", "app.kubernetes.io/managed-by": "moorage"},
			Annotations: map[string]string{groupAnnotation: c.Label + "=" + c.Group},
		},
		StorageClassName: c.Class,
		NodeTopology:     &metav1.LabelSelector{MatchLabels: map[string]string{templateNode: "true", c.Label: c.Group}},
	}
	if owner != nil {
		out.OwnerReferences = []metav1.OwnerReference{*owner}
	}
	if c.Bytes > 0 {
		out.Capacity = resource.NewQuantity(c.Bytes, resource.BinarySI)
	}
	if c.MaximumVolumeSize > 0 {
		out.MaximumVolumeSize = resource.NewQuantity(c.MaximumVolumeSize, resource.BinarySI)
	}
	return out
}
