// SPDX-License-Identifier: Apache-2.0

//go:build unix && !race

package check

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/moorage-k8s/moorage/internal/growth"
)

// manifest is a workload such as people have: a Deployment with a claim, a configuration and a secret, in about 70 lines.
const manifest = `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data-%[1]d
  namespace: shop
spec:
  storageClassName: fast
  accessModes:
    - ReadWriteOnce
  resources:
    requests:
      storage: 10Gi
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-%[1]d
  namespace: shop
  labels: &labels
    app.kubernetes.io/name: shop
    app.kubernetes.io/instance: shop-%[1]d
spec:
  replicas: 1
  strategy:
    type: Recreate
  selector:
    matchLabels: *labels
  template:
    metadata:
      labels: *labels
    spec:
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        fsGroup: 1000
      containers:
        - name: shop
          image: registry.example/shop:1.%[1]d
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: NODE
              valueFrom:
                fieldRef:
                  fieldPath: spec.nodeName
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {memory: 256Mi}
          readinessProbe:
            httpGet:
              path: /ready
              port: http
          volumeMounts:
            - name: data
              mountPath: /var/lib/shop
            - name: config
              mountPath: /etc/shop
              readOnly: true
            - name: tls
              mountPath: /etc/shop-tls
              readOnly: true
      volumes:
        - name: data
          persistentVolumeClaim:
            claimName: data-%[1]d
        - name: config
          configMap:
            name: shop-%[1]d
        - name: tls
          secret:
            secretName: shop-%[1]d
            defaultMode: 0440
`

const manyManifests = 1000

func writeManifests(t testing.TB) string {
	dir := t.TempDir()
	for i := range manyManifests {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.yaml", i)), fmt.Appendf(nil, manifest, i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestThousandManifests promises that they are checked in under two seconds on one processor, whatever else the machine does.
func TestThousandManifests(t *testing.T) {
	if testing.Short() {
		t.Skip("a measurement")
	}
	const limit = 2 * time.Second
	dir := writeManifests(t)
	start, before := time.Now(), growth.ProcessorTime(t)
	result := checkPaths(t, Options{Paths: []string{dir}})
	used := growth.ProcessorTime(t) - before
	t.Logf("%d manifests took %v of processor time in %v", manyManifests, used, time.Since(start))
	if result.Files != manyManifests || result.Objects != 2*manyManifests || len(result.Findings) != 0 {
		t.Fatalf("checked %d objects in %d files, with %d findings", result.Objects, result.Files, len(result.Findings))
	}
	if used >= limit {
		t.Errorf("%d manifests took %v of processor time, want less than %v", manyManifests, used, limit)
	}
}
