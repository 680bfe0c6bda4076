// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"bytes"
	"crypto/x509"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestNobodyServesWhatIsNotTrusted runs replicas that look at the Secret at their own times over several lives of authorities,
// and an API server that hears of a new bundle some time later. Whatever they do, each certificate that is served is one that the API
// server trusts at that moment.
func TestNobodyServesWhatIsNotTrusted(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // repeatable, not secret
	for range 8 {
		limits := terms{lifetime: 90 * 24 * time.Hour, overlap: 10 * time.Minute}
		const (
			interval = time.Hour // far longer than it is, so that few looks make many lives
			lag      = 9 * time.Minute
			leafLife = 7 * 24 * time.Hour
		)
		limits.overlap = 2 * interval
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var (
			secret   map[string][]byte
			bundle   []byte // in the webhook configurations
			heard    []byte // by the API server
			heardAt  time.Time
			replicas [3]struct {
				leaf    *x509.Certificate
				signer  *Authority
				renewAt time.Time
				lookAt  time.Time
				// verified against this bundle
				verified *x509.Certificate
				against  []byte
			}
			authorities = map[string]bool{}
		)
		look := func(i int) {
			r := &replicas[i]
			for range maxSteps {
				s, err := read(secret)
				if err != nil {
					t.Fatal(err)
				}
				installed := false
				if s != nil {
					if installed = bytes.Equal(bundle, s.bundle()); !installed {
						bundle, heardAt = s.bundle(), now.Add(lag)
						if heard == nil {
							heard = bundle // The first one: nobody is served yet.
						}
					}
					if r.signer == nil || !r.signer.Certificate().Equal(s.signing.Certificate()) || !now.Before(r.renewAt) {
						pair, issueErr := s.signing.Issue(now, Serving{DNSNames: []string{"moorage.moorage.svc"}, Lifetime: leafLife})
						if issueErr != nil {
							t.Fatal(issueErr)
						}
						certificate, tlsErr := pair.TLS()
						if tlsErr != nil {
							t.Fatal(tlsErr)
						}
						r.leaf, r.signer, r.renewAt = certificate.Leaf, s.signing, now.Add(leafLife*2/3)
						authorities[string(s.signing.Certificate().Raw)] = true
					}
				}
				next, changed, err := s.advance(now, limits, installed)
				if err != nil {
					t.Fatal(err)
				}
				if !changed {
					return
				}
				secret = next.data()
			}
		}
		for end := now.Add(2 * limits.lifetime); now.Before(end); {
			if heard != nil && !now.Before(heardAt) {
				heard = bundle
			}
			for i := range replicas {
				if !now.Before(replicas[i].lookAt) {
					look(i)
					replicas[i].lookAt = now.Add(interval/2 + time.Duration(random.Int64N(int64(interval/2))))
				}
				if r := &replicas[i]; r.leaf == nil || r.leaf == r.verified && bytes.Equal(heard, r.against) && now.Before(r.leaf.NotAfter) {
					continue
				}
				replicas[i].verified, replicas[i].against = replicas[i].leaf, heard
				roots := x509.NewCertPool()
				roots.AppendCertsFromPEM(heard)
				if _, err := replicas[i].leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, DNSName: "moorage.moorage.svc"}); err != nil {
					t.Fatalf("%s: the API server does not trust replica %d: %v", now, i, err)
				}
			}
			// Quiet weeks pass in large steps, as nothing is due in them.
			step := interval / 4
			if s, err := read(secret); err == nil && s != nil && s.next == nil && now.Before(s.signing.NotAfter().Add(-limits.lifetime/3-12*time.Hour)) {
				step = 12 * time.Hour
			}
			now = now.Add(step)
		}
		if len(authorities) < 3 {
			t.Fatalf("%d authorities signed in two lives, want at least 3", len(authorities))
		}
	}
}

func TestAnAuthorityThatExpiredIsReplaced(t *testing.T) {
	limits, now := terms{lifetime: time.Hour, overlap: time.Minute}, time.Now()
	first, _, err := (*state)(nil).advance(now, limits, false)
	if err != nil {
		t.Fatal(err)
	}
	second, changed, err := first.advance(now.Add(2*time.Hour), limits, false)
	if err != nil {
		t.Fatal(err)
	}
	if !changed || len(second.trusted) != 1 || !second.trusts(second.signing) || second.trusts(first.signing) {
		t.Errorf("after the end of its life: changed %t, %d trusted", changed, len(second.trusted))
	}
}

func TestASecretThatCannotBeReadSaysWhichKey(t *testing.T) {
	s, _, err := (*state)(nil).advance(time.Now(), terms{lifetime: time.Hour, overlap: time.Minute}, false)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		signingKeyKey: "tls.crt and tls.key",
		bundleKey:     "ca.crt lacks the authority",
	} {
		data := s.data()
		data[key] = []byte("not PEM")
		if _, err := read(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("with a broken %s: %v, want an error with %q", key, err, want)
		}
	}
	if s, err := read(map[string][]byte{"other": []byte("x")}); s != nil || err != nil {
		t.Errorf("a Secret without an authority reads as %v, %v", s, err)
	}
}
