// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/process"
)

// embeddedCluster is a cluster of two zones. The claim data is bound to a volume in the zone that takes the place of %s; the claim logs waits for
// its consumer, and only the pool of zone a has room for it.
const embeddedCluster = `apiVersion: v1
kind: Node
metadata: {name: node-a, labels: {topology.kubernetes.io/zone: a}}
---
apiVersion: v1
kind: Node
metadata: {name: node-b, labels: {topology.kubernetes.io/zone: b}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: zonal}
provisioner: csi.example.com
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: {name: csi.example.com}
spec: {storageCapacity: true}
---
apiVersion: storage.k8s.io/v1
kind: CSIStorageCapacity
metadata: {name: pool-a, namespace: storage}
storageClassName: zonal
nodeTopology: {matchLabels: {topology.kubernetes.io/zone: a}}
capacity: 100Gi
---
apiVersion: storage.k8s.io/v1
kind: CSIStorageCapacity
metadata: {name: pool-b, namespace: storage}
storageClassName: zonal
nodeTopology: {matchLabels: {topology.kubernetes.io/zone: b}}
capacity: 1Gi
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv-data}
spec:
  storageClassName: zonal
  accessModes: [ReadWriteOnce]
  capacity: {storage: 5Gi}
  claimRef: {namespace: default, name: data}
  csi: {driver: csi.example.com, volumeHandle: data}
  nodeAffinity:
    required:
      nodeSelectorTerms:
      - matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [%s]}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: default, annotations: {pv.kubernetes.io/bind-completed: "yes"}}
spec: {storageClassName: zonal, volumeName: pv-data, accessModes: [ReadWriteOnce], resources: {requests: {storage: 5Gi}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: logs, namespace: default}
spec: {storageClassName: zonal, accessModes: [ReadWriteOnce], resources: {requests: {storage: 5Gi}}}
`

// Without any API server: moorage answers for the cluster that a directory of manifests describes, to every client that posts to it.
func TestEmbedded(t *testing.T) {
	from := t.TempDir()
	describe := func(zone string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(from, "cluster.yaml"), fmt.Appendf(nil, embeddedCluster, zone), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	describe("a")
	const limit = 4096
	p, extender := startEmbedded(t, from, limit)

	// asks posts what `curl --data` would, and compares the answer to the letter.
	asks := func(t *testing.T, verb, claim, want string) {
		t.Helper()
		status, answer, err := post(t.Context(), extender+verb, argsFor(claim))
		if err != nil {
			t.Fatal(err)
		}
		if status != http.StatusOK || answer != want {
			t.Errorf("POST %s for claim %s answers %d:\n%s\nwant 200:\n%s", verb, claim, status, answer, want)
		}
	}
	const (
		onlyNodeA = `{"Nodes":null,"NodeNames":["node-a"],"FailedNodes":{},` +
			`"FailedAndUnresolvableNodes":{"node-b":"node(s) didn't match PersistentVolume's node affinity"},"Error":""}`
		onlyNodeB = `{"Nodes":null,"NodeNames":["node-b"],"FailedNodes":{},` +
			`"FailedAndUnresolvableNodes":{"node-a":"node(s) didn't match PersistentVolume's node affinity"},"Error":""}`
		onlyRoom = `{"Nodes":null,"NodeNames":["node-a"],"FailedNodes":{},` +
			`"FailedAndUnresolvableNodes":{"node-b":"node(s) did not have enough free storage"},"Error":""}`
	)

	t.Run("a bound volume's zone and a pool with room decide", func(t *testing.T) {
		asks(t, "/filter", "data", onlyNodeA)
		asks(t, "/filter", "logs", onlyRoom)
	})

	t.Run("a request that cannot be read is refused with a sentence", func(t *testing.T) {
		for _, test := range []struct{ name, body, want string }{
			{"nothing", "", "invalid ExtenderArgs"},
			{"no JSON", "Pod: db-0", "invalid ExtenderArgs"},
			{"half of it", argsFor("data")[:40], "the body ends too early"},
			{"of the wrong type", `{"Pod":{},"NodeNames":"node-a"}`, "NodeNames"},
			{"without nodes", `{"Pod":{"metadata":{"name":"db-0"}}}`, "neither NodeNames nor Nodes is given"},
		} {
			status, answer, err := post(t.Context(), extender+"/filter", test.body)
			if err != nil {
				t.Fatal(err)
			}
			if status != http.StatusBadRequest || !strings.HasPrefix(answer, `{"Error":"`) || !strings.Contains(answer, test.want) {
				t.Errorf("a body with %s is answered %d %s, want 400 and an Error that says: %s", test.name, status, answer, test.want)
			}
		}
	})

	t.Run("a body over the limit is refused, and the remedy named", func(t *testing.T) {
		for size, want := range map[int]int{limit: http.StatusOK, limit + 1: http.StatusRequestEntityTooLarge} {
			body := argsFor("data")
			status, answer, err := post(t.Context(), extender+"/filter", body+strings.Repeat(" ", size-len(body)))
			if err != nil {
				t.Fatal(err)
			}
			if status != want {
				t.Errorf("a body of %d bytes is answered %d %s, want %d", size, status, answer, want)
			}
			if want != http.StatusOK && (!strings.Contains(answer, "larger than 4096 bytes") || !strings.Contains(answer, "nodeCacheCapable: true")) {
				t.Errorf("the answer %s does not say what the limit is and what to do", answer)
			}
		}
	})

	t.Run("changed manifests count after SIGHUP", func(t *testing.T) {
		describe("b")
		asks(t, "/filter", "data", onlyNodeA)
		if err := syscall.Kill(p.PID(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		await(t, "the answer to follow the manifests", func(ctx context.Context) (bool, error) {
			_, answer, err := post(ctx, extender+"/filter", argsFor("data"))
			return answer == onlyNodeB, err
		})
	})

	t.Run("manifests that cannot be read change nothing", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(from, "more.yaml"), []byte("kind: [Node"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(p.PID(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		await(t, "moorage to say that it goes on", func(context.Context) (bool, error) {
			return strings.Contains(p.Tail(20), "The manifests could not be read again"), nil
		})
		asks(t, "/filter", "data", onlyNodeB)
	})
}

// startEmbedded runs moorage on a directory of manifests, with a limit for bodies, and returns when it is ready.
func startEmbedded(t *testing.T, from string, maxBodyBytes int) (p *process.Process, extender string) {
	t.Helper()
	file, err := binaries.Builder{}.Moorage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	group, err := process.NewGroup("moorage-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(context.Context) error { return group.Stop() })
	config := filepath.Join(group.Dir(), "moorage.yaml")
	text := fmt.Sprintf("apiVersion: moorage.dev/v1alpha1\nkind: MoorageConfiguration\nextender: {maxBodyBytes: %d}\n", maxBodyBytes)
	if err = os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var addresses [2]string
	for i := range addresses {
		port, portErr := controlplane.FreePort()
		if portErr != nil {
			t.Fatal(portErr)
		}
		addresses[i] = controlplane.Loopback(port)
	}
	p, err = group.Start(process.Command{Name: "moorage", Path: file, Args: []string{
		"serve", "--from=" + from, "--config=" + config, "--webhook-bind-address=0",
		"--extender-bind-address=" + addresses[0], "--metrics-bind-address=" + addresses[1],
	}})
	if err != nil {
		t.Fatal(err)
	}
	err = controlplane.AwaitReady(t.Context(), p, func(ctx context.Context) error {
		status, body, getErr := get(ctx, "http://"+addresses[1]+"/readyz")
		if getErr == nil && status != http.StatusOK {
			return fmt.Errorf("/readyz answers %d: %s", status, body)
		}
		return getErr
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, "http://" + addresses[0]
}

// argsFor is what kube-scheduler asks about a pod with one claim and both nodes.
func argsFor(claim string) string {
	return `{"Pod":{"metadata":{"name":"db-0","namespace":"default"},"spec":{"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"` + claim +
		`"}}],"containers":[{"name":"main","image":"example.com/none"}]}},"NodeNames":["node-a","node-b"]}`
}
