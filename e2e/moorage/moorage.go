// SPDX-License-Identifier: Apache-2.0

// Package moorage runs the product beside a control plane of the suites, as its documentation says: its own program with the
// rights that the chart gives it and no others, webhook configurations that point at it, an extender that a scheduler is configured with.
package moorage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/process"
)

// Options say how moorage is run. The zero value is a good one.
type Options struct {
	// Config is the text of a MoorageConfiguration; empty means none.
	Config string
	// NoWebhook leaves admission out.
	NoWebhook bool
	// OwnAuthority tells that Config has a webhook.authority, which is to be kept in AuthoritySecret.
	OwnAuthority bool
	// Rights are what moorage is granted; nil means PlainRights.
	Rights Rights
	// Program is the file of a moorage that is built already; empty means to build it.
	Program string
	// Progress receives that moorage is being built; it may be nil.
	Progress io.Writer
}

// Moorage is a running moorage.
type Moorage struct {
	// ExtenderURL is for controlplane.SchedulerOptions; MetricsURL has /metrics and the probes. They outlast Restart.
	ExtenderURL, MetricsURL string
	// WebhookAddress is that of a replica's webhook.
	WebhookAddress string
	// Kubeconfig is the file with moorage's own rights.
	Kubeconfig string
	// Process is moorage's own. Restart replaces it.
	Process *process.Process

	control    *controlplane.ControlPlane
	command    process.Command
	webhookURL string // empty without admission
	caFile     string // empty where moorage tells the API server itself
	installed  bool
	config     string

	ownAuthority bool
	rights       Rights
	granted      []*unstructured.Unstructured // by Grant
}

// Start builds moorage from the tree that this module is part of, runs it, and returns when it is ready and, with
// admission, when the API server asks it.
func Start(ctx context.Context, control *controlplane.ControlPlane, options Options) (_ *Moorage, err error) {
	file := options.Program
	if file == "" {
		if file, err = (binaries.Builder{Progress: options.Progress}).Moorage(ctx); err != nil {
			return nil, err
		}
	}
	m := &Moorage{control: control, config: options.Config, ownAuthority: options.OwnAuthority, rights: options.Rights}
	if m.rights == nil {
		m.rights = PlainRights
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("start moorage: %w", err), m.Stop(context.WithoutCancel(ctx)))
		}
	}()
	if err = m.Grant(ctx); err != nil {
		return nil, err
	}
	kubeconfig, err := control.Kubeconfig(user)
	if err != nil {
		return nil, err
	}
	m.Kubeconfig = kubeconfig
	args := []string{"serve", "--kubeconfig=" + kubeconfig}
	if options.Config != "" {
		configFile := filepath.Join(control.Dir(), "moorage.yaml")
		if err = os.WriteFile(configFile, []byte(options.Config), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--config="+configFile)
	}
	var addresses [3]string
	for i := range addresses {
		port, portErr := controlplane.FreePort()
		if portErr != nil {
			return nil, portErr
		}
		addresses[i] = controlplane.Loopback(port)
	}
	c, err := m.configuration()
	if err != nil {
		return nil, err
	}
	m.ExtenderURL, m.MetricsURL = "http://"+addresses[0], "http://"+addresses[1]
	if c.Extender.CertFile != "" {
		m.ExtenderURL = "https://" + addresses[0]
	}
	args = append(args, "--extender-bind-address="+addresses[0], "--metrics-bind-address="+addresses[1])
	switch {
	case options.NoWebhook:
		args = append(args, "--webhook-bind-address=0")
	case options.OwnAuthority:
		m.webhookURL = "https://" + addresses[2]
		args = append(args, "--webhook-bind-address="+addresses[2])
	default:
		m.webhookURL, m.caFile = "https://"+addresses[2], filepath.Join(control.Dir(), "moorage-ca.crt")
		args = append(args, "--webhook-bind-address="+addresses[2], "--webhook-ca-out="+m.caFile)
	}
	m.command = process.Command{Name: "moorage", Path: file, Args: args}
	if m.Process, err = control.Run(m.command); err != nil {
		return nil, err
	}
	if err = m.AwaitReady(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

// Restart runs moorage again at the same addresses after its process has ended. It does not wait: AwaitReady does.
func (m *Moorage) Restart() error {
	p, err := m.control.Run(m.command)
	if err != nil {
		return fmt.Errorf("restart moorage: %w", err)
	}
	m.Process = p
	return nil
}

// Replica runs another moorage with the same configuration, which only the caller asks. Its webhook, where there is one, is in no
// configuration: WebhookAddress says where it is. It has the rights of the first, so its process is all that is to be stopped.
func (m *Moorage) Replica(ctx context.Context) (*Moorage, error) {
	var addresses [3]string
	for i := range addresses {
		port, err := controlplane.FreePort()
		if err != nil {
			return nil, err
		}
		addresses[i] = controlplane.Loopback(port)
	}
	command := m.command
	command.Name = "moorage-replica"
	command.Args = append(slices.Clone(command.Args), // The last one of a flag counts.
		"--extender-bind-address="+addresses[0], "--metrics-bind-address="+addresses[1])
	replica := &Moorage{ExtenderURL: "http://" + addresses[0], MetricsURL: "http://" + addresses[1], control: m.control}
	if m.webhookURL != "" {
		command.Args = append(command.Args, "--webhook-bind-address="+addresses[2])
		replica.WebhookAddress = addresses[2]
	}
	replica.command = command
	if err := replica.Restart(); err != nil {
		return nil, err
	}
	if err := replica.AwaitReady(ctx); err != nil {
		return nil, err
	}
	return replica, nil
}

// AwaitReady returns when moorage has read the cluster and, with admission, when the API server asks it.
func (m *Moorage) AwaitReady(ctx context.Context) error {
	if err := controlplane.AwaitReady(ctx, m.Process, m.ready); err != nil {
		return err
	}
	if m.webhookURL == "" || m.caFile == "" && m.installed {
		return nil
	}
	// A restarted moorage has an authority of its own, so the configurations of the one before are of no use.
	if err := m.uninstall(ctx); err != nil {
		return err
	}
	if err := m.install(ctx, m.webhookURL, m.caFile); err != nil {
		return err
	}
	m.installed = true
	return nil
}

// Stop ends moorage and takes away its rights and its webhook configurations.
func (m *Moorage) Stop(ctx context.Context) error {
	err := errors.Join(m.uninstall(ctx), m.Revoke(ctx))
	if m.Process != nil {
		err = errors.Join(err, m.Process.Stop(ctx))
	}
	return err
}

// Metrics returns what /metrics answers.
func (m *Moorage) Metrics(ctx context.Context) (string, error) {
	return get(ctx, m.MetricsURL+"/metrics")
}

func (m *Moorage) ready(ctx context.Context) error {
	_, err := get(ctx, m.MetricsURL+"/readyz")
	return err
}

// Count returns the value of one series of the metrics, such as moorage_extender_panics_total or
// moorage_extender_requests_total{code="200",verb="filter"}, with its labels in the order of the alphabet. A series that is not there has
// counted nothing.
func (m *Moorage) Count(ctx context.Context, series string) (float64, error) {
	text, err := m.Metrics(ctx)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				return 0, fmt.Errorf("read metric %s: %w", series, err)
			}
			return n, nil
		}
	}
	return 0, nil
}

func get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close() //nolint:errcheck // only read from
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GET %s: %s: %s", url, response.Status, body)
	}
	return string(body), nil
}
