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
		{"a misspelt rule", "config: {webhook: {rules: {secret-mod-decimal: off}}}", chart.Options{}, []string{"'/config/webhook/rules'", "'secret-mod-decimal' not allowed"}},
		{"a misspelt action", "config: {webhook: {rules: {secret-env: blok}}}", chart.Options{}, []string{"'/config/webhook/rules/secret-env'", "'deny'", "'off'"}},
		{"a misspelt rule of some namespaces", "config: {webhook: {namespaceRules: [{namespaceSelector: {}, rules: {secret-en: deny}}]}}", chart.Options{}, []string{"'/config/webhook/namespaceRules/0/rules'", "'secret-en' not allowed"}},
		{"a misspelt mandatory rule", "config: {webhook: {mandatoryRules: [secret-en]}}", chart.Options{}, []string{"'/config/webhook/mandatoryRules/0'", "'secret-env'"}},
		{"a misspelt rule of an exemption", "config: {webhook: {exemptions: [{namespaces: [a], rules: [secret-en], reason: r}]}}", chart.Options{}, []string{"'/config/webhook/exemptions/0/rules/0'"}},
		{"a misspelt predicate", "config: {extender: {predicates: {JointCapcity: Off}}}", chart.Options{}, []string{"'/config/extender/predicates'", "'JointCapcity' not allowed"}},
		{"a misspelt mode", "config: {extender: {predicates: {JointCapacity: Enforced}}}", chart.Options{}, []string{"'/config/extender/predicates/JointCapacity'", "'Enforce'"}},
		{"a misspelt scorer", "config: {extender: {scorers: [{name: PoolFitt, weight: 1}]}}", chart.Options{}, []string{"'/config/extender/scorers/0/name'", "'PoolFit'"}},
		{"a misspelt policy", "config: {extender: {scorers: [{name: PoolFit, weight: 1, policy: Packed}]}}", chart.Options{}, []string{"'/config/extender/scorers/0/policy'", "'Pack'"}},
		{"a misspelt default", "config: {webhook: {defaults: {wait-for-first: on}}}", chart.Options{}, []string{"'/config/webhook/defaults'", "'wait-for-first' not allowed"}},
		{"a misspelt alert", "prometheusRule: {enabled: true, disabledAlerts: [MoorageAbsnt]}", chart.Options{}, []string{"'/prometheusRule/disabledAlerts/0'", "'MoorageAbsent'"}},
		{"how severe a misspelt alert is", "prometheusRule: {enabled: true, severities: {MoorageAbsnt: info}}", chart.Options{}, []string{"'/prometheusRule/severities'", "'MoorageAbsnt' not allowed"}},
		{"a misspelt way to spread", "topologySpreadConstraints: [{topologyKey: a, maxSkew: 1, whenUnsatisfiable: DoNotScheduel}]", chart.Options{}, []string{"'/topologySpreadConstraints/0/whenUnsatisfiable'", "'DoNotSchedule'"}},
		{"a directory that is none", "config: {webhook: {bidirectionalRoots: [relative/path]}}", chart.Options{}, []string{"'/config/webhook/bidirectionalRoots/0'"}},
		{"a misspelt field of kube-scheduler's configuration", "scheduler: {configuration: {paralelism: 32}}", chart.Options{}, []string{"'/scheduler/configuration'", "'paralelism' not allowed"}},
		{"more time at first than at most", "scheduler: {configuration: {podInitialBackoffSeconds: 20}}", chart.Options{}, []string{"podMaxBackoffSeconds"}},
		{"arguments of plugins twice", "scheduler: {pluginConfig: [{name: NodeResourcesFit, args: {}}], profiles: [{schedulerName: moorage-scheduler}]}", chart.Options{}, []string{"scheduler.pluginConfig", "scheduler.profiles"}},
		{
			"resources that kube-scheduler would not ignore after all",
			"{scheduler: {pluginConfig: [{name: NodeResourcesFit, args: {ignoredResources: [a.example/c]}}]}, config: {webhook: {volumesResource: a.example/b}}}",
			chart.Options{},
			[]string{"ignoredResources", "config.webhook.volumesResource"},
		},
		{"a lease that ends before it is renewed", "scheduler: {leaderElection: {leaseDuration: 5s}}", chart.Options{}, []string{"scheduler.leaderElection.leaseDuration: 5s", "scheduler.leaderElection.renewDeadline, 10s"}},
		{"too little time to renew", "scheduler: {leaderElection: {renewDeadline: 2300ms}}", chart.Options{}, []string{"renewDeadline: 2300ms is not longer than 1.2 times"}},
		{"no time for an answer", "scheduler: {extender: {httpTimeout: 0s}}", chart.Options{}, []string{"scheduler.extender.httpTimeout", "5s"}},
		{"a certificate that is renewed before it is made", "tls: {mode: certManager, certManager: {duration: 24h}}", chart.Options{}, []string{"tls.certManager.duration: 24h is not longer than tls.certManager.renewBefore, 720h"}},
		{"a label that pods are selected by", "podLabels: {app.kubernetes.io/name: other}", chart.Options{}, []string{"podLabels", "app.kubernetes.io/name"}},
		{"one of all objects", "commonLabels: {app.kubernetes.io/instance: other}", chart.Options{}, []string{"commonLabels", "app.kubernetes.io/instance"}},
		{"one of the webhook configurations", "webhook: {labels: {app.kubernetes.io/managed-by: other}}", chart.Options{}, []string{"webhook.labels", "app.kubernetes.io/managed-by"}},
		{"the webhook's port for metrics", "metrics: {port: 10250}", chart.Options{}, []string{"metrics.port, webhook.port", "10250"}},
		{"the extender's port for metrics", "metrics: {port: 10261}", chart.Options{}, []string{"metrics.port", "10261"}},
		{"the metrics' port for kube-scheduler", "scheduler: {securePort: 8080}", chart.Options{}, []string{"metrics.port, scheduler.securePort", "8080"}},
		{"one port for the extender and the webhook", "{tls: {mode: certManager}, scheduler: {mode: existing, existing: {via: Service, service: {port: 10250}}}}", chart.Options{}, []string{"scheduler.existing.service.port, webhook.port"}},
		{"one port on the control plane", "scheduler: {mode: existing, existing: {daemonSet: {metricsPort: 10261}}}", chart.Options{}, []string{"scheduler.existing.daemonSet.metricsPort, scheduler.existing.daemonSet.port"}},
		{"kube-scheduler's port on the control plane", "scheduler: {mode: existing, existing: {daemonSet: {port: 10259}}}", chart.Options{}, []string{"scheduler.existing.daemonSet.port", "kube-scheduler's"}},
		{"one port on the nodes", "{hostNetwork: true, webhook: {port: 10262}, scheduler: {mode: existing}}", chart.Options{}, []string{"scheduler.existing.daemonSet.metricsPort, webhook.port", "on a node's network"}},
		{"kube-proxy's port", "{hostNetwork: true, webhook: {port: 9443}, metrics: {port: 10256}}", chart.Options{}, []string{"metrics.port", "kube-proxy's"}},
		{"a match condition without a name", "webhook: {matchConditions: [{expression: 'true'}]}", chart.Options{}, []string{"'/webhook/matchConditions/0'", "'name'"}},
		{"the name of the chart's own match condition", "webhook: {matchConditions: [{name: spec-changed, expression: 'true'}]}", chart.Options{}, []string{"'/webhook/matchConditions/0/name'"}},
		{"half a share", "podDisruptionBudget: {minAvailable: half}", chart.Options{}, []string{"'/podDisruptionBudget/minAvailable'"}},
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
