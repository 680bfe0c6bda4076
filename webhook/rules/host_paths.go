// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	// sensitiveDirectories are the host's, of which only they themselves are: what lies below may be anybody's.
	sensitiveDirectories = []hostPlace{"/", "/var", "/var/lib", "/run"}
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
	if slices.Contains(sensitiveDirectories, p) {
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

// hostUses lists the pod's uses of the host's directories, in the order of the mounts, each once: one that writes counts for all.
func hostUses(in *Input) []hostUse {
	type key struct {
		container string
		volume    *corev1.Volume
		place     hostPlace
	}
	var uses []hostUse
	known := map[key]int{}
	eachHostMount(in, func(m hostMount) {
		if m.place == "/" && !m.ReadOnly && m.propagates() {
			// propagation-host-root says it, and more.
			return
		}
		k := key{m.container.Name, m.volume, m.place}
		if i, ok := known[k]; ok {
			uses[i].writes = uses[i].writes || !m.ReadOnly
			return
		}
		known[k] = len(uses)
		uses = append(uses, hostUse{m.container.Name, m.volume, m.volumeIndex, m.place, !m.ReadOnly})
	})
	return uses
}

func (u hostUse) path(spec *field.Path) *field.Path {
	at := spec.Child("volumes").Index(u.index)
	if u.volume.HostPath == nil {
		return at.Child("persistentVolumeClaim", "claimName")
	}
	return at.Child("hostPath", "path")
}

// fileType is what the volume says that the path is.
func (u hostUse) fileType() *corev1.HostPathType {
	if u.volume.HostPath == nil {
		return nil
	}
	return u.volume.HostPath.Type
}

var hostPathSensitiveRule = Rule{
	ID:          "hostpath-sensitive",
	Summary:     "A hostPath of one of the node's system directories is mounted writable, or the socket of its container runtime is mounted at all.",
	Kinds:       append([]Kind{PersistentVolume}, podKinds...),
	Action:      Warn,
	Symptom:     "no error at all: an attacker in the container can change the node, and through it every other pod there",
	Remediation: "set readOnly: true on the mounts, or mount only the directory that is needed",
	NeedsLookup: true,
	Check:       hostPathSensitive,
}

// hostPathSensitive fires on the host's own directories where a container can write to them, and on the sockets of its container
// runtime. Drivers of storage, and agents of a node in the places where all of them work, are audited: there is nothing else that they could mount.
func hostPathSensitive(in *Input) []Finding {
	if pv, ok := in.Object.(*corev1.PersistentVolume); ok {
		return hostVolumeSensitive(pv)
	}
	uses := hostUses(in)
	if len(uses) == 0 {
		return nil
	}
	_, spec := podSpecOf(in.Object)
	driver, agent := isStorageDriver(in), isNodeAgent(in)
	var found []Finding
	for _, u := range uses {
		f := Finding{Path: u.path(spec), Volume: u.volume.Name}
		switch {
		case u.place.runtimeSocket():
			f.Message = fmt.Sprintf("volume %q gives container %q the host's container runtime (%s)", u.volume.Name, u.container, u.place)
			f.Symptom = "no error at all: an attacker in the container can start containers as root on the node"
			f.Remediation = "use the Kubernetes API, or a tool that builds images without a daemon"
		case u.place.sensitive() && u.writes:
			f.Message = fmt.Sprintf("volume %q lets container %q write to the host's %s", u.volume.Name, u.container, u.place)
			if driver || (agent && u.place.ofAgents()) {
				f.Action = Audit
			}
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
		Message:     fmt.Sprintf("the volume lets the pods of its claim write to the host's %s", place),
		Remediation: "give the volume a directory of its own, such as /srv/volumes/data",
	}}
}

var hostPathStatefulRule = Rule{
	ID:          "hostpath-stateful",
	Summary:     "A Deployment or StatefulSet that can move between nodes writes to a hostPath.",
	Kinds:       []Kind{Deployment, StatefulSet},
	Action:      Warn,
	Symptom:     "no error at all: a pod that starts on another node finds an empty directory, or stale data",
	Remediation: "use a PersistentVolumeClaim; for a node's own disk, one with a class of local volumes",
	Check:       hostPathStateful,
}

// hostPathStateful fires on a Deployment or StatefulSet that keeps data in a directory of the node it runs on.
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
		// A claim's volume says itself on which node it is.
		if !u.writes || u.volume.HostPath == nil || !u.place.holdsData() || isFileType(u.volume.HostPath.Type) {
			continue
		}
		found = append(found, Finding{
			Path:    u.path(path),
			Message: fmt.Sprintf("volume %q: container %q writes to %s of the node it runs on", u.volume.Name, u.container, u.place),
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
