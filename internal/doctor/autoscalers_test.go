// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/moorage-k8s/moorage/internal/config"
)

// The flags of an autoscaler and what moorage and the drivers rest on have to fit, or it adds no node.
func TestAutoscalers(t *testing.T) {
	const own = "webhook: {schedulerName: {name: moorage-scheduler}}"
	for name, c := range map[string]struct {
		label, image, config string
		args                 []string
		requires             bool
		state                State
		words                string
	}{
		"none":                        {"app: other", "other:1", own, nil, false, Skipped, "no pod of cluster-autoscaler or Karpenter can be seen"},
		"as it comes":                 {"k8s-app: cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.36.0", own, []string{"--v=4"}, false, OK, "every scheduler"},
		"other schedulers":            {"app: cluster-autoscaler", "cluster-autoscaler", own, []string{"--allowed-scheduler-names=default-scheduler"}, false, Warning, "for those of moorage-scheduler it adds no node"},
		"ours among others":           {"app: cluster-autoscaler", "cluster-autoscaler", own, []string{"--allowed-scheduler-names=default-scheduler,moorage-scheduler"}, false, OK, ""},
		"the cluster's own scheduler": {"app: cluster-autoscaler", "cluster-autoscaler", "", []string{"--allowed-scheduler-names=far"}, false, Warning, "for those of default-scheduler"},
		"before it is asked":          {"app: cluster-autoscaler", "cluster-autoscaler", own, []string{"--bypassed-scheduler-names=moorage-scheduler"}, false, Warning, "before that has looked"},
		"a driver that is required":   {"app: cluster-autoscaler", "cluster-autoscaler", own, nil, true, Warning, "does not know that a new node will have it"},
		"and known to be":             {"app: cluster-autoscaler", "cluster-autoscaler", own, []string{"--enable-csi-node-aware-scheduling=true"}, true, OK, ""},
		"Karpenter":                   {"app.kubernetes.io/name: karpenter", "public.ecr.aws/karpenter/controller:1.14.0@sha256:0", own, nil, true, OK, "not at published room"},
		"Karpenter and the resource":  {"app.kubernetes.io/name: karpenter", "karpenter/controller:1", "webhook: {volumesResource: moorage.dev/volumes, volumesResourceSchedulers: [default-scheduler]}", nil, false, Warning, "Karpenter of pod"},
	} {
		t.Run(name, func(t *testing.T) {
			configuration, err := config.Parse([]byte("apiVersion: moorage.dev/v1alpha1\nkind: MoorageConfiguration\n" + c.config))
			if err != nil {
				t.Fatal(err)
			}
			key, value, _ := strings.Cut(c.label, ": ")
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "a", UID: "u", Labels: map[string]string{key: value}}}
			pod.Spec.Containers = []corev1.Container{{Name: "sidecar", Image: "sidecar"}, {Name: "main", Image: c.image, Args: c.args}}
			driver := &storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: "d"}, Spec: storagev1.CSIDriverSpec{PreventPodSchedulingIfMissing: &c.requires}}
			e := &examination{Options{Client: fake.NewClientset(pod, driver), Configuration: configuration}}
			if got := e.autoscalers(t.Context()); got.State != c.state || !strings.Contains(got.Message, c.words) {
				t.Errorf("%+v, want %s and %q", got, c.state, c.words)
			}
		})
	}
}
