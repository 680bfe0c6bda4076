// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/process"
)

// schedulerConfiguration is the file that the documentation tells users to use, relative to the repository's root.
const schedulerConfiguration = "docs/kube-scheduler-configuration.yaml"

// SchedulerOptions say how kube-scheduler is started.
type SchedulerOptions struct {
	// ExtenderURL is where the extender listens, such as http://127.0.0.1:10261; empty means a scheduler without extender.
	ExtenderURL string
	// ExtenderTLS is for an ExtenderURL with https.
	ExtenderTLS *ExtenderTLS
	// Configuration is the text of a KubeSchedulerConfiguration; empty means the one from the documentation. Of it only what has to
	// differ in the suite is changed: the kubeconfig's path, leader election, and the extender's address, or the extenders if there
	// is to be none.
	Configuration string
	// ClientQPS is how many requests a second kube-scheduler may send to the API server, and as burst; 0 leaves what the configuration says.
	// kube-scheduler's own 50 a second hold a burst of pods with claims back more than its plugins do.
	ClientQPS int
	// Args are added to the program's arguments, and win over earlier ones.
	Args []string
}

// ExtenderTLS are the files of an extender's tlsConfig: whom kube-scheduler trusts, and what it shows.
type ExtenderTLS struct{ CAFile, CertFile, KeyFile string }

// StartScheduler starts kube-scheduler and returns when it is healthy. One runs at a time; stop it to start another.
func (c *ControlPlane) StartScheduler(ctx context.Context, options SchedulerOptions) (*process.Process, error) {
	text := options.Configuration
	if text == "" {
		path, err := binaries.RepositoryFile(schedulerConfiguration)
		if err != nil {
			return nil, err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the scheduler configuration of the documentation: %w", err)
		}
		text = string(data)
	}
	kubeconfig, err := c.Kubeconfig("system:kube-scheduler")
	if err != nil {
		return nil, err
	}
	configuration, err := adaptSchedulerConfiguration(text, kubeconfig, options)
	if err != nil {
		return nil, err
	}
	file := c.path("kube-scheduler.yaml")
	if err = writeFile(file, configuration); err != nil {
		return nil, err
	}
	args := []string{"--config=" + file, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig}
	p, err := c.runComponent(ctx, binaries.Scheduler, args, options.Args)
	if err != nil {
		return nil, fmt.Errorf("start the scheduler: %w", err)
	}
	return p, nil
}

// adaptSchedulerConfiguration changes a configuration for the suite. It goes through plain maps: through the typed form, fields
// that the user left out would come back as zeros, and be no longer the user's configuration.
func adaptSchedulerConfiguration(text, kubeconfig string, options SchedulerOptions) ([]byte, error) {
	var configuration map[string]any
	if err := yaml.UnmarshalStrict([]byte(text), &configuration); err != nil {
		return nil, fmt.Errorf("read the scheduler configuration: %w", err)
	}
	set := func(section, field string, value any) error {
		values, ok := configuration[section].(map[string]any)
		if !ok {
			return fmt.Errorf("adapt the scheduler configuration: it has no section %s", section)
		}
		values[field] = value
		return nil
	}
	if err := set("clientConnection", "kubeconfig", kubeconfig); err != nil {
		return nil, err
	}
	if err := set("leaderElection", "leaderElect", false); err != nil {
		return nil, err
	}
	if options.ClientQPS > 0 {
		if err := errors.Join(set("clientConnection", "qps", options.ClientQPS), set("clientConnection", "burst", options.ClientQPS)); err != nil {
			return nil, err
		}
	}
	extenders, _ := configuration["extenders"].([]any)
	switch {
	case options.ExtenderURL == "":
		delete(configuration, "extenders")
	case len(extenders) != 1:
		return nil, fmt.Errorf("adapt the scheduler configuration: it has %d extenders, want one to point at %s", len(extenders), options.ExtenderURL)
	default:
		extender, ok := extenders[0].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("adapt the scheduler configuration: its extender is %T, want an object", extenders[0])
		}
		extender["urlPrefix"] = options.ExtenderURL
		if t := options.ExtenderTLS; t != nil {
			extender["enableHTTPS"] = true
			extender["tlsConfig"] = map[string]any{"caFile": t.CAFile, "certFile": t.CertFile, "keyFile": t.KeyFile}
		}
	}
	return yaml.Marshal(configuration)
}
