// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What the end-to-end suite cannot bring about in a moment: a cache that has not been read, and one that has gone silent.
func TestFreshness(t *testing.T) {
	metrics := func(synced, age string) []byte {
		return []byte("# HELP moorage_cache_synced x\nmoorage_cache_synced{kind=\"Node\"} 1\nmoorage_cache_synced{kind=\"Pod\"} " + synced +
			"\nmoorage_cache_age_seconds{kind=\"Node\"} 3.5\nmoorage_cache_age_seconds{kind=\"Pod\"} " + age + "\n")
	}
	for name, c := range map[string]struct {
		metrics []byte
		state   State
		words   string
	}{
		"fresh":            {metrics("1", "61.2"), OK, "has heard of each within 1m1s"},
		"not read":         {metrics("0", "1"), Failure, "has not read: Pod"},
		"silent":           {metrics("1", "1200"), Warning, "has not heard for long of: Pod (20m0s)"},
		"something else's": {[]byte("go_goroutines 7\n"), Failure, "no metrics of moorage's cache"},
	} {
		if got := freshness(c.metrics, "it"); got.State != c.state || !strings.Contains(got.Message, c.words) {
			t.Errorf("%s: %+v, want %s and %q", name, got, c.state, c.words)
		}
	}
}

// The extender that kube-scheduler is configured with, and what it lacks.
func TestJudge(t *testing.T) {
	const good = `extenders:
- {urlPrefix: "https://other", filterVerb: predicates}
- {urlPrefix: "https://moorage", filterVerb: filter, prioritizeVerb: prioritize, preemptVerb: preempt, nodeCacheCapable: true, ignorable: true,
   httpTimeout: 2s, enableHTTPS: true, tlsConfig: {caFile: /ca.crt}}
`
	for name, c := range map[string]struct {
		text  string
		state State
		words string
	}{
		"as documented":          {good, OK, "has the extender https://moorage"},
		"no timeout of its own":  {strings.Replace(good, "httpTimeout: 2s, ", "", 1), Warning, "lacks httpTimeout"},
		"https without a CA":     {strings.Replace(good, "{caFile: /ca.crt}", "{}", 1), Warning, "lacks tlsConfig with a CA"},
		"another extender alone": {`extenders: [{urlPrefix: "https://other", filterVerb: predicates}]`, Failure, "no extender with filterVerb: filter"},
		"no YAML":                {"extenders: [", Failure, "is no KubeSchedulerConfiguration"},
	} {
		if got := judge(c.text, "the file"); got.State != c.state || !strings.Contains(got.Message, c.words) {
			t.Errorf("%s: %+v, want %s and %q", name, got, c.state, c.words)
		}
	}
}

// The worst of several outcomes is reported; those as bad are reported together.
func TestWorst(t *testing.T) {
	got := worst(ok("a"), warning("do b", "b"), skipped("", "c"), warning("do d", "d"))
	if want := (Check{State: Warning, Message: "b; d", Fix: "do b; do d"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Which moorages and kube-schedulers run is known by the images of the pods; the skew that Kubernetes supports is not a fault.
func TestVersions(t *testing.T) {
	pod := func(label string, images ...string) corev1.Pod {
		p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "storage", Name: "moorage-0", Labels: map[string]string{versionLabel: label}}}
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "moorage", Image: images[0], Args: []string{"serve"}})
		for _, image := range images[1:] {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "kube-scheduler", Image: image})
		}
		return p
	}
	const digest = "@sha256:0123456789012345678901234567890123456789012345678901234567890123"
	for name, c := range map[string]struct {
		pods  []corev1.Pod
		state State
		words string
	}{
		"the same":             {[]corev1.Pod{pod("", "ghcr.io/moorage-k8s/moorage:1.2.3")}, OK, "of this command's version, 1.2.3"},
		"a digest and a label": {[]corev1.Pod{pod("1.2.3", "registry:5000/moorage"+digest)}, OK, "of this command's version, 1.2.3"},
		"a tag and a digest":   {[]corev1.Pod{pod("1.0.0", "registry:5000/moorage:v1.2.3"+digest)}, OK, "of this command's version, 1.2.3"},
		"neither":              {[]corev1.Pod{pod("", "registry:5000/moorage")}, Skipped, "the version of pod storage/moorage-0 is neither"},
		"an older one":         {[]corev1.Pod{pod("", "moorage:v1.1.0")}, Warning, "pods are of version 1.1.0, and this command is of 1.2.3"},
		"two of them":          {[]corev1.Pod{pod("", "moorage:v1.1.0"), pod("", "moorage:v1.2.3")}, Warning, "different versions: 1.1.0, 1.2.3"},
		"schedulers that fit": {
			[]corev1.Pod{pod("", "moorage:v1.2.3", "registry.k8s.io/kube-scheduler:v1.36.3"), pod("", "moorage:v1.2.3", "registry.k8s.io/kube-scheduler:v1.37.2")},
			OK, "fits the API server, v1.37.1+k3s1",
		},
		"a scheduler too new":   {[]corev1.Pod{pod("", "moorage:v1.2.3", "registry.k8s.io/kube-scheduler:v1.38.0")}, Warning, "is of version v1.38.0, newer than the API server"},
		"a scheduler too old":   {[]corev1.Pod{pod("", "moorage:v1.2.3", "registry.k8s.io/kube-scheduler:v1.35.9")}, Warning, "more than one release older"},
		"a scheduler's digest":  {[]corev1.Pod{pod("", "moorage:v1.2.3", "registry.k8s.io/kube-scheduler"+digest)}, Skipped, "cannot be told from its image"},
		"a scheduler of latest": {[]corev1.Pod{pod("", "moorage:v1.2.3", "scheduler:latest")}, Skipped, "cannot be told from its image"},
	} {
		got := worst(moorageVersions(c.pods, "v1.2.3"), schedulerVersions(c.pods, "v1.37.1+k3s1"))
		if got.State != c.state || !strings.Contains(got.Message, c.words) {
			t.Errorf("%s: %+v, want %s and %q", name, got, c.state, c.words)
		}
	}
}
