// SPDX-License-Identifier: Apache-2.0

package files

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// lookupOf makes what the rules may ask: the objects of the checked files, on top of the cluster's state if that is given.
// The rules are told which of the two it is, because what a few files do not hold may well exist in the cluster.
func lookupOf(parsed []*file, from []string) (rules.Lookup, error) {
	objects := map[topology.Kind]map[topology.Key]metav1.Object{}
	if len(from) > 0 {
		var err error
		if objects, _, err = manifests.Read(from...); err != nil {
			return nil, err
		}
	}
	for _, f := range parsed {
		for _, i := range f.items {
			add(objects, i)
		}
	}
	cache := topology.New(topology.Options{})
	for _, kind := range slices.Concat(topology.Kinds, topology.OptionalKinds) {
		all := make([]metav1.Object, 0, len(objects[kind]))
		for _, o := range objects[kind] {
			all = append(all, o)
		}
		if err := cache.Replace(kind, all); err != nil {
			return nil, err
		}
	}
	if len(from) > 0 {
		return rules.InCluster(cache.Snapshot()), nil
	}
	return rules.InFiles(cache.Snapshot()), nil
}

// add puts an object of a file into the cluster, in the namespace where kubectl would put it.
func add(objects map[topology.Kind]map[topology.Key]metav1.Object, i *item) {
	if i.object == nil {
		return
	}
	kind, ok := topology.KindOf(i.object)
	if !ok {
		return
	}
	o, err := meta.Accessor(i.object.DeepCopyObject())
	if err != nil || o.GetName() == "" {
		return
	}
	if manifests.Namespaced(kind) && o.GetNamespace() == "" {
		o.SetNamespace(metav1.NamespaceDefault)
	}
	if objects[kind] == nil {
		objects[kind] = map[topology.Key]metav1.Object{}
	}
	objects[kind][topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}] = o
}
