// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/moorage-k8s/moorage/e2e/binaries"
)

// victimRole makes the test binary start a control plane and wait to be killed.
const victimRole = "MOORAGE_CONTROLPLANE_TEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victimRole) != "" {
		playVictim()
		return
	}
	os.Exit(m.Run())
}

// playVictim prints the control plane's directory once everything runs in it, and never ends by itself.
func playVictim() {
	c, err := Start(context.Background(), Options{})
	if err != nil {
		panic(err)
	}
	if _, err = c.StartScheduler(context.Background(), SchedulerOptions{}); err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintln(os.Stdout, c.Dir())
	select {}
}

func TestNothingOutlivesAKilledParent(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	victim := exec.Command(self)
	victim.Env = append(os.Environ(), victimRole+"=1")
	victim.Stderr = os.Stderr
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err = victim.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("read where the control plane runs: %v", err)
	}
	dir := strings.TrimSpace(line)
	// etcd, the API server, the controller manager, the scheduler, kwok, and the watchdog.
	if running := mentioning(t, dir); len(running) != 6 {
		t.Fatalf("before the parent is killed %d processes run in %s, want 6:\n%s", len(running), dir, strings.Join(running, "\n"))
	}
	if err = victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err = victim.Wait(); err == nil {
		t.Error("the parent ended with status 0")
	}
	err = wait.PollUntilContextTimeout(t.Context(), readyPoll, 20*time.Second, true, func(context.Context) (bool, error) {
		_, statErr := os.Stat(dir)
		return len(mentioning(t, dir)) == 0 && errors.Is(statErr, os.ErrNotExist), nil
	})
	if err != nil {
		t.Errorf("after the parent was killed there is still the directory or one of these:\n%s", strings.Join(mentioning(t, dir), "\n"))
	}
}

// mentioning lists the processes whose command line holds the directory, as that of every program of a control plane does.
func mentioning(t *testing.T, dir string) []string {
	t.Helper()
	out, err := exec.Command("ps", "-eo", "pid,args").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, dir) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func TestFailedStartShowsTheLog(t *testing.T) {
	_, err := Start(t.Context(), Options{APIServerArgs: []string{"--no-such-flag"}})
	if err == nil {
		t.Fatal("an API server with an unknown flag started")
	}
	for _, want := range []string{"kube-apiserver", "it has ended", "unknown flag: --no-such-flag"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

func TestRBACAndSchedulerRestart(t *testing.T) {
	c, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if stopErr := c.Stop(); stopErr != nil {
			t.Error(stopErr)
		}
	})

	want, err := binaries.KubernetesBinary(binaries.Kubernetes(), binaries.APIServer)
	if err != nil {
		t.Fatal(err)
	}
	version, err := c.Client().Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if version.GitVersion != want.Version || version.Major+"."+version.Minor != binaries.Kubernetes() {
		t.Errorf("the API server says it is %+v, want %s", version, want.Version)
	}

	path, err := c.Kubeconfig("nobody-in-particular")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = client.CoreV1().Secrets("kube-system").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("a user without permissions lists secrets: got error %v, want Forbidden", err)
	}

	// Twice without extender, and with one that nobody serves: the documented configuration says that it can be ignored.
	for _, extender := range []string{"", "", "http://127.0.0.1:1"} {
		scheduler, startErr := c.StartScheduler(t.Context(), SchedulerOptions{ExtenderURL: extender})
		if startErr != nil {
			t.Fatalf("extender %q: %v", extender, startErr)
		}
		if err = scheduler.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err = c.StartScheduler(t.Context(), SchedulerOptions{Args: []string{"--no-such-flag"}}); err == nil {
		t.Error("a scheduler with an unknown flag started")
	}
}
