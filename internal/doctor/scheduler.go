// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const (
	// schedulerLease is the lease of the cluster's own kube-scheduler.
	schedulerLease = "kube-scheduler"
	// documentedTimeout is that of docs/kube-scheduler-configuration.yaml.
	documentedTimeout = 2 * time.Second
	tellScheduler     = "take over docs/kube-scheduler-configuration.yaml into the file that kube-scheduler is started with, and restart it"
)

// scheduler looks for a kube-scheduler that calls moorage: the pods of kube-scheduler that can be seen, their arguments, and
// the ConfigMaps that they read their configuration from. A managed control plane shows none of it but the lease.
func (e *examination) scheduler(ctx context.Context) Check {
	pods, err := e.schedulerPods(ctx)
	if err != nil {
		return worst(e.lease(ctx), unread(ctx, "the pods of kube-scheduler", err))
	}
	return worst(e.told(ctx, pods), e.volumesResource(ctx, pods))
}

// told looks for one of the kube-scheduler that calls moorage.
func (e *examination) told(ctx context.Context, pods []corev1.Pod) Check {
	lease := e.lease(ctx)
	if len(pods) == 0 {
		return worst(lease, skipped("if the control plane is managed, install the chart with scheduler.mode: dedicated, its default",
			"no pod of kube-scheduler can be seen, so how it is configured cannot be told"))
	}
	var found []Check
	for i := range pods {
		c := e.configured(ctx, &pods[i])
		if c.State == OK {
			return worst(lease, c)
		}
		found = append(found, c)
	}
	return worst(append([]Check{lease}, found...)...)
}

// lease reports whether a kube-scheduler is at work at all.
func (e *examination) lease(ctx context.Context) Check {
	lease, err := e.Client.CoordinationV1().Leases(metav1.NamespaceSystem).Get(ctx, schedulerLease, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return ok("kube-scheduler holds no lease (it runs without leader election)")
	case err != nil:
		return unread(ctx, "the lease of kube-scheduler", err)
	case lease.Spec.RenewTime == nil || lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "":
		return warning("see whether a kube-scheduler runs", "nobody holds the lease of kube-scheduler")
	}
	if age, stale := e.sinceRenewal(lease); stale {
		return warning("see whether a kube-scheduler runs", "the lease of kube-scheduler was renewed %s ago, by %s", age, *lease.Spec.HolderIdentity)
	}
	return ok("%s holds the lease of kube-scheduler", *lease.Spec.HolderIdentity)
}

// sinceRenewal is how long ago a Lease was renewed, by our own clock. It is stale after twice the time that it may be held for, as
// clocks differ.
func (e *examination) sinceRenewal(lease *coordinationv1.Lease) (age time.Duration, stale bool) {
	age = e.Now().Sub(lease.Spec.RenewTime.Time).Round(time.Second)
	return age, age > 2*time.Duration(deref(lease.Spec.LeaseDurationSeconds, 15))*time.Second
}

func deref[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// schedulerPods are the pods that run kube-scheduler, by the label that kubeadm gives them, or with a container of that name.
func (e *examination) schedulerPods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := e.Client.CoreV1().Pods(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{LabelSelector: "component=kube-scheduler"})
	if err != nil {
		return nil, err
	}
	found := list.Items
	beside, err := e.moorages(ctx)
	if err != nil {
		return nil, err
	}
	for i := range beside {
		if schedulerOf(&beside[i]) != nil {
			found = append(found, beside[i])
		}
	}
	return found, nil
}

// schedulerOf is the container of the pod that runs kube-scheduler, or nil.
func schedulerOf(p *corev1.Pod) *corev1.Container {
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		if strings.Contains(c.Name, "kube-scheduler") || strings.Contains(c.Image, "/kube-scheduler:") ||
			(len(c.Command) > 0 && strings.HasSuffix(c.Command[0], "kube-scheduler")) {
			return c
		}
	}
	return nil
}

// configured reports whether the kube-scheduler of the pod calls moorage.
func (e *examination) configured(ctx context.Context, pod *corev1.Pod) Check {
	name := pod.Namespace + "/" + pod.Name
	container := schedulerOf(pod)
	if container == nil {
		return skipped("", "pod %s has no container of kube-scheduler", name)
	}
	path := argument(slices.Concat(container.Command, container.Args), "config")
	if path == "" {
		return failure(tellScheduler, "kube-scheduler of pod %s is started without --config, so it knows no extender", name)
	}
	text, where, err := e.mounted(ctx, pod, container, path)
	switch {
	case err != nil:
		return unread(ctx, where, err)
	case text == "":
		return skipped("look there for extenders with urlPrefix, filterVerb and prioritizeVerb of moorage",
			"kube-scheduler of pod %s reads %s on node %s, which cannot be read from here", name, path, pod.Spec.NodeName)
	}
	return judge(text, where)
}

// argument is the value of a flag in a command line.
func argument(words []string, flag string) string {
	for i, word := range words {
		if value, found := strings.CutPrefix(word, "--"+flag+"="); found {
			return value
		}
		if word == "--"+flag && i+1 < len(words) {
			return words[i+1]
		}
	}
	return ""
}

// mounted returns the content of a file that a ConfigMap gives the container; nothing where another kind of volume does.
func (e *examination) mounted(ctx context.Context, pod *corev1.Pod, container *corev1.Container, path string) (text, where string, err error) {
	for _, m := range container.VolumeMounts {
		file, inside := strings.CutPrefix(path, strings.TrimSuffix(m.MountPath, "/")+"/")
		if !inside {
			continue
		}
		for i := range pod.Spec.Volumes {
			v := &pod.Spec.Volumes[i]
			if v.Name != m.Name || v.ConfigMap == nil {
				continue
			}
			where = "ConfigMap " + pod.Namespace + "/" + v.ConfigMap.Name
			config, err := e.Client.CoreV1().ConfigMaps(pod.Namespace).Get(ctx, v.ConfigMap.Name, metav1.GetOptions{})
			if err != nil {
				return "", where, err
			}
			return config.Data[file], where, nil
		}
	}
	return "", path, nil
}

// schedulerConfiguration is what is looked at of a KubeSchedulerConfiguration (k8s.io/kube-scheduler/config/v1).
type schedulerConfiguration struct {
	Profiles []struct {
		SchedulerName string `json:"schedulerName"`
	} `json:"profiles"`
	Extenders []schedulerExtender `json:"extenders"`
}

type schedulerExtender struct {
	URLPrefix        string          `json:"urlPrefix"`
	FilterVerb       string          `json:"filterVerb"`
	PrioritizeVerb   string          `json:"prioritizeVerb"`
	PreemptVerb      string          `json:"preemptVerb"`
	EnableHTTPS      bool            `json:"enableHTTPS"`
	HTTPTimeout      metav1.Duration `json:"httpTimeout"`
	NodeCacheCapable bool            `json:"nodeCacheCapable"`
	Ignorable        bool            `json:"ignorable"`
	ManagedResources []struct {
		Name               string `json:"name"`
		IgnoredByScheduler bool   `json:"ignoredByScheduler"`
	} `json:"managedResources"`
	TLSConfig *struct {
		Insecure bool   `json:"insecure"`
		CAFile   string `json:"caFile"`
		CAData   []byte `json:"caData"`
	} `json:"tlsConfig"`
}

// judge compares a scheduler's configuration with the documented one.
func judge(text, where string) Check {
	var c schedulerConfiguration
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		return failure("correct it", "%s is no KubeSchedulerConfiguration: %v", where, err)
	}
	c.Extenders = slices.DeleteFunc(c.Extenders, func(x schedulerExtender) bool { return strings.Trim(x.FilterVerb, "/") != "filter" })
	if len(c.Extenders) == 0 {
		return failure(tellScheduler, "%s has no extender with filterVerb: filter", where)
	}
	x := &c.Extenders[0]
	var lacks []string
	for _, l := range []struct {
		lacks bool
		what  string
	}{
		{!x.Ignorable, "ignorable: true (without it no pod is scheduled while moorage is down)"},
		{!x.NodeCacheCapable, "nodeCacheCapable: true (without it every call carries all nodes in full)"},
		{x.PrioritizeVerb == "", "prioritizeVerb: prioritize (without it moorage has no say in which node is best)"},
		{x.PreemptVerb == "", "preemptVerb: preempt (without it pods are evicted in vain)"},
		{x.HTTPTimeout.Duration == 0 || x.HTTPTimeout.Duration > documentedTimeout, "httpTimeout: 2s or less"},
		{
			x.EnableHTTPS && (x.TLSConfig == nil || x.TLSConfig.Insecure || len(x.TLSConfig.CAData) == 0 && x.TLSConfig.CAFile == ""),
			"tlsConfig with a CA (without one kube-scheduler does not verify whom it talks to)",
		},
	} {
		if l.lacks {
			lacks = append(lacks, l.what)
		}
	}
	if len(lacks) > 0 {
		return warning("see docs/kube-scheduler-configuration.yaml", "the extender %s in %s lacks %s", x.URLPrefix, where, strings.Join(lacks, "; "))
	}
	return ok("%s has the extender %s", where, x.URLPrefix)
}
