// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/moorage-k8s/moorage/explain/autoscaler"
	"github.com/moorage-k8s/moorage/explain/event"
)

// What an API server has of autoscalers is read page by page, a kind that it does not have is none, and what may not be read is said.
func TestLiveAutoscalers(t *testing.T) {
	pages := map[string]string{
		"": `{"metadata":{"continue":"more"},"items":[
			{"metadata":{"name":"a"},"status":{"nodeName":"n1","conditions":[{"type":"Launched","status":"True"},{"type":"Registered","status":"True"},{"type":"Initialized","status":"True"}]}}]}`,
		"more": `{"items":[{"metadata":{"name":"b"},"status":{"conditions":[
			{"type":"Launched","status":"True"},{"type":"Registered","status":"False","message":"node not registered with cluster"}]}}, {"metadata":{"name":"c"}}]}`,
	}
	for _, test := range []struct {
		name      string
		claims    int // the status of the answer
		config    int
		unread    string
		statusNot string
		want      map[string]autoscaler.NodeClaim
	}{
		{name: "both", claims: 200, config: 200, want: map[string]autoscaler.NodeClaim{
			"a": {Node: "n1", Ready: true}, "b": {Waits: "Registered", Message: "node not registered with cluster"}, "c": {Waits: "Launched"},
		}},
		{name: "no such kind", claims: 404, config: 404},
		{name: "no right", claims: 403, config: 403, unread: "your rights", statusNot: "your rights"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.Path+"?"+r.URL.Query().Get("fieldSelector"))
				w.Header().Set("Content-Type", "application/json")
				status, body := 200, `{"kind":"EventList","apiVersion":"v1","items":[
					{"reason":"NotTriggerScaleUp","type":"Normal","message":"no","involvedObject":{"kind":"Pod","namespace":"prod","name":"db"}},
					{"reason":"Scheduled","type":"Normal","message":"yes","involvedObject":{"kind":"Pod","namespace":"prod","name":"db"}}]}`
				switch {
				case strings.Contains(r.URL.Path, "nodeclaims"):
					status, body = test.claims, pages[r.URL.Query().Get("continue")]
				case strings.Contains(r.URL.Path, "configmaps"):
					status, body = test.config, `{"kind":"ConfigMap","apiVersion":"v1","data":{"status":"{autoscalerStatus: Running}"}}`
				}
				if status != 200 {
					reason := map[int]string{404: "NotFound", 403: "Forbidden"}[status]
					body = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"` + reason + `","code":` + map[int]string{404: "404", 403: "403"}[status] + `}`
				}
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
			}))
			defer server.Close()
			client, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			found := liveAutoscalers(client).cluster(context.Background())
			got, _ := json.Marshal(found.Claims)
			want, _ := json.Marshal(test.want)
			if !bytes.Equal(got, want) {
				t.Errorf("claims: %s, want %s", got, want)
			}
			if !strings.HasPrefix(found.ClaimsUnread, test.unread) || test.unread == "" && found.ClaimsUnread != "" || !strings.HasPrefix(found.StatusUnread, test.statusNot) {
				t.Errorf("unread: %q, %q", found.ClaimsUnread, found.StatusUnread)
			}
			if (found.Status != nil) != (test.config == 200) {
				t.Errorf("status: %+v", found.Status)
			}
			words, err := liveAutoscalers(client).words(context.Background(), []event.Object{{Kind: "Pod", Namespace: "prod", Name: "db"}})
			if err != nil || len(words) != 1 || words[0].Reason != "NotTriggerScaleUp" {
				t.Errorf("words: %+v, %v", words, err)
			}
			last := asked[len(asked)-1]
			if !strings.Contains(last, "type=Normal") || !strings.Contains(last, "involvedObject.name=db") {
				t.Errorf("events are asked for with %s", last)
			}
		})
	}
}
