// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/moorage-k8s/moorage/topology"
)

// pageSize is how many objects are asked for at once: what a page holds is in memory untrimmed.
const pageSize = 500

// Listing is what a cluster held, kind by kind, each at the moment when it was listed.
type Listing struct {
	// Objects are by kind, in the API server's order: by namespace and name.
	Objects map[topology.Kind][]metav1.Object
	// Left are the optional kinds that could not be listed, although the cluster may have them, and why.
	Left map[topology.Kind]error
	// Denied are the kinds that every cluster has and that may not be listed, and why: only where ListOptions.Degrade asks for it. Of a kind
	// that may be listed in the namespace alone, the objects in it are there, and Within has the kind.
	Denied map[topology.Kind]error
	Within map[topology.Kind]string
}

// ListOptions say how a cluster is listed. The zero value is a good one.
type ListOptions struct {
	// Keep returns what is to be kept of an object, or nil for nothing, so that no more is ever held than that and a page. It
	// may change the object that it is given. Where there is no Keep, objects are kept whole.
	Keep func(metav1.Object) metav1.Object
	// Events asks for Warning events too.
	Events bool
	// Budgets asks for PodDisruptionBudgets too.
	Budgets bool
	// More are further kinds that are asked for, each for itself optional. They are listed in JSON.
	More []topology.Resource
	// Reasons are those of events that are asked for beside the warnings.
	Reasons []string
	// Progress receives how many kinds have been listed, and of how many; it may be nil.
	Progress func(done, of int)
	// ReplicasOf are the CSI drivers whose storage systems are asked where their replicas are.
	ReplicasOf []string
	// Degrade does with what may be listed, as long as that are the pods, if only those of this namespace. It is empty for all or nothing.
	Degrade string
}

// List reads every kind of the cluster once, optional ones too. It asks for the verb list alone, which a person is more often
// granted than watch. An API server that refuses some of the kinds that every cluster has gives a *DeniedError that names
// them all.
func List(ctx context.Context, client kubernetes.Interface, options ListOptions) (*Listing, error) {
	if options.Keep == nil {
		options.Keep = func(o metav1.Object) metav1.Object { return o }
	}
	if options.Progress == nil {
		options.Progress = func(int, int) {}
	}
	out := &Listing{Objects: map[topology.Kind][]metav1.Object{}, Left: map[topology.Kind]error{}, Denied: map[topology.Kind]error{}, Within: map[topology.Kind]string{}}
	resources := topology.Resources()
	var denied *DeniedError
	podsRead := false
	for i, r := range resources {
		options.Progress(i, len(resources))
		if r.Optional {
			continue
		}
		objects, err := list(ctx, pageOf(client, r), options.Keep)
		switch {
		case apierrors.IsForbidden(err):
			if denied == nil {
				denied = &DeniedError{Cause: err}
			}
			denied.Resources = append(denied.Resources, qualifiedName(r))
			out.Denied[r.Kind] = err
			if options.Degrade != "" && r.Namespaced {
				if objects, err = list(ctx, pageIn(client, r, options.Degrade), options.Keep); err == nil {
					out.Within[r.Kind] = options.Degrade
					podsRead = podsRead || r.Kind == topology.KindPod
				}
			}
		case err != nil:
			return nil, fmt.Errorf("list %s: %w", qualifiedName(r), err)
		case r.Kind == topology.KindPod:
			podsRead = true
		}
		out.Objects[r.Kind] = objects
	}
	if denied != nil && (options.Degrade == "" || !podsRead) {
		return nil, denied
	}
	for i, r := range resources {
		if !r.Optional || r.Driver != "" && !slices.Contains(options.ReplicasOf, r.Driver) {
			continue
		}
		options.Progress(i, len(resources))
		if !served(ctx, client, r) {
			continue
		}
		objects, err := list(ctx, optionalPageOf(client, r, ""), options.Keep)
		if err = out.optional(ctx, r, objects, err); err != nil {
			return nil, err
		}
	}
	if options.Events {
		objects, err := listWarnings(ctx, client, options.Keep)
		if err = out.optional(ctx, topology.ResourceOf(topology.KindEvent), objects, err); err != nil {
			return nil, err
		}
	}
	for _, reason := range options.Reasons {
		r := topology.ResourceOf(topology.KindEvent)
		if out.Left[r.Kind] != nil {
			break
		}
		objects, err := list(ctx, optionalPageOf(client, r, "type="+corev1.EventTypeNormal+",reason="+reason), options.Keep)
		if err = out.optional(ctx, r, append(out.Objects[r.Kind], objects...), err); err != nil {
			return nil, err
		}
	}
	for _, r := range options.More {
		if !served(ctx, client, r) {
			continue
		}
		objects, err := list(ctx, optionalPageOf(client, r, ""), options.Keep)
		if err = out.optional(ctx, r, objects, err); err != nil {
			return nil, err
		}
	}
	if options.Budgets {
		r := topology.ResourceOf(topology.KindBudget)
		objects, err := list(ctx, optionalPageOf(client, r, ""), options.Keep)
		if err = out.optional(ctx, r, objects, err); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// optional takes in what was listed of a kind without which there is an answer. It is an error only where the time is over.
func (l *Listing) optional(ctx context.Context, r topology.Resource, objects []metav1.Object, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("list %s: %w", qualifiedName(r), context.Cause(ctx))
	case apierrors.IsForbidden(err):
		// What such a request says by itself is no more than 'unknown': its body is not decoded.
		l.Left[r.Kind] = fmt.Errorf("not allowed to list %s", qualifiedName(r))
	case err != nil:
		l.Left[r.Kind] = err
	default:
		l.Objects[r.Kind] = objects
	}
	return nil
}

// DeniedError is an API server's refusal to list resources.
type DeniedError struct {
	// Resources are those refused, such as csinodes.storage.k8s.io.
	Resources []string
	// Cause is the API server's own word on the first.
	Cause error
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("not allowed to list %s: %v", strings.Join(e.Resources, ", "), e.Cause)
}

func (e *DeniedError) Unwrap() error { return e.Cause }

// ResourceNames are the resources of the kinds that every cluster has, in the form that kubectl create clusterrole takes.
func ResourceNames() []string { return namesOf(false) }

// NamespaceResource is read only where the configuration selects namespaces by their labels.
const NamespaceResource = "namespaces"

// OptionalResourceNames are the resources of the kinds that not every cluster has, in the same form, without NamespaceResource and those of storage systems.
func OptionalResourceNames() []string { return namesOf(true) }

// ReplicaResourceNames are those in which the storage system of a CSI driver says where its replicas are; none of one that is not known.
func ReplicaResourceNames(driver string) []string {
	var names []string
	for _, kind := range topology.KindsOfDriver(driver) {
		names = append(names, qualifiedName(topology.ResourceOf(kind)))
	}
	return names
}

func namesOf(optional bool) []string {
	var names []string
	for _, r := range topology.Resources() {
		if r.Optional == optional && r.Kind != topology.KindNamespace && r.Driver == "" {
			names = append(names, qualifiedName(r))
		}
	}
	return names
}

func qualifiedName(r topology.Resource) string { return r.GroupResource().String() }

// page lists one page of a kind.
type page func(context.Context, metav1.ListOptions) (runtime.Object, error)

func pageOf(client kubernetes.Interface, r topology.Resource) page {
	return pageIn(client, r, metav1.NamespaceAll)
}

// pageIn lists what is in one namespace.
func pageIn(client kubernetes.Interface, r topology.Resource, namespace string) page {
	api := clientFor(client, r)
	return func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return api.Get().NamespaceIfScoped(namespace, namespace != "").Resource(r.Resource).VersionedParams(&options, scheme.ParameterCodec).Do(ctx).Get()
	}
}

// list reads all pages. Where the API server has forgotten the state that the pages are of, it is asked for all at once.
func list(ctx context.Context, next page, keep func(metav1.Object) metav1.Object) ([]metav1.Object, error) {
	var out []metav1.Object
	options := metav1.ListOptions{Limit: pageSize}
	for {
		answer, err := next(ctx, options)
		if apierrors.IsResourceExpired(err) && options.Continue != "" {
			out, options = nil, metav1.ListOptions{}
			continue
		}
		if err != nil {
			return nil, err
		}
		err = meta.EachListItemWithAlloc(answer, func(item runtime.Object) error {
			o, notObject := meta.Accessor(item)
			if notObject != nil {
				return notObject
			}
			if o = keep(o); o != nil {
				out = append(out, o)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		head, err := meta.ListAccessor(answer)
		if err != nil {
			return nil, err
		}
		if options.Continue = head.GetContinue(); options.Continue == "" {
			return out, nil
		}
	}
}

// path is that of the resource's version, the only one that is read.
func path(r topology.Resource) string {
	if r.Group == "" {
		return "/api/" + r.Version
	}
	return "/apis/" + r.Group + "/" + r.Version
}

// served reports whether the API server has the kind, as far as it says. A list could not tell: to who may not list what does not
// exist, the answer is that he may not.
func served(ctx context.Context, client kubernetes.Interface, r topology.Resource) bool {
	text, err := getJSON(client, path(r)).Do(ctx).Raw()
	if err != nil {
		return !apierrors.IsNotFound(err)
	}
	var known metav1.APIResourceList
	return json.Unmarshal(text, &known) != nil ||
		slices.ContainsFunc(known.APIResources, func(o metav1.APIResource) bool { return o.Name == r.Resource })
}

// optionalPageOf lists in JSON; the field selector may be empty.
func optionalPageOf(client kubernetes.Interface, r topology.Resource, selector string) page {
	return func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		request := getJSON(client, path(r)+"/"+r.Resource).Param("limit", strconv.FormatInt(options.Limit, 10)).Param("continue", options.Continue)
		if selector != "" {
			request = request.Param("fieldSelector", selector)
		}
		text, err := request.Do(ctx).Raw()
		if err != nil {
			return nil, err
		}
		out := r.NewList()
		return out, json.Unmarshal(text, out)
	}
}

// getJSON asks for JSON: custom resources have no other form, and snapshots are some.
func getJSON(client kubernetes.Interface, path string) *rest.Request {
	return client.Discovery().RESTClient().Get().AbsPath(path).SetHeader("Accept", runtime.ContentTypeJSON)
}
