// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// side is the certificates of one end: an authority, and a certificate that it signed.
type side struct{ caFile, certFile, keyFile string }

func newSide(t *testing.T, name string) side {
	t.Helper()
	authority, err := controlplane.NewAuthority(filepath.Join(t.TempDir(), name))
	if err != nil {
		t.Fatal(err)
	}
	out := side{caFile: authority.CertFile()}
	if out.certFile, out.keyFile, err = authority.Issue(name); err != nil {
		t.Fatal(err)
	}
	return out
}

// into copies the side's files to where moorage reads them, as somebody would who renews them by hand.
func (s side) into(t *testing.T, files map[string]string) {
	t.Helper()
	for from, to := range files {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err = os.WriteFile(to, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// kube-scheduler and moorage show each other certificates: the pod is placed by moorage's word, nobody else is answered, and new
// certificates count without a restart.
func TestExtenderAnswersOnlyWhoHasACertificate(t *testing.T) {
	c := control(t)
	nodes := zonalNodes(t, c)
	storage := zonalStorage(t, nodes, zones.StorageOptions{PoolSize: 10 * gib, Pools: map[string]int64{"zone-b": 11 * gib}}, "zonal")
	server, client, stranger := newSide(t, "moorage"), newSide(t, "kube-scheduler"), newSide(t, "stranger")
	dir := t.TempDir()
	serving := side{filepath.Join(dir, "clients.crt"), filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
	server.into(t, map[string]string{server.certFile: serving.certFile, server.keyFile: serving.keyFile})
	client.into(t, map[string]string{client.caFile: serving.caFile})
	m := startMoorage(t, c, moorage.Options{NoWebhook: true, Config: fmt.Sprintf(`
apiVersion: moorage.dev/v1alpha1
kind: MoorageConfiguration
extender:
  certFile: %s
  keyFile: %s
  clientCAFile: %s
`, serving.certFile, serving.keyFile, serving.caFile)})

	scheduler, err := c.StartScheduler(t.Context(), controlplane.SchedulerOptions{
		ExtenderURL: m.ExtenderURL,
		ExtenderTLS: &controlplane.ExtenderTLS{CAFile: server.caFile, CertFile: client.certFile, KeyFile: client.keyFile},
	})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, scheduler.Stop)
	ns := namespace(t, c)
	createPodOfTwoClaims(t, c, ns, "db")
	awaitUnschedulable(t, c, ns, "db", "0/6 nodes are available: 6 "+jointlyFull)
	awaitWoken(t, c, ns, "db", func() error {
		storage.Driver.ResizePool("zone-b", 12*gib)
		return nil
	})

	config := func(trusted, shown side) *rest.Config {
		return &rest.Config{
			Timeout:         10 * time.Second,
			TLSClientConfig: rest.TLSClientConfig{CAFile: trusted.caFile, CertFile: shown.certFile, KeyFile: shown.keyFile},
		}
	}
	ask := func(trusted, shown side) error {
		httpClient, clientErr := rest.HTTPClientFor(config(trusted, shown))
		if clientErr != nil {
			t.Fatal(clientErr)
		}
		defer httpClient.CloseIdleConnections()
		request, requestErr := http.NewRequestWithContext(t.Context(), http.MethodPost, m.ExtenderURL+"/filter", strings.NewReader(argsFor("data")))
		if requestErr != nil {
			t.Fatal(requestErr)
		}
		response, requestErr := httpClient.Do(request)
		if requestErr != nil {
			return requestErr
		}
		body, readErr := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusOK {
			readErr = fmt.Errorf("%s: %s", response.Status, body)
		}
		return errors.Join(readErr, response.Body.Close())
	}
	// Nothing is sent: a client that still writes may hear that the connection is closed before it hears why.
	refuses := func(who string, trusted, shown side) {
		t.Helper()
		tlsConfig, configErr := rest.TLSConfigFor(config(trusted, shown))
		if configErr != nil {
			t.Fatal(configErr)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		conn, refusal := (&tls.Dialer{Config: tlsConfig}).DialContext(ctx, "tcp", strings.TrimPrefix(m.ExtenderURL, "https://"))
		if refusal == nil {
			defer func() { _ = conn.Close() }()
			deadline, _ := ctx.Deadline()
			if deadlineErr := conn.SetDeadline(deadline); deadlineErr != nil {
				t.Fatal(deadlineErr)
			}
			_, refusal = conn.Read(make([]byte, 1))
		}
		if refusal == nil || !strings.Contains(refusal.Error(), "tls: ") {
			t.Errorf("%s is answered with %v, want a refusal of TLS", who, refusal)
		}
	}
	if err = ask(server, client); err != nil {
		t.Errorf("who shows kube-scheduler's certificate is refused: %v", err)
	}
	refuses("who shows no certificate", server, side{})
	refuses("who shows one of another authority", server, stranger)
	plain := strings.Replace(m.ExtenderURL, "https://", "http://", 1)
	if status, _, plainErr := post(t.Context(), plain+"/filter", argsFor("data")); plainErr == nil && status == http.StatusOK {
		t.Error("who asks by plain HTTP is answered")
	}
	admin := newCommand(t, c.AdminKubeconfig())
	finds(t, examine(t, admin, 0, "-n", ns, "--extender-url", m.ExtenderURL, "--extender-ca-file", server.caFile,
		"--extender-cert-file", client.certFile, "--extender-key-file", client.keyFile), map[string]string{"extender": "ok"})
	finds(t, examine(t, admin, 1, "-n", ns, "--extender-url", m.ExtenderURL, "--extender-ca-file", server.caFile),
		map[string]string{"extender": "failure: certificate required"})

	server2, client2 := newSide(t, "moorage-2"), newSide(t, "kube-scheduler-2")
	server2.into(t, map[string]string{server2.certFile: serving.certFile, server2.keyFile: serving.keyFile})
	client2.into(t, map[string]string{client2.caFile: serving.caFile})
	await(t, "the new certificates to count", func(context.Context) (bool, error) { return ask(server2, client2) == nil, nil })
	refuses("who shows a certificate of the authority before", server2, client)
}
