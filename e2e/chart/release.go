// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"errors"
	"fmt"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// Way is how Helm changes what is on the API server.
type Way string

// The ways that Helm 4 has, of which Helm 3 knows all but the first.
const (
	// ServerSideApply is what Helm 4 does unless told otherwise.
	ServerSideApply Way = "server-side apply"
	// ThreeWayMerge patches by the difference between the last manifest and this one.
	ThreeWayMerge Way = "three-way merge"
	// Replace puts each object in the place of the one that is there (--force-replace; --force in Helm 3).
	Replace Way = "replace"
)

// Helm installs the chart on one cluster, as the command helm does without flags: it waits for hooks and for nothing else.
type Helm struct {
	// HookTimeout is how long to wait for each of the chart's hooks, for which pods must run; 0 leaves the hooks out.
	HookTimeout time.Duration

	configuration *action.Configuration
	options       Options
}

// NewHelm makes a Helm for the cluster of a kubeconfig, and for the release and namespace of the options.
func NewHelm(kubeconfig string, o Options) (*Helm, error) {
	// As the command does: by this name the API server notes what Helm writes.
	kube.ManagedFieldsManager = "helm"
	flags := genericclioptions.NewConfigFlags(false)
	namespace := o.namespace()
	flags.KubeConfig, flags.Namespace = &kubeconfig, &namespace
	configuration := quiet()
	if err := configuration.Init(flags, namespace, "secret"); err != nil {
		return nil, fmt.Errorf("set up Helm: %w", err)
	}
	return &Helm{configuration: configuration, options: o}, nil
}

// Install installs the release, and makes its namespace.
func (h *Helm) Install(ctx context.Context, values map[string]any) error {
	chart, err := load()
	if err != nil {
		return err
	}
	install := action.NewInstall(h.configuration)
	install.ReleaseName, install.Namespace, install.CreateNamespace = h.options.release(), h.options.namespace(), true
	install.DisableHooks, install.WaitStrategy, install.Timeout = h.HookTimeout == 0, kube.HookOnlyStrategy, h.HookTimeout
	if _, err := install.RunWithContext(ctx, chart, values); err != nil {
		return fmt.Errorf("helm install: %w", err)
	}
	return nil
}

// Upgrade gives the release other values in one of the ways.
func (h *Helm) Upgrade(ctx context.Context, values map[string]any, way Way) error {
	chart, err := load()
	if err != nil {
		return err
	}
	upgrade := action.NewUpgrade(h.configuration)
	upgrade.Namespace = h.options.namespace()
	upgrade.DisableHooks, upgrade.WaitStrategy, upgrade.Timeout = h.HookTimeout == 0, kube.HookOnlyStrategy, h.HookTimeout
	switch way {
	case ServerSideApply:
		upgrade.ServerSideApply = "true"
	case ThreeWayMerge:
		upgrade.ServerSideApply = "false"
	case Replace:
		upgrade.ServerSideApply, upgrade.ForceReplace = "false", true
	default:
		return errors.New("helm upgrade: there is no way " + string(way))
	}
	if _, err := upgrade.RunWithContext(ctx, h.options.release(), chart, values); err != nil {
		return fmt.Errorf("helm upgrade by %s: %w", way, err)
	}
	return nil
}

// Uninstall takes the release away. Its namespace stays, as with helm.
func (h *Helm) Uninstall() error {
	uninstall := action.NewUninstall(h.configuration)
	uninstall.DisableHooks, uninstall.WaitStrategy, uninstall.Timeout = h.HookTimeout == 0, kube.HookOnlyStrategy, h.HookTimeout
	if _, err := uninstall.Run(h.options.release()); err != nil {
		return fmt.Errorf("helm uninstall: %w", err)
	}
	return nil
}
