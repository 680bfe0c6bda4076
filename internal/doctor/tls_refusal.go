// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"time"

	"k8s.io/client-go/rest"
)

// refusalWait bounds how long a server is waited for that does not refuse, but waits for a request.
const refusalWait = 2 * time.Second

// tlsRefusal returns the alert with which the server of an https URL refuses a client, or nil if it sends none. Nothing is sent to
// it: a client that still writes may hear that the connection is closed before it hears why.
func tlsRefusal(ctx context.Context, config rest.TLSClientConfig, address string) error {
	ctx, cancel := context.WithTimeout(ctx, refusalWait)
	defer cancel()
	target, err := url.Parse(address)
	if err != nil || target.Scheme != "https" {
		return nil
	}
	host := target.Host
	if target.Port() == "" {
		host = net.JoinHostPort(target.Hostname(), "443")
	}
	tlsConfig, err := rest.TLSConfigFor(&rest.Config{TLSClientConfig: config})
	if err != nil {
		return nil
	}
	conn, err := (&tls.Dialer{Config: tlsConfig}).DialContext(ctx, "tcp", host)
	if err == nil {
		defer conn.Close() //nolint:errcheck // Only read from.
		deadline, _ := ctx.Deadline()
		if err = conn.SetReadDeadline(deadline); err == nil {
			// In TLS 1.3 the handshake is over for a client before the server has looked at its certificate.
			_, err = conn.Read(make([]byte, 1))
		}
	}
	var alert *net.OpError
	if errors.As(err, &alert) && alert.Op == "remote error" {
		return cause(alert)
	}
	return nil
}
