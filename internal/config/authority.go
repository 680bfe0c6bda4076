// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Authority is where moorage keeps its certificate authority, and whom it tells of it. It needs the right to get and update this
// Secret and these webhook configurations, and to create the Secret if it is not there.
type Authority struct {
	// Namespace is the Secret's; Secret its name, moorage-ca if empty.
	Namespace string `json:"namespace"`
	Secret    string `json:"secret"`
	// ValidatingWebhookConfiguration and MutatingWebhookConfiguration get the authority's certificate; moorage if empty.
	ValidatingWebhookConfiguration string `json:"validatingWebhookConfiguration"`
	MutatingWebhookConfiguration   string `json:"mutatingWebhookConfiguration"`
	// Names are the host names and IP addresses that the API server calls the webhook by, such as moorage.moorage.svc.
	Names []string `json:"names"`
	// Lifetime is an authority's, a year if 0; a new one is made after two thirds of it. ServingLifetime is a serving certificate's, 30
	// days if 0, renewed in the same way.
	Lifetime        metav1.Duration `json:"lifetime"`
	ServingLifetime metav1.Duration `json:"servingLifetime"`
}

const (
	defaultAuthorityName     = "moorage"
	defaultAuthoritySecret   = "moorage-ca"
	defaultAuthorityLifetime = 365 * 24 * time.Hour
	defaultServingLifetime   = 30 * 24 * time.Hour
	// minAuthorityLifetime leaves time for a new authority to be known everywhere before it is used.
	minAuthorityLifetime = 15 * time.Second
)

// validate fills in what was left out.
func (a *Authority) validate(add func(path string, err error)) {
	a.Secret = cmp.Or(a.Secret, defaultAuthoritySecret)
	a.ValidatingWebhookConfiguration = cmp.Or(a.ValidatingWebhookConfiguration, defaultAuthorityName)
	a.MutatingWebhookConfiguration = cmp.Or(a.MutatingWebhookConfiguration, defaultAuthorityName)
	a.Lifetime.Duration = cmp.Or(a.Lifetime.Duration, defaultAuthorityLifetime)
	a.ServingLifetime.Duration = cmp.Or(a.ServingLifetime.Duration, min(defaultServingLifetime, a.Lifetime.Duration))
	if a.Namespace == "" {
		add("webhook.authority.namespace", errors.New("required: namespace of the CA Secret, usually moorage's own"))
	}
	if len(a.Names) == 0 {
		add("webhook.authority.names", errors.New("required: the names by which the API server calls the webhook, such as moorage.moorage.svc"))
	}
	if a.Lifetime.Duration < minAuthorityLifetime {
		add("webhook.authority.lifetime", fmt.Errorf("%s is less than %s", a.Lifetime.Duration, minAuthorityLifetime))
	}
	if a.ServingLifetime.Duration < minAuthorityLifetime/3 || a.ServingLifetime.Duration > a.Lifetime.Duration {
		add("webhook.authority.servingLifetime", fmt.Errorf("%s is not from %s to the authority's lifetime, %s",
			a.ServingLifetime.Duration, minAuthorityLifetime/3, a.Lifetime.Duration))
	}
}
