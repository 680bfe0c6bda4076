// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/live"
)

// pages answers lists as an API server does: of 1,200 nodes in pages, of which it forgets the rest once; of nothing else, and
// if it is set so, that nothing may be listed.
type pages struct {
	denied map[string]bool
	// allowed is a namespace in which all may be listed.
	allowed string
	forgot  bool
	asked   int
}

const nodes = 1200

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	resource := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	answer := func(status int32, value any) {
		w.WriteHeader(int(status))
		if err := json.NewEncoder(w).Encode(value); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
	refuse := func(err *apierrors.StatusError) {
		err.ErrStatus.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		answer(err.ErrStatus.Code, err.ErrStatus)
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/apis/snapshot.storage.k8s.io"):
		refuse(apierrors.NewNotFound(schema.GroupResource{}, ""))
	case resource == "v1":
		answer(http.StatusOK, metav1.APIResourceList{})
	case p.denied[resource] && (p.allowed == "" || !strings.Contains(r.URL.Path, "/namespaces/"+p.allowed+"/")):
		refuse(apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "", errors.New("nobody may")))
	case resource != "nodes":
		answer(http.StatusOK, metav1.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}})
	default:
		p.asked++
		limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
		if err != nil {
			limit = nodes
		}
		from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
		if from > limit && !p.forgot {
			p.forgot = true
			refuse(apierrors.NewResourceExpired("the state that the pages are of is gone"))
			return
		}
		list := corev1.NodeList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "NodeList"}}
		for i := from; i < min(from+limit, nodes); i++ {
			list.Items = append(list.Items, corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%04d", i)}})
		}
		if from+limit < nodes {
			list.Continue = strconv.Itoa(from + limit)
		}
		answer(http.StatusOK, list)
	}
}

func clientOf(t *testing.T, handler http.Handler) kubernetes.Interface {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Every object comes once, also where the pages expire while they are read, and what is not to be kept does not come.
func TestListReadsEveryPageOnce(t *testing.T) {
	server := &pages{}
	listing, err := live.List(t.Context(), clientOf(t, server), live.ListOptions{Keep: func(o metav1.Object) metav1.Object {
		if o.GetName() == "node-0007" {
			return nil
		}
		return o
	}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range listing.Objects[topology.KindNode] {
		names = append(names, o.GetName())
	}
	if len(names) != nodes-1 || !slices.IsSorted(names) || len(slices.Compact(names)) != nodes-1 {
		t.Errorf("%d nodes are listed, want %d, each once and in order", len(names), nodes-1)
	}
	if !server.forgot || server.asked != 4 {
		t.Errorf("the server was asked for nodes %d times, want two pages, an expired one, and all at once", server.asked)
	}
	if len(listing.Left) > 0 {
		t.Errorf("%v was left out, though the cluster has none of it", listing.Left)
	}
}

// All that may not be listed is reported at once, so that all of it can be granted at once.
func TestListTellsAllThatIsDenied(t *testing.T) {
	server := &pages{denied: map[string]bool{"pods": true, "csinodes": true}}
	_, err := live.List(t.Context(), clientOf(t, server), live.ListOptions{})
	var denied *live.DeniedError
	if !errors.As(err, &denied) || !slices.Equal(denied.Resources, []string{"csinodes.storage.k8s.io", "pods"}) {
		t.Errorf("the error is %v, want one that names csinodes.storage.k8s.io and pods", err)
	}
}

// Who does with less gets what may be listed, and learns what is missing: of pods and claims those of his namespace, if he may list no others.
// Without any pods there is nothing to say.
func TestListDoesWithLess(t *testing.T) {
	denied := map[string]bool{"pods": true, "csinodes": true, "persistentvolumes": true}
	server := &pages{denied: denied, allowed: "prod"}
	listing, err := live.List(t.Context(), clientOf(t, server), live.ListOptions{Degrade: "prod"})
	if err != nil {
		t.Fatal(err)
	}
	var missing []topology.Kind
	for _, kind := range topology.Kinds {
		if listing.Denied[kind] != nil {
			missing = append(missing, kind)
		}
	}
	if want := []topology.Kind{topology.KindCSINode, topology.KindVolume, topology.KindPod}; !slices.Equal(missing, want) {
		t.Errorf("%v are missing, want %v", missing, want)
	}
	if listing.Within[topology.KindPod] != "prod" || len(listing.Within) != 1 {
		t.Errorf("%v may be listed in one namespace, want pods in prod", listing.Within)
	}
	if len(listing.Objects[topology.KindNode]) != nodes {
		t.Errorf("%d nodes are listed, want %d", len(listing.Objects[topology.KindNode]), nodes)
	}
	var refused *live.DeniedError
	_, err = live.List(t.Context(), clientOf(t, &pages{denied: denied}), live.ListOptions{Degrade: "prod"})
	if !errors.As(err, &refused) || len(refused.Resources) != 3 {
		t.Errorf("without any pods the error is %v, want one that names three resources", err)
	}
}
