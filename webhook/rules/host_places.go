// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// hostPlace is a path of the host, cleaned, with slashes. A Windows path is in small letters, and a named pipe's begins with
// pipePrefix.
type hostPlace string

const pipePrefix = "//./pipe/"

// placeOf cleans a hostPath, narrowed by a subPath. A relative path counts from the root, as for the kubelet and the container
// runtime, whose working directory that is. What Linux reaches by another name gets the name that the rules know.
func placeOf(host, subPath string) hostPlace {
	slashed := strings.ReplaceAll(host, `\`, "/")
	switch {
	case strings.HasPrefix(strings.ToLower(slashed), pipePrefix):
		return hostPlace(strings.ToLower(slashed))
	case hasDrive(slashed):
		drive, rest := slashed[:2], slashed[2:]
		return hostPlace(strings.ToLower(drive + path.Join("/", rest, path.Join("/", strings.ReplaceAll(subPath, `\`, "/")))))
	}
	return hostPlace(byUsualName(path.Join("/", host, path.Join("/", subPath))))
}

// hasDrive says that a path begins with a Windows drive.
func hasDrive(p string) bool {
	return len(p) >= 2 && p[1] == ':' && (p[0]|0x20 >= 'a' && p[0]|0x20 <= 'z') && (len(p) == 2 || p[2] == '/' || p[2] == '\\')
}

// byUsualName follows the links that every Linux host has, from a cleaned path to a cleaned one: /var/run is /run, /dev/fd is
// /proc/self/fd, and what a process has as its root or works in, below /proc, is taken for the host's root. The kubelet, the
// runtime and the first process have that root.
func byUsualName(p string) string {
	for {
		if rest, ok := below(p, "/dev/fd"); ok {
			return "/proc/self/fd" + rest
		}
		if rest, ok := below(p, "/var/run"); ok {
			return "/run" + rest
		}
		rest, ok := below(p, "/proc")
		if !ok {
			return p
		}
		if rest, ok = processRoot(rest); !ok {
			return p
		}
		if rest == "" {
			return "/"
		}
		// Each turn leaves a shorter part of the same string, so that a long chain costs no more than its length.
		p = rest
	}
}

// below returns what of a cleaned path comes after a directory, with its slash; false if the path is not that directory or below.
func below(p, directory string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(p, directory)
	return rest, ok && (rest == "" || rest[0] == '/')
}

// processRoot returns what comes after /PROCESS/root, /PROCESS/cwd, and the same of a thread (/PROCESS/task/THREAD/root).
func processRoot(p string) (rest string, ok bool) {
	element := func(p string) (first, rest string) {
		p = strings.TrimPrefix(p, "/")
		if i := strings.IndexByte(p, '/'); i >= 0 {
			return p[:i], p[i:]
		}
		return p, ""
	}
	process, rest := element(p)
	if process != "self" && process != "thread-self" && strings.Trim(process, "0123456789") != "" || process == "" {
		return "", false
	}
	link, rest := element(rest)
	if link == "task" {
		_, rest = element(rest)
		link, rest = element(rest)
	}
	return rest, link == "root" || link == "cwd"
}

// belowAny says that a cleaned path is one of the cleaned roots or below one.
func belowAny(directory string, roots []string) bool {
	for _, root := range roots {
		if _, ok := below(directory, root); ok || root == "/" {
			return true
		}
	}
	return false
}

// hostMount is a mount of a directory of the host, by a hostPath volume or by a claim whose volume is one.
type hostMount struct {
	mount
	// place is what the container sees of the host. Where a variable whose value is not known chooses, it is the directory below
	// which it chooses.
	place hostPlace
}

// eachHostMount visits the mounts of the host's directories, in the order of eachMount.
func eachHostMount(in *Input, visit func(hostMount)) {
	paths := map[*corev1.Volume]string{}
	eachMount(in.Object, func(m mount) {
		if m.volume == nil || (m.volume.HostPath == nil && m.volume.PersistentVolumeClaim == nil) {
			return
		}
		host, asked := paths[m.volume]
		if !asked {
			host = hostPathOf(in, m.volume)
			paths[m.volume] = host
		}
		if host != "" {
			visit(hostMount{m, placeOf(host, m.subPath())})
		}
	})
}

// hostPathOf returns the directory of the host that a volume is; empty if it is none or that is not known.
func hostPathOf(in *Input, v *corev1.Volume) string {
	switch {
	case v.HostPath != nil:
		return v.HostPath.Path
	case v.PersistentVolumeClaim == nil || in.Lookup == nil:
		return ""
	}
	key := topology.Key{Namespace: in.Namespace, Name: v.PersistentVolumeClaim.ClaimName}
	if claim := in.Lookup.Claim(key.Namespace, key.Name); claim != nil && claim.VolumeName != "" {
		if pv := in.Lookup.Volume(claim.VolumeName); pv != nil {
			return pv.HostPath
		}
		return ""
	}
	// A volume that is kept for the claim will be its own.
	for pv := range in.Lookup.KeptFor(key) {
		return pv.HostPath
	}
	return ""
}

// subPath is the part of the volume that the container sees, as far as it is known. The kubelet expands a subPathExpr from the
// container's own variables, and takes nothing that leaves the volume (pkg/kubelet/kubelet_pods.go, makeMounts).
func (m mount) subPath() string {
	if m.SubPathExpr == "" {
		return m.SubPath
	}
	var out strings.Builder
	rest := m.SubPathExpr
	for {
		literal, after, found := strings.Cut(rest, "$")
		out.WriteString(literal)
		if !found {
			return out.String()
		}
		name, tail, isVariable := variable(after)
		switch {
		case strings.HasPrefix(after, "$"):
			out.WriteByte('$')
			rest = after[1:]
		case !isVariable:
			out.WriteByte('$')
			rest = after
		default:
			value, known := m.container.literal(name)
			if !known {
				known := out.String()
				return known[:strings.LastIndexByte(known, '/')+1]
			}
			out.WriteString(value)
			rest = tail
		}
	}
}

// variable reads (NAME) from the beginning of a text.
func variable(text string) (name, rest string, ok bool) {
	if inner, found := strings.CutPrefix(text, "("); found {
		return strings.Cut(inner, ")")
	}
	return "", "", false
}

// literal returns the value of one of the container's variables, if it is written there as it is. The last of a name counts.
func (c container) literal(name string) (value string, known bool) {
	for i := len(c.Env) - 1; i >= 0; i-- {
		if e := &c.Env[i]; e.Name == name {
			return e.Value, e.ValueFrom == nil && !strings.Contains(e.Value, "$")
		}
	}
	return "", false
}
