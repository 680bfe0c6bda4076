// SPDX-License-Identifier: Apache-2.0

package scan

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxMessage bounds what is kept of a text that a driver or a scheduler wrote. An API server takes less; files may hold anything.
const maxMessage = 4 << 10

// trimAnnotations takes away the annotation that repeats the whole object.
func trimAnnotations(o metav1.Object) {
	if annotations := o.GetAnnotations(); annotations != nil {
		delete(annotations, corev1.LastAppliedConfigAnnotation)
	}
}

// trimNode takes away what is long and decides nothing: images and addresses.
func trimNode(n *corev1.Node) {
	trimAnnotations(n)
	n.Status.Images, n.Status.Addresses = nil, nil
}

func trimAttachment(a *storagev1.VolumeAttachment) {
	a.Status.AttachmentMetadata = nil
	for _, e := range []*storagev1.VolumeError{a.Status.AttachError, a.Status.DetachError} {
		if e != nil {
			e.Message = e.Message[:min(len(e.Message), maxMessage)]
		}
	}
}

// trimPod keeps of the containers of most pods only what decides where they can be: replicas of one owner are alike, so the first stands for all.
// One that has not started is kept whole, as its containers may be what keeps it.
func (o *Objects) trimPod(p *corev1.Pod) {
	trimAnnotations(p)
	owner := ownerOf(p)
	if p.Status.Phase == corev1.PodPending || owner.Name == "" || !o.templates[owner] {
		o.templates[owner] = owner.Name != ""
		return
	}
	for _, containers := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for i := range containers {
			c := &containers[i]
			containers[i] = corev1.Container{Name: c.Name, Resources: c.Resources, Ports: c.Ports, RestartPolicy: c.RestartPolicy, VolumeMounts: c.VolumeMounts, VolumeDevices: c.VolumeDevices}
		}
	}
	p.Spec.EphemeralContainers = nil
}
