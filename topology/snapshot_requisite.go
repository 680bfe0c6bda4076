// SPDX-License-Identifier: Apache-2.0

package topology

// keyedNodes are the nodes on which a driver reports the same topology keys.
type keyedNodes struct {
	keys  []string
	nodes NodeSet
}

// OutsideTopologyKeys returns those of the nodes that the class's allowedTopologies allow only through labels that are none of the topology keys
// which its driver reports there. It is empty where the driver reports keys nowhere, and for a class of an in-tree provisioner, whose
// allowedTopologies are translated to the driver's key before the driver's provisioner looks at them (TranslateInTreeStorageClassToCSI of
// csi-translation-lib). It may be shared and must not be changed.
func (s *Snapshot) OutsideTopologyKeys(class *Class) NodeSet {
	var out NodeSet
	if class.Allowed == nil || class.Driver == "" || class.Driver != class.Provisioner {
		return out
	}
	for _, keyed := range s.table.column(class.Driver).keyed {
		within := class.Allowed.Within(keyed.keys)
		if within == class.Allowed {
			continue
		}
		if out.Size() == 0 {
			out = NewNodeSet(s.NumNodes())
		}
		outside := s.Nodes(class.Allowed).Clone()
		outside.And(keyed.nodes)
		outside.AndNot(s.Nodes(within))
		out.Or(outside)
	}
	return out
}
