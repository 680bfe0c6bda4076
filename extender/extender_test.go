// SPDX-License-Identifier: Apache-2.0

package extender_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-logr/logr/testr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

const (
	noRoom         = "node(s) did not have enough free storage"
	noRoomTogether = "node(s) did not have enough free storage for all claims of the pod together"
)

// cluster has the nodes a and b in zones of their own, with 100 Gi and 10 Gi of room, c without a pool, and a claim of 6 Gi
// for each name given.
func cluster(t *testing.T, claims ...string) *topology.Cache {
	t.Helper()
	c := topology.New(topology.Options{})
	put := func(o metav1.Object) {
		if err := c.Upsert(o); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "b", "c"} {
		put(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"zone": name}}})
	}
	yes, delayed := true, storagev1.VolumeBindingWaitForFirstConsumer
	put(&storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: "d"}, Spec: storagev1.CSIDriverSpec{StorageCapacity: &yes}})
	put(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "zonal"}, Provisioner: "d", VolumeBindingMode: &delayed})
	for zone, size := range map[string]string{"a": "100Gi", "b": "10Gi"} {
		capacity := resource.MustParse(size)
		put(&storagev1.CSIStorageCapacity{
			ObjectMeta:       metav1.ObjectMeta{Name: zone, Namespace: "kube-system"},
			StorageClassName: "zonal", Capacity: &capacity,
			NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{"zone": zone}},
		})
	}
	class := "zonal"
	for _, name := range claims {
		put(&corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"},
			Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: &class, Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("6Gi")},
			}},
		})
	}
	c.Flush()
	return c
}

type options struct {
	limit   int64
	missing []topology.Kind
}

func serve(t *testing.T, c *topology.Cache, o options) (*httptest.Server, *prometheus.Registry) {
	t.Helper()
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	server := httptest.NewServer(extender.New(extender.Options{
		Snapshot: c.Snapshot, Changed: c.Changed, Missing: func() []topology.Kind { return o.missing }, Engine: engine,
		MaxBodyBytes: o.limit, Registry: registry, Logger: testr.New(t),
	}))
	t.Cleanup(server.Close)
	return server, registry
}

func pod(claims ...string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "app", Namespace: "default"}}
	for _, name := range claims {
		p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name},
		}})
	}
	return p
}

func post(t *testing.T, url string, body any, into any) int {
	t.Helper()
	data, ok := body.([]byte)
	if !ok {
		var err error
		if data, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	response, err := http.Post(url, "application/json", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		t.Fatalf("answer %s: %v", answer, err)
	}
	return response.StatusCode
}

func TestFilterByName(t *testing.T) {
	server, registry := serve(t, cluster(t, "data", "logs"), options{})
	for _, test := range []struct {
		name   string
		claims []string
		nodes  []string
		want   extenderv1.ExtenderFilterResult
	}{
		{
			"a pool without room together and a node without a pool are refused, unresolvably",
			[]string{"data", "logs"},
			[]string{"c", "b", "a"},
			extenderv1.ExtenderFilterResult{
				NodeNames: &[]string{"a"}, FailedNodes: extenderv1.FailedNodesMap{},
				FailedAndUnresolvableNodes: extenderv1.FailedNodesMap{"b": noRoomTogether, "c": noRoom},
			},
		},
		{
			"the order asked is kept, and a node that the cache does not know passes",
			[]string{"data"},
			[]string{"new-node", "b", "a"},
			extenderv1.ExtenderFilterResult{
				NodeNames: &[]string{"new-node", "b", "a"}, FailedNodes: extenderv1.FailedNodesMap{},
				FailedAndUnresolvableNodes: extenderv1.FailedNodesMap{},
			},
		},
		{
			"all refused is an empty list, never null, which would mean refused without a reason",
			[]string{"data"},
			[]string{"c"},
			extenderv1.ExtenderFilterResult{
				NodeNames: &[]string{}, FailedNodes: extenderv1.FailedNodesMap{},
				FailedAndUnresolvableNodes: extenderv1.FailedNodesMap{"c": noRoom},
			},
		},
		{
			"a claim that the cache does not know refuses nothing",
			[]string{"unheard-of"},
			[]string{"a", "c"},
			extenderv1.ExtenderFilterResult{
				NodeNames: &[]string{"a", "c"}, FailedNodes: extenderv1.FailedNodesMap{},
				FailedAndUnresolvableNodes: extenderv1.FailedNodesMap{},
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got extenderv1.ExtenderFilterResult
			status := post(t, server.URL+"/filter", extenderv1.ExtenderArgs{Pod: pod(test.claims...), NodeNames: &test.nodes}, &got)
			if status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	want := `
# HELP moorage_extender_rejections_total Nodes rejected by filter, by the predicate that was first to reject them and its reason.
# TYPE moorage_extender_rejections_total counter
moorage_extender_rejections_total{predicate="JointCapacity",reason="` + noRoomTogether + `"} 1
moorage_extender_rejections_total{predicate="PoolCapacity",reason="` + noRoom + `"} 2
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "moorage_extender_rejections_total"); err != nil {
		t.Error(err)
	}
}

// TestFilterByObject: whole nodes come back as they were given, with the fields that this build does not know.
func TestFilterByObject(t *testing.T) {
	server, _ := serve(t, cluster(t, "data"), options{})
	body := []byte(`{"Pod":{"metadata":{"name":"app","namespace":"default"},"spec":{"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}]}},
		"Nodes":{"metadata":{},"items":[{"metadata":{"name":"c"}},{"metadata":{"name":"b"},"spec":{"later":[1,{"x":"}"}]}}, {"metadata":{"name":"a"}}]}}`)
	var got struct {
		Nodes                      struct{ Items []json.RawMessage }
		NodeNames                  []string
		FailedAndUnresolvableNodes map[string]string
	}
	if status := post(t, server.URL+"/filter", body, &got); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	var items []string
	for _, item := range got.Nodes.Items {
		items = append(items, string(item))
	}
	want := []string{`{"metadata":{"name":"b"},"spec":{"later":[1,{"x":"}"}]}}`, `{"metadata":{"name":"a"}}`}
	if diff := cmp.Diff(want, items); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"c": noRoom}, got.FailedAndUnresolvableNodes); diff != "" {
		t.Errorf("failed (-want +got):\n%s", diff)
	}
}

func TestPrioritize(t *testing.T) {
	server, _ := serve(t, cluster(t, "data"), options{})
	var got extenderv1.HostPriorityList
	post(t, server.URL+"/prioritize", extenderv1.ExtenderArgs{Pod: pod("data"), NodeNames: &[]string{"b", "a", "new-node"}}, &got)
	want := extenderv1.HostPriorityList{{Host: "b", Score: 0}, {Host: "a", Score: 9}, {Host: "new-node", Score: 0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRequestsThatCannotBeServed(t *testing.T) {
	for _, test := range []struct {
		name, path, body string
		options          options
		status           int
		message          string
	}{
		{"nothing", "/filter", ``, options{}, 400, "invalid ExtenderArgs of k8s.io/kube-scheduler/extender/v1: at byte 0"},
		{"not JSON", "/filter", `hello`, options{}, 400, "at byte 0: invalid character 'h'"},
		{"cut off", "/filter", `{"Pod":{"metadata":{"name":"a`, options{}, 400, "Pod: at byte"},
		{"something after", "/filter", `{"Pod":{},"NodeNames":["a"]}{}`, options{}, 400, "more follows"},
		{"no pod", "/filter", `{"NodeNames":["a"]}`, options{}, 400, "no Pod is given"},
		{"no nodes", "/filter", `{"Pod":{}}`, options{}, 400, "neither NodeNames nor Nodes is given"},
		{"null nodes", "/filter", `{"Pod":{},"NodeNames":null,"Nodes":null}`, options{}, 400, "neither NodeNames nor Nodes is given"},
		{"a number for a name", "/filter", `{"Pod":{},"NodeNames":[1]}`, options{}, 400, `NodeNames: at byte`},
		{"a wrong pod", "/filter", `{"Pod":{"spec":{"volumes":7}},"NodeNames":[]}`, options{}, 400, "read the Pod"},
		{"deep nesting", "/filter", `{"Pod":` + strings.Repeat("[", 1e6), options{}, 400, "Pod: at byte"},
		{"too large", "/filter", `{"Pod":{},"NodeNames":["aaaaaaaaaaaaaaaaaaaaaaaa"]}`, options{limit: 20}, 413, "nodeCacheCapable: true"},
		{
			"not synced: an Error that the scheduler shows, or passes over when ignorable", "/filter", `{"Pod":{},"NodeNames":["a"]}`,
			options{missing: []topology.Kind{topology.KindPod}},
			200, "moorage has not read the whole cluster yet; still missing: Pod",
		},
		{"not synced", "/prioritize", `{"Pod":{},"NodeNames":["a"]}`, options{missing: []topology.Kind{topology.KindPod}}, 503, "still missing: Pod"},
		{"another path", "/bind", `{}`, options{}, 404, "POST /filter, /prioritize and /preempt"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, _ := serve(t, cluster(t), test.options)
			var got struct{ Error string }
			status := post(t, server.URL+test.path, []byte(test.body), &got)
			if status != test.status || !strings.Contains(got.Error, test.message) {
				t.Errorf("status %d, error %q; want %d with %q", status, got.Error, test.status, test.message)
			}
		})
	}
	server, _ := serve(t, cluster(t), options{})
	response, err := http.Get(server.URL + "/filter")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != http.MethodPost {
		t.Errorf("GET: status %d, Allow %q", response.StatusCode, response.Header.Get("Allow"))
	}
}

// TestBodyOfUnknownLength: without a Content-Length the limit holds as well.
func TestBodyOfUnknownLength(t *testing.T) {
	server, _ := serve(t, cluster(t), options{limit: 1000})
	body := io.MultiReader(strings.NewReader(`{"Pod":{},"NodeNames":["`), strings.NewReader(strings.Repeat("x", 5000)), strings.NewReader(`"]}`))
	response, err := http.Post(server.URL+"/filter", "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", response.StatusCode)
	}
}
