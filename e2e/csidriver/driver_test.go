// SPDX-License-Identifier: Apache-2.0

package csidriver

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

const (
	gib  = int64(1) << 30
	zone = "topology.e2e.moorage.dev/zone"
)

// start runs a driver with two pools and connects to it as a sidecar would.
func start(t *testing.T, change func(*Options)) (*Driver, *grpc.ClientConn) {
	t.Helper()
	// Not t.TempDir: with the test's name in it the path would be too long for a socket.
	dir, err := os.MkdirTemp("", "csi-")
	if err != nil {
		t.Fatal(err)
	}
	options := Options{Name: "csi.e2e.moorage.dev", TopologyKey: zone, Pools: map[string]int64{"a": 10 * gib, "b": 20 * gib}}
	if change != nil {
		change(&options)
	}
	d, err := Start(filepath.Join(dir, "csi.sock"), options)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient("unix://"+d.Socket(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return d, conn
}

func topologies(segments ...string) []*csi.Topology {
	var out []*csi.Topology
	for _, s := range segments {
		out = append(out, &csi.Topology{Segments: map[string]string{zone: s}})
	}
	return out
}

func capability(mode csi.VolumeCapability_AccessMode_Mode) []*csi.VolumeCapability {
	return []*csi.VolumeCapability{{
		AccessType: &csi.VolumeCapability_Mount{Mount: &csi.VolumeCapability_MountVolume{}},
		AccessMode: &csi.VolumeCapability_AccessMode{Mode: mode},
	}}
}

// volume is a request for so many bytes in one of the segments, the first preferred.
func volume(name string, bytes int64, segments ...string) *csi.CreateVolumeRequest {
	r := &csi.CreateVolumeRequest{
		Name: name, CapacityRange: &csi.CapacityRange{RequiredBytes: bytes},
		VolumeCapabilities: capability(csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER),
	}
	if len(segments) > 0 {
		r.AccessibilityRequirements = &csi.TopologyRequirement{Requisite: topologies(segments...), Preferred: topologies(segments[0])}
	}
	return r
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Fatalf("got %s (%v), want %s", got, err, want)
	}
}

func TestSegmentIsChosen(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, reason string
		request      *csi.CreateVolumeRequest
		want         string
	}{
		{"no requirement", "the emptiest pool", volume("v", gib), "b"},
		{"one segment", "strict topology names the selected node's alone", volume("v", gib, "a"), "a"},
		{"preferred", "it comes before the emptier one", volume("v", gib, "a", "b"), "a"},
		{"preferred without room", "the other requisite serves", volume("v", 15*gib, "a", "b"), "b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d, conn := start(t, nil)
			response, err := csi.NewControllerClient(conn).CreateVolume(t.Context(), tc.request)
			if err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			got := response.GetVolume().GetAccessibleTopology()
			if len(got) != 1 || got[0].GetSegments()[zone] != tc.want {
				t.Errorf("%s: the volume is in %v, want %s", tc.reason, got, tc.want)
			}
			want := []Volume{{ID: response.GetVolume().GetVolumeId(), Name: "v", Segment: tc.want, Bytes: tc.request.GetCapacityRange().GetRequiredBytes()}}
			if diff := cmp.Diff(want, d.Volumes()); diff != "" {
				t.Errorf("volumes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPoolIsNeverOverCommitted(t *testing.T) {
	t.Parallel()
	d, conn := start(t, nil)
	client := csi.NewControllerClient(conn)
	var wg sync.WaitGroup
	for _, name := range strings.Split("abcdefghijklmnop", "") {
		wg.Go(func() {
			_, err := client.CreateVolume(t.Context(), volume(name, 3*gib, "a"))
			if c := status.Code(err); c != codes.OK && c != codes.ResourceExhausted {
				t.Errorf("volume %s: %v", name, err)
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(Pool{Size: 10 * gib, Used: 9 * gib}, d.Pools()["a"]); diff != "" {
		t.Errorf("pool (-want +got):\n%s", diff)
	}
	if got := len(d.OverCommits()); got != 13 {
		t.Errorf("%d requests were recorded as too many, want 13 of 16", got)
	}
	if got := d.OverCommits()[0]; got.Bytes != 3*gib || !cmp.Equal(got.Segments, []string{"a"}) {
		t.Errorf("recorded %+v, want 3 GiB in a", got)
	}

	for _, v := range d.Volumes() {
		for range 2 {
			if _, err := client.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: v.ID}); err != nil {
				t.Fatalf("delete, the second time because it is idempotent: %v", err)
			}
		}
	}
	if got := d.Pools()["a"].Free(); got != 10*gib {
		t.Errorf("after all volumes are deleted %d bytes are free, want all", got)
	}
}

func TestCreateIsIdempotent(t *testing.T) {
	t.Parallel()
	d, conn := start(t, nil)
	client := csi.NewControllerClient(conn)
	first, err := client.CreateVolume(t.Context(), volume("v", 2*gib, "a"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.CreateVolume(t.Context(), volume("v", 2*gib, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if first.GetVolume().GetVolumeId() != again.GetVolume().GetVolumeId() || d.Pools()["a"].Used != 2*gib {
		t.Errorf("the same request made %v and then %v, %d bytes used", first, again, d.Pools()["a"].Used)
	}
	_, err = client.CreateVolume(t.Context(), volume("v", 3*gib, "a"))
	wantCode(t, err, codes.AlreadyExists)
}

func TestCreateIsRefused(t *testing.T) {
	t.Parallel()
	_, conn := start(t, func(o *Options) { o.MaximumVolumeSize = 4 * gib })
	client := csi.NewControllerClient(conn)
	shared := volume("v", gib)
	shared.VolumeCapabilities = capability(csi.VolumeCapability_AccessMode_MULTI_NODE_MULTI_WRITER)
	bare := volume("v", gib)
	bare.VolumeCapabilities = nil
	clone := volume("v", gib)
	clone.VolumeContentSource = &csi.VolumeContentSource{}
	inverted := volume("v", gib)
	inverted.CapacityRange.LimitBytes = 1
	for _, tc := range []struct {
		name    string
		request *csi.CreateVolumeRequest
		want    codes.Code
	}{
		{"no name", volume("", gib), codes.InvalidArgument},
		{"no capabilities", bare, codes.InvalidArgument},
		{"an access mode of several nodes", shared, codes.InvalidArgument},
		{"a content source", clone, codes.InvalidArgument},
		{"a limit below what is required", inverted, codes.InvalidArgument},
		{"more than the largest volume", volume("v", 5*gib), codes.OutOfRange},
		{"a segment without a pool", volume("v", gib, "z"), codes.ResourceExhausted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := client.CreateVolume(t.Context(), tc.request)
			wantCode(t, err, tc.want)
		})
	}
}

func TestGetCapacity(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name               string
		maximum            int64
		topology           *csi.Topology
		available, largest int64
	}{
		{"one segment", 0, topologies("a")[0], 7 * gib, 7 * gib},
		{"one segment, volumes are bounded", 5 * gib, topologies("b")[0], 20 * gib, 5 * gib},
		{"everywhere", 0, nil, 27 * gib, 20 * gib},
		{"a segment without a pool", 0, topologies("z")[0], 0, 0},
		{"a pool that was shrunk below its use", 0, topologies("shrunk")[0], 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d, conn := start(t, func(o *Options) { o.MaximumVolumeSize = tc.maximum })
			client := csi.NewControllerClient(conn)
			d.ResizePool("shrunk", gib)
			for segment, bytes := range map[string]int64{"a": 3 * gib, "shrunk": gib} {
				if _, err := client.CreateVolume(t.Context(), volume("in-"+segment, bytes, segment)); err != nil {
					t.Fatal(err)
				}
			}
			d.ResizePool("shrunk", 1)
			got, err := client.GetCapacity(t.Context(), &csi.GetCapacityRequest{AccessibleTopology: tc.topology})
			if err != nil {
				t.Fatal(err)
			}
			if got.GetAvailableCapacity() != tc.available || got.GetMaximumVolumeSize().GetValue() != tc.largest {
				t.Errorf("got %v, want %d available and volumes of at most %d", got, tc.available, tc.largest)
			}
		})
	}
}

func TestFailuresOnCommand(t *testing.T) {
	t.Parallel()
	d, conn := start(t, nil)
	client := csi.NewControllerClient(conn)
	d.FailCreate("a", 2, codes.ResourceExhausted)
	d.FailCreate("a", 1, codes.Unavailable)
	if _, err := client.CreateVolume(t.Context(), volume("elsewhere", gib, "b")); err != nil {
		t.Errorf("another segment fails as well: %v", err)
	}
	for _, want := range []codes.Code{codes.ResourceExhausted, codes.ResourceExhausted, codes.Unavailable, codes.OK} {
		_, err := client.CreateVolume(t.Context(), volume("v", gib, "a"))
		wantCode(t, err, want)
	}
	if got := d.OverCommits(); len(got) > 0 {
		t.Errorf("failures on command count as over-commitment: %v", got)
	}
}

func TestDelayOnCommand(t *testing.T) {
	t.Parallel()
	d, conn := start(t, nil)
	client := csi.NewControllerClient(conn)
	d.DelayCreate(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := client.CreateVolume(ctx, volume("v", gib))
	wantCode(t, err, codes.DeadlineExceeded)
	if got := d.Volumes(); len(got) > 0 {
		t.Errorf("a request that was given up made %v", got)
	}
	d.DelayCreate(0)
	if _, err = client.CreateVolume(t.Context(), volume("v", gib)); err != nil {
		t.Errorf("without delay: %v", err)
	}
}

func TestValidateVolumeCapabilities(t *testing.T) {
	t.Parallel()
	_, conn := start(t, nil)
	client := csi.NewControllerClient(conn)
	created, err := client.CreateVolume(t.Context(), volume("v", gib))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(id string, mode csi.VolumeCapability_AccessMode_Mode) (*csi.ValidateVolumeCapabilitiesResponse, error) {
		return client.ValidateVolumeCapabilities(t.Context(), &csi.ValidateVolumeCapabilitiesRequest{VolumeId: id, VolumeCapabilities: capability(mode)})
	}
	id := created.GetVolume().GetVolumeId()
	got, err := ask(id, csi.VolumeCapability_AccessMode_SINGLE_NODE_SINGLE_WRITER)
	if err != nil || got.GetConfirmed() == nil {
		t.Errorf("a mode that is served: got %v, %v, want it confirmed", got, err)
	}
	got, err = ask(id, csi.VolumeCapability_AccessMode_MULTI_NODE_READER_ONLY)
	if err != nil || got.GetConfirmed() != nil || got.GetMessage() == "" {
		t.Errorf("a mode that is not served: got %v, %v, want a message", got, err)
	}
	_, err = ask("volume-unknown", csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER)
	wantCode(t, err, codes.NotFound)
	_, err = client.ValidateVolumeCapabilities(t.Context(), &csi.ValidateVolumeCapabilitiesRequest{VolumeId: id})
	wantCode(t, err, codes.InvalidArgument)
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	_, conn := start(t, nil)
	client := csi.NewIdentityClient(conn)
	info, err := client.GetPluginInfo(t.Context(), &csi.GetPluginInfoRequest{})
	if err != nil || info.GetName() != "csi.e2e.moorage.dev" {
		t.Errorf("plugin info: got %v, %v", info, err)
	}
	ready, err := client.Probe(t.Context(), &csi.ProbeRequest{})
	if err != nil || !ready.GetReady().GetValue() {
		t.Errorf("probe: got %v, %v, want ready", ready, err)
	}
	capabilities, err := client.GetPluginCapabilities(t.Context(), &csi.GetPluginCapabilitiesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, c := range capabilities.GetCapabilities() {
		found = found || c.GetService().GetType() == csi.PluginCapability_Service_VOLUME_ACCESSIBILITY_CONSTRAINTS
	}
	if !found {
		t.Errorf("the driver does not say that its volumes are bound to segments: %v", capabilities)
	}
}
