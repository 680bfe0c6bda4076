// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/moorage-k8s/moorage/topology"
)

// askAgain is how long it takes to notice that the cluster has got an optional kind, or that moorage may now read it.
const askAgain = time.Minute

// customScheme holds the kinds of the snapshot API and of storage systems, which are custom resources and not client-go's.
var customScheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := snapshotv1.AddToScheme(s); err != nil {
		panic(fmt.Sprintf("register the snapshot API: %v", err))
	}
	topology.AddReplicaKinds(s)
	return s
}()

// Optional reads the kinds of topology.OptionalKinds into the cache until the context ends, each from when the cluster has it
// and moorage may list it. Nothing waits for them: who asks is silent without.
type Optional struct {
	// Admission says that those are to be read which admission alone asks for, and Namespaces that of these namespaces are; else moorage does not ask
	// for the right.
	Admission, Namespaces bool
	// ReplicasOf are the CSI drivers whose storage systems are asked where their replicas are.
	ReplicasOf []string

	client kubernetes.Interface
	custom map[schema.GroupVersion]rest.Interface
}

// NewOptional makes an Optional of a client and the configuration that it was made with.
func NewOptional(client kubernetes.Interface, config *rest.Config) (*Optional, error) {
	out := &Optional{client: client, custom: map[schema.GroupVersion]rest.Interface{}}
	for _, r := range topology.Resources() {
		version := r.GroupVersion()
		if out.custom[version] != nil || r.Group != snapshotv1.GroupName && r.Driver == "" {
			continue
		}
		c := rest.CopyConfig(config)
		c.GroupVersion = &version
		c.APIPath = "/apis"
		// The API server has no protobuf of custom resources.
		c.ContentType, c.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
		c.NegotiatedSerializer = serializer.NewCodecFactory(customScheme).WithoutConversion()
		api, err := rest.RESTClientFor(c)
		if err != nil {
			return nil, fmt.Errorf("make a client of the API %s at %s: %w", version, config.Host, err)
		}
		out.custom[version] = api
	}
	return out, nil
}

// Run returns when every watch has stopped.
func (o *Optional) Run(ctx context.Context, into *topology.Cache) {
	var running sync.WaitGroup
	for _, r := range topology.Resources() {
		if !o.reads(r) {
			continue
		}
		api := o.custom[r.GroupVersion()]
		if api == nil {
			api = clientFor(o.client, r)
		}
		running.Go(func() {
			if awaitListable(ctx, api, r.Resource) {
				reflectorOf(cache.NewListWatchFromClient(api, r.Resource, metav1.NamespaceAll, fields.Everything()), r, into).RunWithContext(ctx)
			}
		})
	}
	running.Wait()
}

func (o *Optional) reads(r topology.Resource) bool {
	switch {
	case !r.Optional:
		return false
	case r.Driver != "":
		return slices.Contains(o.ReplicasOf, r.Driver)
	case r.Kind == topology.KindNamespace:
		return o.Admission && o.Namespaces
	default:
		return o.Admission
	}
}

// awaitListable returns when a list succeeds, so that a reflector does not complain for ever of what is as it should be:
// a cluster without the kind, or a role without the right. It is false when the context ends first.
func awaitListable(ctx context.Context, api rest.Interface, name string) bool {
	for {
		if err := api.Get().Resource(name).VersionedParams(&metav1.ListOptions{Limit: 1}, metav1.ParameterCodec).Do(ctx).Error(); err == nil {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(askAgain):
		}
	}
}
