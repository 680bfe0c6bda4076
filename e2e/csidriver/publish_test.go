// SPDX-License-Identifier: Apache-2.0

package csidriver

import (
	"slices"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
)

func TestVolumeIsPublished(t *testing.T) {
	t.Parallel()
	const (
		single = csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER
		many   = csi.VolumeCapability_AccessMode_MULTI_NODE_MULTI_WRITER
	)
	for _, mode := range []csi.VolumeCapability_AccessMode_Mode{single, many} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			d, conn := start(t, func(o *Options) {
				o.Publish, o.AccessModes = true, []csi.VolumeCapability_AccessMode_Mode{single, many}
			})
			client := csi.NewControllerClient(conn)
			created, err := client.CreateVolume(t.Context(), volume("v", gib))
			if err != nil {
				t.Fatal(err)
			}
			id := created.GetVolume().GetVolumeId()
			publish := func(id, node string, want codes.Code) {
				t.Helper()
				_, got := client.ControllerPublishVolume(t.Context(), &csi.ControllerPublishVolumeRequest{
					VolumeId: id, NodeId: node, VolumeCapability: capability(mode)[0],
				})
				wantCode(t, got, want)
			}
			unpublish := func(node string) {
				t.Helper()
				_, got := client.ControllerUnpublishVolume(t.Context(), &csi.ControllerUnpublishVolumeRequest{VolumeId: id, NodeId: node})
				wantCode(t, got, codes.OK)
			}
			on := func(want ...string) {
				t.Helper()
				if got := d.Volumes()[0].Nodes; !slices.Equal(got, want) {
					t.Fatalf("the volume is published to %v, want %v", got, want)
				}
			}

			publish("volume-unknown", "node-b", codes.NotFound)
			publish(id, "node-b", codes.OK)
			publish(id, "node-b", codes.OK)
			on("node-b")
			if mode == single {
				publish(id, "node-a", codes.FailedPrecondition)
				on("node-b")
			} else {
				publish(id, "node-a", codes.OK)
				on("node-a", "node-b")
			}
			_, err = client.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: id})
			wantCode(t, err, codes.FailedPrecondition)

			unpublish("node-b")
			unpublish("node-b")
			publish(id, "node-a", codes.OK)
			on("node-a")
			unpublish("")
			on()
			if _, err = client.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: id}); err != nil {
				t.Error(err)
			}
		})
	}
}

// The sidecars ask what a driver can do before they ask for it.
func TestPublishingIsAnnounced(t *testing.T) {
	t.Parallel()
	for _, published := range []bool{false, true} {
		_, conn := start(t, func(o *Options) { o.Publish = published })
		response, err := csi.NewControllerClient(conn).ControllerGetCapabilities(t.Context(), &csi.ControllerGetCapabilitiesRequest{})
		if err != nil {
			t.Fatal(err)
		}
		announced := slices.ContainsFunc(response.GetCapabilities(), func(c *csi.ControllerServiceCapability) bool {
			return c.GetRpc().GetType() == csi.ControllerServiceCapability_RPC_PUBLISH_UNPUBLISH_VOLUME
		})
		if announced != published {
			t.Errorf("with Publish %t the driver announces that it publishes: %t", published, announced)
		}
	}
}
