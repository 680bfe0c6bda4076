// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

// DefaultBidirectionalRoots are the directories below which CSI drivers and storage systems mount for the host: the kubelet's
// root of the common distributions, and Longhorn's.
var DefaultBidirectionalRoots = []string{
	"/var/lib/kubelet",
	"/var/lib/k0s/kubelet",
	"/var/snap/microk8s/common/var/lib/kubelet",
	"/var/lib/longhorn",
}

// withDefaults returns the settings with what is not set filled in, and every path cleaned.
func (s Settings) withDefaults() (Settings, error) {
	roots := s.BidirectionalRoots
	if roots == nil {
		roots = DefaultBidirectionalRoots
	}
	clean := make([]string, 0, len(roots))
	for _, root := range roots {
		if !path.IsAbs(root) {
			return Settings{}, fmt.Errorf("configure the allowed roots of Bidirectional mounts: %q is not an absolute path", root)
		}
		clean = append(clean, path.Clean(root))
	}
	s.rootsGiven = s.BidirectionalRoots != nil
	s.BidirectionalRoots = clean
	return s, nil
}

// propagated is a mount that asks for propagation.
type propagated struct{ mount }

func (p propagated) path() *field.Path { return p.mount.path().Child("mountPropagation") }

func (p propagated) bidirectional() bool {
	return *p.MountPropagation == corev1.MountPropagationBidirectional
}

func eachPropagated(obj runtime.Object, visit func(propagated)) {
	eachMount(obj, func(m mount) {
		if m.propagates() {
			visit(propagated{m})
		}
	})
}

func eachPropagatedOfHost(in *Input, visit func(propagated, hostPlace)) {
	eachHostMount(in, func(m hostMount) {
		if m.propagates() {
			visit(propagated{m.mount}, m.place)
		}
	})
}

// hostsPrograms are the directories of the host's programs and configuration: no agent needs to mount over one of them as a
// whole. Agents that are as privileged as a Bidirectional mount has to be do mount /, /sys and others so, storage drivers among
// them (NetApp Trident and democratic-csi the root), and own the node anyway.
var hostsPrograms = []string{"/bin", "/boot", "/etc", "/lib", "/lib64", "/root", "/sbin", "/usr"}

var propagationBidirectionalPathRule = Rule{
	ID: "propagation-bidirectional-path",
	Summary: "A directory of the host outside the allowed roots is mounted with Bidirectional propagation, by a hostPath or by a claim for one. " +
		"It is denied if it holds the host's programs or configuration (/bin, /boot, /etc, /lib, /lib64, /root, /sbin, /usr), and else " +
		"warned of; all are denied where the configuration has bidirectionalRoots or makes the rule deny or mandatory.",
	Kinds:  podKinds,
	Action: Deny,
	Symptom: "no error at all: what the container mounts there appears on the node and in other pods, hides the host's own files, " +
		"and stays when the pod is gone",
	Remediation: "mount a directory below an allowed root such as /var/lib/kubelet, or use HostToContainer if the container only has " +
		"to see the host's mounts",
	NeedsLookup: true,
	Check:       propagationBidirectionalPath,
}

// propagationBidirectionalPath denies the directories of the host's programs, and, where the configuration says by name that it
// wants to be strict, whatever is not below the allowed roots. It warns of directories that are only unusual.
func propagationBidirectionalPath(in *Input) []Finding {
	strict := in.Settings.rootsGiven || in.demanded
	var found []Finding
	eachPropagatedOfHost(in, func(p propagated, place hostPlace) {
		directory := string(place)
		if !p.bidirectional() || belowAny(directory, in.Settings.BidirectionalRoots) {
			return
		}
		f := Finding{
			Path: p.path(), Volume: p.Name,
			Message: fmt.Sprintf("container %q may not mount host path %q as Bidirectional", p.container.Name, directory),
			Remediation: fmt.Sprintf("mount a directory below an allowed root (%s), or use HostToContainer if the container only has to "+
				"see the host's mounts", strings.Join(in.Settings.BidirectionalRoots, ", ")),
		}
		if !strict && !slices.Contains(hostsPrograms, directory) {
			f.Action = Warn
			f.Message = fmt.Sprintf("container %q mounts host path %q as Bidirectional, which is not one of the usual directories", p.container.Name, directory)
			f.Remediation = "use HostToContainer if the container only has to see the host's mounts; if it must mount for the host, " +
				"add the directory to webhook.bidirectionalRoots"
		}
		found = append(found, f)
	})
	return found
}

var propagationBidirectionalUnprivilegedRule = Rule{
	ID:          "propagation-bidirectional-unprivileged",
	Summary:     "A container that is not privileged mounts a volume with Bidirectional propagation.",
	Kinds:       podKinds,
	Action:      Deny,
	Symptom:     `Forbidden "` + upstream.BidirectionalNeedsPrivileged + `"`,
	Remediation: "use HostToContainer or no propagation; only a container that must mount for the host needs securityContext.privileged: true",
	ExplainsAPI: true,
	Check:       propagationBidirectionalUnprivileged,
}

// propagationBidirectionalUnprivileged explains the one rule that the API server has about propagation
// (pkg/apis/core/validation/validation.go, validateMountPropagation). It holds for templates too; before Kubernetes
// validated StatefulSets' templates, those failed only when the pod was made.
func propagationBidirectionalUnprivileged(in *Input) []Finding {
	var found []Finding
	eachPropagated(in.Object, func(p propagated) {
		if !p.bidirectional() || p.container.privileged() {
			return
		}
		found = append(found, Finding{
			Path:         p.path(),
			Message:      fmt.Sprintf("container %q mounts volume %q as Bidirectional and is not privileged", p.container.Name, p.Name),
			RefusedByAPI: true,
		})
	})
	return found
}

var propagationHostRootRule = Rule{
	ID:          "propagation-host-root",
	Summary:     "The host's root directory is mounted writable with HostToContainer or Bidirectional propagation.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "no error at all: the container can write to every mount of the node, other pods' volumes included",
	Remediation: "mount only the directory that is needed, or set readOnly: true on the mount",
	NeedsLookup: true,
	Check:       propagationHostRoot,
}

func propagationHostRoot(in *Input) []Finding {
	var found []Finding
	eachPropagatedOfHost(in, func(p propagated, place hostPlace) {
		if place != "/" || p.ReadOnly {
			return
		}
		found = append(found, Finding{
			Path: p.path(), Volume: p.Name,
			Message: fmt.Sprintf("container %q mounts the host's / writable with %s propagation", p.container.Name, *p.MountPropagation),
		})
	})
	return found
}

var propagationIneffectiveRule = Rule{
	ID:          "propagation-ineffective",
	Summary:     "A Bidirectional mount is read-only, in a pod with hostUsers: false, or of a volume that nothing else can see.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "no error at all: what the container mounts is not visible anywhere else",
	Remediation: "drop mountPropagation, or make the mount one that others can see",
	Check:       propagationIneffective,
}

// propagationIneffective fires on Bidirectional mounts from which nothing can ever reach the host or another container.
func propagationIneffective(in *Input) []Finding {
	var found []Finding
	// A mount without propagation counts too: a container that starts later has the mounts that were there by then.
	mounts := map[*corev1.Volume]int{}
	eachMount(in.Object, func(m mount) { mounts[m.volume]++ })
	eachPropagated(in.Object, func(p propagated) {
		if !p.bidirectional() {
			return
		}
		f := Finding{Path: p.path()}
		what := fmt.Sprintf("container %q mounts volume %q as Bidirectional", p.container.Name, p.Name)
		switch {
		case p.ReadOnly:
			f.Message = what + " and read-only: it cannot create directories to mount on"
			f.Remediation = "drop readOnly if the container mounts for others; otherwise use HostToContainer"
		case p.spec.HostUsers != nil && !*p.spec.HostUsers:
			// user_namespaces(7), mount_namespaces(7): in a mount namespace owned by another user namespace every shared mount
			// becomes a slave.
			f.Message = what + " in a user namespace (hostUsers: false): the kernel does not propagate mounts out of it"
			f.Remediation = "drop hostUsers: false, or use HostToContainer"
		case p.volume != nil && podsOwn(p.volume) && mounts[p.volume] == 1:
			f.Message = what + ", and no other container mounts that volume"
			f.Remediation = "mount the volume in the container that needs the mounts as well, or drop mountPropagation"
		default:
			return
		}
		found = append(found, f)
	})
	return found
}

// podsOwn says that a volume is a directory which the kubelet makes for this one pod.
func podsOwn(v *corev1.Volume) bool {
	return v.EmptyDir != nil || v.Secret != nil || v.ConfigMap != nil || v.DownwardAPI != nil || v.Projected != nil
}

var propagationSubPathRule = Rule{
	ID:          "propagation-subpath",
	Summary:     "A mount has both propagation and a subPath.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "no error at all: mounts that were there before the container started are empty directories in it",
	Remediation: "make the subdirectory the volume's own path, or mount the whole volume",
	Check:       propagationSubPath,
}

// propagationSubPath fires on propagation together with a subPath. The kubelet bind-mounts the directory for the container
// without what is mounted below it (pkg/volume/util/subpath/subpath_linux.go, doBindSubPath).
func propagationSubPath(in *Input) []Finding {
	var found []Finding
	eachPropagated(in.Object, func(p propagated) {
		if p.SubPath == "" && p.SubPathExpr == "" {
			return
		}
		found = append(found, Finding{
			Path: p.path(),
			Message: fmt.Sprintf("container %q mounts a subPath of volume %q with %s propagation: what is already mounted below it is missing",
				p.container.Name, p.Name, *p.MountPropagation),
		})
	})
	return found
}

var propagationReadOnlyNotRecursiveRule = Rule{
	ID:      "propagation-readonly-not-recursive",
	Summary: "A mount is read-only with HostToContainer propagation.",
	Kinds:   podKinds,
	Action:  Warn,
	Symptom: "no error at all: the container can write to whatever is mounted below; the API server allows recursiveReadOnly " +
		"without propagation only",
	Remediation: "drop mountPropagation and set recursiveReadOnly: IfPossible, unless the container must see mounts made after it started",
	Check:       propagationReadOnlyNotRecursive,
}

// propagationReadOnlyNotRecursive fires on readOnly with HostToContainer. Only the mount itself is read-only then, and the
// API server allows recursiveReadOnly on mounts without propagation alone (pkg/apis/core/validation/validation.go,
// validateMountRecursiveReadOnly).
func propagationReadOnlyNotRecursive(in *Input) []Finding {
	var found []Finding
	eachPropagated(in.Object, func(p propagated) {
		if !p.ReadOnly || p.bidirectional() || p.hostFile() {
			return
		}
		found = append(found, Finding{
			Path: p.path(), Volume: p.Name,
			Message: fmt.Sprintf("container %q mounts volume %q read-only with %s: what is mounted below it stays writable",
				p.container.Name, p.Name, *p.MountPropagation),
		})
	})
	return found
}
