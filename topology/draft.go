// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// Draft is a copy of a snapshot that can be changed: what would be, if. It shares nearly everything with the snapshot, which
// stays as it is. No source feeds it, and nothing in it ends by time. It is not safe for concurrent use.
type Draft struct {
	s state
}

// Draft returns a copy to be changed.
func (s *Snapshot) Draft() *Draft {
	at := s.at
	return &Draft{state{
		Snapshot:  *s,
		limits:    limits{reservation: DefaultReservationLimit, inFlight: DefaultInFlightLimit},
		now:       func() time.Time { return at },
		selectors: &nodeset.Pool{},
	}}
}

// Snapshot returns the draft as it is now. It stays so: the draft can be changed further.
func (d *Draft) Snapshot() *Snapshot {
	d.s.settleNodes()
	return d.s.snapshot()
}

// Apply puts API objects into the draft, each in place of an earlier version, as Cache.Upsert does. An object that a fault keeps out is
// an error, a *FaultError.
func (d *Draft) Apply(objects ...metav1.Object) error {
	for _, object := range objects {
		kind, ok := KindOf(object)
		if !ok {
			return fmt.Errorf("put %T %s into a draft: moorage does not read this kind", object, keyOf(object))
		}
		if kind == KindNode || kind == KindCSINode {
			d.readNodes()
		}
		put, fault := d.s.read(object)
		put(&d.s)
		if fault != nil {
			return fault
		}
	}
	return nil
}

// PutNode puts a node in place of the one of its name, or beside the others.
func (d *Draft) PutNode(node *Node) {
	d.readNodes()
	d.s.setRecord(node.Name, recordOf(node))
}

// RemoveNode takes a node away. Its pods and attachments stay, as they do in a cluster until somebody removes them.
func (d *Draft) RemoveNode(name string) {
	d.readNodes()
	d.s.setRecord(name, nodeRecord{})
}

// PutClaim puts a claim in place of the one of its name, or beside the others.
func (d *Draft) PutClaim(claim *Claim) { d.s.setClaim(claim.Key(), claim) }

// PutVolume puts a volume in place of the one of its name, or beside the others.
func (d *Draft) PutVolume(volume *Volume) { d.s.setVolume(Key{Name: volume.Name}, volume) }

// PutClass puts a class in place of the one of its name, or beside the others.
func (d *Draft) PutClass(class *Class) { d.s.setClass(Key{Name: class.Name}, class) }

// PutPool puts a pool in place of the one of its name, or beside the others. Unlike a pool that its driver publishes, it says
// nothing about volumes that were made meanwhile: what is reserved stays so.
func (d *Draft) PutPool(pool *Pool) { d.s.placePool(pool.Key(), pool) }

// PutPod puts a pod in place of the one of its name, or beside the others.
func (d *Draft) PutPod(pod *Pod) { d.s.setPod(pod.Key(), pod) }

// PutStore puts what a driver's storage system says of a node in place of what it said before.
func (d *Draft) PutStore(driver string, store *Store) {
	d.s.setStore(driver, Key{store.namespace, store.Node}, store)
}

// RemoveAttachment takes an attachment out.
func (d *Draft) RemoveAttachment(name string) { d.s.setAttachment(Key{Name: name}, nil) }

// RemovePods takes pods away, as Snapshot.Without does.
func (d *Draft) RemovePods(pods ...Key) { d.s.Snapshot = *d.s.Without(pods...) }

// readNodes makes the writer's list of nodes, which most drafts do without.
func (d *Draft) readNodes() {
	if d.s.records != nil {
		return
	}
	d.s.records = make(map[string]nodeRecord, len(d.s.table.nodes))
	for _, node := range d.s.table.nodes {
		d.s.records[node.Name] = recordOf(node)
	}
}

func recordOf(node *Node) nodeRecord {
	r := nodeRecord{node: node}
	if node.HasCSINode {
		r.csi = &csiNode{drivers: node.Drivers, migrated: node.MigratedPlugins}
	}
	return r
}
