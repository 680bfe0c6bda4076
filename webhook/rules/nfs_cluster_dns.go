// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var nfsClusterDNSRule = Rule{
	ID:          "nfs-cluster-dns",
	Summary:     "An NFS server is named by the cluster's DNS (NAME.NAMESPACE.svc), which nodes usually do not ask.",
	Kinds:       append([]Kind{PersistentVolume}, podKinds...),
	Action:      Warn,
	Symptom:     "MountVolume.SetUp failed: mount.nfs: Failed to resolve server: Name or service not known; the pod stays in ContainerCreating",
	Remediation: "use the Service's clusterIP, or a name that the nodes resolve",
	Check:       nfsClusterDNS,
}

// nfsClusterDNS fires on names that the node's own resolver, which mounts use, does not know. Some installations have it ask the cluster.
func nfsClusterDNS(in *Input) []Finding {
	var found []Finding
	tell := func(server string, at *field.Path, what string) {
		host := strings.TrimSuffix(strings.ToLower(server), ".")
		if strings.HasSuffix(host, ".svc") || strings.Contains(host, ".svc.") {
			found = append(found, Finding{Path: at, Message: fmt.Sprintf("%sNFS server %q is a name of the cluster's DNS, and the node mounts it", what, server)})
		}
	}
	if pv, ok := in.Object.(*corev1.PersistentVolume); ok {
		spec := field.NewPath("spec")
		if pv.Spec.NFS != nil {
			tell(pv.Spec.NFS.Server, spec.Child("nfs", "server"), "")
		}
		if s := pv.Spec.CSI; s != nil && s.Driver == "nfs.csi.k8s.io" && pv.Annotations[provisionedBy] == "" {
			tell(s.VolumeAttributes["server"], spec.Child("csi", "volumeAttributes").Key("server"), "")
		}
		return found
	}
	spec, path := podSpecOf(in.Object)
	if spec == nil {
		return nil
	}
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		at := path.Child("volumes").Index(i)
		if v.NFS != nil {
			tell(v.NFS.Server, at.Child("nfs", "server"), fmt.Sprintf("volume %q: ", v.Name))
		}
		if v.CSI != nil && v.CSI.Driver == "nfs.csi.k8s.io" {
			tell(v.CSI.VolumeAttributes["server"], at.Child("csi", "volumeAttributes").Key("server"), fmt.Sprintf("volume %q: ", v.Name))
		}
	}
	return found
}
