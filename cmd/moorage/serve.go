// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	controllerruntime "sigs.k8s.io/controller-runtime"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/kubeconfig"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/server"
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
}

func serveCommand() *cobra.Command {
	var flags serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the scheduler extender and the admission webhook",
		Long: `Serves, on one view of the cluster's storage:

  kube-scheduler's extender   POST /filter /prioritize /preempt  HTTP or HTTPS, 127.0.0.1:10261
  the admission webhook       POST /mutate /validate             HTTPS, :10250
  metrics and probes          GET /metrics /healthz /readyz      HTTP, :8080

The cluster is read from an API server (--kubeconfig, the usual kubeconfig rules, or a pod's service account), or with --from
from files or directories of manifests, without any API server; those are read again on SIGHUP. /readyz answers 200 once the
cluster has been read in full; until then the extender answers with an Error, which an ignorable extender turns into
scheduling without it, and rules that look things up are silent.

Without --webhook-cert-file moorage makes a certificate authority and a certificate of its own. With webhook.authority in the
configuration it keeps the authority in a Secret, renews it, and writes its certificate into the webhook configurations;
otherwise the authority ends with the process, and --webhook-ca-out writes its certificate to a file. The webhook answers every
client that reaches it, unless --webhook-client-ca-file requires client certificates.

Beside kube-scheduler, on loopback, the extender needs no certificate. Where it listens for other hosts, --extender-cert-file makes it
serve HTTPS, and --extender-client-ca-file makes it require client certificates.`,
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
			return flags.serve(cmd, c, logger)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.config, "config", "", "file with a MoorageConfiguration; every setting has a default without it")
	f.StringVar(&flags.kubeconfig, "kubeconfig", "", "kubeconfig of the cluster to read; default: $KUBECONFIG, ~/.kube/config, or the pod's service account")
	f.StringSliceVar(&flags.from, "from", nil, "read the cluster from these files or directories of YAML or JSON instead of an API server; may be repeated")
	f.StringVar(&flags.extenderAddress, "extender-bind-address", "", "host:port of the extender, 0 for none (default 127.0.0.1:10261)")
	f.StringVar(&flags.webhookAddress, "webhook-bind-address", "", "host:port of the webhook, 0 for none (default :10250, with --from and no --config 127.0.0.1:10250)")
	f.StringVar(&flags.metricAddress, "metrics-bind-address", "", "host:port of metrics and probes, 0 for none (default :8080, with --from and no --config 127.0.0.1:8080)")
	f.StringVar(&flags.extenderCert, "extender-cert-file", "", "serving certificate of the extender, PEM; default: plain HTTP")
	f.StringVar(&flags.extenderKey, "extender-key-file", "", "key of --extender-cert-file, PEM")
	f.StringVar(&flags.extenderClients, "extender-client-ca-file", "", "CA bundle (PEM) for verifying client certificates of the extender; if unset, none are required")
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

// serve runs until the context ends or a part of it fails.
func (f *serveFlags) serve(cmd *cobra.Command, c *config.Configuration, logger logr.Logger) error {
	reload := make(chan os.Signal, 1)
	s, err := server.New(server.Options{
		Config: c, From: f.from, Stdin: cmd.InOrStdin(), Reload: reload, CertNames: f.certNames, CAOut: f.caOut, Logger: logger,
		Cluster: sync.OnceValues(func() (*kubeconfig.Access, error) { return kubeconfig.Find(f.kubeconfig, kubeconfig.Uncompressed) }),
	})
	if err != nil {
		return err
	}
	// Until here there was nothing to end in good order, and a pipe may have been waited for.
	inGoodOrder()
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	return s.Run(cmd.Context())
}

// configuration is the file's, with the flags on top.
func (f *serveFlags) configuration(cmd *cobra.Command) (*config.Configuration, error) {
	c := config.Default()
	if len(f.from) > 0 {
		// Somebody tries something on his own machine: no other host has to reach it.
		c.Webhook.BindAddress, c.Metrics.BindAddress = "127.0.0.1:10250", "127.0.0.1:8080"
	}
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
