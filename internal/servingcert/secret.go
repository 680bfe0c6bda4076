// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// maxInterval and minInterval bound how long is between two looks at the Secret, and maxOverlap how long both
	// authorities are trusted before the second one signs.
	maxInterval = 30 * time.Second
	minInterval = 100 * time.Millisecond
	maxOverlap  = 10 * time.Minute
	// stepTime bounds one look, with what it writes.
	stepTime = 10 * time.Second
	// maxSteps bounds the changes that one look makes: more are never due.
	maxSteps = 5
)

// SecretOptions configure a Secret. All are required.
type SecretOptions struct {
	Client kubernetes.Interface
	// Namespace and Secret name the Secret. It is made if it is not there.
	Namespace, Secret string
	// Validating and Mutating name the webhook configurations that get the bundle. One that is not there is left out.
	Validating, Mutating string
	// Lifetime is an authority's. Serving says what serving certificates are for, and how long they live.
	Lifetime time.Duration
	Serving  Serving
	Registry prometheus.Registerer
	Logger   logr.Logger
}

// Secret is the Source of an authority of moorage's own that is kept in a Secret, renewed, and written into the webhook configurations.
//
// Several replicas share the Secret without a leader: each looks at it every so often and takes the step that is due, and the Secret's
// resource version lets one of them win. An authority is trusted, in moorage's own webhook configurations, before it signs, and remains
// trusted after, so no request fails on the way. Keys of serving certificates stay in memory.
type Secret struct {
	options  SecretOptions
	terms    terms
	interval time.Duration

	serving atomic.Pointer[serving]
	faults  prometheus.Counter
	expiry  *prometheus.GaugeVec
}

// serving is a certificate that is served.
type serving struct {
	certificate tls.Certificate
	signer      *Authority
	renewAt     time.Time
}

// NewSecret returns a Secret, which has no certificate until it runs. The error is of the metrics, if they are registered already.
func NewSecret(options SecretOptions) (*Secret, error) {
	k := &Secret{options: options, terms: terms{lifetime: options.Lifetime, overlap: min(maxOverlap, options.Lifetime/12)}}
	k.interval = max(minInterval, min(maxInterval, k.terms.overlap/4, options.Serving.Lifetime/12))
	k.faults = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "moorage_webhook_certificate_errors_total",
		Help: "Looks at the webhook's certificate authority that ended in an error. The certificates that are there remain in use.",
	})
	k.expiry = prometheus.NewGaugeVec(WebhookExpiry, []string{WebhookExpiryLabel})
	if err := errors.Join(options.Registry.Register(k.faults), options.Registry.Register(k.expiry)); err != nil {
		return nil, fmt.Errorf("register the metrics of the certificate authority: %w", err)
	}
	return k, nil
}

// GetCertificate returns the certificate to serve.
func (k *Secret) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s := k.serving.Load()
	if s == nil {
		return nil, errors.New("there is no serving certificate yet")
	}
	return &s.certificate, nil
}

// Ready reports whether there is a certificate to serve.
func (k *Secret) Ready() bool { return k.serving.Load() != nil }

// Run looks after the authority until the context ends. An error of one look is logged, and the next one tries again.
func (k *Secret) Run(ctx context.Context) error {
	log := k.options.Logger
	failing := false
	for {
		err := k.look(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			k.faults.Inc()
			log.Error(err, "The webhook's certificate authority could not be looked after; trying again")
			failing = true
		case err == nil && failing:
			log.Info("The webhook's certificate authority is looked after again")
			failing = false
		}
		select {
		case <-ctx.Done():
			return nil
		// Replicas that were started together do not look at the same moment.
		case <-time.After(k.interval + rand.N(k.interval/4)):
		}
	}
}

// look reads the Secret, tells the API server, and takes the steps that are due.
func (k *Secret) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	for range maxSteps {
		secret, s, err := k.read(ctx)
		if err != nil {
			return err
		}
		installed := false
		if s != nil {
			if installed, err = k.install(ctx, s.bundle()); err != nil {
				return err
			}
			if err = k.serve(s, time.Now()); err != nil {
				return err
			}
		}
		next, changed, err := s.advance(time.Now(), k.terms, installed)
		if err != nil || !changed {
			return err
		}
		switch err = k.write(ctx, secret, next); {
		case apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err):
			// Another replica was first; see what it wrote.
		case err != nil:
			return err
		default:
			k.options.Logger.Info("Wrote the webhook's certificate authority", "secret", k.name(),
				"expires", next.signing.NotAfter().UTC().Format(time.RFC3339), "next", next.next != nil, "trusted", len(next.trusted))
		}
	}
	return nil
}

func (k *Secret) name() string { return k.options.Namespace + "/" + k.options.Secret }

// read returns the Secret, nil where there is none, and what it holds.
func (k *Secret) read(ctx context.Context) (*corev1.Secret, *state, error) {
	secret, err := k.options.Client.CoreV1().Secrets(k.options.Namespace).Get(ctx, k.options.Secret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read Secret %s: %w", k.name(), err)
	}
	s, err := read(secret.Data)
	if err != nil {
		return nil, nil, fmt.Errorf("read Secret %s: %w; to have a new authority made, delete the Secret", k.name(), err)
	}
	return secret, s, nil
}

// write stores the state in the Secret that was read. Data of other keys than ours is kept.
func (k *Secret) write(ctx context.Context, secret *corev1.Secret, s *state) error {
	api := k.options.Client.CoreV1().Secrets(k.options.Namespace)
	if secret == nil {
		_, err := api.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: k.options.Namespace, Name: k.options.Secret,
				Labels: map[string]string{"app.kubernetes.io/name": "moorage", "app.kubernetes.io/managed-by": "moorage"},
			},
			Data: s.data(),
		}, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("create Secret %s: %w", k.name(), err)
		}
		return nil
	}
	secret = secret.DeepCopy()
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	for _, key := range []string{bundleKey, signingCertKey, signingKeyKey, nextCertKey, nextKeyKey} {
		delete(secret.Data, key)
	}
	for key, value := range s.data() {
		secret.Data[key] = value
	}
	if _, err := api.Update(ctx, secret, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("update Secret %s: %w", k.name(), err)
	}
	return nil
}

// install writes the bundle into the webhook configurations, and reports whether both had it already. One that is not there, as
// before an installation is complete, has nobody to tell.
func (k *Secret) install(ctx context.Context, bundle []byte) (had bool, err error) {
	api := k.options.Client.AdmissionregistrationV1()
	validating, err := tell(ctx, api.ValidatingWebhookConfigurations(), k.options.Validating,
		func(c *admissionregistrationv1.ValidatingWebhookConfiguration) (changed bool) {
			for i := range c.Webhooks {
				changed = put(&c.Webhooks[i].ClientConfig.CABundle, bundle) || changed
			}
			return changed
		})
	if validating, err = k.told(validating, err, "ValidatingWebhookConfiguration", k.options.Validating); err != nil {
		return false, err
	}
	mutating, err := tell(ctx, api.MutatingWebhookConfigurations(), k.options.Mutating,
		func(c *admissionregistrationv1.MutatingWebhookConfiguration) (changed bool) {
			for i := range c.Webhooks {
				changed = put(&c.Webhooks[i].ClientConfig.CABundle, bundle) || changed
			}
			return changed
		})
	mutating, err = k.told(mutating, err, "MutatingWebhookConfiguration", k.options.Mutating)
	return validating && mutating, err
}

// configurations are those of one kind.
type configurations[T any] interface {
	Get(ctx context.Context, name string, options metav1.GetOptions) (T, error)
	Update(ctx context.Context, configuration T, options metav1.UpdateOptions) (T, error)
}

// tell changes a configuration, and reports whether there was nothing to change.
func tell[T any](ctx context.Context, api configurations[T], name string, change func(T) (changed bool)) (had bool, err error) {
	configuration, err := api.Get(ctx, name, metav1.GetOptions{})
	if err != nil || !change(configuration) {
		return true, err
	}
	_, err = api.Update(ctx, configuration, metav1.UpdateOptions{})
	return false, err
}

// told makes of a configuration that is gone, or that somebody else has just written, one that is looked at again later.
func (k *Secret) told(had bool, err error, kind, name string) (bool, error) {
	switch {
	case err == nil:
		return had, nil
	case apierrors.IsNotFound(err):
		k.options.Logger.V(1).Info("There is nothing to write the authority's certificate into yet", "kind", kind, "name", name)
		return had, nil
	case apierrors.IsConflict(err):
		return false, nil
	}
	return false, fmt.Errorf("write the authority's certificate into %s %s: %w", kind, name, err)
}

func put(bundle *[]byte, want []byte) (changed bool) {
	if bytes.Equal(*bundle, want) {
		return false
	}
	*bundle = want
	return true
}

// serve has the authority sign a new serving certificate where one is due.
func (k *Secret) serve(s *state, now time.Time) error {
	old := k.serving.Load()
	if old != nil && old.signer.Certificate().Equal(s.signing.Certificate()) && now.Before(old.renewAt) {
		return nil
	}
	pair, err := s.signing.Issue(now, k.options.Serving)
	if err != nil {
		return err
	}
	certificate, err := pair.TLS()
	if err != nil {
		return err
	}
	life := certificate.Leaf.NotAfter.Sub(now)
	k.serving.Store(&serving{certificate: certificate, signer: s.signing, renewAt: now.Add(life * 2 / 3)})
	k.expiry.WithLabelValues(WebhookExpiryServing).Set(float64(certificate.Leaf.NotAfter.Unix()))
	k.expiry.WithLabelValues("authority").Set(float64(s.signing.NotAfter().Unix()))
	return nil
}
