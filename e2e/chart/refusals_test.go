// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/chart"
)

// Values that cannot be meant are refused before anything is installed, in words that name them.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, values string
		options      chart.Options
		words        []string
	}{
		{"a misspelt key", "replica: 3", chart.Options{}, []string{"additional properties 'replica' not allowed"}},
		{"one inside", "scheduler: {existing: {service: {clusterIp: 10.0.0.1}}}", chart.Options{}, []string{"'/scheduler/existing/service'", "'clusterIp' not allowed"}},
		{"a word that there is not", "scheduler: {mode: sidecar}", chart.Options{}, []string{"'/scheduler/mode'", "'dedicated', 'existing'"}},
		{"another type", `replicas: "2"`, chart.Options{}, []string{"'/replicas'", "got string, want integer"}},
		{"a port that is none", "webhook: {port: 70000}", chart.Options{}, []string{"'/webhook/port'", "65,535"}},
		{"no duration", "scheduler: {extender: {httpTimeout: 2}}", chart.Options{}, []string{"'/scheduler/extender/httpTimeout'", "want string"}},
		{"half a digest", "image: {digest: sha256:0123}", chart.Options{}, []string{"'/image/digest'"}},
		{"a misspelt key of the configuration", "config: {webhook: {rule: {}}}", chart.Options{}, []string{"'/config/webhook'", "'rule' not allowed"}},
		{"an address of the configuration", "config: {webhook: {bindAddress: ':1'}}", chart.Options{}, []string{"'/config/webhook'", "'bindAddress' not allowed"}},
		{"the default scheduler's name", "scheduler: {name: default-scheduler}", chart.Options{}, []string{"'/scheduler/name'"}},
		{"profiles without the scheduler's", "scheduler: {profiles: [{schedulerName: other}]}", chart.Options{}, []string{"scheduler.profiles: none has the schedulerName moorage-scheduler"}},
		{
			"the default scheduler's profile", "scheduler: {profiles: [{schedulerName: moorage-scheduler}, {schedulerName: default-scheduler}]}",
			chart.Options{},
			[]string{"scheduler.profiles: default-scheduler"},
		},
		{"the scheduler's name twice", "config: {webhook: {schedulerName: {name: other}}}", chart.Options{}, []string{"config.webhook.schedulerName.name", "scheduler.name"}},
		{"an authority beside a Secret", "{tls: {mode: secret, secret: {name: a}}, config: {webhook: {authority: {lifetime: 1h}}}}", chart.Options{}, []string{"config.webhook.authority"}},
		{"no Secret", "tls: {mode: secret}", chart.Options{}, []string{"tls.secret.name: name the Secret"}},
		{"no certificate for the extender", "scheduler: {mode: existing, existing: {via: Service}}", chart.Options{}, []string{"scheduler.existing.service.secretName", "tls.mode certManager"}},
		{"the kubelet's port", "hostNetwork: true", chart.Options{}, []string{"10250 is the kubelet's", "webhook.port"}},
		{"a release of Kubernetes that is not known, in two numbers", "", chart.Options{KubeVersion: "1.99"}, []string{"v1.99", "--kube-version 1.99.0", "scheduler.image.tag"}},
		{
			"a resource of which others than the dedicated scheduler are to get pods", "config: {webhook: {volumesResource: a.example/b, volumesResourceSchedulers: [default-scheduler]}}",
			chart.Options{},
			[]string{"config.webhook.volumesResourceSchedulers", "scheduler.profiles"},
		},
		{"schedulers for no resource", "{scheduler: {mode: existing}, config: {webhook: {volumesResourceSchedulers: [default-scheduler]}}}", chart.Options{}, []string{"config.webhook.volumesResource, which is missing"}},
		{"a resource that no pod gets", "config: {webhook: {volumesResource: a.example/b, defaults: {volumes-resource: off}}}", chart.Options{}, []string{"config.webhook.defaults.volumes-resource"}},
		{"a resource without a domain", "config: {webhook: {volumesResource: volumes}}", chart.Options{}, []string{"'/config/webhook/volumesResource'"}},
		{"an old cluster", "", chart.Options{KubeVersion: "v1.29.4"}, []string{">=1.30.0", "v1.29.4"}},
	} {
		var err error
		if c.options.Values, err = chart.Values([]byte(c.values)); err != nil {
			t.Fatal(err)
		}
		_, err = chart.Render(c.options)
		if err == nil {
			t.Errorf("%s (%s) is not refused", c.name, c.values)
			continue
		}
		for _, words := range c.words {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%s: the error does not say %q: %v", c.name, words, err)
			}
		}
	}
}
