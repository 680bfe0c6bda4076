// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
)

var claimTerminatingKind = Kind{
	ID: "claim-terminating", Section: Stuck,
	Means: "A claim or a volume has been deleted for a while, and something keeps it: pods that have it, a claim that is bound to it, or a finalizer that nobody takes away.",
	Known: "The metadata.deletionTimestamp and finalizers of the claim or volume; the pods that use the claim and have a node; the claim of the volume.",
	Not:   "Within 10 minutes of the deletion. For a volume whose claim is reported, and for claims of a namespace or StatefulSet that is reported.",
	Remedy: "end the pods that keep it, or look in the logs of who set the finalizer why it stays; taking a finalizer away by hand can leave a disk behind that nobody knows, " +
		"or an attachment to a node",
	LosesData: "When the claim is gone, a volume of policy Delete is deleted with its data.",
	Needs:     []topology.Kind{topology.KindClaim, topology.KindVolume, topology.KindPod},
	Explains:  true,
	Find:      claimTerminating,
}

// deletionGrace is how long a deletion may take.
const deletionGrace = 10 * time.Minute

func claimTerminating(c *Cluster) []Finding {
	var found []Finding
	going := map[string]bool{} // Volumes of claims that are reported.
	for _, key := range slices.SortedFunc(maps.Keys(c.Claims), topology.Key.Compare) {
		claim := c.Claims[key]
		if claim.DeletionTimestamp == nil || c.explained[claimObject(key)] || !c.lasts(askedToGo(claim), deletionGrace) {
			continue
		}
		f := Finding{Objects: []Object{claimObject(key)}, Since: askedToGo(claim), Command: explainCommand("pvc", key)}
		f.Evidence = deletionEvidence("PersistentVolumeClaim", claim)
		var keepers []string
		for _, pod := range c.Users(key) {
			if !ended(pod) {
				f.Hurts = append(f.Hurts, podObject(keyOf(pod)))
			}
			if pod.Spec.NodeName != "" {
				keepers = append(keepers, keyOf(pod).String())
			}
		}
		switch {
		case len(keepers) > 0 && slices.Contains(claim.Finalizers, pvcProtection):
			f.Cause = fmt.Sprintf("claim %s is being deleted, and kept by pods that have it: %s", key, few(keepers))
		default:
			f.Cause = fmt.Sprintf("claim %s is being deleted, and kept by %s", key, finalizers(claim))
		}
		if v := c.Volumes[claim.Spec.VolumeName]; v != nil && c.ClaimOf(v) == claim {
			going[v.Name] = true
			f.LosesData = v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete
			if v.DeletionTimestamp != nil {
				f.Hurts = append(f.Hurts, volumeObject(v.Name))
			}
		}
		found = append(found, f)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Volumes)) {
		v := c.Volumes[name]
		if v.DeletionTimestamp == nil || going[name] || c.explained[volumeObject(name)] || !c.lasts(askedToGo(v), deletionGrace) {
			continue
		}
		f := Finding{Objects: []Object{volumeObject(name)}, Hurts: c.claimAndUsers(v), Since: askedToGo(v), Command: explainCommand("pv", topology.Key{Name: name})}
		f.Evidence = deletionEvidence("PersistentVolume", v)
		f.LosesData = v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete
		switch claim := c.ClaimOf(v); {
		case claim != nil && slices.Contains(v.Finalizers, pvProtection):
			f.Cause = fmt.Sprintf("volume %s is being deleted, and kept by claim %s, which is bound to it", name, keyOf(claim))
			if claim.DeletionTimestamp != nil && c.explained[claimObject(keyOf(claim))] {
				continue
			}
		default:
			f.Cause = fmt.Sprintf("volume %s is being deleted, and kept by %s", name, finalizers(v))
			for _, e := range c.Warnings(event.Object{Kind: "PersistentVolume", Name: name, UID: v.UID}) {
				if e.Reason == "VolumeFailedDelete" {
					f.Cause += "; " + e.By + " says: " + event.Words(e.Message)
					break
				}
			}
			if names := attachmentNames(c, name); names != "" {
				f.Cause += "; it is still attached: " + names
			}
		}
		found = append(found, f)
	}
	return found
}

// The finalizers by which Kubernetes keeps claims that pods have, and volumes that claims have.
const (
	pvcProtection = "kubernetes.io/pvc-protection"
	pvProtection  = "kubernetes.io/pv-protection"
)

func finalizers(o metav1.Object) string {
	if len(o.GetFinalizers()) == 0 {
		return "no finalizer: the API server will remove it"
	}
	if len(o.GetFinalizers()) == 1 {
		return "finalizer " + o.GetFinalizers()[0]
	}
	return "finalizers " + strings.Join(o.GetFinalizers(), ", ")
}

func deletionEvidence(kind string, o metav1.Object) []string {
	return []string{fmt.Sprintf("%s %s: metadata.deletionTimestamp %s, finalizers %v", kind, keyOf(o), moment(askedToGo(o)), o.GetFinalizers())}
}

func attachmentNames(c *Cluster, volume string) string {
	var names []string
	for _, a := range c.AttachmentsOf(volume) {
		names = append(names, a.Name+" to "+a.Spec.NodeName)
	}
	return few(names)
}

// few names the first of many.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
