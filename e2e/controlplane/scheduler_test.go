// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	schedulerv1 "k8s.io/kube-scheduler/config/v1"
	"sigs.k8s.io/yaml"
)

// documented reads the configuration for users as kube-scheduler reads it: strictly.
func documented(t *testing.T) (text string, parsed schedulerv1.KubeSchedulerConfiguration) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(schedulerConfiguration)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data), parse(t, data)
}

func parse(t *testing.T, data []byte) (parsed schedulerv1.KubeSchedulerConfiguration) {
	t.Helper()
	if err := yaml.UnmarshalStrict(data, &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

// The suite must test what the documentation says, so it may change what it has to and nothing else.
func TestOnlyWhatTheSuiteNeedsIsChanged(t *testing.T) {
	t.Parallel()
	text, base := documented(t)
	if len(base.Extenders) != 1 || !base.Extenders[0].Ignorable || !base.Extenders[0].NodeCacheCapable {
		t.Fatalf("the documented extenders are %+v, want one that is ignorable and node-cache-capable", base.Extenders)
	}
	off := false
	base.ClientConnection.Kubeconfig = "/suite/kubeconfig"
	base.LeaderElection.LeaderElect = &off

	t.Run("with extender", func(t *testing.T) {
		t.Parallel()
		got, err := adaptSchedulerConfiguration(text, "/suite/kubeconfig", SchedulerOptions{ExtenderURL: "http://127.0.0.1:1234", ClientQPS: 700})
		if err != nil {
			t.Fatal(err)
		}
		want := *base.DeepCopy()
		want.Extenders[0].URLPrefix = "http://127.0.0.1:1234"
		want.ClientConnection.QPS, want.ClientConnection.Burst = 700, 700
		if diff := cmp.Diff(want, parse(t, got)); diff != "" {
			t.Errorf("configuration (-want +got):\n%s", diff)
		}
	})
	t.Run("without extender", func(t *testing.T) {
		t.Parallel()
		got, err := adaptSchedulerConfiguration(text, "/suite/kubeconfig", SchedulerOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want := *base.DeepCopy()
		want.Extenders = nil
		if diff := cmp.Diff(want, parse(t, got)); diff != "" {
			t.Errorf("configuration (-want +got):\n%s", diff)
		}
	})
}

func TestConfigurationThatCannotBeAdapted(t *testing.T) {
	t.Parallel()
	const sections = "clientConnection: {kubeconfig: a}\nleaderElection: {leaderElect: true}\n"
	for _, tc := range []struct{ name, text, want string }{
		{"not YAML", "a: b: c", "read the scheduler configuration"},
		{"no client connection", "leaderElection: {leaderElect: true}", "clientConnection"},
		{"no leader election", "clientConnection: {kubeconfig: a}", "leaderElection"},
		{"no extender to point", sections, "0 extenders"},
		{"two extenders", sections + "extenders: [{urlPrefix: a}, {urlPrefix: b}]", "2 extenders"},
		{"an extender that is text", sections + "extenders: [a]", "want an object"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := adaptSchedulerConfiguration(tc.text, "kubeconfig", SchedulerOptions{ExtenderURL: "http://127.0.0.1:1"})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one that says %q", err, tc.want)
			}
		})
	}
}
