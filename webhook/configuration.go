// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

const (
	// MutateName is the mutating webhook's name.
	MutateName = "mutate.moorage.dev"
	// ValidateName is the validating webhook's name, which kubectl prints in every denial.
	ValidateName = "validate.moorage.dev"
	// ExcludeLabel on a namespace keeps everything in it out of admission, whatever its value.
	ExcludeLabel = "moorage.dev/exclude"

	timeoutSeconds = 2
)

// ConfigurationOptions say how the API server reaches the webhook and what it leaves out.
type ConfigurationOptions struct {
	// Name of both configuration objects; empty means "moorage".
	Name string
	// Client is where the API server calls: a URL without a path, or a service without one, and the CA bundle. The paths
	// are added here.
	Client admissionregistrationv1.WebhookClientConfig
	// ExcludedNamespaces are left out besides kube-system: the release's own namespace belongs here.
	ExcludedNamespaces []string
	// Rules and Defaults are what the endpoints run, which the API server is to ask about no other resources than these need;
	// nil means those that are on where nothing is configured.
	Rules    *rules.Evaluator
	Defaults *defaults.Defaulter
}

// MutatingConfiguration returns the configuration of /mutate. Whatever happens to moorage, the API server goes on after two
// seconds at most.
func MutatingConfiguration(opts ConfigurationOptions) *admissionregistrationv1.MutatingWebhookConfiguration {
	reinvocation := admissionregistrationv1.IfNeededReinvocationPolicy
	kinds := append(opts.ruleKinds(true), opts.defaultKinds()...)
	return &admissionregistrationv1.MutatingWebhookConfiguration{
		TypeMeta:   metav1.TypeMeta{APIVersion: admissionregistrationv1.SchemeGroupVersion.String(), Kind: "MutatingWebhookConfiguration"},
		ObjectMeta: metav1.ObjectMeta{Name: cmp.Or(opts.Name, "moorage")},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name:                    MutateName,
			ClientConfig:            opts.client(MutatePath),
			Rules:                   scope(kinds),
			FailurePolicy:           new(admissionregistrationv1.Ignore),
			MatchPolicy:             new(admissionregistrationv1.Equivalent),
			NamespaceSelector:       opts.namespaces(),
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			TimeoutSeconds:          new(int32(timeoutSeconds)),
			AdmissionReviewVersions: []string{"v1"},
			ReinvocationPolicy:      &reinvocation,
			MatchConditions:         matchConditions(specChanged),
		}},
	}
}

// ValidatingConfiguration returns the configuration of /validate.
func ValidatingConfiguration(opts ConfigurationOptions) *admissionregistrationv1.ValidatingWebhookConfiguration {
	return &admissionregistrationv1.ValidatingWebhookConfiguration{
		TypeMeta:   metav1.TypeMeta{APIVersion: admissionregistrationv1.SchemeGroupVersion.String(), Kind: "ValidatingWebhookConfiguration"},
		ObjectMeta: metav1.ObjectMeta{Name: cmp.Or(opts.Name, "moorage")},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name:                    ValidateName,
			ClientConfig:            opts.client(ValidatePath),
			Rules:                   scope(opts.ruleKinds(false)),
			FailurePolicy:           new(admissionregistrationv1.Ignore),
			MatchPolicy:             new(admissionregistrationv1.Equivalent),
			NamespaceSelector:       opts.namespaces(),
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			TimeoutSeconds:          new(int32(timeoutSeconds)),
			AdmissionReviewVersions: []string{"v1"},
			MatchConditions:         matchConditions(specChanged + opts.selectedNodeWritten()),
		}},
	}
}

// ruleKinds are the kinds that rules read; with explaining only those of the rules that explain on /mutate what the API server
// is about to refuse.
func (o ConfigurationOptions) ruleKinds(explaining bool) []rules.Kind {
	if o.Rules != nil {
		return o.Rules.Kinds(explaining)
	}
	var kinds []rules.Kind
	for _, r := range rules.Registry() {
		if r.Check != nil && !r.FilesOnly && r.Action != rules.Off && (r.ExplainsAPI || !explaining) {
			kinds = append(kinds, r.Kinds...)
		}
	}
	return kinds
}

// defaultKinds are the kinds that the defaults may change.
func (o ConfigurationOptions) defaultKinds() []rules.Kind {
	if o.Defaults != nil {
		return o.Defaults.Kinds()
	}
	var kinds []rules.Kind
	for _, d := range defaults.Registry() {
		if d.On {
			kinds = append(kinds, d.Kinds...)
		}
	}
	return kinds
}

// client adds the endpoint's path to a copy of the client configuration.
func (o ConfigurationOptions) client(path string) admissionregistrationv1.WebhookClientConfig {
	c := *o.Client.DeepCopy()
	if c.URL != nil {
		url := strings.TrimSuffix(*c.URL, "/") + path
		c.URL = &url
	}
	if c.Service != nil {
		c.Service.Path = &path
	}
	return c
}

// namespaces leaves out kube-system, so that a cluster can always be repaired, the given namespaces, and those with the
// label. Objects without a namespace are always in.
func (o ConfigurationOptions) namespaces() *metav1.LabelSelector {
	excluded := append([]string{metav1.NamespaceSystem}, o.ExcludedNamespaces...)
	slices.Sort(excluded)
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpNotIn, Values: slices.Compact(excluded)},
		{Key: ExcludeLabel, Operator: metav1.LabelSelectorOpDoesNotExist},
	}}
}

// specChanged keeps out the updates that no rule can concern, such as those of an object that is being deleted, whose finalizers
// must go in any case.
const specChanged = `request.operation != "UPDATE" || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec`

// matchConditions has one expression because a wrong one would silently switch the webhook off.
func matchConditions(expression string) []admissionregistrationv1.MatchCondition {
	return []admissionregistrationv1.MatchCondition{{Name: "spec-changed", Expression: expression}}
}

// selectedNodeWritten also selects the updates by which others than schedulers and provisioners write a claim's selected node:
// those of schedulers are many, and cost them time. Empty if the rule about it is off.
func (o ConfigurationOptions) selectedNodeWritten() string {
	evaluator := o.Rules
	if evaluator == nil {
		var err error
		if evaluator, err = rules.NewEvaluator(rules.EvaluatorOptions{}); err != nil {
			return ""
		}
	}
	users, on := evaluator.SelectedNodeWriters()
	if !on {
		return ""
	}
	for i := range users {
		users[i] = strconv.Quote(users[i])
	}
	const key = `"` + rules.SelectedNodeAnnotation + `"`
	return ` || (request.resource.resource == "persistentvolumeclaims"` +
		` && has(object.metadata.annotations) && ` + key + ` in object.metadata.annotations` +
		` && (!has(oldObject.metadata.annotations) || !(` + key + ` in oldObject.metadata.annotations)` +
		` || oldObject.metadata.annotations[` + key + `] != object.metadata.annotations[` + key + `])` +
		` && !request.userInfo.username.startsWith("` + rules.KubeSystemAccounts + `")` +
		` && !(request.userInfo.username in [` + strings.Join(users, ", ") + `]))`
}

// scope lists exactly the resources of the kinds, one entry for each API group, in the order of rules.KindTable.
func scope(kinds []rules.Kind) []admissionregistrationv1.RuleWithOperations {
	var entries []admissionregistrationv1.RuleWithOperations
	all := admissionregistrationv1.AllScopes
	for _, info := range rules.KindTable {
		if !slices.Contains(kinds, info.Kind) || info.OnlyInFiles() {
			continue
		}
		at := slices.IndexFunc(entries, func(e admissionregistrationv1.RuleWithOperations) bool {
			return e.APIGroups[0] == info.Version.Group && e.APIVersions[0] == info.Version.Version
		})
		if at < 0 {
			at = len(entries)
			entries = append(entries, admissionregistrationv1.RuleWithOperations{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
				Rule: admissionregistrationv1.Rule{
					APIGroups: []string{info.Version.Group}, APIVersions: []string{info.Version.Version}, Scope: &all,
				},
			})
		}
		entries[at].Resources = append(entries[at].Resources, info.Resource)
		for _, sub := range info.Subresources {
			entries[at].Resources = append(entries[at].Resources, info.Resource+"/"+sub)
		}
	}
	return entries
}
