// SPDX-License-Identifier: Apache-2.0

//go:build linux

package install

import (
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/action"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/cli"
	"helm.sh/helm/v4/pkg/kube"

	"github.com/moorage-k8s/moorage/e2e/binaries"
)

// hookTimeout is how long Helm waits for a hook.
const hookTimeout = 90 * time.Second

// helm does what the commands of the same names do without flags: it waits for hooks and for nothing else.
type helm struct {
	configuration *action.Configuration
	chart         *chartv2.Chart
}

func newHelm(t *testing.T, c *cluster) *helm {
	t.Helper()
	path, err := binaries.RepositoryFile("charts/moorage")
	if err != nil {
		t.Fatal(err)
	}
	h := &helm{configuration: action.NewConfiguration()}
	if h.chart, err = loader.Load(path); err != nil {
		t.Fatal(err)
	}
	settings := cli.New()
	settings.KubeConfig = c.AdminKubeconfig()
	settings.SetNamespace(namespaceName)
	if err = h.configuration.Init(settings.RESTClientGetter(), namespaceName, "secret"); err != nil {
		t.Fatal(err)
	}
	return h
}

// install installs the release with default values.
func (h *helm) install(t *testing.T) {
	t.Helper()
	install := action.NewInstall(h.configuration)
	install.ReleaseName, install.Namespace = releaseName, namespaceName
	install.WaitStrategy, install.Timeout = kube.HookOnlyStrategy, hookTimeout
	if _, err := install.RunWithContext(t.Context(), h.chart, map[string]any{}); err != nil {
		t.Fatal(err)
	}
}

// upgrade changes the release to the values given, and those that are not given to their defaults.
func (h *helm) upgrade(t *testing.T, values map[string]any) {
	t.Helper()
	upgrade := action.NewUpgrade(h.configuration)
	upgrade.Namespace, upgrade.ServerSideApply = namespaceName, "auto"
	upgrade.WaitStrategy, upgrade.Timeout = kube.HookOnlyStrategy, hookTimeout
	if _, err := upgrade.RunWithContext(t.Context(), releaseName, h.chart, values); err != nil {
		t.Fatal(err)
	}
}

// uninstall removes the release.
func (h *helm) uninstall(t *testing.T) {
	t.Helper()
	uninstall := action.NewUninstall(h.configuration)
	uninstall.WaitStrategy, uninstall.Timeout = kube.HookOnlyStrategy, hookTimeout
	if _, err := uninstall.Run(releaseName); err != nil {
		t.Fatal(err)
	}
}
