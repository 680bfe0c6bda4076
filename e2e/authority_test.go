// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
)

// Two replicas and three authorities, one after the other, while the API server asks without a pause and would refuse what it
// cannot ask about.
func TestNoAdmissionFailsWhileAuthoritiesChange(t *testing.T) {
	const (
		authorities = 3
		workers     = 3
	)
	c := control(t)
	ctx := t.Context()
	secrets := c.Client().CoreV1().Secrets(moorage.AuthorityNamespace)
	moorageNamespace(t, c)
	m := startMoorage(t, c, moorage.Options{OwnAuthority: true, Config: `
apiVersion: moorage.dev/v1alpha1
kind: MoorageConfiguration
webhook:
  authority:
    namespace: ` + moorage.AuthorityNamespace + `
    names: [moorage.moorage.svc]
    lifetime: 18s
    servingLifetime: 6s
`})
	replica, err := m.Replica(ctx)
	if replica != nil {
		cleanup(t, replica.Process.Stop)
	}
	if err != nil {
		t.Fatal(err)
	}
	failClosed(t, c)

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	var asked, denied atomic.Int64
	for worker := range workers {
		running.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("try-%d-%d", worker, i)}, Provisioner: "any.example.com"}
				bad := i%2 == 0
				if bad {
					class.Parameters = map[string]string{"csi.storage.k8s.io/provisioner-secret-name": "half"}
				}
				_, err := c.Client().StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
				switch {
				case ctx.Err() != nil:
				case bad && apierrors.IsForbidden(err):
					denied.Add(1)
				case bad || err != nil:
					t.Errorf("after %d admissions: class %s in breach: %t: %v", asked.Load(), class.Name, bad, err)
					return
				}
				asked.Add(1)
			}
		})
	}

	// A client that trusts what the Secret says trusts both replicas at any time.
	seen := map[string]bool{}
	handshakes := 0
	tick, deadline := time.NewTicker(100*time.Millisecond), time.After(90*time.Second)
	defer tick.Stop()
	for len(seen) < authorities {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d authorities signed in 90 s, want %d", len(seen), authorities)
		}
		secret, err := secrets.Get(ctx, moorage.AuthoritySecret, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		seen[string(secret.Data["tls.crt"])] = true
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(secret.Data["ca.crt"])
		dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: time.Second}, Config: &tls.Config{RootCAs: roots, ServerName: "moorage.moorage.svc", MinVersion: tls.VersionTLS12}}
		connection, err := dialer.DialContext(ctx, "tcp", replica.WebhookAddress)
		if err != nil {
			t.Fatalf("the replica that was not asked for anything: %v", err)
		}
		if err = connection.Close(); err != nil {
			t.Error(err)
		}
		handshakes++
		configuration, err := c.Client().AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, "moorage", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(configuration.Webhooks[0].ClientConfig.CABundle) == 0 || bytes.Contains(configuration.Webhooks[0].ClientConfig.CABundle, []byte("PRIVATE")) {
			t.Fatal("the webhook configuration has no bundle of certificates")
		}
	}
	stop()
	running.Wait()
	if denied.Load() == 0 || asked.Load() < 100 {
		t.Errorf("%d admissions, %d of them denied: too few to show anything", asked.Load(), denied.Load())
	}
	t.Logf("%d admissions and %d handshakes over %d authorities, none failed", asked.Load(), handshakes, len(seen))
}

// failClosed makes the API server deny what the webhook cannot be asked about.
func failClosed(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	patch := fmt.Appendf(nil, `[{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": %q}]`, admissionregistrationv1.Fail)
	if _, err := c.Client().AdmissionregistrationV1().ValidatingWebhookConfigurations().Patch(
		t.Context(), "moorage", types.JSONPatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}
