// SPDX-License-Identifier: Apache-2.0

package reserved

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/topology"
)

const (
	// askTime bounds all of asking.
	askTime = 2 * time.Second
	// fewPods are asked before it is given up.
	fewPods = 2
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 4 << 20

	// podLabel is that of the chart's pods, componentLabel tells which of them kube-scheduler asks.
	podLabel           = "app.kubernetes.io/name=moorage"
	componentLabel     = "app.kubernetes.io/component"
	schedulerComponent = "scheduler"
	// portName is that of the port of metrics and probes.
	portName = "metrics"
)

// ErrNone says that no moorage runs in the namespace.
var ErrNone = errors.New("no moorage runs")

// Ask asks the moorage that runs in a namespace for its reservations, through the API server, and returns them with the name of the
// pod that told. Pods of other namespaces are not asked: users who may create pods there could have them tell anything.
func Ask(ctx context.Context, client kubernetes.Interface, namespace string) (report *topology.ReservationReport, pod string, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	// Any version will do, so the API server need not ask its store.
	pods, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: podLabel, ResourceVersion: "0"})
	if err != nil {
		return nil, "", fmt.Errorf("find moorage's pods in namespace %s: %w", namespace, err)
	}
	witnesses := witnessesAmong(pods.Items)
	if len(witnesses) == 0 {
		return nil, "", fmt.Errorf("%w in namespace %s", ErrNone, namespace)
	}
	var failed error
	for _, w := range witnesses[:min(len(witnesses), fewPods)] {
		if report, err = w.ask(ctx, client); err == nil {
			return report, w.pod.Namespace + "/" + w.pod.Name, nil
		}
		failed = errors.Join(failed, fmt.Errorf("ask pod %s/%s: %w", w.pod.Namespace, w.pod.Name, err))
		if apierrors.IsForbidden(err) {
			break
		}
	}
	return nil, "", failed
}

// witness is a pod that can be asked.
type witness struct {
	pod   *corev1.Pod
	port  int32
	since time.Time
}

// witnessesAmong are the pods that can be asked, the best first: one that kube-scheduler asks, and among these the one that has run for
// longest, which has seen most.
func witnessesAmong(pods []corev1.Pod) []witness {
	var out []witness
	for i := range pods {
		if w, ok := witnessOf(&pods[i]); ok {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b witness) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), a.since.Compare(b.since), cmp.Compare(a.pod.Name, b.pod.Name))
	})
	return out
}

// witnessOf returns how a pod can be asked, if it is ready to be.
func witnessOf(pod *corev1.Pod) (w witness, ok bool) {
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		at := slices.IndexFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == portName })
		if at < 0 {
			continue
		}
		for s := range pod.Status.ContainerStatuses {
			if status := &pod.Status.ContainerStatuses[s]; status.Name == c.Name && status.Ready && status.State.Running != nil {
				return witness{pod, c.Ports[at].ContainerPort, status.State.Running.StartedAt.Time}, pod.DeletionTimestamp == nil
			}
		}
	}
	return witness{}, false
}

func (w *witness) rank() int {
	if w.pod.Labels[componentLabel] == schedulerComponent {
		return 0
	}
	return 1
}

func (w *witness) ask(ctx context.Context, client kubernetes.Interface) (*topology.ReservationReport, error) {
	answer, err := client.CoreV1().Pods(w.pod.Namespace).ProxyGet("http", w.pod.Name, strconv.Itoa(int(w.port)), Path, nil).Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer, maxAnswer))
	if err != nil {
		return nil, err
	}
	return parse(text)
}
