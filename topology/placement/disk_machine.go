// SPDX-License-Identifier: Apache-2.0

package placement

import corev1 "k8s.io/api/core/v1"

// DiskMachines tells what type of disk a CSI driver makes volumes of with the parameters of a class, and which types of machine are known not to attach
// it. It returns no function where nothing is known of that disk.
type DiskMachines func(driver string, parameters map[string]string) (disk string, refuses func(machine string) bool)

// diskMachine rules out the nodes whose type of machine cannot attach the type of disk that a volume of the pod is, or would be: a Hyperdisk on a machine of an
// earlier generation, a Persistent Disk on one of the newest. In-tree looks at neither. Without it the pod is bound to the node, where attaching fails for good ('…
// features are not compatible for creating instance', 'Storage account type Premium_LRS is not supported for VM size …').
//
// The type of a volume is that of its class, as far as that is still there. What is not known passes: a driver, a type of disk or of machine that the catalog does not
// have, and a node without the label of its machine.
func diskMachine(q *query) {
	if q.machines == nil {
		return
	}
	for i := range q.d.Volumes {
		if q.d.namedBefore(i) {
			continue
		}
		_, refuses := q.diskOf(&q.d.Volumes[i])
		if refuses == nil {
			continue
		}
		refused := q.s.Labelled(corev1.LabelInstanceTypeStable, refuses)
		if q.d.Volumes[i].State == Delayed {
			refused.And(q.delayedOf(i).provision)
		}
		q.refuse(i, ReasonDiskMachine, refused)
	}
}

// diskOf is what is known of the type of disk of a volume that is bound, or to be provisioned.
func (q *query) diskOf(v *Volume) (disk string, refuses func(machine string) bool) {
	if v.State != Bound && v.State != Delayed || v.Class == nil || v.Driver() != v.Class.Driver {
		return "", nil
	}
	return q.machines(v.Class.Driver, v.Class.Object.Parameters)
}

func diskMachineBecause(q *query, e *Elimination, node int) Evidence {
	v := &q.d.Volumes[e.Volume]
	disk, _ := q.diskOf(v)
	return Evidence{Driver: v.Class.Driver, Class: v.Class.Name, Disk: disk, Machine: q.s.Node(node).Labels[corev1.LabelInstanceTypeStable]}
}
