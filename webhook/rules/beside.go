// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// Beside is what stands in the same files as the object at hand, found by what a Snapshot has no index for. The webhook has none: there
// objects come one at a time. Immutable.
type Beside struct {
	// claimsOf are the claims that name a volume, and volumesOf the volumes of a driver and handle.
	claimsOf  map[string][]topology.Key
	volumesOf map[volumeHandle][]string
	// users are the workloads that name a claim.
	users map[topology.Key][]claimUser
	// uses are how they do.
	uses map[topology.Key][]claimUse
	// configMaps are the keys of those that the files hold.
	configMaps map[topology.Key]map[string]bool
	// claims and snapshots are the namespaces of those of a name, and written all that the files hold, what is there in several versions
	// included.
	claims, snapshots map[string][]string
	written           map[topology.Kind]map[topology.Key]bool
}

type volumeHandle struct{ driver, handle string }

// claimUser is a workload or pod that uses a claim.
type claimUser struct {
	kind Kind
	name string
}

func (u claimUser) compare(o claimUser) int {
	return cmp.Or(cmp.Compare(u.kind, o.kind), cmp.Compare(u.name, o.name))
}

// NewBeside makes an index of the objects of files, whose namespaces are filled in, and of the state that holds them.
func NewBeside(state *topology.Snapshot, objects []runtime.Object) *Beside {
	b := &Beside{
		claimsOf: map[string][]topology.Key{}, volumesOf: map[volumeHandle][]string{}, users: map[topology.Key][]claimUser{}, uses: map[topology.Key][]claimUse{},
		configMaps: map[topology.Key]map[string]bool{}, claims: map[string][]string{}, snapshots: map[string][]string{},
		written: map[topology.Kind]map[topology.Key]bool{},
	}
	for _, key := range state.Keys(topology.KindClaim) {
		c := state.Claim(key.Namespace, key.Name)
		if c == nil {
			continue
		}
		if c.VolumeName != "" {
			b.claimsOf[c.VolumeName] = append(b.claimsOf[c.VolumeName], key)
		}
	}
	for _, key := range state.Keys(topology.KindVolume) {
		// What has no namespace may have been written with one, and is not found then.
		if v := state.Volume(key.Name); v != nil && v.Handle != "" {
			h := volumeHandle{v.Driver, v.Handle}
			b.volumesOf[h] = append(b.volumesOf[h], v.Name)
		}
	}
	maps := map[topology.Key]*corev1.ConfigMap{}
	for _, o := range objects {
		b.add(o, maps)
	}
	for key, m := range maps {
		if m != nil {
			b.configMaps[key] = keysOf(m)
		}
	}
	for key, users := range b.users {
		slices.SortFunc(users, claimUser.compare)
		b.users[key] = slices.Compact(users)
	}
	return b
}

func (b *Beside) add(o runtime.Object, maps map[topology.Key]*corev1.ConfigMap) {
	meta, ok := o.(metav1.Object)
	if !ok {
		return
	}
	namespace := cmp.Or(meta.GetNamespace(), metav1.NamespaceDefault)
	if kind, lookedUp := topology.KindOf(o); lookedUp {
		key := topology.Key{Name: meta.GetName()}
		switch kind {
		case topology.KindClaim:
			key.Namespace = namespace
			b.claims[key.Name] = append(b.claims[key.Name], namespace)
		case topology.KindVolumeSnapshot:
			key.Namespace = namespace
			b.snapshots[key.Name] = append(b.snapshots[key.Name], namespace)
		default:
		}
		if b.written[kind] == nil {
			b.written[kind] = map[topology.Key]bool{}
		}
		b.written[kind][key] = true
	}
	if m, isMap := o.(*corev1.ConfigMap); isMap {
		key := topology.Key{Namespace: namespace, Name: m.Name}
		if earlier, seen := maps[key]; seen && earlier != m {
			// Which of the two is meant cannot be known.
			m = nil
		}
		maps[key] = m
		return
	}
	kind, ok := kindOfObject(o)
	if !ok {
		return
	}
	eachNamedClaim(o, func(c namedClaim) {
		key := topology.Key{Namespace: namespace, Name: c.name}
		b.users[key] = append(b.users[key], claimUser{kind, meta.GetName()})
	})
	usesOf(o, claimUser{kind, meta.GetName()}, func(name string, use claimUse) {
		key := topology.Key{Namespace: namespace, Name: name}
		b.uses[key] = append(b.uses[key], use)
	})
}

func keysOf(m *corev1.ConfigMap) map[string]bool {
	keys := make(map[string]bool, len(m.Data)+len(m.BinaryData))
	for key := range m.Data {
		keys[key] = true
	}
	for key := range m.BinaryData {
		keys[key] = true
	}
	return keys
}

// nearlyNamedClaim is nearlyNamed for claims of a namespace.
func (b *Beside) nearlyNamedClaim(namespace, name string) []string {
	var names []string
	for key := range b.written[topology.KindClaim] {
		if key.Namespace == namespace && mistyped(name, key.Name) {
			names = append(names, key.Name)
		}
	}
	if len(names) > maxNear {
		return nil
	}
	slices.Sort(names)
	return names
}

// maxNear is among how many objects of a kind one of nearly a name is looked for. Among the many of a large repository there always is one.
const maxNear = 5

// nearlyNamed names the objects of the files that may be meant by a name which none of them has.
func (b *Beside) nearlyNamed(kind topology.Kind, name string) []string {
	if b == nil || len(b.written[kind]) > maxNear || b.written[kind][topology.Key{Name: name}] {
		return nil
	}
	var names []string
	for key := range b.written[kind] {
		names = append(names, key.Name)
	}
	slices.Sort(names)
	return suggest.Nearest(name, names)
}

// otherUsers are the workloads other than one that use a claim.
func (b *Beside) otherUsers(claim topology.Key, self claimUser) []claimUser {
	if b == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(b.users[claim]), func(u claimUser) bool { return u == self })
}

// elsewhere says in which other namespace the files hold an object of the name, if they do not hold it in its own.
func elsewhere(namespaces []string, own string) (string, bool) {
	if len(namespaces) == 0 || slices.Contains(namespaces, own) {
		return "", false
	}
	namespaces = slices.Clone(namespaces)
	slices.Sort(namespaces)
	return strings.Join(slices.Compact(namespaces), ", "), true
}
