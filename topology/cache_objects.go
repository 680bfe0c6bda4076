// SPDX-License-Identifier: Apache-2.0

package topology

import "slices"

// This file is the one place that changes each kind of object, and keeps what is derived from it in step.

func (c *Cache) setVolume(key Key, volume *Volume) {
	old, _ := c.next.volumes.Get(key)
	if old.reach() != volume.reach() {
		c.countSeriesOf(key.Name, -1)
		defer c.countSeriesOf(key.Name, 1)
	}
	if !sameAttachment(old, volume) {
		c.countVolume(key.Name, -1)
		defer c.countVolume(key.Name, 1)
	}
	if old != nil && old.unclaimed() {
		c.next.unclaimed = without(c.next.unclaimed, Key{Name: old.Class}, key)
	}
	if old != nil && old.ClaimRef != (Key{}) && (volume == nil || volume.ClaimRef != old.ClaimRef) {
		c.next.keptFor = withoutName(c.next.keptFor, old.ClaimRef, key.Name)
	}
	if volume == nil {
		c.next.volumes = c.next.volumes.Delete(key)
		return
	}
	c.next.volumes = c.next.volumes.Set(key, volume)
	if volume.unclaimed() {
		names, _ := c.next.unclaimed.Get(Key{Name: volume.Class})
		c.next.unclaimed = c.next.unclaimed.Set(Key{Name: volume.Class}, names.Set(key, unit{}))
	}
	if volume.ClaimRef != (Key{}) {
		c.next.keptFor = withName(c.next.keptFor, volume.ClaimRef, key.Name)
		c.volumeSeen(volume)
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

func (c *Cache) setClaim(key Key, claim *Claim) {
	old, _ := c.next.claims.Get(key)
	if !c.next.samePlace(old, claim) {
		c.countSeries(old, -1)
		defer c.countSeries(claim, 1)
	}
	if old == nil || claim == nil || old.VolumeName != claim.VolumeName || old.Class != claim.Class || old.Owner != claim.Owner {
		c.countUsers(-1, key)
		defer c.countUsers(1, key)
	}
	if old != nil && old.VolumeName != "" {
		c.next.claimsOf = withoutName(c.next.claimsOf, Key{Name: old.VolumeName}, key.String())
	}
	c.reserve(key, old, claim)
	if claim == nil {
		c.next.claims = c.next.claims.Delete(key)
		return
	}
	c.next.claims = c.next.claims.Set(key, claim)
	if claim.VolumeName != "" {
		c.next.claimsOf = withName(c.next.claimsOf, Key{Name: claim.VolumeName}, key.String())
	}
}

func (c *Cache) setClass(key Key, class *Class) {
	old, _ := c.next.classes.Get(key)
	if old == nil || class == nil || old.Provisioner != class.Provisioner {
		c.countClass(key.Name, -1)
		defer c.countClass(key.Name, 1)
	}
	if class == nil {
		c.next.classes = c.next.classes.Delete(key)
	} else {
		c.next.classes = c.next.classes.Set(key, class)
		c.revisitAll(key.Name)
	}
}

func (c *Cache) setAttachment(key Key, attachment *Attachment) {
	if old, _ := c.next.attachments.Get(key); old != nil {
		c.countAttachment(old, -1)
		c.next.attachmentsOf = withoutName(c.next.attachmentsOf, Key{Name: old.Volume}, key.Name)
	}
	if attachment == nil {
		c.next.attachments = c.next.attachments.Delete(key)
		return
	}
	c.next.attachments = c.next.attachments.Set(key, attachment)
	c.next.attachmentsOf = withName(c.next.attachmentsOf, Key{Name: attachment.Volume}, key.Name)
	c.countAttachment(attachment, 1)
}

func (c *Cache) setPool(key Key, pool *Pool) {
	old, _ := c.next.pools.Get(key)
	c.republished(old, pool)
	c.placePool(key, pool)
	if pool != nil && (old == nil || old.Class != pool.Class || old.Topology != pool.Topology || pool.roomierThan(old)) {
		c.revisitAll(pool.Class)
	}
}

// placePool changes a pool without a look at what is reserved there.
func (c *Cache) placePool(key Key, pool *Pool) {
	old, _ := c.next.pools.Get(key)
	if old != nil && (pool == nil || pool.Class != old.Class) {
		of, _ := c.next.poolsOf.Get(Key{Name: old.Class})
		if of = of.delete(key); of == nil {
			c.next.poolsOf = c.next.poolsOf.Delete(Key{Name: old.Class})
		} else {
			c.next.poolsOf = c.next.poolsOf.Set(Key{Name: old.Class}, of)
		}
	}
	if pool == nil {
		c.next.pools = c.next.pools.Delete(key)
		return
	}
	c.next.pools = c.next.pools.Set(key, pool)
	of, _ := c.next.poolsOf.Get(Key{Name: pool.Class})
	c.next.poolsOf = c.next.poolsOf.Set(Key{Name: pool.Class}, of.set(pool))
}

func (c *Cache) setPod(key Key, pod *Pod) {
	old, _ := c.next.pods.Get(key)
	if old != nil && pod != nil && sameUse(old, pod) {
		c.next.pods = c.next.pods.Set(key, pod)
		if old.Gated && !pod.Gated {
			c.revisitClaimsOf(pod)
		}
		return
	}
	if old != nil {
		c.next.podsByUID = c.next.podsByUID.Delete(Key{Name: string(old.UID)})
		c.countPod(old, -1)
		for i := range old.Volumes {
			v := &old.Volumes[i]
			if v.Claim != "" {
				c.next.users = withoutName(c.next.users, Key{key.Namespace, v.Claim}, key.Name)
			}
			if v.Disk != nil {
				c.next.diskUsers = withoutName(c.next.diskUsers, v.Disk.ID, key.String())
			}
			if v.SingleAttach {
				c.next.inlineUsers = withoutName(c.next.inlineUsers, Key{v.Driver, v.Handle}, key.String())
			}
		}
	}
	if pod == nil {
		c.next.pods = c.next.pods.Delete(key)
		return
	}
	c.next.pods = c.next.pods.Set(key, pod)
	for i := range pod.Volumes {
		v := &pod.Volumes[i]
		if v.Claim != "" {
			c.next.users = withName(c.next.users, Key{key.Namespace, v.Claim}, key.Name)
		}
		if v.Disk != nil {
			c.next.diskUsers = withName(c.next.diskUsers, v.Disk.ID, key.String())
		}
		if v.SingleAttach {
			c.next.inlineUsers = withName(c.next.inlineUsers, Key{v.Driver, v.Handle}, key.String())
		}
	}
	c.next.podsByUID = c.next.podsByUID.Set(Key{Name: string(pod.UID)}, key)
	c.countPod(pod, 1)
	c.revisitClaimsOf(pod)
}

// sameUse tells whether both states of a pod use the same volumes on the same node: most updates of a pod change neither.
func sameUse(a, b *Pod) bool {
	return a.Node == b.Node && a.Terminal == b.Terminal && a.UID == b.UID &&
		slices.EqualFunc(a.Volumes, b.Volumes, func(x, y PodVolume) bool { return x.same(&y) })
}
