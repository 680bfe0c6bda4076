// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var secretSubPathStaleRule = Rule{
	ID:          "secret-subpath-stale",
	Summary:     "A long-running container mounts a subPath of a secret or projected volume, or, which is audited only, of a configMap.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "no error at all: after a rotation the container sees the old file until it restarts",
	Remediation: "mount the volume as a directory, with items if you want only some files, or restart the pods after every change",
	Check:       secretSubPathStale,
}

// secretSubPathStale fires on files that the kubelet refreshes by swapping a link which a subPath mount does not follow
// (kubernetes/kubernetes#50345). A container that runs once does not live to see it, nor does a pod that is to end.
func secretSubPathStale(in *Input) []Finding {
	var found []Finding
	eachMount(in.Object, func(m mount) {
		if m.volume == nil || (m.SubPath == "" && m.SubPathExpr == "") || m.container.runsOnce() || runsToCompletion(m.spec) {
			return
		}
		var source string
		var action Action
		switch {
		case m.volume.Secret != nil:
			source = "secret"
		case m.volume.ConfigMap != nil:
			// Most programs read their configuration once, and are restarted when it changes.
			source, action = "configMap", Audit
		case m.volume.Projected != nil:
			source = "projected"
		default:
			return
		}
		found = append(found, Finding{
			Path: m.path().Child(subPathField(m.VolumeMount)), Action: action,
			Message: fmt.Sprintf("container %q mounts a subPath of %s volume %q: it never sees an update", m.container.Name, source, m.Name),
		})
	})
	return found
}

func subPathField(m *corev1.VolumeMount) string {
	if m.SubPath == "" {
		return "subPathExpr"
	}
	return "subPath"
}

// runsOnce says that the container ends before the ordinary ones start.
func (c container) runsOnce() bool {
	return c.list == "initContainers" && (c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways)
}

func runsToCompletion(spec *corev1.PodSpec) bool {
	return spec.RestartPolicy == corev1.RestartPolicyNever || spec.RestartPolicy == corev1.RestartPolicyOnFailure
}

var secretEnvRule = Rule{
	ID:          "secret-env",
	Summary:     "A container gets a secret as an environment variable.",
	Kinds:       podKinds,
	Action:      Audit,
	Symptom:     "no error at all: child processes, crash reports and debug pages show the value, and it does not change with a rotation",
	Remediation: "mount the secret as a volume",
	Check:       secretEnv,
}

// secretEnv fires once for each container that gets secrets in its environment, which its children inherit, which crash
// reports print, and which does not follow an update. It tells the first, so that one more or less is not another finding.
func secretEnv(in *Input) []Finding {
	var found []Finding
	eachContainer(in.Object, func(_ *corev1.PodSpec, c container) {
		var at *field.Path
		env := slices.IndexFunc(c.Env, func(e corev1.EnvVar) bool { return e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil })
		envFrom := slices.IndexFunc(c.EnvFrom, func(e corev1.EnvFromSource) bool { return e.SecretRef != nil })
		switch {
		case env >= 0:
			at = c.path().Child("env").Index(env)
		case envFrom >= 0:
			at = c.path().Child("envFrom").Index(envFrom)
		default:
			return
		}
		found = append(found, Finding{Path: at, Message: fmt.Sprintf("container %q has secrets in its environment", c.Name)})
	})
	return found
}

const (
	secondsOfDay = 24 * 60 * 60
	// apiAccessVolume begins the name of the volume that the API server itself puts into pods.
	apiAccessVolume = "kube-api-access-"
)

var secretTokenLongRule = Rule{
	ID:          "secret-token-long",
	Summary:     "A projected service account token lasts over 24 hours, or is for the API server in a pod that already has such a token.",
	Kinds:       podKinds,
	Action:      Audit,
	Symptom:     "no error at all: a leaked token stays valid for a long time",
	Remediation: "leave expirationSeconds at its default of an hour: the kubelet renews the file",
	Check:       secretTokenLong,
}

// secretTokenLong fires on tokens that last over a day, and on those for the API server in a pod that has one already.
func secretTokenLong(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil {
		return nil
	}
	hasToken := spec.AutomountServiceAccountToken != nil && *spec.AutomountServiceAccountToken
	for i := range spec.Volumes {
		hasToken = hasToken || isAPIAccess(&spec.Volumes[i])
	}
	var found []Finding
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.Projected == nil || isAPIAccess(v) {
			continue
		}
		for j := range v.Projected.Sources {
			token := v.Projected.Sources[j].ServiceAccountToken
			if token == nil {
				continue
			}
			at := path.Child("volumes").Index(i).Child("projected", "sources").Index(j).Child("serviceAccountToken")
			if s := token.ExpirationSeconds; s != nil && *s > secondsOfDay {
				found = append(found, Finding{
					Path:    at.Child("expirationSeconds"),
					Message: fmt.Sprintf("volume %q: a service account token lasts %d hours", v.Name, *s/3600),
				})
			}
			if token.Audience == "" && hasToken {
				found = append(found, Finding{
					Path:        at.Child("audience"),
					Message:     fmt.Sprintf("volume %q: a service account token for the API server, which the pod already has", v.Name),
					Symptom:     "no error at all: services that receive this token can act as the pod at the API server",
					Remediation: "set audience to the service that the token is for, or remove the volume",
				})
			}
		}
	}
	return found
}

func isAPIAccess(v *corev1.Volume) bool {
	return v.Projected != nil && strings.HasPrefix(v.Name, apiAccessVolume)
}
