// SPDX-License-Identifier: Apache-2.0

package event

// resizeTexts are what external-resizer, kube-controller-manager and the kubelet say of volumes that do not grow or change, and
// external-provisioner of volumes that are not deleted.
var resizeTexts = []Text{
	// external-resizer, pkg/controller.
	{
		ID: "resize-offline-only", Stages: []Stage{Resize}, Patterns: []string{"only supports offline expansion and volume is currently in-use"},
		Cause: "the driver resizes volumes only while no pod uses them", Look: "the pods of the claim", Remedy: "scale the workload to zero until the volume has grown",
	},
	// pkg/controller/volume/expand/expand_controller.go; a warning before 1.34.
	{
		ID: "resizer-awaited", Stages: []Stage{Resize}, Passing: true, Patterns: []string{"waiting for an external controller to expand this PVC", "didn't find a plugin capable of expanding the volume"},
		Cause: "external-resizer of the driver is to resize the volume", Look: "the driver's controller: does it have a csi-resizer container", Remedy: "wait; where it lasts, make the driver's resizer run",
	},
	// external-provisioner, pkg/controller/controller.go.
	{
		ID: "still-attached", Stages: []Stage{Delete}, Patterns: []string{"persistentvolume {volume} is still attached to node {node}"},
		Cause: "volume {volume} is still attached to {node}", Look: "the volume's VolumeAttachments", Remedy: "wait until it is detached",
	},
}
