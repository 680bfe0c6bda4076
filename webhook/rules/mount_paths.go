// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// imageDirectories are the container's, without which few programs run.
var imageDirectories = []string{"/", "/etc", "/proc", "/usr"}

var mountPathRule = Rule{
	ID: "mount-path",
	Summary: "A mountPath is relative, has a colon, is another spelling of another mount's path, hides /, /etc, /proc or /usr of the image, is a file's " +
		"name for a whole configMap or secret, or is a file below one.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "the container does not start, or does not find its files",
	Remediation: "use an absolute path that no other mount has",
	Check:       mountPath,
}

// mountPath fires on paths that the API server takes and that do not do what they look like.
func mountPath(in *Input) []Finding {
	var found []Finding
	type place struct {
		list      string
		container int
		path      string
	}
	first := map[place]string{}
	readOnly := readOnlyMounts(in)
	eachMount(in.Object, func(m mount) {
		if m.MountPath == "" || onWindows(m) {
			return
		}
		clean := path.Clean("/" + m.MountPath)
		at := place{m.container.list, m.container.index, clean}
		before, taken := first[at]
		if !taken {
			first[at] = m.MountPath
		}
		var f Finding
		var why string
		switch {
		case taken && before != m.MountPath:
			why = fmt.Sprintf(", where it also mounts another (%q)", before)
			f.Symptom = "no error at all: only one of the two is visible, and which one depends on the runtime"
			f.Remediation = "give each mount a path of its own"
		case slices.Contains(imageDirectories, clean):
			why = ", which hides what the image has there"
			f.Symptom = "the container does not start, or its programs miss their files"
			f.Remediation = "mount it elsewhere, or single files with subPath"
		case strings.Contains(m.MountPath, ":"):
			why = ", which has a colon in it"
			f.Symptom = "some runtimes read what follows the colon as mount options"
			f.Remediation = "use a path without a colon"
		case !path.IsAbs(m.MountPath):
			why = ", which is not absolute"
			f.Symptom = fmt.Sprintf("the volume is at %s, whatever the container's working directory", clean)
			f.Remediation = "write " + clean
		case m.SubPath == "" && m.SubPathExpr == "" && ofFiles(m.volume) && isFileName(clean):
			why = ", where the volume becomes a directory and not a file"
			f.Symptom = "the program does not start: it finds a directory where its file is to be, or the mount fails with 'not a directory'"
			f.Remediation = "mount one file of it with subPath, or use the path of the directory"
		case (m.SubPath != "" || m.SubPathExpr != "") && isFileName(clean) && belowReadOnly(readOnly[containerAt{m.container.list, m.container.index}], clean):
			why = ", below a configMap or secret that is mounted read-only, where no mount point for it can be made"
			f.Symptom = "the container does not start: 'read-only file system'"
			f.Remediation = "mount both as sources of one projected volume, or at directories of their own"
		default:
			return
		}
		f.Path = m.path().Child("mountPath")
		f.Message = fmt.Sprintf("container %q mounts volume %q at %q", m.container.Name, m.Name, m.MountPath) + why
		found = append(found, f)
	})
	return found
}

type containerAt struct {
	list  string
	index int
}

// readOnlyMounts are the directories of each container at which volumes are that are read-only whatever the mount says.
func readOnlyMounts(in *Input) map[containerAt]map[string]bool {
	all := map[containerAt]map[string]bool{}
	eachMount(in.Object, func(m mount) {
		if !ofFiles(m.volume) || m.SubPath != "" || m.SubPathExpr != "" {
			return
		}
		at := containerAt{m.container.list, m.container.index}
		if all[at] == nil {
			all[at] = map[string]bool{}
		}
		all[at][path.Clean("/"+m.MountPath)] = true
	})
	return all
}

func belowReadOnly(mounts map[string]bool, p string) bool {
	for dir := path.Dir(p); dir != "/" && dir != "."; dir = path.Dir(dir) {
		if mounts[dir] {
			return true
		}
	}
	return false
}

// ofFiles says that a volume is made of the files of a configMap or secret.
func ofFiles(v *corev1.Volume) bool {
	return v != nil && (v.ConfigMap != nil || v.Secret != nil)
}

// fileEndings are those of files that people mount; directories such as conf.d have others.
var fileEndings = []string{".conf", ".cfg", ".ini", ".yaml", ".yml", ".json", ".toml", ".xml", ".properties", ".env", ".sql", ".sh", ".pem", ".crt", ".key", ".cnf"}

func isFileName(p string) bool { return slices.Contains(fileEndings, path.Ext(p)) }

// onWindows says that a mount's path is a Windows path, or may be one.
func onWindows(m mount) bool {
	return forWindows(m.spec) || (m.spec.OS == nil && (hasDrive(m.MountPath) || strings.Contains(m.MountPath, `\`)))
}

// forWindows says that the pod is for Windows nodes.
func forWindows(spec *corev1.PodSpec) bool {
	if spec.OS != nil {
		return spec.OS.Name == corev1.Windows
	}
	return spec.NodeSelector[corev1.LabelOSStable] == string(corev1.Windows)
}
