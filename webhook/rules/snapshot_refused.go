// SPDX-License-Identifier: Apache-2.0

package rules

import (
	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
)

var snapshotRefusedRule = Rule{
	ID: "snapshot-refused",
	Summary: "A VolumeSnapshot, VolumeSnapshotContent or VolumeSnapshotClass that its schema rejects: no source or two, no driver, no deletionPolicy or one " +
		"that does not exist.",
	Kinds:       []Kind{VolumeSnapshot, VolumeSnapshotContent, VolumeSnapshotClass},
	Action:      Deny,
	Symptom:     "the API server rejects the object",
	Remediation: "correct the field",
	// Such an object never gets past the API server's own validation.
	FilesOnly: true,
	Check:     snapshotRefused,
}

var deletionPolicies = []string{string(snapshotv1.VolumeSnapshotContentDelete), string(snapshotv1.VolumeSnapshotContentRetain)}

// snapshotRefused fires on what the schemas of the snapshot kinds refuse (client/config/crd of external-snapshotter v8: required, enum and oneOf).
func snapshotRefused(in *Input) []Finding {
	r := &refusals{}
	policy := func(p snapshotv1.DeletionPolicy, at spot) {
		if p == "" {
			r.required(at, about("deletionPolicy is missing"), "write Delete or Retain")
			return
		}
		r.enum(string(p), deletionPolicies, at, about("deletionPolicy"))
	}
	source := func(at spot, what, one, other string, first, second bool) {
		switch {
		case first && second:
			r.tell(at, what+" has two sources, "+one+" and "+other, "Invalid value: exactly one of "+one+" and "+other+" must be set", "keep one of them")
		case !first && !second:
			r.tell(at, what+" has no source", "Invalid value: exactly one of "+one+" and "+other+" must be set", "write source."+one+", or source."+other+" for what exists already")
		}
	}
	spec := spotOf(nil).Child("spec")
	switch o := in.Object.(type) {
	case *snapshotv1.VolumeSnapshot:
		s := o.Spec.Source
		source(spec.Child("source"), "the VolumeSnapshot", "persistentVolumeClaimName", "volumeSnapshotContentName", s.PersistentVolumeClaimName != nil, s.VolumeSnapshotContentName != nil)
	case *snapshotv1.VolumeSnapshotContent:
		s := o.Spec.Source
		source(spec.Child("source"), "the VolumeSnapshotContent", "volumeHandle", "snapshotHandle", s.VolumeHandle != nil, s.SnapshotHandle != nil)
		policy(o.Spec.DeletionPolicy, spec.Child("deletionPolicy"))
		r.needs(o.Spec.Driver, spec.Child("driver"), about("the driver"))
		if ref := o.Spec.VolumeSnapshotRef; ref.Name == "" || ref.Namespace == "" {
			r.tell(spec.Child("volumeSnapshotRef"), "volumeSnapshotRef lacks a name or a namespace",
				"Invalid value: both spec.volumeSnapshotRef.name and spec.volumeSnapshotRef.namespace must be set", "name the VolumeSnapshot and its namespace")
		}
	case *snapshotv1.VolumeSnapshotClass:
		policy(o.DeletionPolicy, spotOf(nil).Child("deletionPolicy"))
		r.needs(o.Driver, spotOf(nil).Child("driver"), about("the driver"))
	}
	return r.found
}
