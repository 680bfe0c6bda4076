// SPDX-License-Identifier: Apache-2.0

//go:build linux

package realnode

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/version"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/enclosure"
)

// skipped says why no test can run here, or is empty.
var skipped string

// greeterIn is the image of the pod that the test runs.
func greeterIn(dir string) Image {
	return Image{Reference: "e2e.moorage.dev/greeter:v1", Tarball: filepath.Join(dir, "greeter.tar")}
}

func TestMain(m *testing.M) {
	var status int
	status, skipped = RunSuite(m.Run, func(ctx context.Context, dir string) error {
		if err := MakePauseImage(ctx, dir); err != nil {
			return err
		}
		program, err := binaries.Builder{}.Own(ctx, "./realnode/greeter")
		if err != nil {
			return err
		}
		return MakeImage(greeterIn(dir), program, "/greeter")
	})
	if skipped != "" {
		status = m.Run()
	}
	os.Exit(status)
}

// A pod of an image that the suite made really runs; the machine reaches it through its Service, and it reaches the API server through the
// Service of that, with the token of its service account.
func TestAPodRunsAndServicesLeadBothWays(t *testing.T) {
	if skipped != "" {
		t.Skip(skipped)
	}
	ctx := t.Context()
	control, err := controlplane.Start(ctx, controlplane.Options{PodAddress: Address})
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
	node, err := Start(ctx, control, Options{
		Labels:     map[string]string{corev1.LabelTopologyZone: "zone-real"},
		PauseImage: PauseImageIn(enclosure.Dir()),
	})
	if err != nil {
		t.Fatal(err)
	}
	greeter := greeterIn(enclosure.Dir())
	if err = node.Import(ctx, greeter.Tarball); err != nil {
		t.Fatal(err)
	}

	labels := map[string]string{"app": "greeter"}
	pods := control.Client().CoreV1().Pods(metav1.NamespaceDefault)
	pod, err := pods.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "greeter", Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: greeter.Reference}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	service, err := control.Client().CoreV1().Services(metav1.NamespaceDefault).Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "greeter"},
		Spec:       corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}

	var told version.Info
	var last error
	err = wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		last = getJSON(ctx, "http://"+service.Spec.ClusterIP, &told)
		return last == nil, nil
	})
	if err != nil {
		pod, _ = pods.Get(ctx, pod.Name, metav1.GetOptions{})
		logs, _ := node.Logs(pod, "main")
		t.Fatalf("ask the pod through its Service: %v; pod: %+v; its log:\n%s", last, pod.Status, logs)
	}
	want, err := control.Client().Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if told.GitVersion != want.GitVersion {
		t.Errorf("the pod heard that the API server is %q, want %q", told.GitVersion, want.GitVersion)
	}
	if pod, err = pods.Get(ctx, pod.Name, metav1.GetOptions{}); err != nil || pod.Spec.NodeName != Name {
		t.Errorf("the pod is on node %q (%v), want %s", pod.Spec.NodeName, err, Name)
	}
}

func getJSON(ctx context.Context, url string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // only read from
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	return json.Unmarshal(body, into)
}
