// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology/hamt"
)

// This file changes each kind of object, and keeps what is derived from it in step.

func (s *state) setVolume(key Key, volume *Volume) {
	old, _ := s.volumes.Get(key)
	if old.reach() != volume.reach() {
		s.countSeriesOf(key.Name, -1)
		defer s.countSeriesOf(key.Name, 1)
	}
	if !sameAttachment(old, volume) {
		s.countVolume(key.Name, -1)
		defer s.countVolume(key.Name, 1)
	}
	if old != nil && old.unclaimed() {
		s.unclaimed = without(s.unclaimed, Key{Name: old.Class}, key)
	}
	if old != nil && old.ClaimRef != (Key{}) && (volume == nil || volume.ClaimRef != old.ClaimRef) {
		s.keptFor = withoutName(s.keptFor, old.ClaimRef, key.Name)
	}
	if volume == nil {
		s.volumes = s.volumes.Delete(key)
		return
	}
	s.volumes = s.volumes.Set(key, volume)
	if volume.unclaimed() {
		names, _ := s.unclaimed.Get(Key{Name: volume.Class})
		s.unclaimed = s.unclaimed.Set(Key{Name: volume.Class}, names.Set(key, unit{}))
	}
	if volume.ClaimRef != (Key{}) {
		s.keptFor = withName(s.keptFor, volume.ClaimRef, key.Name)
		s.volumeSeen(volume)
	}
}

func sameAttachment(a, b *Volume) bool {
	if a == nil || b == nil || a.Driver != b.Driver || a.Handle != b.Handle {
		return false
	}
	aDriver, aHandle := a.attachment()
	bDriver, bHandle := b.attachment()
	return aDriver == bDriver && aHandle == bHandle
}

func (s *state) setClaim(key Key, claim *Claim) {
	old, _ := s.claims.Get(key)
	if !s.samePlace(old, claim) {
		s.countSeries(old, -1)
		defer s.countSeries(claim, 1)
	}
	if old == nil || claim == nil || old.VolumeName != claim.VolumeName || old.Class != claim.Class || old.Owner != claim.Owner {
		s.countUsers(-1, key)
		defer s.countUsers(1, key)
	}
	if old != nil && old.VolumeName != "" {
		s.claimsOf = withoutName(s.claimsOf, Key{Name: old.VolumeName}, key.String())
	}
	s.reserve(key, old, claim)
	if claim == nil {
		s.claims = s.claims.Delete(key)
		return
	}
	s.claims = s.claims.Set(key, claim)
	if claim.VolumeName != "" {
		s.claimsOf = withName(s.claimsOf, Key{Name: claim.VolumeName}, key.String())
	}
}

func (s *state) setClass(key Key, class *Class) {
	old, _ := s.classes.Get(key)
	if old == nil || class == nil || old.Provisioner != class.Provisioner {
		s.countClass(key.Name, -1)
		defer s.countClass(key.Name, 1)
	}
	if class == nil {
		s.classes = s.classes.Delete(key)
	} else {
		s.classes = s.classes.Set(key, class)
		s.revisitAll(key.Name)
	}
}

func (s *state) setAttachment(key Key, attachment *Attachment) {
	if old, _ := s.attachments.Get(key); old != nil {
		s.countAttachment(old, -1)
		s.attachmentsOf = withoutName(s.attachmentsOf, Key{Name: old.Volume}, key.Name)
	}
	if attachment == nil {
		s.attachments = s.attachments.Delete(key)
		return
	}
	s.attachments = s.attachments.Set(key, attachment)
	s.attachmentsOf = withName(s.attachmentsOf, Key{Name: attachment.Volume}, key.Name)
	s.countAttachment(attachment, 1)
}

func (s *state) setPool(key Key, pool *Pool) {
	old, _ := s.pools.Get(key)
	s.republished(old, pool)
	s.placePool(key, pool)
	if pool != nil && (old == nil || old.Class != pool.Class || old.Topology != pool.Topology || pool.roomierThan(old)) {
		s.revisitAll(pool.Class)
	}
}

// placePool changes a pool without a look at what is reserved there.
func (s *state) placePool(key Key, pool *Pool) {
	old, _ := s.pools.Get(key)
	if old != nil && (pool == nil || pool.Class != old.Class) {
		of, _ := s.poolsOf.Get(Key{Name: old.Class})
		if of = of.delete(key); of == nil {
			s.poolsOf = s.poolsOf.Delete(Key{Name: old.Class})
		} else {
			s.poolsOf = s.poolsOf.Set(Key{Name: old.Class}, of)
		}
	}
	if pool == nil {
		s.pools = s.pools.Delete(key)
		return
	}
	s.pools = s.pools.Set(key, pool)
	of, _ := s.poolsOf.Get(Key{Name: pool.Class})
	s.poolsOf = s.poolsOf.Set(Key{Name: pool.Class}, of.set(pool))
}

func (s *state) setPod(key Key, pod *Pod) {
	old, _ := s.pods.Get(key)
	if old != nil && pod != nil && sameUse(old, pod) {
		s.pods = s.pods.Set(key, pod)
		if old.Gated && !pod.Gated {
			s.revisitClaimsOf(pod)
		}
		return
	}
	if old != nil {
		s.podsByUID = s.podsByUID.Delete(Key{Name: string(old.UID)})
		s.countPod(old, -1)
		s.indexUses(old, withoutName)
	}
	if pod == nil {
		s.pods = s.pods.Delete(key)
		return
	}
	s.pods = s.pods.Set(key, pod)
	s.indexUses(pod, withName)
	s.podsByUID = s.podsByUID.Set(Key{Name: string(pod.UID)}, key)
	s.countPod(pod, 1)
	s.revisitClaimsOf(pod)
}

// indexUses enters a pod (withName), or takes it out (withoutName), where it is found by what its volumes use.
func (s *state) indexUses(pod *Pod, change func(hamt.Map[Key, []string], Key, string) hamt.Map[Key, []string]) {
	for i := range pod.Volumes {
		v := &pod.Volumes[i]
		if v.Claim != "" {
			s.users = change(s.users, Key{pod.Namespace, v.Claim}, pod.Name)
		}
		if v.Disk != nil {
			s.diskUsers = change(s.diskUsers, v.Disk.ID, pod.Key().String())
		}
		if v.SingleAttach {
			s.inlineUsers = change(s.inlineUsers, Key{v.Driver, v.Handle}, pod.Key().String())
		}
	}
}

// sameUse reports whether both states of a pod use the same volumes on the same node: most updates of a pod change neither.
func sameUse(a, b *Pod) bool {
	return a.Node == b.Node && a.Terminal == b.Terminal && a.UID == b.UID &&
		slices.EqualFunc(a.Volumes, b.Volumes, func(x, y PodVolume) bool { return x.same(&y) })
}
