// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"
	"sync"
	"time"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/moorage-k8s/moorage/topology"
)

// askAgain is how long it takes to notice that the cluster has got an optional kind, or that moorage may now read it.
const askAgain = time.Minute

// snapshotScheme holds the snapshot API's kinds, which are custom resources and not client-go's.
var snapshotScheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := snapshotv1.AddToScheme(s); err != nil {
		panic(fmt.Sprintf("register the snapshot API: %v", err))
	}
	return s
}()

// Optional reads the kinds of topology.OptionalKinds into the cache until the context ends, each from when the cluster has it
// and moorage may list it. Nothing waits for them: only admission asks, and is silent without.
type Optional struct {
	// Namespaces says that namespaces are to be read, too; else moorage does not ask for the right.
	Namespaces bool

	core, storage, snapshots rest.Interface
}

// NewOptional makes an Optional of a client and the configuration that it was made with.
func NewOptional(client kubernetes.Interface, config *rest.Config) (*Optional, error) {
	c := rest.CopyConfig(config)
	c.GroupVersion = &snapshotv1.SchemeGroupVersion
	c.APIPath = "/apis"
	// The API server has no protobuf of custom resources.
	c.ContentType, c.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	c.NegotiatedSerializer = serializer.NewCodecFactory(snapshotScheme).WithoutConversion()
	snapshots, err := rest.RESTClientFor(c)
	if err != nil {
		return nil, fmt.Errorf("make a client of the snapshot API at %s: %w", config.Host, err)
	}
	return &Optional{core: client.CoreV1().RESTClient(), storage: client.StorageV1().RESTClient(), snapshots: snapshots}, nil
}

// Run returns when every watch has stopped.
func (o *Optional) Run(ctx context.Context, into *topology.Cache) {
	var running sync.WaitGroup
	type kind struct {
		kind   topology.Kind
		api    rest.Interface
		name   string
		object metav1.Object
	}
	kinds := []kind{
		{topology.KindAttributesClass, o.storage, "volumeattributesclasses", &storagev1.VolumeAttributesClass{}},
		{topology.KindVolumeSnapshotClass, o.snapshots, "volumesnapshotclasses", &snapshotv1.VolumeSnapshotClass{}},
		{topology.KindVolumeSnapshotContent, o.snapshots, "volumesnapshotcontents", &snapshotv1.VolumeSnapshotContent{}},
		{topology.KindVolumeSnapshot, o.snapshots, "volumesnapshots", &snapshotv1.VolumeSnapshot{}},
	}
	if o.Namespaces {
		kinds = append(kinds, kind{topology.KindNamespace, o.core, NamespaceResource, &corev1.Namespace{}})
	}
	for _, r := range kinds {
		running.Go(func() {
			if !awaitListable(ctx, r.api, r.name) {
				return
			}
			source := cache.NewListWatchFromClient(r.api, r.name, metav1.NamespaceAll, fields.Everything())
			reflector := cache.NewReflectorWithOptions(source, r.object, &store{kind: r.kind, cache: into},
				cache.ReflectorOptions{Name: "moorage/" + string(r.kind)})
			reflector.RunWithContext(ctx)
		})
	}
	running.Wait()
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
