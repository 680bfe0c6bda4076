// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	prometheusrules "github.com/prometheus/prometheus/rules"
)

const pod = `namespace="moorage",pod="moorage-1",instance="10.0.0.1:8080"`

// Each alert fires, with words in which every name is filled in, when what it is about has lasted for long enough, and is silent before
// and otherwise.
func TestAlertsFire(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range []struct {
		name, alert string
		// series are in promqltest's notation, a sample a minute from minute 0.
		series []string
		after  time.Duration
		fires  bool
		// says is a part of the description.
		says string
	}{
		{"nothing is scraped", "MoorageAbsent", []string{`up{job="prometheus"} 1x60`}, 11 * time.Minute, true, "Either no moorage runs"},
		{"nothing was scraped for a moment", "MoorageAbsent", []string{`up{job="prometheus"} 1x60`}, 9 * time.Minute, false, ""},
		{"one cluster of two has gone", "MoorageAbsent", []string{
			`moorage_cache_synced{cluster="a",kind="Node",` + pod + `} 1x60`, `moorage_cache_synced{cluster="b",kind="Node",` + pod + `} 1x20`,
		}, 40 * time.Minute, true, "Either no moorage runs"},
		{"moorage has moved to another namespace", "MoorageAbsent", []string{
			`moorage_cache_synced{kind="Node",namespace="a"} 1x20`, `moorage_cache_synced{kind="Node",namespace="b"} _x20 1x40`,
		}, 60 * time.Minute, false, ""},
		{"moorage is scraped", "MoorageAbsent", []string{`moorage_cache_synced{kind="Node",` + pod + `} 0x60`}, 30 * time.Minute, false, ""},

		{"a watch is broken", "MoorageCacheStale", []string{
			`moorage_cache_synced{kind="Node",` + pod + `} 1x60`, `moorage_cache_age_seconds{kind="Node",` + pod + `} 0+60x60`,
		}, 12 * time.Minute, true, "Pod moorage-1 has not read, or has not heard for five minutes of, Node."},
		{"bookmarks come", "MoorageCacheStale", []string{
			`moorage_cache_synced{kind="Node",` + pod + `} 1x60`, `moorage_cache_age_seconds{kind="Node",` + pod + `} 0 60 0 60 5 60 0 60 0 60 0 60 0 60 0 60`,
		}, 12 * time.Minute, false, ""},
		{"a kind is never read", "MoorageCacheStale", []string{`moorage_cache_synced{kind="Pod",` + pod + `} 0x60`}, 6 * time.Minute, true, "Pod"},
		{"moorage starts", "MoorageCacheStale", []string{`moorage_cache_synced{kind="Pod",` + pod + `} 0 0 1x60`}, 10 * time.Minute, false, ""},
		{"a kind that clusters need not have is quiet", "MoorageCacheStale", []string{
			`moorage_cache_age_seconds{kind="VolumeSnapshot",` + pod + `} 0+60x60`, `moorage_cache_synced{kind="Node",` + pod + `} 1x60`,
		}, 30 * time.Minute, false, ""},

		{"a part cannot be read", "MoorageWebhookErrors", []string{
			`moorage_webhook_admissions_total{webhook="validate",operation="create",decision="allowed",` + pod + `} 0+90x60`,
			`moorage_webhook_admissions_total{webhook="validate",operation="create",decision="unchecked",` + pod + `} 0+10x60`,
		}, 15 * time.Minute, true, "could not be looked at"},
		{"hardly any cannot be read", "MoorageWebhookErrors", []string{
			`moorage_webhook_admissions_total{webhook="validate",operation="create",decision="denied",` + pod + `} 0+9999x60`,
			`moorage_webhook_admissions_total{webhook="validate",operation="create",decision="unchecked",` + pod + `} 0+1x60`,
		}, 30 * time.Minute, false, ""},
		{"a rule fails", "MoorageWebhookErrors", []string{`moorage_webhook_rule_panics_total{rule="any",` + pod + `} 0+1x60`}, 15 * time.Minute, true, "a rule fails"},

		{"the webhook cannot be reached", "MoorageWebhookUnreachable", []string{
			`apiserver_admission_webhook_fail_open_count{name="validate.moorage.dev",type="validating"} 0+5x60`,
		}, 15 * time.Minute, true, "validate.moorage.dev"},
		{"requests are refused without the webhook", "MoorageWebhookUnreachable", []string{
			`apiserver_admission_webhook_rejection_count{name="validate.moorage.dev",type="validating",error_type="calling_webhook_error",operation="CREATE",rejection_code="500"} 0+5x60`,
		}, 7 * time.Minute, true, "nothing that the webhook covers can be created"},
		{"the webhook denies", "MoorageWebhookUnreachable", []string{
			`apiserver_admission_webhook_rejection_count{name="validate.moorage.dev",type="validating",error_type="no_error",operation="CREATE",rejection_code="403"} 0+5x60`,
		}, 30 * time.Minute, false, ""},
		{"another webhook cannot be reached", "MoorageWebhookUnreachable", []string{
			`apiserver_admission_webhook_fail_open_count{name="validate.example.com",type="validating"} 0+5x60`,
		}, 30 * time.Minute, false, ""},
		{"the webhook could once not be reached", "MoorageWebhookUnreachable", []string{
			`apiserver_admission_webhook_fail_open_count{name="validate.moorage.dev",type="validating"} 5x60`,
		}, 30 * time.Minute, false, ""},

		{"the webhook is slow", "MoorageWebhookSlow", []string{
			`moorage_webhook_duration_seconds_bucket{webhook="mutate",le="0.5",` + pod + `} 0+50x60`,
			`moorage_webhook_duration_seconds_bucket{webhook="mutate",le="1",` + pod + `} 0+50x60`,
			`moorage_webhook_duration_seconds_bucket{webhook="mutate",le="2",` + pod + `} 0+100x60`,
			`moorage_webhook_duration_seconds_bucket{webhook="mutate",le="+Inf",` + pod + `} 0+100x60`,
		}, 15 * time.Minute, true, "mutate takes longer than 1.98s"},
		{"the webhook is quick", "MoorageWebhookSlow", []string{
			`moorage_webhook_duration_seconds_bucket{webhook="mutate",le="0.5",` + pod + `} 0+100x60`,
			`moorage_webhook_duration_seconds_bucket{webhook="mutate",le="+Inf",` + pod + `} 0+100x60`,
		}, 30 * time.Minute, false, ""},

		{"requests are refused", "MoorageExtenderErrors", []string{`moorage_extender_requests_total{verb="filter",code="503",` + pod + `} 0+1x60`}, 15 * time.Minute, true, "refused"},
		{"the engine fails", "MoorageExtenderErrors", []string{`moorage_extender_panics_total{` + pod + `} 0+1x60`}, 15 * time.Minute, true, "fault"},
		{"requests are answered", "MoorageExtenderErrors", []string{
			`moorage_extender_requests_total{verb="filter",code="200",` + pod + `} 0+100x60`, `moorage_extender_panics_total{` + pod + `} 0x60`,
		}, 30 * time.Minute, false, ""},

		{"the extender is slow", "MoorageExtenderSlow", []string{
			`moorage_extender_request_duration_seconds_bucket{verb="filter",le="0.8192",` + pod + `} 0+10x60`,
			`moorage_extender_request_duration_seconds_bucket{verb="filter",le="1.6384",` + pod + `} 0+100x60`,
			`moorage_extender_request_duration_seconds_bucket{verb="filter",le="+Inf",` + pod + `} 0+100x60`,
		}, 15 * time.Minute, true, "One filter in a hundred takes longer than 1.6"},
		{"the extender takes longer than any bucket", "MoorageExtenderSlow", []string{
			`moorage_extender_request_duration_seconds_bucket{verb="filter",le="52.4288",` + pod + `} 0x60`,
			`moorage_extender_request_duration_seconds_bucket{verb="filter",le="104.8576",` + pod + `} 0x60`,
			`moorage_extender_request_duration_seconds_bucket{verb="filter",le="+Inf",` + pod + `} 0+100x60`,
		}, 15 * time.Minute, true, "One filter in a hundred takes longer than 1m 44"},
		{"the extender waits for placements", "MoorageExtenderSlow", []string{
			`moorage_extender_request_duration_seconds_bucket{verb="filter",le="0.8192",` + pod + `} 0+100x60`,
			`moorage_extender_request_duration_seconds_bucket{verb="filter",le="+Inf",` + pod + `} 0+100x60`,
		}, 30 * time.Minute, false, ""},

		// Time is 1970: a day is 86,400 seconds after the first sample.
		{"a certificate ends in six days", "MoorageCertificateExpiring", []string{
			`moorage_webhook_certificate_expiry_timestamp_seconds{certificate="serving",` + pod + `} 518400x120`,
		}, 61 * time.Minute, true, "The webhook's serving certificate of pod moorage-1 has 5d 22h"},
		{"the extender's certificate ends in six days", "MoorageCertificateExpiring", []string{
			`moorage_webhook_certificate_expiry_timestamp_seconds{certificate="serving",` + pod + `} 8640000x120`,
			`moorage_extender_certificate_expiry_timestamp_seconds{` + pod + `} 518400x120`,
		}, 61 * time.Minute, true, "The extender's certificate of pod moorage-1 has 5d 22h"},
		{"a certificate ends in ten days", "MoorageCertificateExpiring", []string{
			`moorage_webhook_certificate_expiry_timestamp_seconds{certificate="serving",` + pod + `} 864000x120`,
		}, 119 * time.Minute, false, ""},

		{"nobody renews the lease", "MoorageSchedulerNotReady", []string{
			`moorage_scheduler_lease_fresh{` + pod + `} 0x60`, `moorage_scheduler_lease_fresh{namespace="moorage",pod="moorage-2"} 0x60`,
		}, 6 * time.Minute, true, "Nobody renews"},
		{"one replica cannot read the lease", "MoorageSchedulerNotReady", []string{
			`moorage_scheduler_lease_fresh{` + pod + `} 0x60`, `moorage_scheduler_lease_fresh{namespace="moorage",pod="moorage-2"} 1x60`,
		}, 30 * time.Minute, false, ""},
		{"there is no dedicated scheduler", "MoorageSchedulerNotReady", []string{`moorage_cache_synced{kind="Node",` + pod + `} 1x60`}, 30 * time.Minute, false, ""},

		{"kube-scheduler stands still", "MoorageSchedulerBacklog", []string{
			`moorage_cache_synced{kind="Node",` + pod + `} 1x60`, `scheduler_pending_pods{queue="active",` + pod + `} 3x60`,
			`scheduler_schedule_attempts_total{result="scheduled",profile="moorage-scheduler",` + pod + `} 50x60`,
		}, 31 * time.Minute, true, "3 pods could be tried at once"},
		{"kube-scheduler is too slow", "MoorageSchedulerBacklog", []string{
			`moorage_cache_synced{kind="Node",` + pod + `} 1x60`, `scheduler_pending_pods{queue="active",` + pod + `} 80x60`, `scheduler_pending_pods{queue="backoff",` + pod + `} 70x60`,
			`scheduler_schedule_attempts_total{result="scheduled",profile="moorage-scheduler",` + pod + `} 0+50x60`,
		}, 16 * time.Minute, true, "150 pods could be tried at once"},
		{"kube-scheduler works, and its other replica waits", "MoorageSchedulerBacklog", []string{
			`moorage_cache_synced{kind="Node",` + pod + `} 1x60`, `scheduler_pending_pods{queue="active",` + pod + `} 2x60`,
			`scheduler_schedule_attempts_total{result="scheduled",profile="moorage-scheduler",` + pod + `} 0+50x60`,
			`moorage_cache_synced{kind="Node",namespace="moorage",pod="moorage-2"} 1x60`, `scheduler_pending_pods{queue="active",namespace="moorage",pod="moorage-2"} 200x60`,
		}, 45 * time.Minute, false, ""},
		{"nothing is to be scheduled", "MoorageSchedulerBacklog", []string{
			`moorage_cache_synced{kind="Node",` + pod + `} 1x60`, `scheduler_pending_pods{queue="active",` + pod + `} 0x60`,
			`scheduler_schedule_attempts_total{result="scheduled",profile="moorage-scheduler",` + pod + `} 50x60`,
		}, 45 * time.Minute, false, ""},
		{"pods that fit nowhere wait", "MoorageSchedulerBacklog", []string{
			`moorage_cache_synced{kind="Node",` + pod + `} 1x60`, `scheduler_pending_pods{queue="unschedulable",` + pod + `} 500x60`,
		}, 45 * time.Minute, false, ""},
		{"the cluster's own kube-scheduler stands still", "MoorageSchedulerBacklog", []string{
			`moorage_cache_synced{kind="Node",` + pod + `} 1x60`, `scheduler_pending_pods{queue="active",namespace="kube-system",pod="kube-scheduler-a"} 300x60`,
		}, 45 * time.Minute, false, ""},

		{"claims are stranded", "MoorageClaimsStranded", []string{
			`moorage_stranded_claims{cause="JointCapacity",` + pod + `} 2x60`, `moorage_stranded_claims{cause="JointCapacity",namespace="moorage",pod="moorage-2"} 2x60`,
		}, 11 * time.Minute, true, "2 claims of pods that fit no node, for JointCapacity."},
		{"claims were stranded for a moment", "MoorageClaimsStranded", []string{`moorage_stranded_claims{cause="JointCapacity",` + pod + `} 2 2 0x60`}, 30 * time.Minute, false, ""},
	} {
		t.Run(c.alert+"/"+c.name, func(t *testing.T) {
			tested[c.alert] = true
			got := fire(t, c.alert, c.series, c.after)
			switch {
			case c.fires && len(got) != 1:
				t.Errorf("%d alerts fire after %s, want one: %q", len(got), c.after, got)
			case c.fires && !strings.Contains(got[0], c.says):
				t.Errorf("it says %q, want %q in it", got[0], c.says)
			case !c.fires && len(got) > 0:
				t.Errorf("it fires after %s, and says %q", c.after, got)
			}
		})
	}
	for _, r := range rules(t) {
		if !tested[r.Alert] {
			t.Errorf("nothing shows that %s fires", r.Alert)
		}
	}
}

// fire evaluates an alert every minute and returns the descriptions of what fires in the end.
func fire(t *testing.T, name string, series []string, after time.Duration) []string {
	t.Helper()
	var rule rulefmt.Rule
	for _, r := range rules(t) {
		if r.Alert == name {
			rule = r
		}
	}
	expression, err := parser.NewParser(parser.Options{}).ParseExpr(rule.Expr)
	if err != nil {
		t.Fatal(err)
	}
	storage := promqltest.LoadedStorage(t, "load 1m\n  "+strings.Join(series, "\n  "))
	t.Cleanup(func() { _ = storage.Close() })
	query := prometheusrules.EngineQueryFunc(promqltest.NewTestEngine(t, false, 0, 100_000), storage)
	alert := prometheusrules.NewAlertingRule(name, expression, time.Duration(rule.For), 0, labels.FromMap(rule.Labels), labels.FromMap(rule.Annotations),
		labels.EmptyLabels(), "", true, slog.New(slog.DiscardHandler))
	for minute := time.Duration(0); minute <= after; minute += time.Minute {
		if _, err := alert.Eval(t.Context(), 0, time.Unix(0, 0).Add(minute), query, &url.URL{}, 0); err != nil {
			t.Fatal(err)
		}
	}
	var out []string
	for _, a := range alert.ActiveAlerts() {
		if a.State == prometheusrules.StateFiring {
			out = append(out, a.Annotations.Get("description"))
		}
	}
	return out
}
