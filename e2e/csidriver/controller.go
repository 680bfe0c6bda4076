// SPDX-License-Identifier: Apache-2.0

package csidriver

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// defaultVolumeSize is the size of a volume for which none was asked.
const defaultVolumeSize = 1 << 30

// controller makes, publishes and deletes volumes.
type controller struct {
	csi.UnimplementedControllerServer
	driver *Driver
}

func (c *controller) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	response := &csi.ControllerGetCapabilitiesResponse{}
	capabilities := []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_GET_CAPACITY,
		csi.ControllerServiceCapability_RPC_SINGLE_NODE_MULTI_WRITER,
	}
	if c.driver.options.Publish {
		capabilities = append(capabilities, csi.ControllerServiceCapability_RPC_PUBLISH_UNPUBLISH_VOLUME)
	}
	for _, t := range capabilities {
		response.Capabilities = append(response.Capabilities, &csi.ControllerServiceCapability{
			Type: &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: t}},
		})
	}
	return response, nil
}

// CreateVolume puts a volume into the first pool with room among those that the request allows. A request that was carried out before
// gets the same volume.
func (c *controller) CreateVolume(ctx context.Context, request *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	d := c.driver
	if request.GetName() == "" {
		return nil, status.Error(codes.InvalidArgument, "the volume has no name")
	}
	if err := d.checkCapabilities(request.GetVolumeCapabilities()); err != nil {
		return nil, err
	}
	if request.GetVolumeContentSource() != nil {
		return nil, status.Error(codes.InvalidArgument, "volumes from snapshots or other volumes are not supported")
	}
	bytes, err := d.volumeSize(request.GetCapacityRange())
	if err != nil {
		return nil, err
	}
	if err = d.waitDelay(ctx); err != nil {
		return nil, err
	}

	d.mu.Lock()
	defer d.mu.Unlock()
	id := "volume-" + request.GetName()
	if v, ok := d.volumes[id]; ok {
		if limit := request.GetCapacityRange().GetLimitBytes(); v.Bytes < request.GetCapacityRange().GetRequiredBytes() || limit > 0 && v.Bytes > limit {
			return nil, status.Errorf(codes.AlreadyExists, "volume %s exists with %d bytes, which is not what is asked for now", v.Name, v.Bytes)
		}
		return &csi.CreateVolumeResponse{Volume: d.describe(v)}, nil
	}
	segments := d.allowedSegments(request.GetAccessibilityRequirements())
	if len(segments) == 0 {
		return nil, status.Errorf(codes.ResourceExhausted, "no pool is in the topology that is asked for: %v", request.GetAccessibilityRequirements())
	}
	for _, segment := range segments {
		pool := d.pools[segment]
		if pool.Free() < bytes {
			continue
		}
		if planned := d.failures[segment]; len(planned) > 0 {
			d.failures[segment] = planned[1:]
			return nil, status.Errorf(planned[0], "segment %s fails as planned", segment)
		}
		pool.Used += bytes
		d.pools[segment] = pool
		v := Volume{ID: id, Name: request.GetName(), Segment: segment, Bytes: bytes}
		d.volumes[id] = v
		return &csi.CreateVolumeResponse{Volume: d.describe(v)}, nil
	}
	d.overCommits = append(d.overCommits, OverCommit{Name: request.GetName(), Segments: segments, Bytes: bytes})
	return nil, status.Errorf(codes.ResourceExhausted, "no room for %d bytes in %s", bytes, strings.Join(segments, ", "))
}

// DeleteVolume gives a volume's room back to its pool, unless a node still has it. A volume that does not exist is deleted already.
func (c *controller) DeleteVolume(_ context.Context, request *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	d := c.driver
	if request.GetVolumeId() == "" {
		return nil, status.Error(codes.InvalidArgument, "the request names no volume")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if v, ok := d.volumes[request.GetVolumeId()]; ok {
		if len(v.Nodes) > 0 {
			return nil, status.Errorf(codes.FailedPrecondition, "volume %s is published to %s", v.ID, strings.Join(v.Nodes, ", "))
		}
		delete(d.volumes, v.ID)
		pool := d.pools[v.Segment]
		pool.Used -= v.Bytes
		d.pools[v.Segment] = pool
	}
	return &csi.DeleteVolumeResponse{}, nil
}

// GetCapacity returns what is free in a segment, or in all of them if the request names none.
func (c *controller) GetCapacity(_ context.Context, request *csi.GetCapacityRequest) (*csi.GetCapacityResponse, error) {
	d := c.driver
	d.mu.Lock()
	defer d.mu.Unlock()
	var available, largest int64
	for segment, pool := range d.pools {
		if t := request.GetAccessibleTopology(); t != nil && t.GetSegments()[d.options.TopologyKey] != segment {
			continue
		}
		free := max(0, pool.Free())
		available += free
		largest = max(largest, free)
	}
	if limit := d.options.MaximumVolumeSize; limit > 0 {
		largest = min(largest, limit)
	}
	return &csi.GetCapacityResponse{AvailableCapacity: available, MaximumVolumeSize: wrapperspb.Int64(largest)}, nil
}

// ValidateVolumeCapabilities confirms capabilities that the driver serves.
func (c *controller) ValidateVolumeCapabilities(_ context.Context, request *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	d := c.driver
	if request.GetVolumeId() == "" || len(request.GetVolumeCapabilities()) == 0 {
		return nil, status.Error(codes.InvalidArgument, "the request needs a volume and capabilities")
	}
	d.mu.Lock()
	_, ok := d.volumes[request.GetVolumeId()]
	d.mu.Unlock()
	if !ok {
		return nil, status.Errorf(codes.NotFound, "there is no volume %s", request.GetVolumeId())
	}
	if err := d.checkCapabilities(request.GetVolumeCapabilities()); err != nil {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: status.Convert(err).Message()}, nil
	}
	return &csi.ValidateVolumeCapabilitiesResponse{Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{
		VolumeContext: request.GetVolumeContext(), VolumeCapabilities: request.GetVolumeCapabilities(), Parameters: request.GetParameters(),
	}}, nil
}

// checkCapabilities refuses access modes that the driver does not serve, in the words that a user meets in the claim's events.
func (d *Driver) checkCapabilities(capabilities []*csi.VolumeCapability) error {
	if len(capabilities) == 0 {
		return status.Error(codes.InvalidArgument, "the volume has no capabilities")
	}
	for _, capability := range capabilities {
		if mode := capability.GetAccessMode().GetMode(); !slices.Contains(d.options.AccessModes, mode) {
			return status.Errorf(codes.InvalidArgument, "Volume capabilities not supported: access mode %s", mode)
		}
	}
	return nil
}

// volumeSize chooses a volume's size in bytes.
func (d *Driver) volumeSize(r *csi.CapacityRange) (int64, error) {
	required, limit := r.GetRequiredBytes(), r.GetLimitBytes()
	switch {
	case required < 0 || limit < 0 || limit > 0 && required > limit:
		return 0, status.Errorf(codes.InvalidArgument, "a volume of at least %d and at most %d bytes is not possible", required, limit)
	case required == 0:
		required = defaultVolumeSize
		if limit > 0 {
			required = min(required, limit)
		}
	}
	if largest := d.options.MaximumVolumeSize; largest > 0 && required > largest {
		return 0, status.Errorf(codes.OutOfRange, "%d bytes are more than the largest volume, %d", required, largest)
	}
	return required, nil
}

// allowedSegments lists the segments that may be used, the preferred ones first. Without a requirement all may be, the emptiest
// first. The caller holds the lock.
func (d *Driver) allowedSegments(requirement *csi.TopologyRequirement) []string {
	if requirement == nil || len(requirement.GetPreferred())+len(requirement.GetRequisite()) == 0 {
		return slices.SortedFunc(maps.Keys(d.pools), func(a, b string) int {
			switch freeA, freeB := d.pools[a].Free(), d.pools[b].Free(); {
			case freeA > freeB:
				return -1
			case freeA < freeB:
				return 1
			default:
				return strings.Compare(a, b)
			}
		})
	}
	var segments []string
	for _, t := range slices.Concat(requirement.GetPreferred(), requirement.GetRequisite()) {
		segment, ok := t.GetSegments()[d.options.TopologyKey]
		if _, known := d.pools[segment]; ok && known && !slices.Contains(segments, segment) {
			segments = append(segments, segment)
		}
	}
	return segments
}

// waitDelay waits as long as was asked for, or until the caller gives up.
func (d *Driver) waitDelay(ctx context.Context) error {
	d.mu.Lock()
	delay := d.delay
	d.mu.Unlock()
	if delay == 0 {
		return nil
	}
	select {
	case <-time.After(delay):
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// describe says where the volume can be reached from.
func (d *Driver) describe(v Volume) *csi.Volume {
	return &csi.Volume{
		VolumeId: v.ID, CapacityBytes: v.Bytes,
		AccessibleTopology: []*csi.Topology{{Segments: map[string]string{d.options.TopologyKey: v.Segment}}},
	}
}
