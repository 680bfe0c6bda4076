// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package install installs moorage for real, as its documentation says: the chart by Helm, with its default values, on a cluster with a node
// that really runs pods. The API server reaches the webhook through its Service; the image is the one of `make image`, and kube-scheduler's is
// made of the suite's own build.
package install

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/enclosure"
	"github.com/moorage-k8s/moorage/e2e/realnode"
)

const (
	// namespaceName and releaseName are what the documentation has.
	namespaceName = "moorage"
	releaseName   = "moorage"

	// The images, in the enclosure's directory; the first name is that of `make image`.
	moorageTarball   = "moorage-image.tar"
	schedulerTarball = "kube-scheduler.tar"

	pollInterval = 100 * time.Millisecond
)

// skipped says why no test can run here, or is empty.
var skipped string

func TestMain(m *testing.M) {
	var status int
	if status, skipped = realnode.RunSuite(m.Run, makeImages); skipped != "" {
		status = m.Run()
	}
	os.Exit(status)
}

// makeImages makes, in the enclosure's directory, the images that the chart asks for by default.
func makeImages(ctx context.Context, dir string) error {
	if err := realnode.MakePauseImage(ctx, dir); err != nil {
		return err
	}
	scheduler, err := binaries.KubernetesBinary(binaries.DefaultKubernetes, binaries.Scheduler)
	if err != nil {
		return err
	}
	scheduler.Static = true
	files, err := binaries.Builder{Progress: os.Stderr}.Build(ctx, scheduler)
	if err != nil {
		return err
	}
	// Where Kubernetes' own image has it.
	image := realnode.Image{Reference: "registry.k8s.io/kube-scheduler:" + scheduler.Version, Tarball: filepath.Join(dir, schedulerTarball)}
	if err = realnode.MakeImage(image, files[binaries.Scheduler], "/usr/local/bin/kube-scheduler"); err != nil {
		return err
	}
	version, err := appVersion()
	if err != nil {
		return err
	}
	release, err := binaries.RepositoryFile("release")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "run", ".", "-out", dir, "-version", version, "-platforms", "linux/"+runtime.GOARCH,
		"-date", time.Now().UTC().Format(time.RFC3339), "image")
	cmd.Dir, cmd.Env = release, append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make moorage's image: %w\n%s", err, out)
	}
	return nil
}

// appVersion is the tag of the image that the chart asks for by default.
func appVersion() (string, error) {
	path, err := binaries.RepositoryFile("charts/moorage/Chart.yaml")
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the chart's version: %w", err)
	}
	var chart struct {
		AppVersion string `json:"appVersion"`
	}
	if err = yaml.Unmarshal(data, &chart); err != nil {
		return "", fmt.Errorf("read the chart's version: %w", err)
	}
	return chart.AppVersion, nil
}

// cluster is a control plane with one real node.
type cluster struct {
	*controlplane.ControlPlane
	node *realnode.Node
}

// startCluster runs a cluster until the test ends, with all images on its node and a scheduler that knows nothing of moorage.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	ctx := t.Context()
	control, err := controlplane.Start(ctx, controlplane.Options{PodAddress: realnode.Address, Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if stopErr := control.Stop(); stopErr != nil {
			t.Error(stopErr)
		}
	})
	if _, err = control.StartScheduler(ctx, controlplane.SchedulerOptions{}); err != nil {
		t.Fatal(err)
	}
	dir := enclosure.Dir()
	node, err := realnode.Start(ctx, control, realnode.Options{PauseImage: realnode.PauseImageIn(dir)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tarball := range []string{moorageTarball, schedulerTarball} {
		if err = node.Import(ctx, filepath.Join(dir, tarball)); err != nil {
			t.Fatal(err)
		}
	}
	return &cluster{ControlPlane: control, node: node}
}

// restrictedNamespace makes the namespace of the release, where the API server lets only pods of the Pod Security Standard restricted in.
func (c *cluster) restrictedNamespace(t *testing.T) {
	t.Helper()
	_, err := c.Client().CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: namespaceName, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// await waits for a condition, and fails the test if it does not come in time.
func await(t *testing.T, what string, timeout time.Duration, condition wait.ConditionWithContextFunc) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), pollInterval, timeout, true, condition); err != nil {
		t.Fatalf("wait for %s: %v", what, err)
	}
}
