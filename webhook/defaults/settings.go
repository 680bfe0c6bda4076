// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// Settings are what some defaults need. The zero value leaves those off.
type Settings struct {
	// SchedulerName is the scheduler that pods with claims go to; empty leaves them alone.
	SchedulerName string
	// SchedulerNamespaces are the namespaces in which they do; the zero value selects none.
	SchedulerNamespaces rules.NamespaceSelector
	// SchedulerReady reports whether that scheduler is there to look at pods; nil means always. It must not block.
	SchedulerReady func() bool
	// VolumesResource is the extended resource by which kube-scheduler chooses the pods that it asks an extender about
	// (managedResources in its configuration); empty leaves pods alone.
	VolumesResource string
	// VolumesResourceSchedulers are the names of the schedulers that ignore that resource (ignoredByScheduler there). Pods of all others,
	// which would look for a node that has it, are left alone; so without any name all are.
	VolumesResourceSchedulers []string
}

func (s *Settings) validate() error {
	if s.SchedulerName == corev1.DefaultSchedulerName {
		return fmt.Errorf("configure the default %q: the name %q is the one that it replaces", SchedulerName, s.SchedulerName)
	}
	if s.VolumesResource != "" {
		if err := ValidateResource(s.VolumesResource); err != nil {
			return fmt.Errorf("configure the default %q: %w", VolumesResource, err)
		}
	}
	return nil
}

// ValidateResource says what is wrong with the name of an extended resource (IsExtendedResourceName of
// pkg/apis/core/helper in Kubernetes).
func ValidateResource(name string) error {
	if !strings.Contains(name, "/") || strings.Contains(name, corev1.ResourceDefaultNamespacePrefix) ||
		strings.HasPrefix(name, corev1.DefaultResourceRequestsPrefix) ||
		len(validation.IsQualifiedName(corev1.DefaultResourceRequestsPrefix+name)) > 0 {
		return fmt.Errorf("%q is not the name of an extended resource: use one with a domain of your own, such as moorage.dev/volumes", name)
	}
	return nil
}
