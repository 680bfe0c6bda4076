// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/moorage-k8s/moorage/topology/live"
)

// Events are asked for object by object, Warning events alone; what may not be read in one namespace does not keep the rest back.
func TestEventsOfObjects(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Path+"?"+r.URL.Query().Get("fieldSelector"))
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(r.URL.Path, "/default/") {
			err := apierrors.NewForbidden(schema.GroupResource{Resource: "events"}, "", errors.New("nobody may"))
			err.ErrStatus.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
			w.WriteHeader(http.StatusForbidden)
			_ = json.NewEncoder(w).Encode(err.ErrStatus)
			return
		}
		_ = json.NewEncoder(w).Encode(corev1.EventList{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "EventList"}, Items: []corev1.Event{{Message: r.URL.Query().Get("fieldSelector")}},
		})
	}))
	defer server.Close()
	client := kubernetes.NewForConfigOrDie(&rest.Config{Host: server.URL, QPS: -1})
	found, err := live.EventsOf(t.Context(), client, []live.Reference{
		{"Pod", "prod", "db-0"}, {"PersistentVolumeClaim", "prod", "data"}, {"PersistentVolume", "", "pv-1"},
	})
	if !apierrors.IsForbidden(err) || len(found) != 2 {
		t.Errorf("found %d events, %v", len(found), err)
	}
	slices.Sort(asked)
	want := []string{
		"/api/v1/namespaces/default/events?involvedObject.kind=PersistentVolume,involvedObject.name=pv-1,type=Warning",
		"/api/v1/namespaces/prod/events?involvedObject.kind=PersistentVolumeClaim,involvedObject.name=data,involvedObject.namespace=prod,type=Warning",
		"/api/v1/namespaces/prod/events?involvedObject.kind=Pod,involvedObject.name=db-0,involvedObject.namespace=prod,type=Warning",
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked for\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
	if _, err = live.EventsOf(t.Context(), client, make([]live.Reference, 100)); err == nil || !strings.Contains(err.Error(), "the first 32") && !apierrors.IsForbidden(err) {
		t.Errorf("of a hundred objects: %v", err)
	}

	// Of many objects the events of their namespaces are read, and not thousands of times those of one.
	asked = nil
	many := []live.Reference{{"PersistentVolume", "", "pv-1"}}
	for i := range 1000 {
		many = append(many, live.Reference{Kind: "Pod", Namespace: "prod", Name: fmt.Sprintf("db-%d", i)})
	}
	if found, err := live.EventsOf(t.Context(), client, many); !apierrors.IsForbidden(err) || len(found) != 1 {
		t.Errorf("found %d events, %v", len(found), err)
	}
	slices.Sort(asked)
	if want := []string{"/api/v1/namespaces/default/events?type=Warning", "/api/v1/namespaces/prod/events?type=Warning"}; !slices.Equal(asked, want) {
		t.Errorf("asked for\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
}
