// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	controllerruntime "sigs.k8s.io/controller-runtime"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/lease"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/version"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/webhook"
)

// serveFlags are what serve was asked for.
type serveFlags struct {
	config, kubeconfig                             string
	from                                           []string
	extenderAddress, webhookAddress, metricAddress string
	certFile, keyFile, caOut                       string
	extenderCert, extenderKey, extenderClients     string
	webhookClients                                 string
	certNames                                      []string
	logFormat, logLevel                            string
	// cluster finds the API server, once for all that talk to it.
	cluster func() (*access, error)
}

func serveCommand() *cobra.Command {
	var flags serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer kube-scheduler and the API server",
		Long: `Serves, on one picture of the cluster's storage:

  kube-scheduler's extender   POST /filter /prioritize /preempt  HTTP or HTTPS, 127.0.0.1:10261
  the admission webhook       POST /mutate /validate             HTTPS, :10250
  metrics and probes          GET /metrics /healthz /readyz      HTTP, :8080

The cluster is read from an API server (--kubeconfig, the usual kubeconfig rules, or a pod's service account), or with --from
from files or folders of manifests, without any API server; those are read again on SIGHUP. /readyz answers 200 once the
cluster has been read in full; until then the extender answers with an Error, which an ignorable extender turns into
scheduling without it, and rules that look things up are silent.

Without --webhook-cert-file moorage makes a certificate authority and a certificate of its own. With webhook.authority in the
configuration it keeps the authority in a Secret, renews it, and writes its certificate into the webhook configurations;
otherwise the authority ends with the process, and --webhook-ca-out writes its certificate to a file. The webhook answers every
client that reaches it, unless --webhook-client-ca-file makes the API server show a certificate.

Beside kube-scheduler, on loopback, the extender needs no certificate. Where it listens for other hosts, --extender-cert-file has it
serve HTTPS, and --extender-client-ca-file lets in only who has a certificate of that authority.`,
		Example: `  # In a cluster, or with your kubeconfig
  moorage serve

  # No API server: answer about the cluster that the manifests describe, as an extender only
  moorage serve --from examples/cluster --webhook-bind-address 0

  # A configuration file, and a certificate that is read again when it changes
  moorage serve --config moorage.yaml --webhook-cert-file tls.crt --webhook-key-file tls.key`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.configuration(cmd)
			if err != nil {
				return err
			}
			logger, err := flags.logger(cmd)
			if err != nil {
				return err
			}
			flags.cluster = sync.OnceValues(func() (*access, error) { return findCluster(flags.kubeconfig, "", uncompressed) })
			return serve(cmd.Context(), c, flags, logger)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.config, "config", "", "file with a MoorageConfiguration; every setting has a default without it")
	f.StringVar(&flags.kubeconfig, "kubeconfig", "", "kubeconfig of the cluster to read; default: $KUBECONFIG, ~/.kube/config, or the pod's service account")
	f.StringSliceVar(&flags.from, "from", nil, "read the cluster from these files or folders of YAML or JSON instead of an API server; may be repeated")
	f.StringVar(&flags.extenderAddress, "extender-bind-address", "", "host:port of the extender, 0 for none (default 127.0.0.1:10261)")
	f.StringVar(&flags.webhookAddress, "webhook-bind-address", "", "host:port of the webhook, 0 for none (default :10250)")
	f.StringVar(&flags.metricAddress, "metrics-bind-address", "", "host:port of metrics and probes, 0 for none (default :8080)")
	f.StringVar(&flags.extenderCert, "extender-cert-file", "", "serving certificate of the extender, PEM; default: plain HTTP")
	f.StringVar(&flags.extenderKey, "extender-key-file", "", "key of --extender-cert-file, PEM")
	f.StringVar(&flags.extenderClients, "extender-client-ca-file", "", "authorities of which clients of the extender need a certificate, PEM; default: they need none")
	f.StringVar(&flags.certFile, "webhook-cert-file", "", "serving certificate of the webhook, PEM; default: one that moorage makes")
	f.StringVar(&flags.keyFile, "webhook-key-file", "", "key of --webhook-cert-file, PEM")
	f.StringVar(&flags.webhookClients, "webhook-client-ca-file", "", "CA bundle (PEM) for verifying client certificates of the webhook; if unset, none are required")
	f.StringVar(&flags.caOut, "webhook-ca-out", "", "write the certificate of moorage's own authority to this file")
	f.StringSliceVar(&flags.certNames, "webhook-cert-name", nil, "further host names and IP addresses for moorage's own certificate, besides localhost; may be repeated")
	f.StringVar(&flags.logFormat, "log-format", "text", "text or json")
	f.StringVar(&flags.logLevel, "log-level", "info", "debug, info, warn or error")
	_ = cmd.RegisterFlagCompletionFunc("log-format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions([]string{"debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.MarkFlagsMutuallyExclusive("from", "kubeconfig")
	cmd.MarkFlagsRequiredTogether("webhook-cert-file", "webhook-key-file")
	cmd.MarkFlagsRequiredTogether("extender-cert-file", "extender-key-file")
	cmd.MarkFlagsMutuallyExclusive("webhook-cert-file", "webhook-ca-out")
	return cmd
}

// configuration is the file's, with the flags on top.
func (f *serveFlags) configuration(cmd *cobra.Command) (*config.Configuration, error) {
	c := config.Default()
	if f.config != "" {
		var err error
		if c, err = config.Load(f.config); err != nil {
			return nil, err
		}
	}
	for flag, setting := range map[string]*string{
		"extender-bind-address":   &c.Extender.BindAddress,
		"webhook-bind-address":    &c.Webhook.BindAddress,
		"metrics-bind-address":    &c.Metrics.BindAddress,
		"webhook-cert-file":       &c.Webhook.CertFile,
		"webhook-key-file":        &c.Webhook.KeyFile,
		"webhook-client-ca-file":  &c.Webhook.ClientCAFile,
		"extender-cert-file":      &c.Extender.CertFile,
		"extender-key-file":       &c.Extender.KeyFile,
		"extender-client-ca-file": &c.Extender.ClientCAFile,
	} {
		if cmd.Flags().Changed(flag) {
			*setting = cmd.Flag(flag).Value.String()
		}
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("the configuration with the flags on top: %w", err)
	}
	return c, nil
}

// logger writes to stderr, and takes in what client-go and controller-runtime log.
func (f *serveFlags) logger(cmd *cobra.Command) (logr.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return logr.Logger{}, fmt.Errorf("--log-level %q: want debug, info, warn or error", f.logLevel)
	}
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler
	switch strings.ToLower(f.logFormat) {
	case "text":
		handler = slog.NewTextHandler(cmd.ErrOrStderr(), options)
	case "json":
		handler = slog.NewJSONHandler(plain.JSONWriter(plain.Raw(cmd.ErrOrStderr())), options)
	default:
		return logr.Logger{}, fmt.Errorf("--log-format %q: want text or json", f.logFormat)
	}
	logger := logr.FromSlogHandler(handler)
	klog.SetLogger(logger)
	controllerruntime.SetLogger(logger)
	return logger, nil
}

// serve runs until the context ends or a part of it fails.
func serve(ctx context.Context, c *config.Configuration, flags serveFlags, logger logr.Logger) error {
	engine, err := placement.NewEngine(c.Placement())
	if err != nil {
		return fmt.Errorf("configure the extender: %w", err)
	}
	cache := topology.New(topology.Options{
		ReservationLimit: c.Extender.ReservationLimit.Duration, InFlightLimit: c.Extender.InFlightLimit.Duration,
		NamespaceShare: float64(c.Extender.ReservedPercentOfNamespace) / 100,
		Fault: func(err *topology.FaultError) {
			logger.Error(err, "A fault in moorage; please report it", "kind", err.Kind, "namespace", err.Key.Namespace, "name", err.Key.Name,
				"stack", string(err.Stack))
		},
	})
	if err = ctrlmetrics.Registry.Register(cache); err != nil {
		return fmt.Errorf("register the cache's metrics: %w", err)
	}
	servers, err := newServers(c, flags, cache, engine, logger)
	if err != nil {
		return err
	}
	source, err := newSource(c, flags, cache, logger)
	if err != nil {
		return err
	}
	logger.Info("Starting", "version", version.Get().Version)

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for _, part := range append(servers, source) {
		running.Go(func() {
			if err := part(ctx); err != nil {
				cancel(err)
			}
		})
	}
	synced := time.Now()
	running.Go(func() { announceSync(ctx, cache, synced, logger) })
	<-ctx.Done()
	logger.Info("Stopping")
	running.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// part is something that runs until its context ends.
type part func(ctx context.Context) error

// newServers makes the servers that are not switched off.
func newServers(c *config.Configuration, flags serveFlags, cache *topology.Cache, engine *placement.Engine, logger logr.Logger) ([]part, error) {
	var parts []part
	decisions := extender.NewDecisions(c.Extender.Decisions)
	if c.Extender.BindAddress != config.Off {
		options := extender.Options{
			Snapshot: cache.Snapshot, Missing: cache.Missing, Engine: engine, MaxBodyBytes: c.Extender.MaxBodyBytes,
			ClaimWait: c.Extender.ClaimWait.Duration, PlacementWait: c.Extender.PlacementWait.Duration,
			SecondLook: extender.DefaultSecondLook,
			Decisions:  decisions,
			Registry:   ctrlmetrics.Registry, Logger: logger.WithName("extender"),
		}
		if len(flags.from) > 0 {
			// What the files do not have will not come.
			options.ClaimWait, options.PlacementWait, options.SecondLook = 0, 0, 0
		}
		server, err := newExtenderServer(&c.Extender, extender.New(options), logger)
		if err != nil {
			return nil, err
		}
		parts = append(parts, server)
	}
	var serving *certificate
	if c.Webhook.BindAddress != config.Off {
		var err error
		if serving, err = newCertificate(c, flags, logger); err != nil {
			return nil, err
		}
		server, err := newWebhookServer(c, flags, cache, serving, logger)
		if err != nil {
			return nil, err
		}
		parts = append(parts, server)
	}
	if c.Metrics.BindAddress != config.Off {
		server, err := listenHTTP("metrics", c.Metrics.BindAddress, nil, probes(cache, decisions, serving), logger)
		if err != nil {
			return nil, err
		}
		parts = append(parts, server)
	}
	if len(parts) == 0 {
		return nil, errors.New("nothing to serve: extender, webhook and metrics are all switched off")
	}
	return parts, nil
}

func newWebhookServer(
	c *config.Configuration, flags serveFlags, cache *topology.Cache, serving *certificate, logger logr.Logger,
) (part, error) {
	metrics, err := webhook.NewMetrics(ctrlmetrics.Registry)
	if err != nil {
		return nil, err
	}
	ruleOptions, err := c.RuleOptions()
	if err != nil {
		return nil, err
	}
	defaultOptions, err := c.DefaultOptions()
	if err != nil {
		return nil, err
	}
	watch, err := watchScheduler(c, flags, logger)
	if err != nil {
		return nil, err
	}
	if watch != nil {
		defaultOptions.Settings.SchedulerReady = watch.Fresh
	}
	hook, err := webhook.New(webhook.Options{
		Lookup: func() *topology.Snapshot {
			if len(cache.Missing()) > 0 {
				return nil
			}
			return cache.Snapshot()
		},
		Rules:    ruleOptions,
		Defaults: defaultOptions,
		Metrics:  metrics,
		Logger:   logger.WithName("webhook"),
	})
	if err != nil {
		return nil, err
	}
	server, err := serveWebhook(&c.Webhook, hook, serving, logger)
	if err != nil || watch == nil {
		return server, err
	}
	return func(ctx context.Context) error {
		var watching sync.WaitGroup
		defer watching.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		watching.Go(func() { watch.Run(ctx) })
		return server(ctx)
	}, nil
}

// watchScheduler makes what tells whether the scheduler that pods are sent to is there; nil if nothing is configured that would tell.
func watchScheduler(c *config.Configuration, flags serveFlags, logger logr.Logger) (*lease.Watch, error) {
	s := c.Webhook.SchedulerName
	if s == nil || s.Lease == nil {
		return nil, nil
	}
	if len(flags.from) > 0 {
		return nil, errors.New("webhook.schedulerName.lease: with --from there is no API server to read it from")
	}
	access, err := flags.cluster()
	if err != nil {
		return nil, err
	}
	watch := lease.New(access.client, s.Lease.Namespace, s.Lease.Name, logger.WithName("lease"))
	if err := ctrlmetrics.Registry.Register(watch); err != nil {
		return nil, fmt.Errorf("register the metric of the scheduler's lease: %w", err)
	}
	return watch, nil
}
