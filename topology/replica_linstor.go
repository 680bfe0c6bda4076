// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// LINSTOR has no API in Kubernetes that says where its replicas are: the objects of its operator are about satellites, and its CSI driver writes into a volume's
// affinity where it may be used, which without allowRemoteVolumeAccess: false is everywhere. But as Piraeus' operator sets it up, its database is made of custom
// resources, of which resources.internal.linstor.linbit.com has one for each volume and node (controller/generated-resources/com/linbit/linstor/dbcp/k8s/crd and
// Resource.java of linstor-server). They are LINSTOR's own affair, and may change with any release. What is read here has been the same since 1.19, is served in that
// version by all releases up to 1.33, and where it is not there any more nothing is known. Whether a replica is up to date the database does not say, nor what room a node has.

const linstorDriver = "linstor.csi.linbit.com"

// KindLinstorResource is LINSTOR's record of a volume on a node.
const KindLinstorResource Kind = "Resources.internal.linstor.linbit.com"

var linstorResources = schema.GroupVersionResource{Group: "internal.linstor.linbit.com", Version: "v1-19-1", Resource: "resources"}

// linstorVersions are further versions of the same.
var linstorVersions = []string{"v1-25-1", "v1-27-1", "v1-31-1", "v1-33-1"}

// LinstorResource is what moorage reads of a record.
type LinstorResource struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		// NodeName and ResourceName are in capitals.
		NodeName     string `json:"node_name"`
		ResourceName string `json:"resource_name"`
		// SnapshotName is not empty for what is not the volume but a snapshot of it.
		SnapshotName  string `json:"snapshot_name"`
		ResourceFlags int64  `json:"resource_flags"`
	} `json:"spec"`
}

// DeepCopyObject makes LinstorResource a runtime.Object.
func (r *LinstorResource) DeepCopyObject() runtime.Object {
	out := *r
	out.ObjectMeta = *r.ObjectMeta.DeepCopy() //nolint:staticcheck // Of the metadata, not of the whole.
	return &out
}

// LinstorResourceList is a list of them.
type LinstorResourceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []LinstorResource `json:"items"`
}

// DeepCopyObject makes LinstorResourceList a runtime.Object.
func (l *LinstorResourceList) DeepCopyObject() runtime.Object {
	out := *l
	out.Items = copied(l.Items, (*LinstorResource).DeepCopyObject)
	return &out
}

// The flags of a record with which the node holds no data, or is not to: Resource.Flags of linstor-server. A tie breaker, and what only uses the volume over the
// network, is diskless; one that is evicted is inactive.
const (
	linstorDelete, linstorDiskless, linstorDiskAdding, linstorDiskRemoving = 1 << 1, 1 << 2, 1 << 4, 1 << 6
	linstorInactive, linstorEvacuate, linstorDRBDDelete                    = 1 << 10, 1 << 17, 1 << 18

	linstorWithoutData = linstorDelete | linstorDiskless | linstorDiskAdding | linstorDiskRemoving | linstorInactive | linstorEvacuate | linstorDRBDDelete
)

// replicaOfLinstor is nil where the node holds no data of the volume. Node names of Kubernetes have no capitals.
func replicaOfLinstor(r *LinstorResource) *Replica {
	if r.Spec.ResourceName == "" || r.Spec.NodeName == "" || r.Spec.SnapshotName != "" || r.Spec.ResourceFlags&linstorWithoutData != 0 {
		return nil
	}
	return &Replica{Volume: strings.ToLower(r.Spec.ResourceName), Node: shared(strings.ToLower(r.Spec.NodeName))}
}

// linstorResource is the resource of a handle, which for a further volume of one resource ends in a slash and a number.
func linstorResource(handle string) string {
	name, _, _ := strings.Cut(handle, "/")
	return strings.ToLower(name)
}
