// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
	"github.com/moorage-k8s/moorage/internal/output"
)

// A pod waits on a real cluster because its two claims want more than any pool has. What explain says the event is, the event
// is; and what explain says would help, helps.
func TestExplainSaysWhatTheEventSays(t *testing.T) {
	c := control(t)
	nodes := zonalNodes(t, c)
	storage := zonalStorage(t, nodes, zones.StorageOptions{PoolSize: 10 * gib, Pools: map[string]int64{"zone-b": 11 * gib}}, "zonal")
	m := startMoorage(t, c, moorage.Options{NoWebhook: true, Config: `
apiVersion: moorage.dev/v1alpha1
kind: MoorageConfiguration
extender: {decisions: 100}
`})
	startScheduler(t, c, m.ExtenderURL)
	ns := namespace(t, c)
	createPodOfTwoClaims(t, c, ns, "db")
	awaitUnschedulable(t, c, ns, "db", "0/6 nodes are available: 6 "+jointlyFull)

	e, status := explainPod(t, m, ns, "db")
	if status != 1 || e.Fits {
		t.Errorf("explain ends with status %d and fits=%t, want 1 and false", status, e.Fits)
	}
	if e.Said == "" || !strings.HasPrefix(e.Said, e.Message) {
		t.Errorf("explain says that the event begins with\n\t%s\nand kube-scheduler said\n\t%s", e.Message, e.Said)
	}
	if refused := e.Decisions[len(e.Decisions)-1].Refused; len(refused) != 1 || refused[0].Reason != jointlyFull ||
		refused[0].Nodes != 6 {
		t.Errorf("explain says that moorage answered at first: %+v", refused)
	}
	// 12 GiB are wanted: the least that helps is 1 GiB more in the pool of zone-b.
	helps := false
	for _, change := range e.Changes {
		helps = helps || strings.HasPrefix(change.What, "free or add 1Gi in the pool of class zonal that is reached in zone-b;") && change.Nodes == 2
	}
	if !helps {
		t.Errorf("explain does not suggest 1 GiB more in zone-b: %+v", e.Changes)
	}
	pod := awaitWoken(t, c, ns, "db", func() error {
		storage.Driver.ResizePool("zone-b", 12*gib)
		return nil
	})
	if zone := nodes.ZoneOf(pod.Spec.NodeName); zone != "zone-b" {
		t.Errorf("with 1 GiB more in zone-b the pod is in %s", zone)
	}

	await(t, "explain to see the pod on its node", func(context.Context) (bool, error) {
		e, status := explainPod(t, m, ns, "db")
		return status == 0 && e.Fits && e.Node == pod.Spec.NodeName && e.Decisions[0].Passed > 0, nil
	})
}

// explainPod runs the command as an administrator would, and asks moorage what it answered.
func explainPod(t *testing.T, m *moorage.Moorage, ns, name string) (*output.Explanation, int) {
	t.Helper()
	file, err := binaries.Builder{}.Moorage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), file, "explain", "pod", name, "-n", ns, "-o", "json", "--kubeconfig", control(t).AdminKubeconfig(),
		"--decisions="+m.MetricsURL)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr.String())
	}
	var e output.Explanation
	if err := json.Unmarshal([]byte(stdout.String()), &e); err != nil {
		t.Fatalf("%v printed %q: %v", cmd.Args, stdout.String(), err)
	}
	return &e, cmd.ProcessState.ExitCode()
}
