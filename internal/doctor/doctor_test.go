// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"strings"
	"testing"
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

// The extender that kube-scheduler is told of, and what it lacks.
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

// The worst of several outcomes is told; those as bad are told together.
func TestWorst(t *testing.T) {
	got := worst(ok("a"), warning("do b", "b"), skipped("", "c"), warning("do d", "d"))
	if want := (Check{State: Warning, Message: "b; d", Fix: "do b; do d"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
