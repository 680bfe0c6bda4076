// SPDX-License-Identifier: Apache-2.0

// Package moorage runs the product beside a control plane of the suites, as its documentation says: its own program with its
// own least rights, webhook configurations that point at it, an extender that a scheduler is told of.
package moorage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

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
}

// Moorage is a running moorage.
type Moorage struct {
	// ExtenderURL is for controlplane.SchedulerOptions; MetricsURL has /metrics and the probes.
	ExtenderURL, MetricsURL string
	// Process is moorage's own.
	Process *process.Process

	control *controlplane.ControlPlane
}

// Start builds moorage from the tree that this module is part of, runs it, and returns when it is ready and, with
// admission, when the API server asks it.
func Start(ctx context.Context, control *controlplane.ControlPlane, options Options) (_ *Moorage, err error) {
	file, err := binaries.Builder{}.Moorage(ctx)
	if err != nil {
		return nil, err
	}
	m := &Moorage{control: control}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("start moorage: %w", err), m.Stop(context.WithoutCancel(ctx)))
		}
	}()
	kubeconfig, err := m.grant(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "--kubeconfig=" + kubeconfig}
	if options.Config != "" {
		config := filepath.Join(control.Dir(), "moorage.yaml")
		if err = os.WriteFile(config, []byte(options.Config), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--config="+config)
	}
	var addresses [3]string
	for i := range addresses {
		port, portErr := controlplane.FreePort()
		if portErr != nil {
			return nil, portErr
		}
		addresses[i] = controlplane.Loopback(port)
	}
	m.ExtenderURL, m.MetricsURL = "http://"+addresses[0], "http://"+addresses[1]
	ca := filepath.Join(control.Dir(), "moorage-ca.crt")
	args = append(args, "--extender-bind-address="+addresses[0], "--metrics-bind-address="+addresses[1])
	if options.NoWebhook {
		args = append(args, "--webhook-bind-address=0")
	} else {
		args = append(args, "--webhook-bind-address="+addresses[2], "--webhook-ca-out="+ca)
	}
	if m.Process, err = control.Run(process.Command{Name: "moorage", Path: file, Args: args}); err != nil {
		return nil, err
	}
	if err = controlplane.AwaitReady(ctx, m.Process, m.ready); err != nil {
		return nil, err
	}
	if options.NoWebhook {
		return m, nil
	}
	return m, m.install(ctx, "https://"+addresses[2], ca)
}

// Stop ends moorage and takes away its rights and its webhook configurations.
func (m *Moorage) Stop(ctx context.Context) error {
	err := errors.Join(m.uninstall(ctx), m.revoke(ctx))
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
