// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"
)

var subPathVariableRule = Rule{
	ID:          "subpath-variable",
	Summary:     "A subPath has a variable in it, which only subPathExpr expands, or a subPathExpr one that the container does not define.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "no error at all: a directory of that very name is made, and all replicas write to it",
	Remediation: "use subPathExpr, with the variable in the container's env",
	Check:       subPathVariable,
}

// subPathVariable follows the kubelet, which expands subPathExpr only, from the container's own variables (pkg/kubelet/kubelet_pods.go,
// makeMounts; pkg/kubelet/container/helpers.go, ExpandContainerVolumeMounts). Variables of a Secret or ConfigMap as a whole are not known.
func subPathVariable(in *Input) []Finding {
	var found []Finding
	eachMount(in.Object, func(m mount) {
		switch {
		case m.SubPath != "":
			if name, ok := firstVariable(m.SubPath, func(string) bool { return false }); ok {
				found = append(found, Finding{
					Path:    m.path().Child("subPath"),
					Message: fmt.Sprintf("container %q: subPath %q of volume %q is not expanded; subPathExpr is, and $(%s) was probably meant so", m.container.Name, m.SubPath, m.Name, name),
				})
			}
		case m.SubPathExpr != "" && len(m.container.EnvFrom) == 0:
			if name, ok := firstVariable(m.SubPathExpr, m.container.defines); ok {
				found = append(found, Finding{
					Path:        m.path().Child("subPathExpr"),
					Message:     fmt.Sprintf("container %q: subPathExpr of volume %q has $(%s), which the container does not define", m.container.Name, m.Name, name),
					Symptom:     fmt.Sprintf("CreateContainerConfigError: missing value for %q", name),
					Remediation: fmt.Sprintf("add %s to the container's env", name),
				})
			}
		}
	})
	return found
}

// defines reports whether the container has a variable, or may get it from a Service.
func (c container) defines(name string) bool {
	for i := range c.Env {
		if c.Env[i].Name == name {
			return true
		}
	}
	return slices.ContainsFunc([]string{"_SERVICE_HOST", "_SERVICE_PORT", "_PORT", "_TCP", "_UDP"}, func(end string) bool { return strings.Contains(name, end) })
}

// firstVariable returns the first $(NAME) of a text that is not defined. $$ stands for a dollar.
func firstVariable(text string, defined func(string) bool) (string, bool) {
	for {
		_, after, found := strings.Cut(text, "$")
		if !found {
			return "", false
		}
		if rest, escaped := strings.CutPrefix(after, "$"); escaped {
			text = rest
			continue
		}
		name, rest, ok := variable(after)
		if ok && name != "" && !defined(name) {
			return name, true
		}
		text = after
		if ok {
			text = rest
		}
	}
}
