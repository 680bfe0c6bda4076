// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"net"
	"net/netip"

	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/extender/budget"
	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/extender/heldback"
	"github.com/moorage-k8s/moorage/internal/servingcert"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// newExtender serves the extender: over HTTPS where it has a certificate, to everybody where clients need none.
func (o *Options) newExtender(cache *topology.Cache, engine *placement.Engine, log *decisions.Log, held *heldback.Log) (part, error) {
	c := &o.Config.Extender
	options := extender.Options{
		Snapshot: cache.Snapshot, Changed: cache.Changed, Missing: cache.Missing, Engine: engine, MaxBodyBytes: c.MaxBodyBytes,
		ClaimWait: c.ClaimWait.Duration, PlacementWait: c.PlacementWait.Duration, SecondLook: budget.SecondLook,
		HeldBack: held, Decisions: log, Registry: ctrlmetrics.Registry, Logger: o.Logger.WithName("extender"),
	}
	if len(o.From) > 0 {
		// What the files do not have will not come.
		options.ClaimWait, options.PlacementWait, options.SecondLook = 0, 0, 0
	}
	if c.ClientCAFile == "" && !loopbackOnly(c.BindAddress) {
		o.Logger.Info("Extender accepts unauthenticated requests on a non-loopback address; set --extender-cert-file and "+
			"--extender-client-ca-file, or listen on 127.0.0.1 beside kube-scheduler", "address", c.BindAddress)
	}
	var source servingcert.Source
	if c.CertFile != "" {
		files, err := servingcert.NewFiles(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("serve the extender over HTTPS: %w", err)
		}
		if err = ctrlmetrics.Registry.Register(servingcert.NewExtenderExpiry(files.GetCertificate)); err != nil {
			return nil, fmt.Errorf("register the metric of the extender's certificate: %w", err)
		}
		source = files
	}
	return endpoint{
		name: "extender", address: c.BindAddress, source: source, clientCAFile: c.ClientCAFile, handler: extender.New(options), logger: o.Logger,
	}.listen()
}

// loopbackOnly reports whether only programs on this host can reach the address. A name, other than localhost, may be of any address.
func loopbackOnly(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
