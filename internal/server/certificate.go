// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"fmt"
	"os"
	"slices"

	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/servingcert"
)

// newCertificate is where the webhook's serving certificate comes from: files, or an authority of moorage's own, which is kept in a Secret
// or in memory.
func (o *Options) newCertificate() (servingcert.Source, error) {
	w := &o.Config.Webhook
	switch {
	case w.CertFile != "":
		files, err := servingcert.NewFiles(w.CertFile, w.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("serve the webhook: %w", err)
		}
		if err := ctrlmetrics.Registry.Register(servingcert.NewWebhookExpiry(files.GetCertificate)); err != nil {
			return nil, fmt.Errorf("register the metric of the webhook's certificate: %w", err)
		}
		return files, nil
	case w.Authority != nil:
		return o.newKeptCertificate(w.Authority)
	}
	memory, err := servingcert.NewMemory(o.CertNames...)
	if err != nil {
		return nil, err
	}
	if o.CAOut != "" {
		if err := os.WriteFile(o.CAOut, memory.CertPEM(), 0o644); err != nil { //nolint:gosec // A certificate is public.
			return nil, fmt.Errorf("write the authority's certificate: %w", err)
		}
		o.Logger.Info("Wrote the certificate of moorage's own authority", "file", o.CAOut)
	}
	return memory, nil
}

// newKeptCertificate is of an authority in a Secret.
func (o *Options) newKeptCertificate(a *config.Authority) (servingcert.Source, error) {
	switch {
	case len(o.From) > 0:
		return nil, errors.New("webhook.authority keeps a Secret in a cluster, and --from reads no cluster; leave out one of them")
	case o.CAOut != "":
		return nil, errors.New("webhook.authority writes the authority's certificate where it belongs; leave out --webhook-ca-out")
	}
	access, err := o.Cluster()
	if err != nil {
		return nil, err
	}
	return servingcert.NewSecret(servingcert.SecretOptions{
		Client: access.Client, Namespace: a.Namespace, Secret: a.Secret,
		Validating: a.ValidatingWebhookConfiguration, Mutating: a.MutatingWebhookConfiguration,
		Lifetime: a.Lifetime.Duration, Serving: servingcert.ServingFor(a.ServingLifetime.Duration, slices.Concat(a.Names, o.CertNames)...),
		Registry: ctrlmetrics.Registry, Logger: o.Logger.WithName("authority"),
	})
}
