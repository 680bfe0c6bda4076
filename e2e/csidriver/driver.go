// SPDX-License-Identifier: Apache-2.0

// Package csidriver is a CSI driver for tests: real in its protocol, with volumes that are only entries in a map.
//
// It serves Identity and Controller over gRPC on a unix socket, so that the real CSI sidecars work with it unchanged. Its storage is a pool of
// finite size for each topology segment, which is a zone or a node as the caller likes; each volume lies in one pool and can be
// reached from that segment only. A pool never holds more than its size: what it was asked for in excess is refused and
// recorded, which is what a test of scheduling wants to know. Failures and delays come on command.
//
// The package does not know Kubernetes: classes, claims and nodes are what the sidecars make of it.
package csidriver

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// Options describe a driver.
type Options struct {
	// Name is the driver's name, as in CSIDriver objects and as a class's provisioner.
	Name string
	// TopologyKey is the key of the driver's segments, such as topology.example.com/zone.
	TopologyKey string
	// Pools are the sizes in bytes of the pools, by the segment's value.
	Pools map[string]int64
	// MaximumVolumeSize bounds a single volume, in bytes; 0 means that only the pool does.
	MaximumVolumeSize int64
	// AccessModes are those that the driver serves; empty means the modes of a single node, the Kubernetes modes ReadWriteOnce
	// and ReadWriteOncePod.
	AccessModes []csi.VolumeCapability_AccessMode_Mode
	// Publish has volumes published to a node before they are used there, as disks in a cloud are attached; otherwise they are reachable
	// without.
	Publish bool
}

// Pool is the state of one pool. Sizes are in bytes.
type Pool struct {
	Size, Used int64
}

// Free returns how many bytes of the pool are left. It is negative if the pool was shrunk below its use.
func (p Pool) Free() int64 { return p.Size - p.Used }

// Volume is one volume that exists.
type Volume struct {
	ID, Name, Segment string
	// Bytes is the volume's size.
	Bytes int64
	// Nodes are the IDs of the nodes to which the volume is published, in order.
	Nodes []string
}

// OverCommit is a request that the driver refused because no pool that it could use had room for it.
type OverCommit struct {
	// Name is the volume's name. The same name appears again when the request is repeated.
	Name string
	// Segments are those that the request allowed, in the order in which they were tried.
	Segments []string
	// Bytes is what was asked for.
	Bytes int64
}

// Driver is a running driver. Its methods may be called from any goroutine.
type Driver struct {
	options Options
	socket  string
	server  *grpc.Server
	served  chan error

	mu          sync.Mutex // guards the fields below
	pools       map[string]Pool
	volumes     map[string]Volume // by ID
	overCommits []OverCommit
	failures    map[string][]codes.Code // to come, by segment
	delay       time.Duration
}

// Start serves the driver on a unix socket at the given path until Stop. The path must be short: systems allow about 100 bytes.
func Start(socket string, options Options) (*Driver, error) {
	if options.Name == "" || options.TopologyKey == "" || len(options.Pools) == 0 {
		return nil, errors.New("start a CSI driver: its options need a name, a topology key and pools")
	}
	if len(options.AccessModes) == 0 {
		options.AccessModes = []csi.VolumeCapability_AccessMode_Mode{
			csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER,
			csi.VolumeCapability_AccessMode_SINGLE_NODE_READER_ONLY,
			csi.VolumeCapability_AccessMode_SINGLE_NODE_SINGLE_WRITER,
			csi.VolumeCapability_AccessMode_SINGLE_NODE_MULTI_WRITER,
		}
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("start CSI driver %s: %w", options.Name, err)
	}
	d := &Driver{
		options: options, socket: socket, server: grpc.NewServer(), served: make(chan error, 1),
		pools: make(map[string]Pool), volumes: make(map[string]Volume), failures: make(map[string][]codes.Code),
	}
	for segment, size := range options.Pools {
		d.pools[segment] = Pool{Size: size}
	}
	csi.RegisterIdentityServer(d.server, &identity{driver: d})
	csi.RegisterControllerServer(d.server, &controller{driver: d})
	go func() { d.served <- d.server.Serve(listener) }()
	return d, nil
}

// Stop ends the service; calls in flight fail. The volumes are forgotten.
func (d *Driver) Stop() error {
	d.server.Stop()
	if err := <-d.served; err != nil {
		return fmt.Errorf("serve CSI driver %s: %w", d.options.Name, err)
	}
	if err := os.Remove(d.socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the socket of CSI driver %s: %w", d.options.Name, err)
	}
	return nil
}

// Name returns the driver's name.
func (d *Driver) Name() string { return d.options.Name }

// TopologyKey returns the key of the driver's segments.
func (d *Driver) TopologyKey() string { return d.options.TopologyKey }

// Socket returns the path of the unix socket.
func (d *Driver) Socket() string { return d.socket }

// Pools returns the state of the pools by segment. The map is the caller's.
func (d *Driver) Pools() map[string]Pool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.pools)
}

// Volumes returns the volumes that exist, by name in order. The slice is the caller's.
func (d *Driver) Volumes() []Volume {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.SortedFunc(maps.Values(d.volumes), func(a, b Volume) int { return strings.Compare(a.Name, b.Name) })
}

// OverCommits returns the requests for more than there was, in the order in which they came. The slice is the caller's.
func (d *Driver) OverCommits() []OverCommit {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.overCommits)
}

// ResizePool sets the size of a pool in bytes, and makes the pool if there is none. Volumes in it stay as they are.
func (d *Driver) ResizePool(segment string, size int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.pools[segment]
	p.Size = size
	d.pools[segment] = p
}

// FailCreate has the next n requests that would make a volume in the segment fail with the code, after those that were asked for
// before. ResourceExhausted is what a zone says that has run out, whatever its capacity was said to be.
func (d *Driver) FailCreate(segment string, n int, code codes.Code) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failures[segment] = append(d.failures[segment], slices.Repeat([]codes.Code{code}, n)...)
}

// DelayCreate has each request for a volume wait before anything is done, as a slow cloud would, until it is set back to 0.
func (d *Driver) DelayCreate(delay time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.delay = delay
}
