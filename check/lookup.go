// SPDX-License-Identifier: Apache-2.0

package check

import (
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// questionOf returns what the rules are asked about every object: they look up the objects of the checked files, on top of the
// cluster's state if that is given. It lacks the object.
func questionOf(parsed []*file, cluster *topology.Snapshot) (rules.Question, error) {
	base := cluster
	if base == nil {
		base = topology.New(topology.Options{}).Snapshot()
	}
	draft := base.Draft()
	if err := draft.Apply(unequivocal(parsed)...); err != nil {
		return rules.Question{}, err
	}
	state := draft.Snapshot()
	return rules.Question{
		AsWritten: true, Namespace: metav1.NamespaceDefault, Lookup: state, Partial: cluster == nil, Beside: rules.NewBeside(state, objectsOf(parsed)),
	}, nil
}

func objectsOf(parsed []*file) []runtime.Object {
	var all []runtime.Object
	for _, f := range parsed {
		for _, i := range f.items {
			if i.object != nil {
				all = append(all, i.object)
			}
		}
	}
	return all
}

// unequivocal returns the objects that the files hold once, or several times alike. Directories with variants for several
// environments hold others of one name, and which of them an object beside them means cannot be known: there rules are silent.
func unequivocal(parsed []*file) []metav1.Object {
	type name struct {
		kind topology.Kind
		key  topology.Key
	}
	var names []name
	objects := map[name]metav1.Object{}
	for _, f := range parsed {
		for _, i := range f.items {
			kind, o := i.inCluster()
			if o == nil {
				continue
			}
			n := name{kind, topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}}
			earlier, seen := objects[n]
			switch {
			case !seen:
				names = append(names, n)
				objects[n] = o
			case earlier != nil && !apiequality.Semantic.DeepEqual(earlier, o):
				objects[n] = nil
			}
		}
	}
	found := make([]metav1.Object, 0, len(names))
	for _, n := range names {
		if o := objects[n]; o != nil {
			found = append(found, o)
		}
	}
	return found
}

// inCluster returns the object as it would be in the cluster, in the namespace where kubectl would put it; nil for one that
// nobody looks up.
func (i *item) inCluster() (topology.Kind, metav1.Object) {
	if i.object == nil {
		return "", nil
	}
	kind, ok := topology.KindOf(i.object)
	if !ok {
		return "", nil
	}
	o, err := meta.Accessor(i.object.DeepCopyObject())
	if err != nil || o.GetName() == "" {
		return "", nil
	}
	manifests.DefaultNamespace(o, kind, "")
	if pv, isVolume := o.(*corev1.PersistentVolume); isVolume && pv.Status.Phase == "" {
		// It is available as soon as it is created.
		pv.Status.Phase = corev1.VolumeAvailable
	}
	return kind, o
}
