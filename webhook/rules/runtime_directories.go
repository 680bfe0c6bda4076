// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"
)

var hostPathRuntimeDirectoryRule = Rule{
	ID:          "hostpath-runtime-directory",
	Summary:     "A directory of the host is mounted in which the socket of its container runtime is; read-only makes no difference to a socket.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "no error at all: an attacker in the container can start containers as root on the node",
	Remediation: "mount only the file or directory that is needed, or use the Kubernetes API",
	See:         []string{"https://github.com/moby/moby/issues/21109", "https://github.com/Shopify/kubeaudit/issues/216"},
	NeedsLookup: true,
	Check:       hostPathRuntimeDirectory,
}

// hostPathRuntimeDirectory fires on directories above a runtime's socket, down from those that programs have of their own. Whether a mount can be
// written to says nothing of the sockets in it. Agents of a node mount such directories to see what runs there.
func hostPathRuntimeDirectory(in *Input) []Finding {
	var found []Finding
	told := map[string]bool{}
	_, spec := podSpecOf(in.Object)
	for _, u := range hostUses(in) {
		socket := u.place.socketBelow()
		if socket == "" || told[u.volume.Name] || isFileType(u.fileType()) {
			continue
		}
		told[u.volume.Name] = true
		f := Finding{
			Path: u.path(spec), Volume: u.volume.Name,
			Message: fmt.Sprintf("volume %q gives container %q the directory %s of the host, and in it the container runtime's socket (%s)", u.volume.Name, u.container, u.place, socket),
		}
		if isNodeAgent(in) || (u.place == "/" && !u.writes) {
			// Who looks at all of the host is an agent, too.
			f.Action = Audit
		}
		found = append(found, f)
	}
	return found
}

// socketBelow returns the first socket of a container runtime below a directory; empty if there is none.
func (p hostPlace) socketBelow() hostPlace {
	if i := slices.IndexFunc(runtimeSockets, func(s hostPlace) bool {
		return s != p && (p == "/" && !strings.HasPrefix(string(s), pipePrefix) || strings.HasPrefix(string(s), string(p)+"/"))
	}); i >= 0 {
		return runtimeSockets[i]
	}
	return ""
}
