// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/version"
)

// BuildInfo tells which build runs, and by a digest with which configuration, so that replicas which differ can be seen. Where it listens, and
// with which certificates, is no part of the digest: replicas of one release differ in that.
func BuildInfo(c *config.Configuration) prometheus.Collector {
	m := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "moorage_build_info",
		Help: "1, by the version and commit that runs, the release of Go that it was built by, and a digest of its configuration without addresses and files.",
	}, []string{"version", "commit", "go_version", "configuration"})
	build := version.Get()
	m.WithLabelValues(build.Version, build.Commit, build.Go, digest(c)).Set(1)
	return m
}

func digest(c *config.Configuration) string {
	same := *c
	same.Metrics = config.Metrics{}
	same.Extender.BindAddress, same.Extender.CertFile, same.Extender.KeyFile, same.Extender.ClientCAFile = "", "", "", ""
	same.Webhook.BindAddress, same.Webhook.CertFile, same.Webhook.KeyFile, same.Webhook.ClientCAFile = "", "", "", ""
	text, err := json.Marshal(same)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}
