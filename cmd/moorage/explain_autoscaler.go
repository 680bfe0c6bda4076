// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/autoscaler"
	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/live"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// autoscalers is how a source tells of autoscalers.
type autoscalers struct {
	// words are the events by which autoscalers speak of objects, beside their warnings.
	words warnings
	// cluster is what there is beside events.
	cluster func(ctx context.Context) autoscaler.Cluster
}

// Where cluster-autoscaler writes its status, and under which key.
const (
	statusNamespace = metav1.NamespaceSystem
	statusName      = "cluster-autoscaler-status"
	statusKey       = "status"
)

// liveAutoscalers reads with the rights of the one who asks.
func liveAutoscalers(client kubernetes.Interface) autoscalers {
	return autoscalers{
		words: func(ctx context.Context, objects []event.Object) (event.Log, error) {
			references := make([]live.Reference, len(objects))
			for i, o := range objects {
				references[i] = live.Reference{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
			}
			found, err := live.NormalEventsOf(ctx, client, references, autoscaler.Normal)
			return event.LogOfReasons(found, autoscaler.Normal), err
		},
		cluster: func(ctx context.Context) autoscaler.Cluster {
			var out autoscaler.Cluster
			config, err := client.CoreV1().ConfigMaps(statusNamespace).Get(ctx, statusName, metav1.GetOptions{})
			switch {
			case err == nil:
				out.Status = autoscaler.StatusOf(config.Data[statusKey])
				if out.Status == nil {
					out.StatusUnread = "it is not in the form of release 1.30 and later"
				}
			case !apierrors.IsNotFound(err):
				out.StatusUnread = unreadFor(err)
			}
			if out.Claims, err = nodeClaims(ctx, client); err != nil {
				out.ClaimsUnread = unreadFor(err)
			}
			return out
		},
	}
}

func unreadFor(err error) string {
	if apierrors.IsForbidden(err) {
		return "your rights do not allow to read it"
	}
	return plain.Line(err.Error())
}

// mostNodeClaims is how many NodeClaims are read.
const mostNodeClaims = 10_000

// nodeClaims reads Karpenter's; none where the cluster has no such kind.
func nodeClaims(ctx context.Context, client kubernetes.Interface) (map[string]autoscaler.NodeClaim, error) {
	out := map[string]autoscaler.NodeClaim{}
	next := ""
	for len(out) < mostNodeClaims {
		request := client.CoreV1().RESTClient().Get().AbsPath("/apis/karpenter.sh/v1/nodeclaims").Param("limit", "500")
		if next != "" {
			request = request.Param("continue", next)
		}
		raw, err := request.Do(ctx).Raw()
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		var list nodeClaimList
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
		for i := range list.Items {
			out[list.Items[i].Metadata.Name] = list.Items[i].told()
		}
		if next = list.Metadata.Continue; next == "" {
			break
		}
	}
	return out, nil
}

type nodeClaimList struct {
	Metadata struct {
		Continue string `json:"continue"`
	} `json:"metadata"`
	Items []nodeClaim `json:"items"`
}

// nodeClaim is what is read of one.
type nodeClaim struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Status struct {
		NodeName   string             `json:"nodeName"`
		Conditions []metav1.Condition `json:"conditions"`
	} `json:"status"`
}

// steps are the conditions of a NodeClaim in their order; Ready sums them up.
var steps = []string{"Launched", "Registered", "Initialized"}

func (c *nodeClaim) told() autoscaler.NodeClaim {
	out := autoscaler.NodeClaim{Node: c.Status.NodeName, Ready: true}
	for _, step := range steps {
		met := false
		for i := range c.Status.Conditions {
			if is := &c.Status.Conditions[i]; is.Type == step {
				met, out.Message = is.Status == metav1.ConditionTrue, is.Message
			}
		}
		if !met {
			out.Ready, out.Waits = false, step
			return out
		}
	}
	out.Message = ""
	return out
}

// Why files tell less of autoscalers.
const (
	noNodeClaims = "they are not read from files"
	captured     = "a capture does not hold it"
)

// autoscalersOf are those of files. A capture holds neither what autoscalers said nor their status.
func (w *wholeObjects) autoscalersOf(result *manifests.Result) autoscalers {
	isCapture := !result.Captured.IsZero()
	return autoscalers{
		words: func(context.Context, []event.Object) (event.Log, error) {
			all := make([]*corev1.Event, 0, len(w.events))
			for _, e := range w.events {
				all = append(all, e)
			}
			log := event.LogOfReasons(all, autoscaler.Normal)
			if len(log) == 0 && isCapture {
				return nil, errors.New(captured)
			}
			return log, nil
		},
		cluster: func(context.Context) autoscaler.Cluster {
			out := autoscaler.Cluster{Status: autoscaler.StatusOf(w.autoscalerStatus), ClaimsUnread: noNodeClaims}
			if out.Status == nil && isCapture {
				out.StatusUnread = captured
			}
			return out
		},
	}
}

// takeStatus keeps cluster-autoscaler's status that files hold.
func (w *wholeObjects) takeStatus(object runtime.Object) bool {
	config, ok := object.(*corev1.ConfigMap)
	if !ok || config.Namespace != statusNamespace || config.Name != statusName {
		return false
	}
	w.autoscalerStatus = config.Data[statusKey]
	return true
}

// askOfAutoscalers reads what there is of autoscalers for the pods, for questions about each.
func (c *cluster) askOfAutoscalers(ctx context.Context, pods []*corev1.Pod) func(q *explain.Question) {
	objects := make([]event.Object, len(pods))
	for i, pod := range pods {
		objects[i] = event.Object{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID}
	}
	log, err := c.autoscalers.words(ctx, objects)
	unread := ""
	if err != nil {
		unread = unreadFor(err)
	}
	found := c.autoscalers.cluster(ctx)
	return func(q *explain.Question) {
		object := event.Object{Kind: "Pod", Namespace: q.Whole.Namespace, Name: q.Whole.Name, UID: q.Whole.UID}
		q.Autoscalers = &explain.Autoscalers{
			Cluster: found, Events: event.Newest(log.Of(object), q.Events), Unread: unread,
			Created: c.whole.pods[topology.Key{Namespace: object.Namespace, Name: object.Name}] != nil,
		}
	}
}

// autoscalers is askOfAutoscalers where --autoscaler asks for it.
func (f *explainFlags) autoscalers(cmd *cobra.Command, c *cluster, pods []*corev1.Pod) func(q *explain.Question) {
	if !f.autoscaler {
		return func(*explain.Question) {}
	}
	return c.askOfAutoscalers(cmd.Context(), pods)
}
