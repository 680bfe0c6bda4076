// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/moorage-k8s/moorage/internal/config"
)

// The resource that the webhook writes into pods and what each kube-scheduler does about it have to fit, or pods stay Pending.
func TestVolumesResource(t *testing.T) {
	const (
		resource  = "volumesResource: moorage.dev/volumes, volumesResourceSchedulers: [default-scheduler]"
		managed   = "extenders: [{filterVerb: filter, managedResources: [{name: moorage.dev/volumes, ignoredByScheduler: true}]}]"
		unignored = "extenders: [{filterVerb: filter, managedResources: [{name: moorage.dev/volumes}]}]"
		dedicated = "profiles: [{schedulerName: moorage-scheduler}]\n"
	)
	for name, c := range map[string]struct {
		webhook, scheduler string
		state              State
		words              string
	}{
		"no resource":                     {"", "extenders: []", OK, ""},
		"both":                            {resource, managed, OK, ""},
		"it does not ignore it":           {resource, unignored, Failure, "without ignoredByScheduler: true: they stay Pending"},
		"it does not know it":             {resource, "extenders: [{filterVerb: filter}]", Failure, "ConfigMap kube-system/kube-scheduler does not ignore it: they stay Pending"},
		"it has no configuration":         {resource, "", Failure, "started without --config, does not ignore it"},
		"another scheduler":               {resource, dedicated + managed, Warning, "writes it into none of moorage-scheduler"},
		"the other cannot be seen":        {"volumesResource: moorage.dev/volumes, volumesResourceSchedulers: [far]", "extenders: []", Skipped, "the scheduler far, whose configuration cannot be read"},
		"the one that pods are sent to":   {"volumesResource: moorage.dev/volumes, schedulerName: {name: moorage-scheduler}", dedicated + managed, OK, ""},
		"which does not know it":          {"volumesResource: moorage.dev/volumes, schedulerName: {name: moorage-scheduler}", dedicated, Failure, "pods with claims of moorage-scheduler"},
		"the default for it switched off": {resource + ", defaults: {volumes-resource: off}", managed, Warning, "writes it into none of default-scheduler"},
	} {
		t.Run(name, func(t *testing.T) {
			own, err := config.Parse([]byte("apiVersion: moorage.dev/v1alpha1\nkind: MoorageConfiguration\nwebhook: {" + c.webhook + "}"))
			if err != nil {
				t.Fatal(err)
			}
			meta := metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: "kube-scheduler", Labels: map[string]string{"component": "kube-scheduler"}}
			pod := &corev1.Pod{ObjectMeta: meta, Spec: corev1.PodSpec{
				Containers: []corev1.Container{{Name: "kube-scheduler", Command: []string{"kube-scheduler"}, VolumeMounts: []corev1.VolumeMount{{Name: "config", MountPath: "/etc/s"}}}},
				Volumes: []corev1.Volume{{Name: "config", VolumeSource: corev1.VolumeSource{
					ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: meta.Name}},
				}}},
			}}
			if c.scheduler != "" {
				pod.Spec.Containers[0].Command = append(pod.Spec.Containers[0].Command, "--config=/etc/s/file.yaml")
			}
			file := &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"file.yaml": c.scheduler}}
			e := &examination{Options{Client: fake.NewClientset(pod, file), Configuration: own}}
			got := e.volumesResource(t.Context(), []corev1.Pod{*pod})
			if got.State != c.state || !strings.Contains(got.Message, c.words) || (got.State == OK) != (got.Message == "") {
				t.Errorf("%+v, want %s and %q", got, c.state, c.words)
			}
		})
	}
}
