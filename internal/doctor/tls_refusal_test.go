// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
)

// An operator who forgets the client certificate learns so each time, and not now and then that a connection was reset.
func TestTLSRefusalSaysWhy(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	trusting := rest.TLSClientConfig{CAData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})}
	for range 20 {
		if err := tlsRefusal(t.Context(), trusting, server.URL+"/filter"); err == nil || !strings.Contains(err.Error(), "certificate required") {
			t.Fatalf("the refusal says %v, want that a certificate is required", err)
		}
	}
	server.Close()
	if err := tlsRefusal(t.Context(), trusting, server.URL); err != nil {
		t.Errorf("where nothing listens, somebody refuses: %v", err)
	}
}
