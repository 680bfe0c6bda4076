// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// ClaimWait is what is known of why a claim has no volume that can be used.
type ClaimWait struct {
	// Near are the volumes that come nearest, or the one that the claim names.
	Near []NearMiss
	// Earlier hold the data of an earlier claim of the name.
	Earlier []*topology.Volume
	// Default is the class that claims without one get; empty where none is marked. Classes are all there are.
	Default string
	Classes []string
	// Used tells that there are volumes of the claim's class, which is then only a name that both bear.
	Used bool
	// Unserved is set where nobody makes the volume, and Unlabelled where external-provisioner cannot tell where to.
	Unserved   *Unserved
	Unlabelled *Unlabelled
	// Warning is what went wrong when the volume was to be made or bound; nil where no event says so.
	Warning *event.Event
	// Keepers are the pods for which a claim that is being deleted is still there. Finalizers are all that keep it, where they are known.
	Keepers    []User
	Finalizers []string
	// Volume is the one that the claim names, where it is there, and Holder the claim that has it, where that is another one.
	Volume *topology.Volume
	Holder *topology.Claim
	// OwnerGone tells that the claim's owner is no pod that is there.
	OwnerGone bool
}

// Unlabelled are the topology keys of a driver for which no node has all labels.
type Unlabelled struct {
	Driver string
	// Keys are its keys, Missing those that no node carries.
	Keys, Missing []string
}

// wait gathers what is known of a claim that holds its pod back.
func (q *asked) wait(v *placement.Volume) *ClaimWait {
	s, claim := q.Snapshot, v.Claim
	w := &ClaimWait{Earlier: earlierVolumes(s, claim)}
	for _, key := range s.Keys(topology.KindClass) {
		w.Classes = append(w.Classes, key.Name)
	}
	if class, ok := s.DefaultStorageClass(); ok {
		w.Default = class.Name
	}
	if claim.VolumeName != "" {
		w.Volume = s.Volume(claim.VolumeName)
		if w.Volume != nil && w.Volume.HasClaimRef && w.Volume.ClaimRef != claim.Key() {
			w.Holder = s.Claim(w.Volume.ClaimRef.Namespace, w.Volume.ClaimRef.Name)
		}
	}
	if claim.Owner != "" {
		w.OwnerGone = s.PodByUID(string(claim.Owner)) == nil
	}
	if claim.Deleting {
		w.Keepers = keepers(s, claim.Key())
		if whole := q.Claims[claim.Key()]; whole != nil {
			w.Finalizers = whole.Finalizers
		}
		return w
	}
	if claim.Bound() || claim.Lost {
		return w
	}
	w.Warning = q.provisioningWarning(claim)
	w.Used = slices.ContainsFunc(s.Keys(topology.KindVolume), func(key topology.Key) bool { return s.Volume(key.Name).Class == claim.Class })
	provisioned := v.Class != nil && v.Class.Provisions() && claim.VolumeName == ""
	if !provisioned || claim.Selector != nil {
		w.Near = nearMisses(s, claim)
	}
	if provisioned {
		w.Unserved = q.unserved(v)
		if w.Unserved != nil && !w.Unserved.Certain && (!waitsInVain(s, claim) || w.Warning != nil && w.Warning.By != kubeControllerManager) {
			w.Unserved = nil
		}
		w.Unlabelled = unlabelled(s, v.Class)
	}
	return w
}

// unlabelled tells where external-provisioner finds no place for a volume of a class with the binding mode Immediate: it takes the topology
// keys of any CSINode of the driver, and wants a node that has labels for all of them ('topologyKeys … were not found on any nodes':
// aggregateTopologies in its pkg/controller/topology.go). A class with allowedTopologies names the places itself.
func unlabelled(s *topology.Snapshot, class *topology.Class) *Unlabelled {
	if class.Delayed || class.Allowed != nil || class.Driver == "" {
		return nil
	}
	keys, _ := s.DriverOnNodes(class.Driver)
	if len(keys) == 0 {
		return nil
	}
	out := &Unlabelled{Driver: class.Driver, Keys: keys}
	registered := s.RegisteredOn(class.Driver)
	for i := range registered.All() {
		of := s.Node(i).Driver(class.Driver).TopologyKeys
		if len(of) == 0 {
			continue
		}
		for j := range s.NumNodes() {
			has := func(key string) bool { _, ok := s.Node(j).Labels[key]; return ok }
			if !slices.ContainsFunc(of, func(key string) bool { return !has(key) }) {
				return nil
			}
		}
	}
	for _, key := range keys {
		if !s.LabelOnNodes(key) {
			out.Missing = append(out.Missing, key)
		}
	}
	return out
}

// keepers are the pods for which kube-controller-manager keeps a claim that is being deleted: those that have a node, also when they have
// ended, as long as they are there (podUsesPVC in pkg/controller/volume/pvcprotection). A pod that waits for a node keeps nothing.
func keepers(s *topology.Snapshot, claim topology.Key) []User {
	return slices.DeleteFunc(usersOf(s, claim), func(u User) bool { return u.Node == "" })
}
