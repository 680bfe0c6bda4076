// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/topology"
)

func podObject(key topology.Key) Object   { return ObjectOf(topology.KindPod, key) }
func claimObject(key topology.Key) Object { return ObjectOf(topology.KindClaim, key) }
func volumeObject(name string) Object     { return ObjectOf(topology.KindVolume, topology.Key{Name: name}) }

func attachmentObject(name string) Object {
	return ObjectOf(topology.KindAttachment, topology.Key{Name: name})
}

func classObject(name string) Object { return ObjectOf(topology.KindClass, topology.Key{Name: name}) }

func keyOf(o interface {
	GetNamespace() string
	GetName() string
},
) topology.Key {
	return topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}
}

// moment says a time as objects do.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// typed is a command as it is typed in a shell: nothing in a name is taken for more than a name.
func typed(words ...string) string {
	out := make([]string, len(words))
	for i := range words {
		out[i] = plain.Quote(words[i])
	}
	return strings.Join(out, " ")
}

// explainCommand shows more of an object.
func explainCommand(kind string, key topology.Key) string {
	if key.Namespace == "" {
		return typed("kubectl", "moorage", "explain", kind, key.Name)
	}
	return typed("kubectl", "moorage", "explain", kind, key.Name, "-n", key.Namespace)
}

// usersOf are the pods that use a claim and have not ended.
func (c *Cluster) usersOf(claim topology.Key) []Object {
	var out []Object
	for _, pod := range c.Users(claim) {
		if !ended(pod) {
			out = append(out, podObject(keyOf(pod)))
		}
	}
	return out
}

// claimAndUsers are the claim that a volume is bound to or kept for, and the pods that use it.
func (c *Cluster) claimAndUsers(v *corev1.PersistentVolume) []Object {
	claim := c.ClaimOf(v)
	if claim == nil {
		return nil
	}
	return append([]Object{claimObject(keyOf(claim))}, c.usersOf(keyOf(claim))...)
}
