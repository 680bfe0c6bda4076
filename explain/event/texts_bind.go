// SPDX-License-Identifier: Apache-2.0

package event

// bindTexts are what kube-controller-manager says of claims and volumes that it does not bring together
// (pkg/controller/volume/persistentvolume/pv_controller.go).
var bindTexts = []Text{
	{
		ID: "volume-does-not-fit", Stages: []Stage{Bind}, Patterns: []string{`Cannot bind to requested volume "{volume}":`},
		Cause: "volume {volume}, which the claim names, does not fit it", Look: "size, access modes, class and volumeMode of both", Remedy: "correct the claim, or name another volume",
	},
	{
		ID: "volume-mode-differs", Stages: []Stage{Bind}, Patterns: []string{"due to incompatible volumeMode"},
		Cause: "the volume and the claim differ in volumeMode", Look: "volumeMode of both", Remedy: "recreate the claim with the volume's volumeMode",
	},
	{
		ID: "volume-of-another-claim", Stages: []Stage{Bind}, Patterns: []string{`volume "{volume}" already bound to a different claim`},
		Cause: "volume {volume} belongs to another claim", Look: "spec.claimRef of the volume", Remedy: "recreate the claim without volumeName, or name another volume",
	},
	{
		ID: "volume-lost", Stages: []Stage{Bind}, Patterns: []string{"Bound claim has lost its PersistentVolume", "Bound claim has lost reference to PersistentVolume"},
		Cause: "the claim's PersistentVolume does not exist any more", Look: "spec.volumeName of the claim", Remedy: "restore the PersistentVolume if its data still exists, or recreate the claim, which is then empty",
	},
	{
		ID: "two-claims-one-volume", Stages: []Stage{Bind}, Patterns: []string{"Two claims are bound to the same volume"},
		Cause: "two claims name one volume, and it belongs to the other", Look: "spec.claimRef of the volume", Remedy: "recreate the claim without volumeName",
	},
}
