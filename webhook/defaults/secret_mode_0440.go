// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

const (
	// defaultSecretMode is what the API server writes where nothing was written; it cannot be told from a 0644 that was.
	defaultSecretMode = corev1.SecretVolumeSourceDefaultMode
	groupReadMode     = 0o440
)

var secretMode0440Default = Default{
	Name:    "secret-mode-0440",
	Summary: "A pod's secret volume with mode 0644 gets 0440 if all containers that mount it run with the pod's fsGroup and none as root.",
	Kinds:   []rules.Kind{rules.Pod},
	Apply:   secretMode0440,
}

// secretMode0440 takes the right to read a secret's files from everybody but their owner and group, where that can break
// nobody: the kubelet gives the files to the pod's fsGroup, to which every container belongs, and every container that mounts
// them has a user of its own that is not root. It is never 0400: with an fsGroup the kubelet makes 0440 of that, and without
// one the user could not read it. Modes of single items, projected volumes and the fsGroup itself are left alone.
func secretMode0440(in Input, patch *Patch) error {
	pod, ok := in.Object.(*corev1.Pod)
	if !ok {
		return fmt.Errorf("the object is a %T, not a pod", in.Object)
	}
	spec := &pod.Spec
	if in.Old != nil || spec.SecurityContext == nil || spec.SecurityContext.FSGroup == nil || mayBeWindows(spec) {
		return nil
	}
	for i := range spec.Volumes {
		secret := spec.Volumes[i].Secret
		if secret == nil || (secret.DefaultMode != nil && *secret.DefaultMode != defaultSecretMode) || !onlyUsers(spec, spec.Volumes[i].Name) {
			continue
		}
		if err := patch.Set(int64(groupReadMode), "spec", "volumes", strconv.Itoa(i), "secret", "defaultMode"); err != nil {
			return err
		}
	}
	return nil
}

// mayBeWindows reports whether anything says that the pod is for Windows, where modes mean something else.
func mayBeWindows(spec *corev1.PodSpec) bool {
	if spec.OS != nil {
		return spec.OS.Name != corev1.Linux
	}
	os, selected := spec.NodeSelector[corev1.LabelOSStable]
	return (selected && os != string(corev1.Linux)) || spec.SecurityContext.WindowsOptions != nil
}

// onlyUsers reports whether the volume is mounted, and only by containers that run as a given user that is not root.
func onlyUsers(spec *corev1.PodSpec, volume string) bool {
	mounted := false
	for _, c := range containersOf(spec) {
		if !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == volume }) {
			continue
		}
		mounted = true
		user := spec.SecurityContext.RunAsUser
		if c.SecurityContext != nil && c.SecurityContext.RunAsUser != nil {
			user = c.SecurityContext.RunAsUser
		}
		if user == nil || *user == 0 {
			return false
		}
	}
	return mounted
}

// containersOf are a pod's init, ordinary and ephemeral containers.
func containersOf(spec *corev1.PodSpec) []*corev1.Container {
	all := make([]*corev1.Container, 0, len(spec.InitContainers)+len(spec.Containers)+len(spec.EphemeralContainers))
	for i := range spec.InitContainers {
		all = append(all, &spec.InitContainers[i])
	}
	for i := range spec.Containers {
		all = append(all, &spec.Containers[i])
	}
	for i := range spec.EphemeralContainers {
		all = append(all, (*corev1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon))
	}
	return all
}
