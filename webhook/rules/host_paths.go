// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// hostPlace is a path of the host, cleaned, with slashes. A Windows path is in small letters, and a named pipe's begins with
// pipePrefix.
type hostPlace string

const pipePrefix = "//./pipe/"

// placeOf cleans a hostPath, narrowed by a subPath. A relative path counts from the root, as for the kubelet. Linux reaches
// /run by the name /var/run too.
func placeOf(host, subPath string) hostPlace {
	slashed := strings.ReplaceAll(host, `\`, "/")
	switch {
	case strings.HasPrefix(strings.ToLower(slashed), pipePrefix):
		return hostPlace(strings.ToLower(slashed))
	case hasDrive(slashed):
		drive, rest := slashed[:2], slashed[2:]
		return hostPlace(strings.ToLower(drive + path.Join("/", rest, path.Join("/", strings.ReplaceAll(subPath, `\`, "/")))))
	}
	clean := path.Join("/", host, path.Join("/", subPath))
	if rest, ok := strings.CutPrefix(clean, "/var/run"); ok && (rest == "" || rest[0] == '/') {
		clean = "/run" + rest
	}
	return hostPlace(clean)
}

// hasDrive says that a path begins with a Windows drive.
func hasDrive(p string) bool {
	return len(p) >= 2 && p[1] == ':' && (p[0]|0x20 >= 'a' && p[0]|0x20 <= 'z') && (len(p) == 2 || p[2] == '/' || p[2] == '\\')
}

var (
	// sensitiveFolders are the host's, of which only they themselves are: what lies below may be anybody's.
	sensitiveFolders = []hostPlace{"/", "/var", "/var/lib", "/run"}
	// sensitiveTrees are the host's with everything below.
	sensitiveTrees = []string{
		"/etc", "/root", "/proc", "/sys", "/boot", "/dev", "/usr", "/lib", "/var/log",
		"/var/lib/kubelet", "/var/lib/docker", "/var/lib/containerd",
	}
	// sensitiveDriveTrees are the same below any Windows drive.
	sensitiveDriveTrees = []string{"/windows", "/program files", "/programdata/docker", "/programdata/containerd", "/etc", "/var/log", "/var/lib/kubelet"}
	// runtimeSockets are where container runtimes listen. To connect to one, a read-only mount is enough.
	runtimeSockets = []hostPlace{
		"/run/docker.sock", "/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock", "/run/crio/crio.sock",
		"/run/cri-dockerd.sock", pipePrefix + "docker_engine", pipePrefix + "containerd-containerd",
	}
)

func (p hostPlace) sensitive() bool {
	if slices.Contains(sensitiveFolders, p) {
		return true
	}
	if hasDrive(string(p)) {
		return len(p) == len("c:/") || belowAny(string(p[2:]), sensitiveDriveTrees)
	}
	return belowAny(string(p), sensitiveTrees)
}

func (p hostPlace) runtimeSocket() bool { return slices.Contains(runtimeSockets, p) }

// hostUse is what one container does with one place of a hostPath volume.
type hostUse struct {
	container string
	volume    *corev1.Volume
	// index is the volume's in the pod spec.
	index  int
	place  hostPlace
	writes bool
}

// hostUses lists the pod's uses of hostPath volumes, in the order of the mounts, each once: one that writes counts for all.
// Mounts with a subPathExpr are left out: only the kubelet knows which folder they are of.
func hostUses(in *Input) []hostUse {
	var uses []hostUse
	eachMount(in.Object, func(m mount) {
		if m.volume == nil || m.volume.HostPath == nil || m.SubPathExpr != "" {
			return
		}
		place := placeOf(m.volume.HostPath.Path, m.SubPath)
		if place == "/" && !m.ReadOnly && m.MountPropagation != nil && *m.MountPropagation != corev1.MountPropagationNone {
			// propagation-host-root says it, and more.
			return
		}
		for i := range uses {
			if u := &uses[i]; u.container == m.container.Name && u.volume == m.volume && u.place == place {
				u.writes = u.writes || !m.ReadOnly
				return
			}
		}
		index := slices.IndexFunc(m.spec.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name })
		uses = append(uses, hostUse{m.container.Name, m.volume, index, place, !m.ReadOnly})
	})
	return uses
}

func (u hostUse) path(spec *field.Path) *field.Path {
	return spec.Child("volumes").Index(u.index).Child("hostPath", "path")
}

// hostPathSensitive fires on the host's own folders where a container can write to them, and on the sockets of its container
// runtime.
func hostPathSensitive(in *Input) []Finding {
	if pv, ok := in.Object.(*corev1.PersistentVolume); ok {
		return hostVolumeSensitive(pv)
	}
	var found []Finding
	_, spec := podSpecOf(in.Object)
	for _, u := range hostUses(in) {
		f := Finding{Path: u.path(spec)}
		switch {
		case u.place.runtimeSocket():
			f.Message = fmt.Sprintf("volume %q gives container %q the host's container runtime (%s)", u.volume.Name, u.container, u.place)
			f.Symptom = "no error at all: whoever gets into the container can start others as root of the node"
			f.Remediation = "use the Kubernetes API, or a tool that builds images without a daemon"
		case u.place.sensitive() && u.writes:
			f.Message = fmt.Sprintf("volume %q lets container %q write to the host's %s", u.volume.Name, u.container, u.place)
		default:
			continue
		}
		found = append(found, f)
	}
	return found
}

func hostVolumeSensitive(pv *corev1.PersistentVolume) []Finding {
	if pv.Spec.HostPath == nil {
		return nil
	}
	place := placeOf(pv.Spec.HostPath.Path, "")
	if !place.sensitive() && !place.runtimeSocket() {
		return nil
	}
	return []Finding{{
		Path:        field.NewPath("spec", "hostPath", "path"),
		Message:     fmt.Sprintf("the volume lets whoever claims it write to the host's %s", place),
		Remediation: "give the volume a folder of its own, such as /srv/volumes/data",
	}}
}

// hostPathStateful fires on a Deployment or StatefulSet that keeps data in a folder of whichever node it runs on.
func hostPathStateful(in *Input) []Finding {
	switch in.Object.(type) {
	case *appsv1.Deployment, *appsv1.StatefulSet:
	default:
		return nil
	}
	spec, path := podSpecOf(in.Object)
	if mayBePinned(spec) {
		return nil
	}
	var found []Finding
	for _, u := range hostUses(in) {
		if !u.writes || !u.place.holdsData() || isFileType(u.volume.HostPath.Type) {
			continue
		}
		found = append(found, Finding{
			Path:    u.path(path),
			Message: fmt.Sprintf("volume %q: container %q writes to %s of whichever node it runs on", u.volume.Name, u.container, u.place),
		})
	}
	return found
}

// holdsData says that a place may hold a workload's data, and is not the node's own or a socket.
func (p hostPlace) holdsData() bool {
	return !p.sensitive() && !p.runtimeSocket() && !strings.HasPrefix(string(p), "/run/") && !strings.HasPrefix(string(p), pipePrefix) &&
		!strings.HasSuffix(string(p), ".sock")
}

// commonNodeLabels are carried by so many nodes that to select by them pins nothing.
var commonNodeLabels = []string{corev1.LabelOSStable, corev1.LabelArchStable, "beta.kubernetes.io/os", "beta.kubernetes.io/arch"}

// mayBePinned says that the pod names a node, or selects nodes by anything that only one of them may have.
func mayBePinned(spec *corev1.PodSpec) bool {
	if spec.NodeName != "" {
		return true
	}
	for key := range spec.NodeSelector {
		if !slices.Contains(commonNodeLabels, key) {
			return true
		}
	}
	if spec.Affinity == nil || spec.Affinity.NodeAffinity == nil || spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return false
	}
	for _, term := range spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		if len(term.MatchFields) > 0 {
			return true
		}
		for _, e := range term.MatchExpressions {
			if !slices.Contains(commonNodeLabels, e.Key) {
				return true
			}
		}
	}
	return false
}
