// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/moorage-k8s/moorage/e2e/process"
)

const (
	// readyTimeout is how long one program may take to become ready, with room for a machine that is busy with other things.
	readyTimeout = 2 * time.Minute
	readyPoll    = 50 * time.Millisecond
	tailLines    = 25
)

// AwaitReady waits until ready returns nil. If the process ends first, or two minutes pass, the error holds what ready
// returned last and the end of the process's log.
func AwaitReady(ctx context.Context, p *process.Process, ready func(context.Context) error) error {
	last := errors.New("it was never asked")
	err := wait.PollUntilContextTimeout(ctx, readyPoll, readyTimeout, true, func(ctx context.Context) (bool, error) {
		select {
		case <-p.Done():
			if p.Err() == nil {
				return false, errors.New("it has ended with status 0")
			}
			return false, fmt.Errorf("it has ended: %w", p.Err())
		default:
		}
		if last = ready(ctx); last != nil {
			return false, nil //nolint:nilerr // not ready yet: the next round asks again, and the last answer goes into the error below
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("wait for %s to be ready: %w; the last probe said: %w; the end of its log:\n%s", p.Name(), err, last, p.Tail(tailLines))
	}
	return nil
}

// probe returns a check that succeeds when the path answers 200. It shows the given certificate if there is one.
func (c *ControlPlane) probe(url string, client *keyPair) (func(context.Context) error, error) {
	roots := x509.NewCertPool()
	roots.AddCert(c.authority.cert)
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if client != nil {
		certificate, err := tls.X509KeyPair(client.certPEM, client.keyPEM)
		if err != nil {
			return nil, fmt.Errorf("read back a client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	httpClient := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		response, err := httpClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close() //nolint:errcheck // only read from
		body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("GET %s: %s: %s", url, response.Status, body)
		}
		return nil
	}, nil
}

// awaitServiceAccount waits until pods can be made in the default namespace: the API server refuses them before the controller
// manager has made its service account.
func (c *ControlPlane) awaitServiceAccount(ctx context.Context) error {
	err := wait.PollUntilContextTimeout(ctx, readyPoll, readyTimeout, true, func(ctx context.Context) (bool, error) {
		_, err := c.client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return fmt.Errorf("wait for the service account of the default namespace: %w", err)
	}
	return nil
}
