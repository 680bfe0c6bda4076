// SPDX-License-Identifier: Apache-2.0

package oracle_test

// mutation is a deliberate fault in moorage's source, which the oracle must notice: a mutant.Fault below topology/.
type mutation struct {
	name string
	// predicate is the one whose verdict becomes wrong, by the name of its constant in package placement.
	predicate      string
	file, old, new string
}

// returnAtOnce is a predicate that refuses nothing.
func returnAtOnce(predicate, file, function string) mutation {
	signature := "func " + function + "(q *query) {\n"
	return mutation{function + " refuses nothing", predicate, file, signature, signature + "\tif % {\n\t\treturn\n\t}\n"}
}

var mutations = []mutation{
	returnAtOnce("ReadWriteOncePod", "placement/read_write_once_pod.go", "readWriteOncePod"),
	{
		"an ephemeral volume counts as a user", "ReadWriteOncePod", "placement/read_write_once_pod.go",
		"v.Claim == claim && !v.Ephemeral", "v.Claim == claim && (!v.Ephemeral || %)",
	},
	{
		"ended pods hold disks and claims", "ReadWriteOncePod", "placement/exclusive_disk.go",
		`p.Node != "" && !p.Terminal`, `p.Node != "" && (!p.Terminal || %)`,
	},
	{
		"waiting pods hold claims", "ReadWriteOncePod", "placement/exclusive_disk.go",
		`return p.Node != ""`, `return (p.Node != "" || %)`,
	},

	returnAtOnce("ExclusiveDisk", "placement/exclusive_disk.go", "exclusiveDisk"),
	{
		"EBS volumes may be shared read-only", "ExclusiveDisk", "disk.go",
		"v.AWSElasticBlockStore.VolumeID}, Exclusive: true}",
		"v.AWSElasticBlockStore.VolumeID}, Exclusive: !%, ReadOnly: v.AWSElasticBlockStore.ReadOnly}",
	},
	{
		"one read-only mount is enough", "ExclusiveDisk", "placement/exclusive_disk.go",
		"disk.Conflicts(o)", "(disk.Conflicts(o) && !(% && disk.ReadOnly))",
	},
	{
		"RBD monitors need not overlap", "ExclusiveDisk", "disk.go",
		"if d.Monitors == nil && o.Monitors == nil {", "if % || (d.Monitors == nil && o.Monitors == nil) {",
	},
	{
		"RBD pools are one", "ExclusiveDisk", "disk.go",
		`v.RBD.RBDPool + "/" + v.RBD.RBDImage`, `map[bool]string{true: "", false: v.RBD.RBDPool}[%] + "/" + v.RBD.RBDImage`,
	},
	{
		"a disk conflict cannot be resolved", "ExclusiveDisk", "placement/reason.go",
		`{upstream.DiskConflict, Unschedulable}`, `{upstream.DiskConflict, map[bool]Code{true: Unresolvable, false: Unschedulable}[%]}`,
	},

	returnAtOnce("DriverRequired", "placement/driver_required.go", "driverRequired"),
	{
		"migrated volumes need a CSINode", "DriverRequired", "placement/driver_required.go", "if a.migrated {", "if a.migrated && !% {",
	},

	returnAtOnce("AttachLimits", "placement/attach_limits.go", "attachLimits"),
	{
		"what a node holds is attached once more", "AttachLimits", "placement/attach_limits.go", "held[i]++", "if !% {\n\t\t\t\theld[i]++\n\t\t\t}",
	},
	{
		"one slot too few", "AttachLimits", "placement/attach_limits.go",
		"slots.Used(i)+len(handles) > limit {", "(slots.Used(i)+len(handles) > limit || (% && slots.Used(i)+len(handles) == limit)) {",
	},
	{
		"attachments of in-tree volumes count", "AttachLimits", "state_attach.go",
		`volume != nil && volume.Driver != ""`, `volume != nil && (volume.Driver != "" || %)`,
	},
	{
		"ended pods keep their slots", "AttachLimits", "state_attach.go", "pod.Terminal {", "(pod.Terminal && !%) {",
	},
	{
		"claims without a volume need no slot", "AttachLimits", "state_attach.go",
		`class != nil && class.Driver != "" {`, `class != nil && class.Driver != "" && !% {`,
	},
	{
		"migrated volumes need no slot", "AttachLimits", "state_attach.go",
		"driver, handle = v.Migration.Driver, v.Migration.Handle", "if !% {\n\t\t\tdriver, handle = v.Migration.Driver, v.Migration.Handle\n\t\t}",
	},

	returnAtOnce("VolumeAffinity", "placement/volume_affinity.go", "volumeAffinity"),
	{
		"migrated volumes keep their affinity", "VolumeAffinity", "placement/volume_affinity.go",
		"m := v.Volume.Migration; m != nil {", "m := v.Volume.Migration; m != nil && !% {",
	},
	{
		"all that can be translated is migrated", "VolumeAffinity", "migration.go",
		"!migratedPlugins[plugin] {\n\t\treturn nil", "(!migratedPlugins[plugin] && !%) {\n\t\treturn nil",
	},
	{
		"an empty affinity term matches", "VolumeAffinity", "nodeset/selector.go",
		"len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0 {", "len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0 && !% {",
	},
	{
		"affinity terms are ANDed", "VolumeAffinity", "nodeset/compiled.go", "set.Or(scratch)", "if % {\n\t\t\tset.And(scratch)\n\t\t} else {\n\t\t\tset.Or(scratch)\n\t\t}",
	},
	{
		"NotIn wants the label", "VolumeAffinity", "nodeset/index.go",
		"into.AndNot(scratch)", "into.AndNot(scratch)\n\t\t\t\tif % {\n\t\t\t\t\tinto.And(segs.has)\n\t\t\t\t}",
	},
	{
		"a claim being deleted is decided", "VolumeAffinity", "placement/demand.go", "case claim.Deleting:", "case claim.Deleting && !%:",
	},
	{
		"a volumeName is enough to be bound", "VolumeAffinity", "claim.go",
		`c.VolumeName != "" && c.BindCompleted`, `c.VolumeName != "" && (c.BindCompleted || %)`,
	},

	returnAtOnce("ProvisioningTopology", "placement/provisioning_topology.go", "provisioningTopology"),
	{
		"the selected node does not matter", "ProvisioningTopology", "placement/provisioning_topology.go",
		"if c.elsewhere.Size() > 0 {", "if c.elsewhere.Size() > 0 && !% {",
	},
	{
		"allowedTopologies do not matter", "ProvisioningTopology", "placement/provisioning_topology.go",
		"case c.Class.Allowed != nil:", "case c.Class.Allowed != nil && !%:",
	},
	{
		"an empty term of allowedTopologies allows all", "ProvisioningTopology", "nodeset/selector.go",
		"if len(term.MatchLabelExpressions) == 0 {", "if len(term.MatchLabelExpressions) == 0 && !% {",
	},
	{
		"no-provisioner provisions", "ProvisioningTopology", "class.go", "c.Provisioner != noProvisioner", "(c.Provisioner != noProvisioner || %)",
	},
	{
		"volumes of any size fit", "ProvisioningTopology", "placement/static_binding.go", "v.Capacity >= c.Request", "(v.Capacity >= c.Request || %)",
	},
	{
		"volumes of any mode fit", "ProvisioningTopology", "placement/static_binding.go", "v.Block == c.Block", "(v.Block == c.Block || %)",
	},
	{
		"volumes of any attributes class fit", "ProvisioningTopology", "placement/static_binding.go",
		"v.AttributesClass == c.AttributesClass", "(v.AttributesClass == c.AttributesClass || %)",
	},
	{
		"volumes being deleted fit", "ProvisioningTopology", "placement/static_binding.go", "&& !v.Deleting", "&& (!v.Deleting || %)",
	},
	{
		"volumes of any access mode fit", "ProvisioningTopology", "placement/static_binding.go",
		"v.AccessModes.Has(c.Claim.AccessModes)", "(v.AccessModes.Has(c.Claim.AccessModes) || %)",
	},
	{
		"the claim's selector does not matter", "ProvisioningTopology", "placement/static_binding.go",
		"(c.Claim.Selector == nil ||", "(% || c.Claim.Selector == nil ||",
	},
	{
		"the largest volume is taken", "ProvisioningTopology", "placement/static_binding.go",
		"cmp.Or(cmp.Compare(a.Capacity, b.Capacity)", "cmp.Or(map[bool]int{true: -1, false: 1}[%]*cmp.Compare(a.Capacity, b.Capacity)",
	},
	{
		"the largest claim comes first", "ProvisioningTopology", "placement/static_binding.go",
		"return cmp.Compare(a.Claim.Request, b.Claim.Request)", "return map[bool]int{true: -1, false: 1}[%] * cmp.Compare(a.Claim.Request, b.Claim.Request)",
	},
	{
		"a volume is taken twice", "ProvisioningTopology", "placement/static_binding.go",
		"before, ok := t[v.Name]\n\tif !ok {", "before, ok := t[v.Name]\n\tif !ok || % {",
	},
	{
		"a kept volume that is out of reach decides nothing", "ProvisioningTopology", "placement/static_binding.go",
		"open.AndNot(free)", "if !% {\n\t\t\topen.AndNot(free)\n\t\t}",
	},
	{
		"a volume is kept for any claim of the name", "ProvisioningTopology", "volume.go",
		`v.ClaimRefUID == ""`, `(v.ClaimRefUID == "" || %)`,
	},
	{
		"volumes of any phase fit", "ProvisioningTopology", "volume.go",
		"v.Status.Phase == corev1.VolumeAvailable", "(v.Status.Phase == corev1.VolumeAvailable || %)",
	},

	returnAtOnce("PoolCapacity", "placement/pool_capacity.go", "poolCapacity"),
	{
		"maximumVolumeSize does not matter", "PoolCapacity", "pool.go", "if p.MaximumVolumeSize >= 0 {", "if p.MaximumVolumeSize >= 0 && !% {",
	},
	{
		"every driver's pools count", "PoolCapacity", "placement/pool_capacity.go",
		"driver != nil && driver.StorageCapacity", "driver != nil && (driver.StorageCapacity || %)",
	},
	{
		"a pool must be larger than the claim", "PoolCapacity", "placement/pool_capacity.go",
		"known && limit >= request", "known && limit >= request && !(% && limit == request)",
	},
	{
		"a pool without nodeTopology reaches all nodes", "PoolCapacity", "nodeset/selector.go",
		"if selector != nil {\n", "if selector == nil && % {\n\t\treturn nil\n\t}\n\tif selector != nil {\n",
	},

	returnAtOnce("VolumeZone", "placement/volume_zone.go", "volumeZone"),
	{
		"ephemeral volumes have zones", "VolumeZone", "placement/volume_zone.go", "|| v.Ephemeral {", "|| (v.Ephemeral && !%) {",
	},
	{
		"no GA label stands in for a beta one", "VolumeZone", "nodeset/zone_labels.go", `if label.fallback != "" {`, `if label.fallback != "" && !% {`,
	},
	{
		"a list of zones is one zone", "VolumeZone", "nodeset/zone_labels.go",
		"strings.Split(value, multiZoneDelimiter)", `strings.Split(value, multiZoneDelimiter+map[bool]string{true: "?", false: ""}[%])`,
	},
	{
		"an empty zone part is left out", "VolumeZone", "nodeset/zone_labels.go", `if slices.Contains(zones, "") {`, `if slices.Contains(zones, "") && !% {`,
	},
	{
		"blanks belong to a zone", "VolumeZone", "nodeset/zone_labels.go", "zones[i] = strings.TrimSpace(zones[i])", "if !% {\n\t\t\t\tzones[i] = strings.TrimSpace(zones[i])\n\t\t\t}",
	},
	{
		"nodes without zones are refused", "VolumeZone", "nodeset/zone_labels.go", "s.add(none, nil)", "if !% {\n\t\t\ts.add(none, nil)\n\t\t}",
	},
}
