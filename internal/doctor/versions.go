// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"
)

// versionLabel is the label of the chart's pods with the version of moorage.
const versionLabel = "app.kubernetes.io/version"

// versions compares moorage's pods with one another, with this command, and the kube-scheduler beside them with the API server.
func (e *examination) versions(ctx context.Context) Check {
	pods, err := e.moorages(ctx)
	if err != nil {
		return unread(ctx, "moorage's pods", err)
	}
	if len(pods) == 0 {
		return skipped("", "no pod has the label %s", nameLabel)
	}
	server, err := e.Client.Discovery().ServerVersion()
	if err != nil {
		return unread(ctx, "the API server's version", err)
	}
	return worst(moorageVersions(pods, e.Version), schedulerVersions(pods, server.GitVersion))
}

// moorageVersions says which moorages run. An image that a digest alone names is of the version that the label says.
func moorageVersions(pods []corev1.Pod, own string) Check {
	running := map[string]bool{}
	for i := range pods {
		v := tagOf(serving(&pods[i]).Image)
		if v == "" {
			v = pods[i].Labels[versionLabel]
		}
		if v == "" {
			return skipped("", "the version of pod %s/%s is neither in its image's tag nor in the label %s", pods[i].Namespace, pods[i].Name, versionLabel)
		}
		running[untagged(v)] = true
	}
	all := slices.Sorted(maps.Keys(running))
	switch {
	case len(all) > 1:
		return warning("wait for the update to end, or see kubectl rollout status", "moorage's pods are of different versions: %s", strings.Join(all, ", "))
	case all[0] != untagged(own):
		return warning("use the same version on both sides", "moorage's pods are of version %s, and this command is of %s: it may explain what they do not do", all[0], untagged(own))
	default:
		return ok("moorage's pods are of this command's version, %s", all[0])
	}
}

// untagged is a version without the v that tags of images and of git have, and charts have not.
func untagged(v string) string { return strings.TrimPrefix(v, "v") }

// schedulerVersions holds the kube-scheduler beside moorage against the API server: it must not be newer, and may be one minor release
// older (https://kubernetes.io/releases/version-skew-policy/).
func schedulerVersions(pods []corev1.Pod, server string) Check {
	const fix = "set scheduler.image.tag to the cluster's version, or install the chart again"
	serves, err := version.ParseGeneric(server)
	if err != nil {
		return ok("the API server is of version %s", server)
	}
	seen := map[string]bool{}
	for i := range pods {
		container := schedulerOf(&pods[i])
		if container == nil || seen[container.Image] {
			continue
		}
		seen[container.Image] = true
		tag := tagOf(container.Image)
		runs, err := version.ParseGeneric(tag)
		name := fmt.Sprintf("the kube-scheduler of pod %s/%s", pods[i].Namespace, pods[i].Name)
		switch {
		case err != nil:
			return skipped("", "the version of %s cannot be told from its image, %s", name, container.Image)
		case runs.Major() != serves.Major() || runs.Minor() > serves.Minor():
			return warning(fix, "%s is of version %s, newer than the API server, %s", name, tag, server)
		case runs.Minor()+1 < serves.Minor():
			return warning(fix, "%s is of version %s, more than one release older than the API server, %s", name, tag, server)
		}
	}
	if len(seen) == 0 {
		return ok("no kube-scheduler runs beside moorage")
	}
	return ok("the kube-scheduler beside it fits the API server, %s", server)
}
