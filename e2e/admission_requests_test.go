// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
)

// Requests of other kinds than to create an object of ordinary size, and a moorage that does not answer.
func TestAdmissionOfEveryRequest(t *testing.T) {
	c := control(t)
	ns := namespace(t, c)
	k := newKubectl(t, c, ns, filepath.Join("testdata", "admission"))
	createClass(t, c, "ebs", "ebs.csi.aws.com")
	// Before moorage is there: a pod, and a claim in breach.
	k.must(t, "create", "-f", "node-tool.yaml")
	k.must(t, "create", "-f", "breach.yaml")
	m := startMoorage(t, c, moorage.Options{Config: strictAboutMounts})

	t.Run("a dry run gets the same answer, and leaves nothing", func(t *testing.T) {
		k.shows(t, agentIsDenied, "apply", "--dry-run=server", "-f", "agent.yaml")
		k.shows(t, terminal{
			Stdout: "pod/web created (server dry run)\n",
			Stderr: "Warning: secret-mode-decimal: secret volume \"tls\": mode 400 is decimal, which is 0620; 0400 was probably meant\n",
		}, "apply", "--dry-run=server", "-f", "web.yaml")
		if _, err := c.Client().CoreV1().Pods(ns).Get(t.Context(), "web", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("after the dry run, to get the pod answers %v", err)
		}
	})

	t.Run("an ephemeral container", func(t *testing.T) {
		debug := func(profile string) []string {
			return []string{
				"debug", "node-tool", "--image=example.com/debug:1", "--container=debugger", "--profile=sysadmin", "--custom=" + profile,
				"--attach=false", "--quiet",
			}
		}
		k.shows(t, terminal{
			Stderr: `Error from server (Forbidden): admission webhook "validate.moorage.dev" denied the request: ` +
				"propagation-bidirectional-path: spec.ephemeralContainers[0].volumeMounts[0].mountPropagation: " +
				`container "debugger" may not mount host path "/bin" as Bidirectional. ` + bidirectionalSymptom,
			Status: 1,
		}, debug("debugger-bidirectional.yaml")...)
		k.shows(t, terminal{}, debug("debugger.yaml")...)
		if got := count(t, m, `moorage_webhook_admissions_total{decision="allowed",operation="update",webhook="validate"}`); got == 0 {
			t.Error("moorage was not asked about the second container, so this shows nothing")
		}
	})

	t.Run("an object in breach can be changed and deleted", func(t *testing.T) {
		k.shows(t, terminal{Stdout: "persistentvolumeclaim/breach annotated\n"}, "annotate", "pvc", "breach", "owner=web")
		k.shows(t, terminal{Stdout: "persistentvolumeclaim \"breach\" deleted from " + ns + " namespace\n"}, "delete", "pvc", "breach")
		got := k.run(t, "create", "-f", "breach.yaml")
		if got.Status != 1 || !strings.Contains(got.Stderr, "access-mode-unsupported") {
			t.Errorf("to make it again is not denied, so this shows nothing: %+v", got)
		}
	})

	t.Run("a pod of 200 containers and 500 volumes", func(t *testing.T) {
		open := failedOpen(t, c)
		_, err := c.Client().CoreV1().Pods(ns).Create(t.Context(), hugePod(), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil || !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `container "c199" may not mount host path "/bin" as Bidirectional`) {
			t.Errorf("the fault of the last container is not told: %v", err)
		}
		if got := failedOpen(t, c); got != open {
			t.Errorf("moorage did not answer in time: the API server went on without it %g times", got-open)
		}
		if got := count(t, m, `moorage_webhook_admissions_total{decision="unchecked",operation="create",webhook="validate"}`); got != 0 {
			t.Error("the pod was not looked at in full")
		}
	})

	// goesOn makes a pod that moorage denies, and holds the API server to letting it through and to counting that.
	goesOn := func(t *testing.T) {
		t.Helper()
		open := failedOpen(t, c)
		k.shows(t, terminal{Stdout: "pod/agent created\n"}, "create", "-f", "agent.yaml")
		deletePod(t, c, ns, "agent")
		if got := failedOpen(t, c); got == open {
			t.Error("the API server's metrics do not show that it went on without moorage")
		}
	}

	t.Run("a moorage that is too slow is not waited for", func(t *testing.T) {
		// Stopped, its connections stay, and nothing comes over them.
		if err := syscall.Kill(m.Process.PID(), syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := syscall.Kill(m.Process.PID(), syscall.SIGCONT); err != nil {
				t.Error(err)
			}
		}()
		goesOn(t)
	})

	t.Run("and is asked again when it is not", func(t *testing.T) {
		await(t, "the pod to be denied again", func(context.Context) (bool, error) {
			got := k.run(t, "apply", "--dry-run=server", "-f", "agent.yaml")
			return got == agentIsDenied, nil
		})
	})

	t.Run("nor is one that is dead", func(t *testing.T) {
		if err := m.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		goesOn(t)
	})
}

// failedOpen is how often the API server went on without an answer of moorage's validating webhook.
func failedOpen(t *testing.T, c *controlplane.ControlPlane) float64 {
	t.Helper()
	text, err := c.Client().Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const series = `apiserver_admission_webhook_fail_open_count{name="validate.moorage.dev",type="validating"} `
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, series); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatalf("read %s: %v", series, err)
			}
			return n
		}
	}
	return 0
}

// hugePod has 200 containers with 40 mounts each of 500 volumes, as large as the API server takes it. The last mount of the
// last container is at fault.
func hugePod() *corev1.Pod {
	const containers, volumes, mounts = 200, 500, 40
	privileged, bidirectional := true, corev1.MountPropagationBidirectional
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "huge"}}
	for i := range volumes {
		v := corev1.Volume{Name: fmt.Sprintf("v%d", i)}
		switch i % 4 {
		case 0:
			v.EmptyDir = &corev1.EmptyDirVolumeSource{}
		case 1:
			v.Secret = &corev1.SecretVolumeSource{SecretName: v.Name}
		case 2:
			v.ConfigMap = &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: v.Name}}
		default:
			v.HostPath = &corev1.HostPathVolumeSource{Path: "/bin"}
		}
		pod.Spec.Volumes = append(pod.Spec.Volumes, v)
	}
	for i := range containers {
		container := corev1.Container{
			Name: fmt.Sprintf("c%d", i), Image: "example.com/app:1", SecurityContext: &corev1.SecurityContext{Privileged: &privileged},
		}
		for j := range mounts {
			container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{
				Name: fmt.Sprintf("v%d", (i*mounts+j)%volumes), MountPath: fmt.Sprintf("/data/%d", j),
			})
		}
		pod.Spec.Containers = append(pod.Spec.Containers, container)
	}
	last := &pod.Spec.Containers[containers-1]
	last.VolumeMounts[mounts-1].Name, last.VolumeMounts[mounts-1].MountPropagation = "v499", &bidirectional
	return pod
}
