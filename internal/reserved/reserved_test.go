// SPDX-License-Identifier: Apache-2.0

package reserved

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/moorage-k8s/moorage/topology"
)

// apiServer lists these pods of the namespace moorage, and passes to each what is asked of its port 8080.
type apiServer struct {
	pods    []corev1.Pod
	answers map[string]http.Handler
	// asked are the pods that were, in their order.
	asked []string
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const pods = "/api/v1/namespaces/moorage/pods"
	if r.URL.Path == pods && r.URL.Query().Get("labelSelector") == podLabel {
		list := corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: a.pods}
		w.Header().Set("Content-Type", runtime.ContentTypeJSON)
		_ = json.NewEncoder(w).Encode(list)
		return
	}
	for name, answer := range a.answers {
		if r.URL.Path == pods+"/http:"+name+":8080/proxy"+Path {
			a.asked = append(a.asked, name)
			answer.ServeHTTP(w, r)
			return
		}
	}
	http.NotFound(w, r)
}

func (a *apiServer) client(t *testing.T) kubernetes.Interface {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	client, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (a *apiServer) runs(name, component string, since time.Time, answer http.Handler) *corev1.Pod {
	a.pods = append(a.pods, corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "moorage", Name: name, Labels: map[string]string{componentLabel: component}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{
			{Name: "other"},
			{Name: "moorage", Ports: []corev1.ContainerPort{{Name: "webhook", ContainerPort: 10250}, {Name: "metrics", ContainerPort: 8080}}},
		}},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
			{Name: "moorage", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Time{Time: since}}}},
		}},
	})
	if a.answers == nil {
		a.answers = map[string]http.Handler{}
	}
	a.answers[name] = answer
	return &a.pods[len(a.pods)-1]
}

// told is the handler of a moorage whose cache is empty.
func told() http.Handler {
	return Handler(topology.New(topology.Options{}).Snapshot, func() []topology.Kind { return nil })
}

func status(code int, text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, text, code) })
}

// Of the pods that can be asked the one is that kube-scheduler asks too, and has run for longest; if it does not answer, another.
func TestWhoIsAsked(t *testing.T) {
	at := time.Unix(1_000_000, 0)
	later := at.Add(time.Hour)
	for name, c := range map[string]struct {
		pods  func(a *apiServer)
		asked []string
		from  string
		fails string
	}{
		"the oldest": {func(a *apiServer) {
			a.runs("young", "server", later, told())
			a.runs("old", "server", at, told())
		}, []string{"old"}, "moorage/old", ""},
		"of the scheduler": {func(a *apiServer) {
			a.runs("webhook", "server", at, told())
			a.runs("beside", "scheduler", later, told())
		}, []string{"beside"}, "moorage/beside", ""},
		"the next": {func(a *apiServer) {
			a.runs("young", "server", later, told())
			a.runs("old", "server", at, status(http.StatusNotFound, "an old version"))
		}, []string{"old", "young"}, "moorage/young", ""},
		"who has not read it all yet": {func(a *apiServer) {
			a.runs("starting", "server", at, Handler(topology.New(topology.Options{}).Snapshot, topology.New(topology.Options{}).Missing))
		}, []string{"starting"}, "", "ask pod moorage/starting"},
		"no more than two": {func(a *apiServer) {
			for i := range 5 {
				a.runs(fmt.Sprint("old-", i), "server", at, status(http.StatusNotFound, ""))
			}
		}, []string{"old-0", "old-1"}, "", "ask pod moorage/old-1"},
		"a user who may not": {func(a *apiServer) {
			a.runs("a", "server", at, status(http.StatusForbidden, "pods \"a\" is forbidden"))
			a.runs("b", "server", at, told())
		}, []string{"a"}, "", "ask pod moorage/a"},
		"nobody": {func(*apiServer) {}, nil, "", "no moorage runs in namespace moorage"},
		"who is not ready, is going, or has no such port": {func(a *apiServer) {
			a.runs("starting", "server", at, told()).Status.ContainerStatuses[0].Ready = false
			a.runs("going", "server", at, told()).DeletionTimestamp = &metav1.Time{Time: at}
			a.runs("a-test", "server", at, told()).Spec.Containers[1].Ports = nil
		}, nil, "", "no moorage runs in namespace moorage"},
	} {
		t.Run(name, func(t *testing.T) {
			var a apiServer
			c.pods(&a)
			report, from, err := Ask(t.Context(), a.client(t), "moorage")
			if !slices.Equal(a.asked, c.asked) || from != c.from {
				t.Errorf("asked %q, and %q told; want %q and %q", a.asked, from, c.asked, c.from)
			}
			switch {
			case c.fails == "" && (err != nil || report == nil || !report.Complete):
				t.Errorf("told %+v, %v", report, err)
			case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)):
				t.Errorf("the error is %v, want that %s", err, c.fails)
			}
			if errors.Is(err, ErrNone) != (len(c.asked) == 0) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// What somebody tells who is not what he seems to be, or of another version, is not believed, and costs neither memory nor time.
func TestWhatIsNotBelieved(t *testing.T) {
	for name, answer := range map[string]http.Handler{
		"words":           status(http.StatusOK, "hello"),
		"another kind":    status(http.StatusOK, `{"apiVersion":"moorage.dev/v1alpha1","kind":"DecisionList","complete":true}`),
		"another version": status(http.StatusOK, `{"apiVersion":"moorage.dev/v2","kind":"ReservationList","complete":true}`),
		"another state": status(http.StatusOK,
			`{"apiVersion":"moorage.dev/v1alpha1","kind":"ReservationList","poolsAsOf":"1","reservations":[{"claimUID":"a","state":"Borrowed"}]}`),
		"without end": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}),
		"silence": http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a apiServer
			a.runs("a", "server", time.Unix(0, 0), answer)
			began := time.Now()
			if report, _, err := Ask(t.Context(), a.client(t), "moorage"); err == nil {
				t.Errorf("believed %+v", report)
			}
			if took := time.Since(began); took > 2*askTime {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// The answer names no object, and not more than few are answered at a time.
func TestWhatIsTold(t *testing.T) {
	for range 2 {
		w := httptest.NewRecorder()
		told().ServeHTTP(w, httptest.NewRequest(http.MethodGet, Path, http.NoBody))
		const want = `{"apiVersion":"moorage.dev/v1alpha1","kind":"ReservationList","complete":true,"poolsAsOf":"0","reservations":[]}` + "\n"
		if w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("told %d %s, want %s", w.Code, w.Body, want)
		}
	}
	hold, held := make(chan struct{}), make(chan struct{}, maxAsking)
	h := Handler(topology.New(topology.Options{}).Snapshot, func() []topology.Kind {
		held <- struct{}{}
		<-hold
		return nil
	})
	done := make(chan struct{})
	for range maxAsking {
		go func() {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, Path, http.NoBody))
			done <- struct{}{}
		}()
	}
	for range maxAsking {
		<-held
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, Path, http.NoBody))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("one more than %d is answered %d", maxAsking, w.Code)
	}
	close(hold)
	for range maxAsking {
		<-done
	}
}
