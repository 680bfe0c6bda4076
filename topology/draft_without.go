// SPDX-License-Identifier: Apache-2.0

package topology

// Without returns the snapshot as it would be with the pods gone, and with them the attachments that no other pod of their
// node needs. It shares nearly everything with s, so that a question of the kind 'what if these were evicted' costs little.
func (s *Snapshot) Without(pods ...Key) *Snapshot {
	next := &state{Snapshot: *s}
	var gone []*Pod
	for _, key := range pods {
		if pod, ok := next.pods.Get(key); ok {
			gone = append(gone, pod)
			next.setPod(key, nil)
		}
	}
	for _, pod := range gone {
		for i := range pod.Volumes {
			if claim := s.Claim(pod.Namespace, pod.Volumes[i].Claim); claim != nil && claim.VolumeName != "" {
				next.detach(claim, pod.Node)
			}
		}
	}
	return &next.Snapshot
}

// detach takes away the attachments of the claim's volume to the node, unless a pod there still uses the claim.
func (s *state) detach(claim *Claim, node string) {
	for other := range s.Users(claim.Key()) {
		if other.Node == node && !other.Terminal {
			return
		}
	}
	names, _ := s.attachmentsOf.Get(Key{Name: claim.VolumeName})
	for _, name := range names {
		if a, _ := s.attachments.Get(Key{Name: name}); a.Node == node {
			s.setAttachment(Key{Name: name}, nil)
		}
	}
}

// PodByUID returns the pod with that UID, or nil. Pods without volumes that moorage looks at are not held.
func (s *Snapshot) PodByUID(uid string) *Pod {
	key, ok := s.podsByUID.Get(Key{Name: uid})
	if !ok {
		return nil
	}
	pod, _ := s.pods.Get(key)
	return pod
}
