// SPDX-License-Identifier: Apache-2.0

package csidriver

import (
	"context"
	"slices"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// multiNode are the access modes with which a volume may be published to several nodes at once.
var multiNode = []csi.VolumeCapability_AccessMode_Mode{
	csi.VolumeCapability_AccessMode_MULTI_NODE_READER_ONLY,
	csi.VolumeCapability_AccessMode_MULTI_NODE_SINGLE_WRITER,
	csi.VolumeCapability_AccessMode_MULTI_NODE_MULTI_WRITER,
}

// ControllerPublishVolume makes a volume available on a node. In a mode of a single node it is refused while the volume is on another one, as a
// disk in a cloud does.
func (c *controller) ControllerPublishVolume(
	_ context.Context, request *csi.ControllerPublishVolumeRequest,
) (*csi.ControllerPublishVolumeResponse, error) {
	d := c.driver
	if !d.options.Publish {
		return nil, status.Error(codes.Unimplemented, "volumes of this driver are not published to nodes")
	}
	if request.GetVolumeId() == "" || request.GetNodeId() == "" {
		return nil, status.Error(codes.InvalidArgument, "the request needs a volume and a node")
	}
	if err := d.checkCapabilities([]*csi.VolumeCapability{request.GetVolumeCapability()}); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.volumes[request.GetVolumeId()]
	switch {
	case !ok:
		return nil, status.Errorf(codes.NotFound, "there is no volume %s", request.GetVolumeId())
	case slices.Contains(v.Nodes, request.GetNodeId()):
		return &csi.ControllerPublishVolumeResponse{}, nil
	case len(v.Nodes) > 0 && !slices.Contains(multiNode, request.GetVolumeCapability().GetAccessMode().GetMode()):
		return nil, status.Errorf(codes.FailedPrecondition, "volume %s is published to %s", v.ID, strings.Join(v.Nodes, ", "))
	}
	// A new slice, since callers of Volumes have the old one.
	v.Nodes = slices.Sorted(slices.Values(append(slices.Clone(v.Nodes), request.GetNodeId())))
	d.volumes[v.ID] = v
	return &csi.ControllerPublishVolumeResponse{}, nil
}

// ControllerUnpublishVolume takes a volume off a node, or off all if the request names none. A volume that is not there is taken off already.
func (c *controller) ControllerUnpublishVolume(
	_ context.Context, request *csi.ControllerUnpublishVolumeRequest,
) (*csi.ControllerUnpublishVolumeResponse, error) {
	d := c.driver
	if !d.options.Publish {
		return nil, status.Error(codes.Unimplemented, "volumes of this driver are not published to nodes")
	}
	if request.GetVolumeId() == "" {
		return nil, status.Error(codes.InvalidArgument, "the request names no volume")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if v, ok := d.volumes[request.GetVolumeId()]; ok {
		var kept []string
		for _, node := range v.Nodes {
			if request.GetNodeId() != "" && node != request.GetNodeId() {
				kept = append(kept, node)
			}
		}
		v.Nodes = kept
		d.volumes[v.ID] = v
	}
	return &csi.ControllerUnpublishVolumeResponse{}, nil
}
