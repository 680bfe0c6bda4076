// SPDX-License-Identifier: Apache-2.0

// Package catalog knows what each volume plugin and CSI driver can do: access modes by volume mode, expansion, snapshots,
// topology keys, attach limits, and the in-tree plugins that are gone with what replaced them.
//
// The knowledge is data, in catalog.yaml, which a contributor can extend without Go. The package promises to be silent where
// it does not know: an unknown driver is not found, and a mode whose support depends on something the catalog cannot see is
// Conditional, never Unsupported. What a live cluster says about a driver beats what is written here.
//
// It must not know admission, rules or the API server. A Catalog is immutable and safe for concurrent use.
package catalog

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

//go:embed catalog.yaml
var embedded []byte

// Catalog is a loaded and validated driver matrix.
type Catalog struct {
	drivers []Driver
	sources []Source
	removed []Removed

	driverByName         map[string]*Driver
	sourceByField        map[string]*Source
	removedByField       map[string]*Removed
	removedByProvisioner map[string]*Removed
}

// document is the file's shape.
type document struct {
	Drivers []Driver  `json:"drivers"`
	Sources []Source  `json:"sources"`
	Removed []Removed `json:"removed"`
}

// Default returns the catalog that this build carries. It panics if that file is invalid, which the package's own test
// makes impossible in a build that passed its tests.
var Default = sync.OnceValue(func() *Catalog {
	c, err := Load(embedded)
	if err != nil {
		panic(fmt.Sprintf("the embedded catalog is invalid: %v", err))
	}
	return c
})

// Load reads a catalog strictly: an unknown or duplicated key, an incomplete row, an unknown value, or a name that appears
// twice is an error that names the row.
func Load(data []byte) (*Catalog, error) {
	var doc document
	if err := yaml.UnmarshalStrict(data, &doc); err != nil {
		return nil, fmt.Errorf("decode the catalog: %w", err)
	}
	if err := doc.validate(); err != nil {
		return nil, err
	}
	c := &Catalog{
		drivers: doc.Drivers, sources: doc.Sources, removed: doc.Removed,
		driverByName:         make(map[string]*Driver, len(doc.Drivers)),
		sourceByField:        make(map[string]*Source, len(doc.Sources)),
		removedByField:       make(map[string]*Removed, len(doc.Removed)),
		removedByProvisioner: make(map[string]*Removed, len(doc.Removed)),
	}
	for i := range c.drivers {
		c.driverByName[c.drivers[i].Name] = &c.drivers[i]
	}
	for i := range c.sources {
		c.sourceByField[c.sources[i].Field] = &c.sources[i]
	}
	for i := range c.removed {
		c.removedByField[c.removed[i].Field] = &c.removed[i]
		if p := c.removed[i].Provisioner; p != "" {
			c.removedByProvisioner[p] = &c.removed[i]
		}
	}
	return c, nil
}

// Driver returns the row of a CSI driver or external provisioner by its name. For a row with anyPrefix, a name that ends in
// a dot and the row's name is found too (rook-ceph.rbd.csi.ceph.com). The in-tree provisioner names that Kubernetes
// redirects (kubernetes.io/aws-ebs) find the driver that they are redirected to. The row must not be changed.
func (c *Catalog) Driver(name string) (*Driver, bool) {
	if d, ok := c.driverByName[name]; ok {
		return d, true
	}
	if r, ok := c.removedByProvisioner[name]; ok {
		return c.redirected(r)
	}
	for rest := name; ; {
		_, after, found := strings.Cut(rest, ".")
		if !found {
			return nil, false
		}
		rest = after
		if d, ok := c.driverByName[rest]; ok && d.AnyPrefix {
			return d, true
		}
	}
}

// Volume returns the row of the CSI driver of a volume, if that speaks of volumes with such a handle. The row must not be
// changed.
func (c *Catalog) Volume(driver, handle string) (*Driver, bool) {
	row, ok := c.Driver(driver)
	if !ok || slices.ContainsFunc(row.OtherHandles, func(prefix string) bool { return strings.HasPrefix(handle, prefix) }) {
		return nil, false
	}
	return row, true
}

// Source returns the row of a volume source that Kubernetes still runs in-tree, by its field in a PersistentVolume's spec.
func (c *Catalog) Source(field string) (*Source, bool) {
	s, ok := c.sourceByField[field]
	return s, ok
}

// Removed returns the row of an in-tree plugin that Kubernetes no longer runs, by its field in a PersistentVolume's or
// pod's volume.
func (c *Catalog) Removed(field string) (*Removed, bool) {
	r, ok := c.removedByField[field]
	return r, ok
}

// RedirectedSource returns the driver that serves a removed in-tree source today. It is not found for a source that is
// gone, and for one whose driver has no row.
func (c *Catalog) RedirectedSource(field string) (*Driver, bool) {
	r, ok := c.removedByField[field]
	if !ok {
		return nil, false
	}
	return c.redirected(r)
}

func (c *Catalog) redirected(r *Removed) (*Driver, bool) {
	if r.Outcome != Redirected {
		return nil, false
	}
	d, ok := c.driverByName[r.Replacement]
	return d, ok
}

// Drivers lists every driver in the file's order. The rows must not be changed.
func (c *Catalog) Drivers() []Driver { return c.drivers }

// Sources lists every in-tree source in the file's order. The rows must not be changed.
func (c *Catalog) Sources() []Source { return c.sources }

// RemovedPlugins lists every removed in-tree plugin in the file's order. The rows must not be changed.
func (c *Catalog) RemovedPlugins() []Removed { return c.removed }

// modeOf treats ReadWriteOncePod as ReadWriteOnce: a CSI driver that serves the one serves the other, because the
// provisioner and the kubelet fall back to SINGLE_NODE_WRITER where the driver does not tell them apart.
func modeOf(mode corev1.PersistentVolumeAccessMode) corev1.PersistentVolumeAccessMode {
	if mode == corev1.ReadWriteOncePod {
		return corev1.ReadWriteOnce
	}
	return mode
}
