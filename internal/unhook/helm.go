// SPDX-License-Identifier: Apache-2.0

package unhook

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Helm's marks on what it has installed, which `helm template` does not print.
const (
	releaseNameMark      = "meta.helm.sh/release-name"
	releaseNamespaceMark = "meta.helm.sh/release-namespace"
)

// Helm says that a hook of the chart asks, and not a person. The zero value is a person.
//
// A pre-delete hook is to run when Helm deletes the release, and then only. But `helm template` prints it like any other Job, and a user who
// applies that runs it at once: with kubectl, with a kustomization, with a GitOps tool that knows no hooks. So the hook looks for two signs.
// What it is to delete must be of the release, by Helm's own mark; and its Job must have been made by Helm, by what the API server
// has noted of who wrote it, as Helm makes the Job of a pre-delete hook at no other time.
type Helm struct {
	// Release is that of the configurations.
	Release Name
	// Hook is the Job in which the hook runs.
	Hook Name
}

// Name is an object's.
type Name struct{ Namespace, Name string }

// ParseName reads namespace/name.
func ParseName(text string) (Name, error) {
	namespace, name, found := strings.Cut(text, "/")
	if !found || namespace == "" || name == "" || strings.Contains(name, "/") {
		return Name{}, fmt.Errorf("%q: want namespace/name, such as moorage/moorage", text)
	}
	return Name{namespace, name}, nil
}

func (n Name) String() string { return n.Namespace + "/" + n.Name }

// notDeleting is why Helm does not seem to be deleting the release, empty if it does. It needs the right to get the hook's Job.
func (h *Helm) notDeleting(ctx context.Context, client kubernetes.Interface) (string, error) {
	job, err := client.BatchV1().Jobs(h.Hook.Namespace).Get(ctx, h.Hook.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Sprintf("there is no Job %s, in which Helm would run this", h.Hook), nil
	case err != nil:
		return "", fmt.Errorf("read Job %s: %w", h.Hook, err)
	}
	maker := ""
	for i := range job.ManagedFields {
		m := &job.ManagedFields[i]
		if m.Subresource != "" || m.FieldsV1 == nil || !strings.Contains(m.FieldsV1.GetRawString(), `"f:template"`) {
			continue
		}
		if maker = m.Manager; !isHelm(maker) {
			return fmt.Sprintf("Job %s was made by %s, not by Helm", h.Hook, maker), nil
		}
	}
	if maker == "" {
		return fmt.Sprintf("the API server does not say who made Job %s", h.Hook), nil
	}
	return "", nil
}

// isHelm tells Helm by the name under which it writes: that of the program, or of another that has Helm in it, as Flux' helm-controller and
// Terraform's terraform-provider-helm have. What renders charts and applies the result has other names (kubectl, argocd-controller, kapp).
func isHelm(manager string) bool { return strings.Contains(strings.ToLower(manager), "helm") }

// notOfRelease is why an object is not of the release, empty if it is.
func (h *Helm) notOfRelease(what string, meta *metav1.ObjectMeta) string {
	name, namespace := meta.Annotations[releaseNameMark], meta.Annotations[releaseNamespaceMark]
	switch {
	case name == "":
		return fmt.Sprintf("%s was not installed by Helm: it has no annotation %s", what, releaseNameMark)
	case (Name{namespace, name}) != h.Release:
		return fmt.Sprintf("%s is of Helm's release %s, not of %s", what, Name{namespace, name}, h.Release)
	default:
		return ""
	}
}
