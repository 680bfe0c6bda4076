// SPDX-License-Identifier: Apache-2.0

package output

import (
	"cmp"
	"fmt"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// noData is why a claim that is not bound can be recreated.
const noData = "it is not bound, so it has no data to lose"

// waitHelp is what would help a claim that waits. What could lose data says so itself.
func waitHelp(v *placement.Volume, cause placement.Cause, w *explain.ClaimWait, maker string) []string {
	claim := v.Claim
	switch cause {
	case placement.CauseClaimNotOurs:
		return notOursHelp(v, w)
	case placement.CauseClaimLost, placement.CauseVolumeMissing:
		return lostHelp(claim, w)
	case placement.CauseClaimDeleting:
		return deletingHelp(claim, w, maker)
	case placement.CauseClassMissing:
		return append(fixes(claim, w), anotherClass(claim, w)...)
	case placement.CauseClaimNotBound:
		return notBoundHelp(claim, v.Class, w)
	default:
		return nil
	}
}

func notOursHelp(v *placement.Volume, w *explain.ClaimWait) []string {
	name := v.ClaimName
	var out []string
	if v.Claim.Owner != "" && w.OwnerGone {
		out = append(out, fmt.Sprintf("wait: the garbage collector deletes claim %s with the pod that owned it", name))
	}
	return append(out,
		fmt.Sprintf("recreate the pod with another name for its volume %s, or with another name of its own", v.Name),
		fmt.Sprintf("look at what claim %s holds and who uses it; if nobody needs it, delete it, and its data with it: kube-controller-manager then makes one for the pod", name))
}

func lostHelp(claim *topology.Claim, w *explain.ClaimWait) []string {
	again := "restore the data from a snapshot or backup into a new claim: this one has no volume, so with it nothing is deleted"
	switch v := w.Volume; {
	case claim.VolumeName == "":
		return []string{again}
	case v == nil:
		return []string{
			fmt.Sprintf("look whether the disk of volume %s still exists in the storage backend; if it does, create PersistentVolume %s for it again, with its handle, reclaim policy Retain "+
				"and a claimRef to this claim: then the claim is bound to it again, with its data", claim.VolumeName, claim.VolumeName),
			again,
		}
	case v.HasClaimRef && v.ClaimRef == claim.Key() && !v.KeptFor(claim):
		return []string{takeOver(v, claim, true)}
	case v.HasClaimRef && v.ClaimRef != claim.Key():
		who := "that claim"
		if w.Holder == nil {
			who = "that claim, which is not there any more"
		}
		return []string{fmt.Sprintf("recreate claim %s without volumeName and the annotation pv.kubernetes.io/bind-completed, so that it gets a volume of its own; what is in volume %s is data of %s, and stays", claim.Name, v.Name, who)}
	default:
		return []string{"wait; where that lasts, look at the events of the claim, and whether kube-controller-manager runs"}
	}
}

func deletingHelp(claim *topology.Claim, w *explain.ClaimWait, maker string) []string {
	var out []string
	if v := w.Volume; v != nil && !v.Retain {
		out = append(out, fmt.Sprintf("to keep the data, set the reclaim policy of volume %s to Retain before the claim has gone (%s): the data may be deleted with the claim otherwise, and a deletion cannot be taken back",
			v.Name, retain(v)))
	}
	if len(w.Keepers) > 0 {
		out = append(out, fmt.Sprintf("let %s end, or delete it, if the claim is to go: it goes with the last of them", text.Few(w.Keepers, userText)))
	}
	for _, f := range otherFinalizers(w) {
		out = append(out, fmt.Sprintf("look for the controller that set the finalizer %s and what it waits for; removing it by hand skips what it protects", f))
	}
	empty := "which is empty"
	if v := w.Volume; v != nil && v.Retain {
		empty = fmt.Sprintf("which is empty; the data stays in volume %s", v.Name)
	}
	if maker != "" {
		return append(out, fmt.Sprintf("wait: once claim %s has gone, StatefulSet %s makes it again, with a new volume, %s", claim.Name, maker, empty))
	}
	return append(out, fmt.Sprintf("once claim %s has gone, create it again for the pod; it then gets a new volume, %s", claim.Name, empty))
}

// mostFixes is to how many volumes a claim is helped.
const mostFixes = 2

// fixes are what would let the claim have the volumes that come nearest.
func fixes(claim *topology.Claim, w *explain.ClaimWait) []string {
	var out []string
	for i := range w.Near[:min(len(w.Near), mostFixes)] {
		out = append(out, fix(&w.Near[i], claim)...)
	}
	return out
}

// anotherClass is for a claim whose class is not there, or that has none.
func anotherClass(claim *topology.Claim, w *explain.ClaimWait) []string {
	var out []string
	class := ""
	if near := nearest(claim.Class, w.Classes); near != "" {
		class = near
	}
	class = cmp.Or(class, w.Default)
	if class == "" && len(w.Classes) == 1 {
		class = w.Classes[0]
	}
	switch {
	case class != "":
		out = append(out, fmt.Sprintf("recreate claim %s with storageClassName: %s (%s)", claim.Name, class, noData))
	case len(w.Classes) > 0:
		out = append(out, fmt.Sprintf("recreate claim %s with the storageClassName of one of the classes %s (%s)", claim.Name, text.Few(w.Classes, func(s string) string { return s }), noData))
	}
	if claim.Class != "" {
		out = append(out, fmt.Sprintf("create class %s, or a volume with that class name that fits the claim", claim.Class))
	}
	return out
}

func notBoundHelp(claim *topology.Claim, class *topology.Class, w *explain.ClaimWait) []string {
	out := fixes(claim, w)
	switch {
	case claim.VolumeName != "" && w.Volume == nil:
		return append(out, fmt.Sprintf("create volume %s, or recreate claim %s with the right volumeName, or without one (%s)", claim.VolumeName, claim.Name, noData))
	case claim.VolumeName != "" && len(out) > 0:
		return out
	case claim.VolumeName != "":
		return []string{"wait; where that lasts, look at the events of the claim"}
	case claim.Class == "" && claim.Unclassed && w.Default == "":
		mark := "install a CSI driver and a StorageClass, and mark it as default: this claim then gets it (Kubernetes 1.28 and later)"
		if len(w.Classes) > 0 {
			mark = fmt.Sprintf("mark a class as default, such as %s (kubectl annotate storageclass %s storageclass.kubernetes.io/is-default-class=true): this claim then gets it (Kubernetes 1.28 and later), "+
				"and so does every later claim without a class", w.Classes[0], w.Classes[0])
		}
		return append(append([]string{mark}, anotherClass(claim, w)...), out...)
	case claim.Class == "" && claim.Unclassed:
		return append(out, fmt.Sprintf("wait; where that lasts, recreate claim %s with storageClassName: %s (%s)", claim.Name, w.Default, noData))
	case claim.Class == "":
		return append(append(out, fmt.Sprintf("create a volume of at least %s without a class for it", text.Size(claim.Request))), anotherClass(claim, w)...)
	case class == nil:
		return append(out, anotherClass(claim, w)...)
	case class.Provisions() && w.Unserved != nil:
		return append(out, serve(w.Unserved)...)
	case class.Provisions() && claim.Selector != nil:
		return append(out, fmt.Sprintf("recreate claim %s without its selector (%s)", claim.Name, noData))
	case class.Provisions() && w.Unlabelled != nil:
		return append(out, unlabelledHelp(w.Unlabelled)...)
	case class.Provisions() && w.Warning != nil:
		return append(out, remedies(w.Warning)...)
	case class.Provisions():
		return append(out, fmt.Sprintf("look at the events of the claim and at the log of the driver's provisioner (external-provisioner of %s)", class.Provisioner))
	default:
		return append(out, fmt.Sprintf("create a volume of class %s and at least %s", class.Name, text.Size(claim.Request)))
	}
}

func unlabelledHelp(u *explain.Unlabelled) []string {
	if len(u.Missing) == 0 {
		return []string{fmt.Sprintf("give a node the labels of all its topology keys of driver %s: restart the driver's node plugin there, or set those that an administrator sets", u.Driver)}
	}
	return []string{
		fmt.Sprintf("give the nodes the %s %s, which no node has: restart the node plugin of driver %s, which sets its own labels, or set by hand those that an administrator sets",
			text.Plural(len(u.Missing), "label"), text.And(u.Missing), u.Driver),
		"or configure the driver without that key, and restart its node plugin, so that it registers again",
	}
}
