// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// With the policy Pack, and kube-scheduler configured as docs say, so that PoolFit alone scores pools, a pod goes to the fullest pool that has
// room, so that the large pool stays free for large volumes.
func TestPackFillsTheFullestPool(t *testing.T) {
	c := control(t)
	nodes := zonalNodes(t, c)
	zonalStorage(t, nodes, zones.StorageOptions{
		PoolSize: 40 * gib, Pools: map[string]int64{"zone-b": 10 * gib, "zone-c": 4 * gib},
	}, "zonal")
	m := startMoorage(t, c, moorage.Options{NoWebhook: true, Config: `
apiVersion: moorage.dev/v1alpha1
kind: MoorageConfiguration
extender:
  scorers: [{name: PoolFit, weight: 2, policy: Pack}]
`})
	configuration := document(t, "docs/kube-scheduler-configuration.yaml")
	if !strings.Contains(configuration, documentedProfiles(t)) {
		t.Error("docs/scheduling.md names other profiles for PoolFit than the configuration that is shipped")
	}
	scheduler, err := c.StartScheduler(t.Context(), controlplane.SchedulerOptions{ExtenderURL: m.ExtenderURL, Configuration: configuration})
	if err != nil {
		t.Fatalf("kube-scheduler does not accept what docs say: %v", err)
	}
	cleanup(t, scheduler.Stop)

	ns := namespace(t, c)
	createClaim(t, c, ns, "data", "zonal", "6Gi")
	createPod(t, c, ns, "db", "data")
	pod := awaitRunning(t, c, ns, "db")
	if zone := nodes.ZoneOf(pod.Spec.NodeName); zone != "zone-b" {
		t.Errorf("the pod is in %s, want it in zone-b, whose pool is the fullest that has room", zone)
	}
}

// documentedProfiles is the part of kube-scheduler's configuration that docs/scheduling.md gives for PoolFit.
func documentedProfiles(t *testing.T) string {
	t.Helper()
	for block := range strings.SplitSeq(document(t, "docs/scheduling.md"), "```") {
		if text, ok := strings.CutPrefix(block, "yaml\n"); ok && strings.HasPrefix(text, "profiles:") {
			return text
		}
	}
	t.Fatal("docs/scheduling.md has no block of YAML that starts with profiles:")
	return ""
}

func document(t *testing.T, path string) string {
	t.Helper()
	file, err := binaries.RepositoryFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
