// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
)

// marked is a secret value that must be seen nowhere.
const marked = "s3cr3tM4rk3dV4lue9f8e7d"

// withSecrets are objects with the marked value in every place where people put credentials, rightly or not, and in places
// where it makes the object unreadable.
var withSecrets = []string{
	`{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: c, annotations: {note: MARK}}, provisioner: csi.example.com, mountOptions: ["password=MARK", "MARK"],
	  parameters: {adminPassword: MARK, apiToken: MARK, url: "https://user:MARK@example.com/", plain: MARK, csi.storage.k8s.io/provisioner-password: MARK}}`,
	`{apiVersion: storage.k8s.io/v1, kind: VolumeAttributesClass, metadata: {name: a}, driverName: csi.example.com, parameters: {password: MARK, key: "https://user:MARK@example.com"}}`,
	`{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshotClass, metadata: {name: s}, driver: csi.example.com, deletionPolicy: Delete,
	  parameters: {secretKey: MARK, csi.storage.k8s.io/snapshotter-secret-key: MARK}}`,
	`{apiVersion: v1, kind: PersistentVolume, metadata: {name: p, annotations: {volume.beta.kubernetes.io/mount-options: "username=a,password=MARK"}},
	  spec: {accessModes: [ReadWriteMany], capacity: {storage: 1Gi}, mountOptions: ["username=a", "password=MARK"],
	  csi: {driver: smb.csi.k8s.io, volumeHandle: v, volumeAttributes: {password: MARK, source: "//user:MARK@example.com/share", token: MARK}}}}`,
	`{apiVersion: v1, kind: PersistentVolume, metadata: {name: p, annotations: {volume.beta.kubernetes.io/mount-options: "pass=MARK"}},
	  spec: {accessModes: [ReadWriteMany], capacity: {storage: 1Gi}, mountOptions: [soft], flexVolume: {driver: example.com/cifs, options: {password: MARK, secret: MARK}}}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"password":"MARK"}'}}, spec: {
	  containers: [{name: c, image: i, command: [sh, -c, "login MARK"], args: ["--password=MARK"], env: [{name: PASSWORD, value: MARK},
	    {name: URL, value: "https://user:MARK@example.com"}, {name: REF, valueFrom: {secretKeyRef: {name: s, key: k}}}]}],
	  volumes: [{name: a, csi: {driver: csi.example.com, volumeAttributes: {password: MARK, token: MARK}}}, {name: b, flexVolume: {driver: example.com/cifs, options: {password: MARK}}},
	    {name: c, gitRepo: {repository: "https://user:MARK@example.com/r.git"}}, {name: d, secret: {secretName: s, defaultMode: 400}},
	    {name: e, ephemeral: {volumeClaimTemplate: {metadata: {annotations: {token: MARK}}, spec: {accessModes: [ReadWriteMany], storageClassName: ebs}}}}]}}`,
	`{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {template: {metadata: {annotations: {token: MARK}}, spec: {
	  initContainers: [{name: i, env: [{name: TOKEN, value: MARK}]}], containers: [{name: c, env: [{name: KEY, value: MARK}], lifecycle: {postStart: {exec: {command: [MARK]}}},
	    livenessProbe: {httpGet: {port: 80, httpHeaders: [{name: Authorization, value: MARK}]}}}],
	  volumes: [{name: v, csi: {driver: csi.example.com, volumeAttributes: {clientSecret: MARK}}}]}}}}`,
	`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: p, annotations: {token: MARK, volume.beta.kubernetes.io/storage-class: ebs}}, spec: {accessModes: [ReadWriteMany]}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, env: [MARK]}]}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, env: [{name: PASSWORD, value: {none: MARK}}]}]}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, env: MARK}]}}`,
	`{apiVersion: v1, kind: PersistentVolume, metadata: {name: p}, spec: {csi: {driver: d, volumeAttributes: MARK}}}`,
	`{apiVersion: v1, kind: PersistentVolume, metadata: {name: p}, spec: {mountOptions: "password=MARK"}}`,
	`{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: c}, parameters: ["password=MARK"]}`,
	`{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: c}, provisioner: {none: 1}, parameters: {password: [MARK]}}`,
}

// No answer, message, log line, metric or audit annotation ever has a secret's value.
func TestNoSecretValueIsTold(t *testing.T) {
	var log strings.Builder
	registry := prometheus.NewRegistry()
	metrics, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	logger := funcr.New(func(prefix, args string) { fmt.Fprintln(&log, prefix, args) }, funcr.Options{Verbosity: 10})
	w := newWebhook(t, Options{Metrics: metrics, Logger: logger})
	told := 0
	for _, manifest := range withSecrets {
		with, without := strings.ReplaceAll(manifest, "MARK", marked), strings.ReplaceAll(manifest, "MARK", "none")
		for _, body := range []string{reviewOf(t, with, ""), reviewOf(t, with, with), reviewOf(t, with, without), reviewOf(t, without, with)} {
			for _, handler := range []http.Handler{w.Validate(), w.Mutate()} {
				status, answer := post(t, handler, body)
				if status != http.StatusOK {
					t.Fatalf("status %d: %s", status, answer)
				}
				if strings.Contains(answer, marked) {
					t.Errorf("the answer has the value in it:\n%s\nof %s", answer, manifest)
				}
				told += strings.Count(answer, "secret-in-plain-text: ")
			}
		}
	}
	if told < 10 {
		t.Errorf("credentials were mentioned %d times, so this shows little", told)
	}
	if strings.Contains(log.String(), marked) || log.Len() == 0 {
		t.Errorf("the log has the value in it, or nothing at all:\n%s", log.String())
	}
	families, err := registry.Gather()
	if err != nil || len(families) == 0 {
		t.Fatalf("gather the metrics: %v", err)
	}
	for _, f := range families {
		if strings.Contains(f.String(), marked) {
			t.Errorf("a metric has the value in it: %s", f)
		}
	}
}
