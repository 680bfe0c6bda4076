// SPDX-License-Identifier: Apache-2.0

package kubeconfig_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/internal/kubeconfig"
)

// The flags mean what they mean to kubectl: the API server sees who is asked as, and a kubeconfig gives what they leave out.
func TestFlagsAreKubectls(t *testing.T) {
	var seen http.Header
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "config")
	text := `{apiVersion: v1, kind: Config, current-context: one,
contexts: [{name: one, context: {cluster: one, user: jane, namespace: of-one}}, {name: two, context: {cluster: two, user: jane}}],
clusters: [{name: one, cluster: {server: "http://127.0.0.1:1"}}, {name: two, cluster: {server: "` + server.URL + `"}}],
users: [{name: jane, user: {token: of-jane}}, {name: tom, user: {token: of-tom}}]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "missing")
	for _, test := range []struct {
		name, kubeconfig string
		args             []string
		want             map[string]string
		namespace        string
	}{
		{"a context", file, []string{"--context=two"}, map[string]string{"Authorization": "Bearer of-jane"}, "default"},
		{"a cluster and a user", file, []string{"--cluster=two", "--user=tom"}, map[string]string{"Authorization": "Bearer of-tom"}, "of-one"},
		{
			"as somebody else", file,
			[]string{"--kubeconfig=" + file, "--context=two", "--as=ann", "--as-group=dev", "--as-uid=7"},
			map[string]string{"Impersonate-User": "ann", "Impersonate-Group": "dev", "Impersonate-Uid": "7"},
			"default",
		},
		{"no kubeconfig at all", missing, []string{"--server=" + server.URL, "--token=mine"}, map[string]string{"Authorization": "Bearer mine"}, "default"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", test.kubeconfig)
			var f kubeconfig.Flags
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			f.Register(flags)
			if err := flags.Parse(append(test.args, "--insecure-skip-tls-verify")); err != nil {
				t.Fatal(err)
			}
			found, err := f.Find()
			if err != nil {
				t.Fatal(err)
			}
			seen = nil
			_, _ = found.Client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
			got := map[string]string{}
			for name := range test.want {
				got[name] = seen.Get(name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the API server sees (-want +got):\n%s", diff)
			}
			if found.Namespace != test.namespace {
				t.Errorf("the namespace is %q, want %q", found.Namespace, test.namespace)
			}
		})
	}
	t.Run("time for a request", func(t *testing.T) {
		var f kubeconfig.Flags
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		f.Register(flags)
		if err := flags.Parse([]string{"--kubeconfig=" + file, "--request-timeout=3s"}); err != nil {
			t.Fatal(err)
		}
		if found, err := f.Find(); err != nil || found.Config.Timeout.String() != "3s" {
			t.Errorf("--request-timeout 3s gives %v, %v", found, err)
		}
	})
}
