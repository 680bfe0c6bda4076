// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/chart"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/process"
)

// runMoorage runs moorage as one of the release's pods would: with its service account's rights and its configuration, but for the
// addresses. It returns where the metrics are.
func runMoorage(t *testing.T, c *controlplane.ControlPlane, o chart.Options) string {
	t.Helper()
	file, err := binaries.Builder{}.Moorage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := chart.Render(o)
	if err != nil {
		t.Fatal(err)
	}
	configuration := filepath.Join(t.TempDir(), "moorage.yaml")
	if err = os.WriteFile(configuration, []byte(data(t, rendered, "moorage.yaml")), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"serve", "--kubeconfig=" + podKubeconfig(t, c, release), "--config=" + configuration}
	var url string
	for _, server := range []string{"extender", "webhook", "metrics"} {
		port, portErr := controlplane.FreePort()
		if portErr != nil {
			t.Fatal(portErr)
		}
		args, url = append(args, "--"+server+"-bind-address="+controlplane.Loopback(port)), "http://"+controlplane.Loopback(port)
	}
	moorage, err := c.Run(process.Command{Name: "moorage", Path: file, Args: args})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := moorage.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return url
}

// runScheduler runs kube-scheduler as one of the release's pods would: with the rights of its own service account, and its configuration but for
// how the API server is found.
func runScheduler(t *testing.T, c *controlplane.ControlPlane, o chart.Options) {
	t.Helper()
	kubeconfig := podKubeconfig(t, c, release+"-scheduler")
	rendered, err := chart.Render(o)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(data(t, rendered, "kube-scheduler.yaml"), "clientConnection:\n", "clientConnection:\n  kubeconfig: "+kubeconfig+"\n", 1)
	configuration := filepath.Join(t.TempDir(), "kube-scheduler.yaml")
	if err = os.WriteFile(configuration, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	port, err := controlplane.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	scheduler, err := c.Run(process.Command{Name: "dedicated-scheduler", Path: c.Program("kube-scheduler"), Args: []string{
		"--config=" + configuration, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(port),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := scheduler.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// podKubeconfig is the way to the API server of who has a service account of the release's pods.
func podKubeconfig(t *testing.T, c *controlplane.ControlPlane, account string) string {
	t.Helper()
	kubeconfig, err := c.Kubeconfig("system:serviceaccount:"+release+":"+account, "system:serviceaccounts", "system:serviceaccounts:"+release)
	if err != nil {
		t.Fatal(err)
	}
	return kubeconfig
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}
