// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/internal/config"
)

// nameLabel is the label of the chart's pods.
const nameLabel = "app.kubernetes.io/name=moorage"

// moorages are moorage's own pods, by the label of the chart: those that serve. Pods of the chart that run once, as its tests do, are
// left out.
func (e *examination) moorages(ctx context.Context) ([]corev1.Pod, error) {
	list, err := e.Client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: nameLabel})
	if err != nil {
		return nil, fmt.Errorf("find moorage's pods: %w", err)
	}
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return serving(&p) == nil }), nil
}

// serving is the container of the pod that runs moorage serve, or nil.
func serving(p *corev1.Pod) *corev1.Container {
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		if slices.Contains(c.Args, "serve") || slices.Contains(c.Command, "serve") {
			return c
		}
	}
	return nil
}

// configuration is moorage's own: of the file that doctor was given, or else of the ConfigMap that the pod reads, with what the pod's
// arguments say of the webhook. Where says which; the defaults count where no file is named. There is none, and no error, for no pod.
func (e *examination) configuration(ctx context.Context, pod *corev1.Pod) (c *config.Configuration, where string, err error) {
	switch {
	case e.Configuration != nil:
		return e.Configuration, "the configuration", nil
	case pod == nil:
		return nil, "", nil
	}
	container := serving(pod)
	words := slices.Concat(container.Command, container.Args)
	c, where = config.Default(), "pod "+pod.Namespace+"/"+pod.Name
	if path := argument(words, "config"); path != "" {
		text, place, err := e.mounted(ctx, pod, container, path)
		switch {
		case err != nil:
			return nil, place, err
		case text == "":
			return nil, where, fmt.Errorf("it reads %s, which is in no ConfigMap", path)
		}
		if c, err = config.Parse([]byte(text)); err != nil {
			return nil, place, err
		}
		where = place
	}
	if address := argument(words, "extender-bind-address"); address != "" {
		c.Extender.BindAddress = address
	}
	if address := argument(words, "webhook-bind-address"); address != "" {
		c.Webhook.BindAddress = address
	}
	return c, where, nil
}

// admitting is the first of moorage's pods that serves the webhook, and its configuration; the pod is nil where there is none.
func (e *examination) admitting(ctx context.Context, pods []corev1.Pod) (c *config.Configuration, where string, err error) {
	if len(pods) == 0 {
		return e.configuration(ctx, nil)
	}
	for i := range pods {
		if c, where, err = e.configuration(ctx, &pods[i]); err == nil && c.Webhook.BindAddress != config.Off {
			break
		}
	}
	return c, where, err
}

// unreadConfiguration is the check for which moorage's configuration would have had to be read.
func unreadConfiguration(ctx context.Context, where string, err error) Check {
	var answered apierrors.APIStatus
	if errors.As(err, &answered) || ctx.Err() != nil {
		return unread(ctx, "moorage's configuration, "+where, err)
	}
	return skipped("give --config, and use a moorage of the version that runs there", "moorage's configuration cannot be read from %s: %v", where, err)
}

// account is the pod's service account, as namespace:name.
func account(p *corev1.Pod) string {
	return p.Namespace + ":" + cmp.Or(p.Spec.ServiceAccountName, "default")
}

// tagOf is the tag of an image, or "" where only a digest names it.
func tagOf(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		return image[i+1:]
	}
	return ""
}
