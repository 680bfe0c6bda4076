// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/internal/config"
)

// Where cluster-autoscaler's and Karpenter's pods are found: by the labels of their charts and manifests.
var autoscalerSelectors = []string{
	"app.kubernetes.io/name in (cluster-autoscaler, aws-cluster-autoscaler, azure-cluster-autoscaler, clusterapi-cluster-autoscaler, karpenter)",
	"k8s-app in (cluster-autoscaler, karpenter)", "app in (cluster-autoscaler, karpenter)",
}

// autoscalers holds the flags of the autoscalers of nodes that can be seen against how pods and drivers are set up here. A managed one shows no pod.
func (e *examination) autoscalers(ctx context.Context) Check {
	var pods []corev1.Pod
	seen := map[types.UID]bool{}
	for _, selector := range autoscalerSelectors {
		list, err := e.Client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return unread(ctx, "the pods of autoscalers", err)
		}
		for i := range list.Items {
			if p := &list.Items[i]; !seen[p.UID] || p.UID == "" {
				seen[p.UID] = true
				pods = append(pods, *p)
			}
		}
	}
	var found []Check
	for i := range pods {
		for j := range pods[i].Spec.Containers {
			switch c := &pods[i].Spec.Containers[j]; {
			case runs(c, "cluster-autoscaler"):
				found = append(found, e.clusterAutoscaler(ctx, &pods[i], c))
			case runs(c, "karpenter"):
				found = append(found, e.karpenter(ctx, &pods[i]))
			}
		}
	}
	if len(found) == 0 {
		return skipped("", "no pod of cluster-autoscaler or Karpenter can be seen; a managed autoscaler shows none")
	}
	return worst(found...)
}

// runs reports whether a container runs a program, by its command or its image.
func runs(c *corev1.Container, program string) bool {
	for _, word := range slices.Concat(c.Command[:min(len(c.Command), 1)], c.Args[:min(len(c.Args), 1)]) {
		if word == program || strings.HasSuffix(word, "/"+program) {
			return true
		}
	}
	image, _, _ := strings.Cut(c.Image, "@")
	image = strings.TrimSuffix(image, ":"+tagOf(c.Image))
	return slices.Contains(strings.Split(image, "/"), program)
}

// schedulersOf are the schedulers whose pods moorage judges, as far as its configuration says.
func schedulersOf(c *config.Configuration) []string {
	if c != nil && c.Webhook.SchedulerName != nil {
		return []string{c.Webhook.SchedulerName.Name}
	}
	return []string{corev1.DefaultSchedulerName}
}

// clusterAutoscaler judges one of cluster-autoscaler's pods.
func (e *examination) clusterAutoscaler(ctx context.Context, pod *corev1.Pod, c *corev1.Container) Check {
	name, words := pod.Namespace+"/"+pod.Name, slices.Concat(c.Command, c.Args)
	own, err := e.ownConfiguration(ctx)
	if err != nil {
		return unread(ctx, "moorage's pods", err)
	}
	out := []Check{ok("cluster-autoscaler of pod %s looks at pods of every scheduler that moorage is for", name)}
	allowed := list(argument(words, "allowed-scheduler-names"))
	for _, scheduler := range schedulersOf(own) {
		if len(allowed) > 0 && !slices.Contains(allowed, scheduler) {
			out = append(out, warning("add "+scheduler+" to --allowed-scheduler-names",
				"cluster-autoscaler of pod %s looks at pods of %s alone: for those of %s it adds no node", name, strings.Join(allowed, ", "), scheduler))
		}
		if slices.Contains(list(argument(words, "bypassed-scheduler-names")), scheduler) {
			out = append(out, warning("take "+scheduler+" out of --bypassed-scheduler-names",
				"cluster-autoscaler of pod %s adds nodes for pods of %s before that has looked at them, and so for pods whose volumes have room", name, scheduler))
		}
	}
	if aware := argument(words, "enable-csi-node-aware-scheduling"); aware != "true" && !slices.Contains(words, "--enable-csi-node-aware-scheduling") {
		required, unlisted := e.requiringDrivers(ctx)
		if unlisted != nil {
			return worst(append(out, unread(ctx, "the drivers", unlisted))...)
		}
		if len(required) > 0 {
			out = append(out, warning("start it with --enable-csi-node-aware-scheduling=true, or leave preventPodSchedulingIfMissing out",
				"%s keeps pods off nodes without it (preventPodSchedulingIfMissing), and cluster-autoscaler of pod %s does not know that a new node will have it: it adds none",
				strings.Join(required, ", "), name))
		}
	}
	return worst(append(out, askingFor(own, "cluster-autoscaler", name))...)
}

// karpenter judges one of Karpenter's pods. It has no flags for schedulers, and nothing of published room.
func (e *examination) karpenter(ctx context.Context, pod *corev1.Pod) Check {
	name := pod.Namespace + "/" + pod.Name
	own, err := e.ownConfiguration(ctx)
	if err != nil {
		return unread(ctx, "moorage's pods", err)
	}
	return worst(ok("Karpenter of pod %s looks at pods of every scheduler, and not at published room (docs/autoscalers.md)", name), askingFor(own, "Karpenter", name))
}

// askingFor warns of the resource that no new node is known to have.
func askingFor(own *config.Configuration, who, pod string) Check {
	if own == nil || own.Webhook.VolumesResource == "" {
		return Check{State: OK}
	}
	return warning("leave webhook.volumesResource out", "pods with claims ask for %s, which no node to come is known to have: %s of pod %s adds none for them",
		own.Webhook.VolumesResource, who, pod)
}

// ownConfiguration is moorage's; nil where it is not known. That it cannot be read another check tells.
func (e *examination) ownConfiguration(ctx context.Context) (*config.Configuration, error) {
	pods, err := e.moorages(ctx)
	if err != nil {
		return nil, err
	}
	if c, _, unreadable := e.admitting(ctx, pods); unreadable == nil {
		return c, nil
	}
	return nil, nil
}

// requiringDrivers are those that ask that pods are kept off nodes without them.
func (e *examination) requiringDrivers(ctx context.Context) ([]string, error) {
	drivers, err := e.Client.StorageV1().CSIDrivers().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var out []string
	for i := range drivers.Items {
		if d := &drivers.Items[i]; deref(d.Spec.PreventPodSchedulingIfMissing, false) {
			out = append(out, "driver "+d.Name)
		}
	}
	return out, nil
}

// list splits the value of a flag that takes several.
func list(value string) []string {
	if value == "" {
		return nil
	}
	return strings.Split(value, ",")
}
