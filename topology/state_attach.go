// SPDX-License-Identifier: Apache-2.0

package topology

import "strings"

// This file keeps the attach usage in step with the objects that it follows from: pods, claims, volumes, classes and
// attachments. The caller that changes one of them takes back what depended on it before, and adds it again after.

// attachIdentity returns the driver and handle by which a pod's volume occupies an attach slot (filterAttachableVolumes in
// kube-scheduler's nodevolumelimits); both are empty for a volume that occupies none. A claim that has no volume yet counts
// as a volume of its own for its class's provisioner.
func (s *Snapshot) attachIdentity(pod *Pod, v *PodVolume) (driver, handle string) {
	if v.Claim == "" {
		return v.Driver, v.Handle
	}
	claim := s.Claim(pod.Namespace, v.Claim)
	if claim == nil || (v.Ephemeral && claim.Owner != pod.UID) {
		return "", ""
	}
	return s.ClaimAttachment(claim)
}

// ClaimAttachment returns the driver and the handle by which a claim's volume occupies an attach slot of the node that it is
// used on; both are empty where it occupies none. The handle of a claim that has no volume yet is one that no volume has.
func (s *Snapshot) ClaimAttachment(claim *Claim) (driver, handle string) {
	if claim.VolumeName != "" {
		if volume := s.Volume(claim.VolumeName); volume != nil {
			return volume.attachment()
		}
	}
	if class := s.Class(claim.Class); class != nil && class.Driver != "" {
		return class.Driver, "\x00" + claim.Key().String()
	}
	return "", ""
}

// attachment returns the driver and handle by which the volume occupies an attach slot; both are empty if it does not.
func (v *Volume) attachment() (driver, handle string) {
	driver, handle = v.Driver, v.Handle
	if v.Migration != nil {
		driver, handle = v.Migration.Driver, v.Migration.Handle
	}
	if driver == "" || handle == "" {
		return "", ""
	}
	return driver, handle
}

// countPod adds (1) or takes back (-1) the slots that the pod's volumes occupy.
func (s *state) countPod(pod *Pod, by int32) {
	if pod == nil || pod.Node == "" || pod.Terminal {
		return
	}
	for i := range pod.Volumes {
		if driver, handle := s.attachIdentity(pod, &pod.Volumes[i]); driver != "" {
			s.usage = s.usage.add(s.index, pod.Node, driver, handle, by)
		}
	}
}

// countAttachment adds or takes back the slot of an attachment. In-tree counts those of CSI volumes alone, under the name
// of the attacher (getNodeVolumeAttachmentInfo in nodevolumelimits).
func (s *state) countAttachment(a *Attachment, by int32) {
	if a == nil || a.Driver == "" || a.Volume == "" {
		return
	}
	if volume := s.Volume(a.Volume); volume != nil && volume.Driver != "" {
		s.usage = s.usage.add(s.index, a.Node, a.Driver, volume.Handle, by)
	}
}

// countUsers adds or takes back what the pods that use any of the claims occupy, each pod once.
func (s *state) countUsers(by int32, claims ...Key) {
	seen := map[*Pod]unit{}
	for _, claim := range claims {
		for pod := range s.Users(claim) {
			if _, ok := seen[pod]; !ok {
				seen[pod] = unit{}
				s.countPod(pod, by)
			}
		}
	}
}

// countVolume adds or takes back what depends on a volume: the pods whose claims name it, and its attachments.
func (s *state) countVolume(name string, by int32) {
	names, _ := s.claimsOf.Get(Key{Name: name})
	claims := make([]Key, len(names))
	for i := range names {
		claims[i].Namespace, claims[i].Name, _ = strings.Cut(names[i], "/")
	}
	s.countUsers(by, claims...)
	attachments, _ := s.attachmentsOf.Get(Key{Name: name})
	for _, attachment := range attachments {
		a, _ := s.attachments.Get(Key{Name: attachment})
		s.countAttachment(a, by)
	}
}

// countClass adds or takes back what depends on a class: the pods whose claims have no volume yet. It looks at every claim,
// which is acceptable since a class's provisioner never changes.
func (s *state) countClass(name string, by int32) {
	var claims []Key
	for key, claim := range s.claims.All() {
		if claim.Class == name && (claim.VolumeName == "" || s.Volume(claim.VolumeName) == nil) {
			claims = append(claims, key)
		}
	}
	s.countUsers(by, claims...)
}
