// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// settle binds and provisions the claims of a pod that lands on the node.
func (m *simulation) settle(demand *placement.Demand, verdict *placement.Verdict, node int) ([]Volume, error) {
	existing := map[int]*topology.Volume{}
	for _, c := range verdict.Choices(node) {
		existing[c.Volume] = c.Existing
	}
	var out []Volume
	for i := range demand.Volumes {
		v := &demand.Volumes[i]
		if v.Claim == nil || slices.ContainsFunc(out, func(o Volume) bool { return o.Claim == v.Claim.Name }) {
			continue
		}
		volume := Volume{Claim: v.Claim.Name, Class: v.Claim.Class, Bytes: v.Claim.Request, How: Had}
		switch {
		case v.State == placement.Bound:
			volume.Volume, volume.Bytes = v.Volume.Name, v.Volume.Capacity
			if m.early[v.Claim.Key()] {
				delete(m.early, v.Claim.Key())
				volume.How, volume.Volume = Provisioned, ""
			}
		case existing[i] != nil:
			volume.How, volume.Volume, volume.Bytes = Bound, existing[i].Name, existing[i].Capacity
			m.bind(v.Claim, existing[i])
		default:
			volume.How = Provisioned
			if err := m.provision(v.Claim, v.Class, m.affinityOf(v.Class, node), node); err != nil {
				return nil, err
			}
		}
		out = append(out, volume)
	}
	return out, nil
}

func (m *simulation) bind(claim *topology.Claim, volume *topology.Volume) {
	taken := *volume
	taken.HasClaimRef, taken.ClaimRef, taken.ClaimRefUID, taken.Available = true, claim.Key(), claim.UID, false
	m.draft.PutVolume(&taken)
	m.complete(claim, volume.Name)
}

func (m *simulation) complete(claim *topology.Claim, volume string) {
	done := *claim
	done.VolumeName, done.BindCompleted = volume, true
	m.draft.PutClaim(&done)
}

// provision makes a volume for the claim that can be used where the affinity says, and takes it out of the pool of the node; negative for none.
func (m *simulation) provision(claim *topology.Claim, class *topology.Class, affinity *corev1.VolumeNodeAffinity, node int) error {
	name := "simulated-" + claim.Namespace + "-" + claim.Name
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeSpec{
			StorageClassName: class.Name, AccessModes: modesOf(claim.AccessModes),
			Capacity:     corev1.ResourceList{corev1.ResourceStorage: *resource.NewQuantity(claim.Request, resource.BinarySI)},
			ClaimRef:     &corev1.ObjectReference{Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
			NodeAffinity: affinity,
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				CSI: &corev1.CSIPersistentVolumeSource{Driver: cmp.Or(class.Driver, class.Provisioner), VolumeHandle: name},
			},
		},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeBound},
	}
	if claim.Block {
		volume.Spec.VolumeMode = new(corev1.PersistentVolumeBlock)
	}
	if err := m.draft.Apply(volume); err != nil {
		return err
	}
	if node >= 0 {
		m.takeRoom(claim, node)
	}
	m.complete(claim, name)
	return nil
}

// affinityOf is where a volume can be used that is made for the node: where the labels of the driver's topology keys are the
// node's, as external-provisioner writes it. Nil for a driver without topology.
func (m *simulation) affinityOf(class *topology.Class, node int) *corev1.VolumeNodeAffinity {
	n := m.s.Node(node)
	driver := n.Driver(class.Driver)
	if driver == nil || len(driver.TopologyKeys) == 0 {
		return nil
	}
	var wanted []corev1.NodeSelectorRequirement
	for _, key := range driver.TopologyKeys {
		if value, ok := n.Labels[key]; ok {
			wanted = append(wanted, corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}})
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: wanted}}}}
}

// takeRoom takes the claim's size off the pool that the node reaches; of several the one with most room.
func (m *simulation) takeRoom(claim *topology.Claim, node int) {
	// Read again: another claim of the pod may have taken some already.
	rooms := placement.RoomOn(m.draft.Snapshot(), claim.Class, node)
	if len(rooms) == 0 || rooms[0].Pool.Capacity < 0 {
		return
	}
	left := *rooms[0].Pool
	left.Capacity = max(left.Capacity-claim.Request, 0)
	left.MaximumVolumeSize = min(left.MaximumVolumeSize, left.Capacity)
	m.draft.PutPool(&left)
}

func modesOf(modes topology.AccessModes) []corev1.PersistentVolumeAccessMode {
	var out []corev1.PersistentVolumeAccessMode
	for _, m := range []struct {
		bit  topology.AccessModes
		mode corev1.PersistentVolumeAccessMode
	}{
		{topology.ReadWriteOnce, corev1.ReadWriteOnce},
		{topology.ReadOnlyMany, corev1.ReadOnlyMany},
		{topology.ReadWriteMany, corev1.ReadWriteMany},
		{topology.ReadWriteOncePod, corev1.ReadWriteOncePod},
	} {
		if modes.Has(m.bit) {
			out = append(out, m.mode)
		}
	}
	return out
}

// pools are those of all classes, with what is free.
func (m *simulation) pools() map[string]explain.Pool {
	out := map[string]explain.Pool{}
	for _, key := range m.s.Keys(topology.KindClass) {
		for _, pool := range explain.PoolsOf(m.s, key.Name) {
			out[pool.Name] = pool
		}
	}
	return out
}
