// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/topology"
)

const (
	// maxAskedFor is up to how many objects, and then namespaces, are asked for one by one, and askedAtOnce how many requests are under way.
	maxAskedFor = 32
	askedAtOnce = 4
	// maxEvents is how many events of one object are read: an API server keeps them for an hour as a rule, and counts repeated ones together.
	maxEvents = 500
	// maxWarnings is how many events of one namespace, or of all, are read.
	maxWarnings = 20_000
)

// Reference is an object whose events are asked for.
type Reference struct{ Kind, Namespace, Name string }

// EventsOf reads the Warning events of objects: of few objects theirs alone, of many all of their namespaces. What could not be read is left
// out, and the error says why.
func EventsOf(ctx context.Context, client kubernetes.Interface, objects []Reference) ([]*corev1.Event, error) {
	return readEvents(ctx, client, eventRequests(objects, onlyWarnings))
}

// NormalEventsOf is EventsOf for events that are no warnings, with these reasons; of few objects there may be others among them.
func NormalEventsOf(ctx context.Context, client kubernetes.Interface, objects []Reference, reasons []string) ([]*corev1.Event, error) {
	if len(objects) <= maxAskedFor {
		return readEvents(ctx, client, eventRequests(objects, onlyNormal))
	}
	var requests []eventRequest
	for _, reason := range reasons {
		requests = append(requests, eventRequests(objects, onlyNormal+",reason="+reason)...)
	}
	return readEvents(ctx, client, requests)
}

// eventRequests ask for the events of objects that a field selector selects.
func eventRequests(objects []Reference, selected string) (requests []eventRequest) {
	switch spaces := eventNamespaces(objects); {
	case len(objects) <= maxAskedFor:
		for _, o := range objects {
			what := fmt.Sprintf("%s %s", o.Kind, topology.Key{Namespace: o.Namespace, Name: o.Name})
			requests = append(requests, eventRequest{what, eventNamespace(o), selectorOf(o) + "," + selected, maxEvents})
		}
	case len(spaces) <= maxAskedFor:
		for _, namespace := range spaces {
			requests = append(requests, eventRequest{"namespace " + namespace, namespace, selected, maxWarnings})
		}
	default:
		requests = append(requests, eventRequest{"all namespaces", metav1.NamespaceAll, selected, maxWarnings})
	}
	return requests
}

func readEvents(ctx context.Context, client kubernetes.Interface, requests []eventRequest) ([]*corev1.Event, error) {
	var (
		out  []*corev1.Event
		errs error
		mu   sync.Mutex
		wg   sync.WaitGroup
	)
	slots := make(chan struct{}, askedAtOnce)
	for _, request := range requests {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			found, err := request.read(ctx, client)
			mu.Lock()
			defer mu.Unlock()
			if out = append(out, found...); err != nil {
				errs = fmt.Errorf("list events of %s: %w", request.of, err)
			}
		})
	}
	wg.Wait()
	return out, errs
}

// eventRequest asks for the events of something.
type eventRequest struct {
	of, namespace, fields string
	most                  int
}

func (r eventRequest) read(ctx context.Context, client kubernetes.Interface) ([]*corev1.Event, error) {
	var out []*corev1.Event
	options := metav1.ListOptions{Limit: maxEvents, FieldSelector: r.fields}
	for {
		list, err := client.CoreV1().Events(r.namespace).List(ctx, options)
		if err != nil {
			return out, err
		}
		for i := range list.Items {
			out = append(out, &list.Items[i])
		}
		if options.Continue = list.Continue; options.Continue == "" || len(out) >= r.most {
			return out, nil
		}
	}
}

// eventNamespaces are the namespaces in which the events of objects are, in order.
func eventNamespaces(objects []Reference) []string {
	seen := map[string]bool{}
	for _, o := range objects {
		seen[eventNamespace(o)] = true
	}
	return slices.Sorted(maps.Keys(seen))
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
	return fields.AndSelectors(by...).String()
}

const (
	onlyWarnings = "type=" + corev1.EventTypeWarning
	onlyNormal   = "type=" + corev1.EventTypeNormal
)

// listWarnings reads all Warning events.
func listWarnings(ctx context.Context, client kubernetes.Interface, keep func(metav1.Object) metav1.Object) ([]metav1.Object, error) {
	next := optionalPageOf(client, topology.ResourceOf(topology.KindEvent), onlyWarnings)
	return list(ctx, next, keep)
}
