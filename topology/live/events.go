// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/topology"
)

const (
	// maxAskedFor bounds of how many objects the events are asked for, and askedAtOnce how many requests are under way.
	maxAskedFor = 32
	askedAtOnce = 4
	// maxEvents is how many events of one object are read: an API server keeps them for an hour as a rule, and counts repeated ones together.
	maxEvents = 500
)

// Reference is an object whose events are asked for.
type Reference struct{ Kind, Namespace, Name string }

// EventsOf reads the Warning events of objects, and of no others. What could not be read is left out, and the error says why.
func EventsOf(ctx context.Context, client kubernetes.Interface, objects []Reference) ([]*corev1.Event, error) {
	var (
		out  []*corev1.Event
		errs error
		mu   sync.Mutex
		wg   sync.WaitGroup
	)
	if len(objects) > maxAskedFor {
		objects, errs = objects[:maxAskedFor], fmt.Errorf("of %d objects those of the first %d were read", len(objects), maxAskedFor)
	}
	slots := make(chan struct{}, askedAtOnce)
	for _, o := range objects {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			list, err := client.CoreV1().Events(eventNamespace(o)).List(ctx, metav1.ListOptions{Limit: maxEvents, FieldSelector: selectorOf(o)})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = fmt.Errorf("list events of %s %s: %w", o.Kind, topology.Key{Namespace: o.Namespace, Name: o.Name}, err)
				return
			}
			for i := range list.Items {
				out = append(out, &list.Items[i])
			}
		})
	}
	wg.Wait()
	return out, errs
}

// eventNamespace is where the events of an object are: those of one in no namespace are in default
// (k8s.io/client-go/tools/record/event.go).
func eventNamespace(o Reference) string {
	if o.Namespace == "" {
		return metav1.NamespaceDefault
	}
	return o.Namespace
}

func selectorOf(o Reference) string {
	by := []fields.Selector{fields.OneTermEqualSelector("involvedObject.kind", o.Kind), fields.OneTermEqualSelector("involvedObject.name", o.Name)}
	if o.Namespace != "" {
		by = append(by, fields.OneTermEqualSelector("involvedObject.namespace", o.Namespace))
	}
	return fields.AndSelectors(append(by, fields.OneTermEqualSelector("type", corev1.EventTypeWarning))...).String()
}

// listWarnings reads all Warning events.
func listWarnings(ctx context.Context, client kubernetes.Interface, keep func(metav1.Object) metav1.Object) ([]metav1.Object, error) {
	next := optionalPageOf(client, topology.ResourceOf(topology.KindEvent), "type="+corev1.EventTypeWarning)
	return list(ctx, next, keep)
}
