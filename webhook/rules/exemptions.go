// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// NamespaceActions replace rules' actions in some namespaces.
type NamespaceActions struct {
	Selector NamespaceSelector
	Actions  map[string]Action
}

// Exemption lifts rules from some objects. What it leaves empty it does not ask for; it must ask for something.
type Exemption struct {
	// Namespaces are the objects' own.
	Namespaces []string
	// ServiceAccounts are namespace/name of who makes or changes the object, or of whom its pods run as.
	ServiceAccounts []string
	// Rules are lifted; none means every rule that is not mandatory.
	Rules []string
	// Reason is for the audit log.
	Reason string
}

// validate says what is wrong with an exemption.
func (x *Exemption) validate(n names) error {
	var faults []error
	if len(x.Namespaces) == 0 && len(x.ServiceAccounts) == 0 {
		faults = append(faults, errors.New("it names neither namespaces nor service accounts, and would exempt everything"))
	}
	for _, namespace := range x.Namespaces {
		if err := ValidateNamespace(namespace); err != nil {
			faults = append(faults, err)
		}
	}
	for _, account := range x.ServiceAccounts {
		if err := ValidateServiceAccount(account); err != nil {
			faults = append(faults, err)
		}
	}
	for _, id := range x.Rules {
		if err := n.check(id); err != nil {
			faults = append(faults, fmt.Errorf("rule %q: %w", id, err))
		} else if n.mandatory[id] {
			faults = append(faults, fmt.Errorf("the rule %q is mandatory, which nothing lifts", id))
		}
	}
	if strings.TrimSpace(x.Reason) == "" {
		faults = append(faults, errors.New("it gives no reason"))
	}
	return errors.Join(faults...)
}

// ValidateNamespace says what is wrong with the name of a namespace in an Exemption.
func ValidateNamespace(name string) error {
	if len(validation.IsDNS1123Label(name)) == 0 {
		return nil
	}
	return fmt.Errorf("%q is not the name of a namespace, and patterns are not read: list each namespace, or set the action of the rules "+
		"by label in webhook.namespaceRules", name)
}

// ValidateServiceAccount says what is wrong with the name of a service account in an Exemption.
func ValidateServiceAccount(account string) error {
	namespace, name, ok := strings.Cut(account, "/")
	if !ok || len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return fmt.Errorf("service account %q is not namespace/name; patterns are not read", account)
	}
	return nil
}

// Exempted is a finding that was lifted.
type Exempted struct {
	Finding
	// By is what lifted it.
	By ExemptedBy
	// Reason is the one that was given for it.
	Reason string
}

// ExemptedBy is what can lift a finding.
type ExemptedBy string

// What lifts findings.
const (
	ByAnnotation    ExemptedBy = "annotation"
	ByConfiguration ExemptedBy = "configuration"
)

// names are the rules that there are, and those that nothing lifts.
type names struct {
	known     []string
	mandatory map[string]bool
}

func (n names) check(id string) error {
	if slices.Contains(n.known, id) {
		return nil
	}
	return fmt.Errorf("there is no such rule; %s", suggest.Sentence(id, n.known))
}

// exemptions looks for what lifts the findings on one object. It reads the object only when there is a finding.
type exemptions struct {
	evaluator *Evaluator
	input     *Input
	user      string
	read      bool
	// carriers are empty where none has the annotation.
	carriers []carrier
	index    carrierIndex
	// parsed are the carriers' annotations that could be read, by the carrier's index.
	parsed map[int]ignore
	// configured are the configured exemptions that apply to the object.
	configured []*Exemption
}

// lift returns how a finding is lifted, if it is; else the finding as it is to be told.
func (x *exemptions) lift(f Finding) (Finding, *Exempted) {
	if x.evaluator.names.mandatory[f.Rule] {
		return f, nil
	}
	x.prepare()
	for _, c := range x.configured {
		if len(c.Rules) == 0 || slices.Contains(c.Rules, f.Rule) {
			return f, &Exempted{Finding: f, By: ByConfiguration, Reason: c.Reason}
		}
	}
	if len(x.carriers) == 0 {
		return f, nil
	}
	at := x.index.innermost(f.Path)
	if parsed := x.parsed[at]; slices.Contains(parsed.rules, f.Rule) {
		return f, &Exempted{Finding: f, By: ByAnnotation, Reason: parsed.reason}
	}
	// Those around it: the object itself and the pod template.
	for i := range min(at, 2) {
		if slices.Contains(x.parsed[i].rules, f.Rule) {
			f.Remediation += fmt.Sprintf("; to ignore it, put the annotation into %s, so that what is made from the template has it too",
				x.carriers[at].path.Child("metadata"))
			break
		}
	}
	return f, nil
}

func (x *exemptions) prepare() {
	if x.read {
		return
	}
	x.read = true
	if all := carriersOf(x.input.Object); slices.ContainsFunc(all, carrier.annotated) {
		x.carriers, x.index, x.parsed = all, indexed(all), map[int]ignore{}
		for i := range all {
			if value, annotated := all[i].annotations[IgnoreAnnotation]; annotated {
				if parsed, err := parseIgnore(value, x.evaluator.names.known); err == nil {
					x.parsed[i] = parsed
				}
			}
		}
	}
	accounts := x.accounts()
	for i := range x.evaluator.exemptions {
		e := &x.evaluator.exemptions[i]
		if len(e.Namespaces) > 0 && !slices.Contains(e.Namespaces, x.input.Namespace) {
			continue
		}
		if len(e.ServiceAccounts) > 0 && !slices.ContainsFunc(e.ServiceAccounts, func(a string) bool { return slices.Contains(accounts, a) }) {
			continue
		}
		x.configured = append(x.configured, e)
	}
}

// accounts are the service accounts that have to do with the object: who asks for it, and whom its pods run as.
func (x *exemptions) accounts() []string {
	var accounts []string
	if rest, ok := strings.CutPrefix(x.user, "system:serviceaccount:"); ok {
		if namespace, name, found := strings.Cut(rest, ":"); found {
			accounts = append(accounts, namespace+"/"+name)
		}
	}
	if spec, _ := podSpecOf(x.input.Object); spec != nil && x.input.Namespace != "" {
		accounts = append(accounts, x.input.Namespace+"/"+serviceAccountOf(spec))
	}
	return accounts
}

// serviceAccountOf is the account that a pod runs as: the API server takes the old field where the new one is empty.
func serviceAccountOf(spec *corev1.PodSpec) string {
	switch {
	case spec.ServiceAccountName != "":
		return spec.ServiceAccountName
	case spec.DeprecatedServiceAccount != "":
		return spec.DeprecatedServiceAccount
	default:
		return "default"
	}
}
