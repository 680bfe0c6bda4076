// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"
	"strings"
	"time"

	storagehelpers "k8s.io/component-helpers/storage/volume"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Unserved is a driver or provisioner that a volume needs and that runs nowhere, as far as the cluster's objects show.
type Unserved struct {
	Volume *placement.Volume
	// Provisioner is what the class names, Driver the CSI driver that is to serve it, and Plugin the in-tree plugin in whose place it does;
	// Driver is empty for a provisioner that is none.
	Provisioner, Driver, Plugin string
	// Installed tells that there is a CSIDriver object of it.
	Installed bool
	// Certain is false where it may run without a trace: a provisioner that is no CSI driver shows only by what it made.
	Certain bool
	// Known are the drivers that nodes have.
	Known []string
}

// unserved says which driver a volume of the pod needs that no node has; nil where one has it, and where nothing is known of what nodes have.
// A kubelet makes its CSINode before it calls its node ready, and without a registered driver it mounts no CSI volume; a node that is ready
// without a CSINode is no kubelet's and may do so in its own way. A claim that is to be provisioned on some node needs a driver by its class.
func (q *Question) unserved(v *placement.Volume) *Unserved {
	s, out := q.Snapshot, &Unserved{Volume: v}
	csi := false
	switch {
	case v.NodeDriver != "":
		out.Driver, csi = v.NodeDriver, true
	case v.Inline != nil:
		out.Driver, out.Plugin = v.Inline.Driver, v.Inline.Plugin
	case v.Volume != nil && v.Volume.Migration != nil:
		out.Driver, out.Plugin = v.Volume.Migration.Driver, v.Volume.Migration.Plugin
	case v.Volume != nil && inTreePlugins[v.Volume.Source] != "":
		out.Plugin = inTreePlugins[v.Volume.Source]
		out.Driver = topology.ServedBy(out.Plugin)
	case v.Volume != nil:
		out.Driver, csi = v.Volume.Driver, true
	case v.Class == nil || !v.Class.Provisions() || v.Claim == nil || v.Claim.Bound() || v.Claim.VolumeName != "":
		return nil
	default:
		out.Provisioner, out.Driver = v.Class.Provisioner, v.Class.Provisioner
		if driver := topology.ServedBy(v.Class.Provisioner); driver != "" {
			out.Driver, out.Plugin = driver, v.Class.Provisioner
		}
	}
	if out.Driver == "" || !everyNodeTells(s) || !s.RegisteredOn(out.Driver).Empty() {
		return nil
	}
	out.Installed, out.Known = s.Driver(out.Driver) != nil, driversOnNodes(s)
	switch {
	case out.Plugin != "":
		migrated := s.MigratedOn(out.Plugin)
		out.Certain = !migrated.Empty() && migrated.Len() == s.WithCSINode().Len() || out.Provisioner != "" && q.leftTo(v.Claim) == out.Driver
		if !out.Certain {
			return nil // Where the plugin is not said to be migrated, the kubelet or kube-controller-manager may have it still.
		}
	case csi || out.Installed || isCSI(out.Driver):
		out.Certain = true
	case alive(s, out.Provisioner):
		return nil
	default:
		out.Driver = ""
	}
	return out
}

// inTreePlugins are those that are CSI drivers' by now, and that kube-scheduler does not look at as such, by the field of the volume.
var inTreePlugins = map[string]string{"vsphereVolume": "kubernetes.io/vsphere-volume", "azureFile": "kubernetes.io/azure-file"}

// leftTo is whom kube-controller-manager leaves a claim to, that its volume is made: what its annotation says; empty where that is not known.
func (q *Question) leftTo(claim *topology.Claim) string {
	whole := q.Claims[claim.Key()]
	if whole == nil {
		return ""
	}
	return cmp.Or(whole.Annotations[storagehelpers.AnnStorageProvisioner], whole.Annotations[storagehelpers.AnnBetaStorageProvisioner])
}

// everyNodeTells reports whether it is known of each node that runs which drivers it has.
func everyNodeTells(s *topology.Snapshot) bool {
	with := s.WithCSINode()
	for i := range s.NumNodes() {
		if n := s.Node(i); n.Ready && !with.Has(i) {
			return false
		}
	}
	return !with.Empty()
}

// driversOnNodes are the drivers that any node has registered, by name.
func driversOnNodes(s *topology.Snapshot) []string {
	var out []string
	seen := map[string]bool{}
	for i := range s.NumNodes() {
		for _, d := range s.Node(i).Drivers {
			if !seen[d.Name] {
				seen[d.Name] = true
				out = append(out, d.Name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// isCSI reports whether a provisioner is known to be a CSI driver, whose volumes nothing mounts without its part on nodes.
func isCSI(name string) bool {
	if d, known := catalog.Default().Driver(name); known {
		return d.Kind == catalog.CSI
	}
	return strings.Contains(name, ".csi.")
}

// alive reports whether a provisioner has made a volume that is there.
func alive(s *topology.Snapshot, provisioner string) bool {
	for _, key := range s.Keys(topology.KindVolume) {
		v := s.Volume(key.Name)
		if class := s.Class(v.Class); class != nil && class.Provisioner == provisioner && v.HasClaimRef {
			return true
		}
	}
	return false
}

// patience is how long a claim waits before it counts that nothing came.
const patience = time.Minute

// waitsInVain reports whether a claim has waited long enough for what may run without a trace. One of which no time is known has.
func waitsInVain(s *topology.Snapshot, claim *topology.Claim) bool {
	return claim.Created.IsZero() || s.Time().Sub(claim.Created) >= patience
}

// triedByOthers reports whether somebody else than kube-controller-manager said something of a claim's volume: then somebody serves it.
func (q *asked) triedByOthers(claim *topology.Claim) bool {
	e := q.provisioningWarning(claim)
	return e != nil && e.By != kubeControllerManager
}

// unservedVolumes are those of the pod whose driver certainly runs nowhere, each driver once.
func (q *asked) unservedVolumes() []Unserved {
	var out []Unserved
	for i := range q.d.Volumes {
		v := &q.d.Volumes[i]
		if v.State == placement.Held {
			continue
		}
		u := q.unserved(v)
		if u == nil || !u.Certain && (!v.Claim.HasSelectedNode || !waitsInVain(q.Snapshot, v.Claim) || q.triedByOthers(v.Claim)) {
			continue
		}
		if slices.ContainsFunc(out, func(o Unserved) bool {
			return o.Driver == u.Driver && o.Provisioner == u.Provisioner && o.Plugin == u.Plugin
		}) {
			continue
		}
		out = append(out, *u)
	}
	return out
}
