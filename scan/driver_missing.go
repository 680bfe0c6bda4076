// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

var driverMissingKind = Kind{
	ID: "driver-missing", Section: Stuck,
	Means: "A class, volume or pod that is in use names a driver that runs nowhere: no node has registered it, so that none of its volumes can be made or mounted.",
	Known: "The class's provisioner, spec.csi.driver of volumes and pods; the drivers of all CSINodes, and the CSIDriver objects.",
	Not: "For classes that no claim uses. For in-tree plugins and provisioners that are no CSI drivers, while what they made is there or somebody says something for them. " +
		"Where a node that is ready has no CSINode. For claims and pods younger than 120 seconds.",
	Remedy:   "install the driver, or see why its pods do not run on any node; if the name is a mistake, use a class of a driver that is installed",
	Needs:    []topology.Kind{topology.KindNode, topology.KindCSINode, topology.KindClass, topology.KindClaim, topology.KindVolume},
	Explains: true,
	Find:     driverMissing,
}

// needer is what names a driver that no node has.
type needer struct {
	root   Object
	driver string
	claims []topology.Key
	pods   []*corev1.Pod
}

func driverMissing(c *Cluster) []Finding {
	if c.Snapshot.NumNodes() == 0 || c.Snapshot.WithCSINode().Empty() {
		return nil
	}
	var found []Finding
	for _, n := range c.needers() {
		u, since := c.unserved(&n)
		if u == nil || !c.lasts(since, claimGrace) {
			continue
		}
		f := Finding{Objects: []Object{n.root}, Since: since, Command: "kubectl get csinodes -o wide"}
		for _, key := range n.claims {
			if pending(c.Claims[key]) {
				f.Hurts = append(f.Hurts, claimObject(key))
			}
			for _, pod := range c.unstartedUsers(key) {
				f.Hurts = append(f.Hurts, podObject(keyOf(pod)))
			}
		}
		for _, pod := range n.pods {
			if o := podObject(keyOf(pod)); o != n.root && explain.Unstarted(pod) {
				f.Hurts = append(f.Hurts, o)
			}
		}
		name, is := u.Driver, "no node has registered"
		if name == "" {
			name = u.Provisioner
		}
		f.Cause = fmt.Sprintf("%s %s needs driver %s, which %s", kindWord(n.root.Kind), nameOf(n.root), name, is)
		switch {
		case u.Driver == "":
			f.Cause = fmt.Sprintf("%s %s names provisioner %s, and nothing shows that it runs", kindWord(n.root.Kind), nameOf(n.root), name)
		case !u.Installed:
			f.Cause += ", and there is no CSIDriver of that name"
		}
		f.Evidence = []string{fmt.Sprintf("CSINodes have the drivers: %s", few(orNone(u.Known)))}
		found = append(found, f)
	}
	return found
}

// needers are the classes in use whose driver no node has; of drivers without such a class the first volume, or else pod.
func (c *Cluster) needers() []needer {
	nowhere := map[string]bool{}
	missing := func(driver string) bool {
		gone, known := nowhere[driver]
		if !known && driver != "" {
			gone = c.Snapshot.RegisteredOn(driver).Empty()
			nowhere[driver] = gone
		}
		return gone
	}
	classes, volumes, inline := map[string]*needer{}, map[string]*needer{}, map[string]*needer{}
	for _, key := range slices.SortedFunc(maps.Keys(c.Claims), topology.Key.Compare) {
		claim := c.Claims[key]
		seen := c.Snapshot.Claim(key.Namespace, key.Name)
		if seen == nil || claim.DeletionTimestamp != nil || seen.Lost {
			continue
		}
		class := c.Snapshot.Class(seen.Class)
		var driver, serves string
		if class != nil && class.Provisions() {
			if serves = class.Driver; serves == "" {
				serves = topology.ServedBy(class.Provisioner)
			}
			if serves == "" {
				serves = class.Provisioner
			}
		}
		if seen.VolumeName != "" {
			driver = driverOf(c.Snapshot.Volume(seen.VolumeName))
		} else {
			driver = serves
		}
		if !missing(driver) {
			continue
		}
		var n *needer
		if driver == serves {
			n = add(classes, class.Name, needer{root: classObject(class.Name), driver: driver})
		} else {
			n = add(volumes, driver, needer{root: volumeObject(seen.VolumeName), driver: driver})
		}
		n.claims = append(n.claims, key)
	}
	for _, pod := range c.inlineCSI() {
		for i := range pod.Spec.Volumes {
			if csi := pod.Spec.Volumes[i].CSI; csi != nil && missing(csi.Driver) {
				n := add(inline, csi.Driver, needer{root: podObject(keyOf(pod)), driver: csi.Driver})
				n.pods = append(n.pods, pod)
			}
		}
	}
	var out []needer
	told := map[string]int{}
	for _, group := range []map[string]*needer{classes, volumes, inline} {
		for _, name := range slices.Sorted(maps.Keys(group)) {
			n := group[name]
			at, known := told[n.driver]
			if known && n.root.Kind != string(topology.KindClass) {
				out[at].claims, out[at].pods = append(out[at].claims, n.claims...), append(out[at].pods, n.pods...)
				continue
			}
			if !known {
				told[n.driver] = len(out)
			}
			out = append(out, *n)
		}
	}
	return out
}

func add(to map[string]*needer, name string, n needer) *needer {
	if to[name] == nil {
		to[name] = &n
	}
	return to[name]
}

// inlineCSI are the pods that have a volume of kind csi and have not ended, in order.
func (c *Cluster) inlineCSI() []*corev1.Pod {
	var out []*corev1.Pod
	for _, pod := range c.Pods {
		if !ended(pod) && slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.CSI != nil }) {
			out = append(out, pod)
		}
	}
	slices.SortFunc(out, byName)
	return out
}

// unserved is what explain says of a driver that is needed, and since when it is needed; nil where explain does not say that it runs nowhere.
func (c *Cluster) unserved(n *needer) (*explain.Unserved, time.Time) {
	var since time.Time
	earlier := func(t time.Time) {
		if since.IsZero() || t.Before(since) {
			since = t
		}
	}
	var u *explain.Unserved
	// Those that wait come first: of a provisioner that is no CSI driver only they tell.
	keys := slices.Clone(n.claims)
	slices.SortStableFunc(keys, func(a, b topology.Key) int { return order(pending(c.Claims[b])) - order(pending(c.Claims[a])) })
	for i, key := range keys {
		earlier(c.Claims[key].CreationTimestamp.Time)
		if u != nil || i > 10 {
			continue
		}
		if e := c.explainClaim(key); e != nil {
			if u = e.Unserved; u == nil && e.Wait != nil {
				u = e.Wait.Unserved
			}
		}
	}
	for _, pod := range n.pods {
		earlier(pod.CreationTimestamp.Time)
		if u != nil {
			continue
		}
		q := c.Question(pod)
		q.Brief = true
		if q.Pod.Node != "" { // What a pod that runs would need if it were made again.
			other := *q.Pod
			other.Node, q.Pod, q.Whole = "", &other, nil
		}
		if e := explain.Pod(q); len(e.Unserved) > 0 {
			u = &e.Unserved[0]
		}
	}
	return u, since
}

func order(first bool) int {
	if first {
		return 1
	}
	return 0
}

func orNone(names []string) []string {
	if len(names) == 0 {
		return []string{"none"}
	}
	return names
}

// kindWord is how a sentence calls a kind.
func kindWord(kind string) string {
	switch topology.Kind(kind) {
	case topology.KindClass:
		return "class"
	case topology.KindVolume:
		return "volume"
	case topology.KindPod:
		return "pod"
	default:
		return kind
	}
}

func nameOf(o Object) string { return topology.Key{Namespace: o.Namespace, Name: o.Name}.String() }
