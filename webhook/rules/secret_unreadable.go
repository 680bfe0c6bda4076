// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var secretModeUnreadableRule = Rule{
	ID:          "secret-mode-unreadable",
	Summary:     "A container that does not run as root mounts a secret or projected volume whose files only root can read, and there is no fsGroup.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "open …: permission denied, in a container that starts and cannot read its secret",
	Remediation: "set securityContext.fsGroup on the pod: the kubelet then lets that group read the files; or use a mode that others may read, such as 0444",
	See:         []string{"https://github.com/kubernetes/kubernetes/issues/57923", "https://github.com/kubernetes/website/issues/37388"},
	Check:       secretModeUnreadable,
}

// secretModeUnreadable fires on files that belong to root (pkg/volume/util/atomic_writer.go) and that their reader, as another user, cannot
// read. With an fsGroup the kubelet gives the files to it and adds reading for the group, whatever the mode (pkg/volume/volume_linux.go,
// changeFilePermission), and every container of the pod is in that group.
func secretModeUnreadable(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil || forWindows(spec) || (spec.SecurityContext != nil && spec.SecurityContext.FSGroup != nil) {
		return nil
	}
	told := map[int]bool{}
	var found []Finding
	eachMount(in.Object, func(m mount) {
		if m.volume == nil || told[m.volumeIndex] || (m.volume.Secret == nil && m.volume.Projected == nil) {
			return
		}
		reader := m.container.reader(spec)
		if reader.mayBeRoot {
			return
		}
		at, mode, unreadable := firstUnreadable(m.volume, path.Child("volumes").Index(m.volumeIndex), reader)
		if !unreadable {
			return
		}
		told[m.volumeIndex] = true
		found = append(found, Finding{
			Path: at, Volume: m.Name,
			Message: fmt.Sprintf("volume %q: mode %#o lets only root read its files, and container %q runs as %s", m.Name, mode, m.container.Name, reader),
		})
	})
	return found
}

// reader is the user as whom a container reads files.
type reader struct {
	// mayBeRoot says that it is, or that it is not known.
	mayBeRoot bool
	user      *int64
	// mayBeInRootsGroup says so of the group that files of volumes have.
	mayBeInRootsGroup bool
}

func (r reader) String() string {
	if r.user == nil {
		return "non-root"
	}
	return fmt.Sprintf("user %d", *r.user)
}

// reader says as whom a container runs. An image's own user is not known, but for that runAsNonRoot rules root out. One that has no group of its
// own in the image is in root's.
func (c container) reader(spec *corev1.PodSpec) reader {
	var user, group *int64
	var nonRoot *bool
	mayBeInRootsGroup := false
	if s := spec.SecurityContext; s != nil {
		user, group, nonRoot = s.RunAsUser, s.RunAsGroup, s.RunAsNonRoot
		for _, g := range s.SupplementalGroups {
			mayBeInRootsGroup = mayBeInRootsGroup || g == 0
		}
	}
	if s := c.SecurityContext; s != nil {
		if s.RunAsUser != nil {
			user = s.RunAsUser
		}
		if s.RunAsGroup != nil {
			group = s.RunAsGroup
		}
		if s.RunAsNonRoot != nil {
			nonRoot = s.RunAsNonRoot
		}
	}
	return reader{
		user:              user,
		mayBeRoot:         (user != nil && *user == 0) || (user == nil && (nonRoot == nil || !*nonRoot)),
		mayBeInRootsGroup: mayBeInRootsGroup || group == nil || *group == 0,
	}
}

// cannotRead reports whether files of root and its group, with a mode, are closed to the reader.
func (r reader) cannotRead(mode int32) bool {
	const ownersOnly, byGroup, byOthers = 0o777, 0o040, 0o004
	return mode >= 0 && mode <= ownersOnly && mode&byOthers == 0 && (mode&byGroup == 0 || !r.mayBeInRootsGroup)
}

// firstUnreadable returns the first of a volume's modes that closes its files to the reader, if the files that have it are in the volume.
func firstUnreadable(v *corev1.Volume, at *field.Path, r reader) (where *field.Path, mode int32, unreadable bool) {
	look := func(defaultMode *int32, defaultAt *field.Path, items []corev1.KeyToPath, itemsAt *field.Path) bool {
		if unreadable {
			return true
		}
		closed := func(m *int32) bool {
			if m == nil || !r.cannotRead(*m) {
				return false
			}
			_, decimal := meantInOctal(*m)
			return !decimal
		}
		if len(items) == 0 && closed(defaultMode) {
			where, mode, unreadable = defaultAt.Child("defaultMode"), *defaultMode, true
		}
		for i := range items {
			switch {
			case unreadable:
			case closed(items[i].Mode):
				where, mode, unreadable = itemsAt.Child("items").Index(i).Child("mode"), *items[i].Mode, true
			case items[i].Mode == nil && closed(defaultMode):
				where, mode, unreadable = defaultAt.Child("defaultMode"), *defaultMode, true
			}
		}
		return unreadable
	}
	if s := v.Secret; s != nil {
		at = at.Child("secret")
		look(s.DefaultMode, at, s.Items, at)
		return where, mode, unreadable
	}
	at = at.Child("projected")
	for i := range v.Projected.Sources {
		// Tokens belong to the user that all containers run as, if that is written.
		if s := v.Projected.Sources[i].Secret; s != nil {
			look(v.Projected.DefaultMode, at, s.Items, at.Child("sources").Index(i).Child("secret"))
		}
	}
	return where, mode, unreadable
}
