// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
)

// namedData are the Secrets and ConfigMaps that files hold: their names and keys, and nothing of what they hold. Those of a cluster are not read.
type namedData struct {
	keys map[event.Missing]map[topology.Key][]string
	// namespaces are those of which files hold some of the kind. Of others they say nothing.
	namespaces map[event.Missing]map[string]bool
}

// take notes a Secret or ConfigMap, and reports whether it is one.
func (n *namedData) take(object runtime.Object) bool {
	switch o := object.(type) {
	case *corev1.Secret:
		note(n, event.Secret, &o.ObjectMeta, o.Data, o.StringData)
	case *corev1.ConfigMap:
		note(n, event.ConfigMap, &o.ObjectMeta, o.BinaryData, o.Data)
	default:
		return false
	}
	return true
}

func note(n *namedData, kind event.Missing, of *metav1.ObjectMeta, binary map[string][]byte, plain map[string]string) {
	if n.keys == nil {
		n.keys, n.namespaces = map[event.Missing]map[topology.Key][]string{}, map[event.Missing]map[string]bool{}
	}
	if n.keys[kind] == nil {
		n.keys[kind], n.namespaces[kind] = map[topology.Key][]string{}, map[string]bool{}
	}
	namespace := cmp.Or(of.Namespace, metav1.NamespaceDefault)
	var keys []string
	for key := range binary {
		keys = append(keys, key)
	}
	for key := range plain {
		keys = append(keys, key)
	}
	n.keys[kind][topology.Key{Namespace: namespace, Name: of.Name}] = keys
	n.namespaces[kind][namespace] = true
}

// of is start.Data.
func (n *namedData) of(kind event.Missing, key topology.Key) (keys []string, found, known bool) {
	keys, found = n.keys[kind][key]
	return keys, found, n.namespaces[kind][key.Namespace]
}
