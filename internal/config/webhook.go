// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// SchedulerLabel on a namespace, with the value SchedulerLabelValue, sends its pods to the configured scheduler where the
// configuration selects namespaces in no other way.
const (
	SchedulerLabel      = "moorage.dev/scheduler"
	SchedulerLabelValue = "enabled"
)

// Webhook configures the admission webhook.
type Webhook struct {
	// BindAddress is host:port; "0" switches the webhook off.
	BindAddress string `json:"bindAddress"`
	// CertFile and KeyFile are the serving certificate, read again when they change. Without them moorage makes one.
	CertFile string `json:"certFile"`
	KeyFile  string `json:"keyFile"`
	// ClientCAFile is a CA bundle for verifying client certificates, read again when it changes. Empty accepts clients without one.
	ClientCAFile string `json:"clientCAFile"`
	// Authority has moorage keep a certificate authority of its own in a Secret, instead of certificates in files.
	Authority *Authority `json:"authority"`
	// Rules by ID: deny, warn, audit or off.
	Rules map[string]Word `json:"rules"`
	// NamespaceRules replace them in some namespaces: for each rule the first that selects the namespace and names the rule.
	NamespaceRules []NamespaceRules `json:"namespaceRules"`
	// MandatoryRules are lifted by no exemption, and may be off nowhere.
	MandatoryRules []string `json:"mandatoryRules"`
	// Exemptions lift rules from some objects.
	Exemptions []Exemption `json:"exemptions"`
	// Defaults by name: true or false.
	Defaults map[string]bool `json:"defaults"`
	// SchedulerName is for the default scheduler-name, which is on if it is given.
	SchedulerName *SchedulerName `json:"schedulerName"`
	// VolumesResource is the extended resource of the default volumes-resource, which is on if it is given.
	VolumesResource string `json:"volumesResource"`
	// VolumesResourceSchedulers are the names of the schedulers whose configuration has that resource with ignoredByScheduler: only their
	// pods get it, as those of others would stay Pending. Without any it is the one of SchedulerName.
	VolumesResourceSchedulers []string `json:"volumesResourceSchedulers"`
	// BidirectionalRoots are the host directories below which Bidirectional mounts are allowed, in place of the built-in ones.
	BidirectionalRoots []string `json:"bidirectionalRoots"`
	// SelectedNodeWriters are users, as the API server names them, that write the selected node of claims: other schedulers than
	// kube-scheduler, and provisioners that run on the nodes.
	SelectedNodeWriters []string `json:"selectedNodeWriters"`
}

// NamespaceRules are rules' actions in some namespaces.
type NamespaceRules struct {
	// NamespaceSelector says in which, by their labels.
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector"`
	// Rules by ID: deny, warn, audit or off.
	Rules map[string]Word `json:"rules"`
}

// Exemption lifts rules from the objects that all of it is true of.
type Exemption struct {
	// Namespaces are the objects' own.
	Namespaces []string `json:"namespaces"`
	// ServiceAccounts are namespace/name of who makes or changes the object, or of whom its pods run as.
	ServiceAccounts []string `json:"serviceAccounts"`
	// Rules by ID; without any, all that are not mandatory.
	Rules []string `json:"rules"`
	// Reason is required, and ends up in the audit log.
	Reason string `json:"reason"`
}

// SchedulerName says which pods with claims go to which scheduler.
type SchedulerName struct {
	// Name is what the pods get as schedulerName.
	Name string `json:"name"`
	// NamespaceSelector selects the namespaces that opted in; without it those with the label moorage.dev/scheduler: enabled.
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector"`
	// Lease is the scheduler's own, for its leader election: pods are sent there only while it is renewed. Without one they
	// always are.
	Lease *Lease `json:"lease"`
}

// Lease names a Lease.
type Lease struct {
	// Namespace is where it is.
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

func (s *SchedulerName) selector() *metav1.LabelSelector {
	if s.NamespaceSelector != nil {
		return s.NamespaceSelector
	}
	return &metav1.LabelSelector{MatchLabels: map[string]string{SchedulerLabel: SchedulerLabelValue}}
}

// validate names each fault by its path.
func (w *Webhook) validate() error {
	var faults []error
	add := func(path string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", path, err))
		}
	}
	if (w.CertFile == "") != (w.KeyFile == "") {
		faults = append(faults, errors.New("webhook.certFile, webhook.keyFile: give both or neither"))
	}
	if w.Authority != nil {
		if w.CertFile != "" {
			faults = append(faults, errors.New("webhook.authority, webhook.certFile: give one of them"))
		}
		w.Authority.validate(add)
	}
	addActions := func(path string, words map[string]Word) {
		for _, id := range slices.Sorted(maps.Keys(words)) {
			add(path+"."+id, known(id, rules.IDs(), "rule"))
			_, err := rules.ParseAction(string(action(words[id])))
			add(path+"."+id, err)
		}
	}
	addActions("webhook.rules", w.Rules)
	for i, n := range w.NamespaceRules {
		path := fmt.Sprintf("webhook.namespaceRules[%d]", i)
		addActions(path+".rules", n.Rules)
		if n.NamespaceSelector == nil {
			add(path+".namespaceSelector", errors.New("required; rules for all namespaces go into webhook.rules"))
			continue
		}
		_, err := rules.NewNamespaceSelector(n.NamespaceSelector)
		add(path+".namespaceSelector", err)
	}
	for i, id := range w.MandatoryRules {
		path := fmt.Sprintf("webhook.mandatoryRules[%d]", i)
		add(path, known(id, rules.IDs(), "rule"))
		for _, off := range w.switchesOff(id) {
			add(path+", "+off, fmt.Errorf("%s cannot be both mandatory and off; take it out of one of them", id))
		}
	}
	for i := range w.Exemptions {
		w.Exemptions[i].validate(fmt.Sprintf("webhook.exemptions[%d]", i), w.MandatoryRules, add)
	}
	for _, name := range slices.Sorted(maps.Keys(w.Defaults)) {
		add("webhook.defaults."+name, known(name, defaults.Names(), "default"))
	}
	if w.Defaults[defaults.SchedulerName] && w.SchedulerName == nil {
		add("webhook.defaults."+defaults.SchedulerName, errors.New("needs webhook.schedulerName"))
	}
	if w.Defaults[defaults.VolumesResource] && w.VolumesResource == "" {
		add("webhook.defaults."+defaults.VolumesResource, errors.New("needs webhook.volumesResource"))
	}
	if s := w.SchedulerName; s != nil {
		switch s.Name {
		case "":
			add("webhook.schedulerName.name", errors.New("required"))
		case corev1.DefaultSchedulerName:
			add("webhook.schedulerName.name", errors.New("must be another scheduler than the one that it replaces"))
		}
		_, err := rules.NewNamespaceSelector(s.selector())
		add("webhook.schedulerName.namespaceSelector", err)
		if s.Lease != nil && (s.Lease.Namespace == "" || s.Lease.Name == "") {
			add("webhook.schedulerName.lease", errors.New("needs a namespace and a name"))
		}
	}
	for i, root := range w.BidirectionalRoots {
		if !path.IsAbs(root) {
			add(fmt.Sprintf("webhook.bidirectionalRoots[%d]", i), fmt.Errorf("%q is no directory of a node; it begins with /", root))
		}
	}
	w.validateVolumesResource(add)
	for i, user := range w.SelectedNodeWriters {
		add(fmt.Sprintf("webhook.selectedNodeWriters[%d]", i), validateUser(user))
	}
	return errors.Join(faults...)
}

// switchesOff lists the paths at which the configuration has a rule off.
func (w *Webhook) switchesOff(id string) []string {
	var paths []string
	if action(w.Rules[id]) == rules.Off {
		paths = append(paths, "webhook.rules."+id)
	}
	for i, n := range w.NamespaceRules {
		if action(n.Rules[id]) == rules.Off {
			paths = append(paths, fmt.Sprintf("webhook.namespaceRules[%d].rules.%s", i, id))
		}
	}
	return paths
}

func (x *Exemption) validate(path string, mandatory []string, add func(string, error)) {
	if len(x.Namespaces) == 0 && len(x.ServiceAccounts) == 0 {
		add(path, errors.New("it would exempt everything: name namespaces or serviceAccounts"))
	}
	for i, namespace := range x.Namespaces {
		add(fmt.Sprintf("%s.namespaces[%d]", path, i), rules.ValidateNamespace(namespace))
	}
	for i, account := range x.ServiceAccounts {
		add(fmt.Sprintf("%s.serviceAccounts[%d]", path, i), rules.ValidateServiceAccount(account))
	}
	for i, id := range x.Rules {
		at := fmt.Sprintf("%s.rules[%d]", path, i)
		add(at, known(id, rules.IDs(), "rule"))
		if slices.Contains(mandatory, id) {
			add(at, fmt.Errorf("%s is in webhook.mandatoryRules, which nothing lifts", id))
		}
	}
	if strings.TrimSpace(x.Reason) == "" {
		add(path+".reason", errors.New("required"))
	}
}

// validateUser catches names that the API server gives no user, which would be trusted in vain.
func validateUser(user string) error {
	namespace, name, slash := strings.Cut(user, "/")
	switch {
	case user == "":
		return errors.New("is empty")
	case strings.ContainsAny(user, "*?") || strings.ContainsFunc(user, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("%q is not the name of a user, and patterns are not read", user)
	case slash && rules.ValidateServiceAccount(user) == nil:
		return fmt.Errorf("%q is not the name of a user; that of a service account is system:serviceaccount:%s:%s", user, namespace, name)
	}
	return nil
}

func known(name string, all []string, what string) error {
	if slices.Contains(all, name) {
		return nil
	}
	return fmt.Errorf("there is no such %s; %s", what, suggest.Sentence(name, all))
}

func action(word Word) rules.Action { return rules.Action(strings.ToLower(string(word))) }

func actions(words map[string]Word) map[string]rules.Action {
	out := map[string]rules.Action{}
	for id, word := range words {
		out[id] = action(word)
	}
	return out
}

// RuleOptions are the rules' part of the configuration.
func (c *Configuration) RuleOptions() (rules.EvaluatorOptions, error) {
	w := &c.Webhook
	out := rules.EvaluatorOptions{
		Actions: actions(w.Rules), Mandatory: w.MandatoryRules,
		Settings: rules.Settings{
			BidirectionalRoots: w.BidirectionalRoots, SelectedNodeWriters: w.SelectedNodeWriters,
		},
	}
	for i, n := range w.NamespaceRules {
		selector, err := rules.NewNamespaceSelector(n.NamespaceSelector)
		if err != nil {
			return out, fmt.Errorf("webhook.namespaceRules[%d]: %w", i, err)
		}
		out.NamespaceActions = append(out.NamespaceActions, rules.NamespaceActions{Selector: selector, Actions: actions(n.Rules)})
	}
	for _, x := range w.Exemptions {
		out.Exemptions = append(out.Exemptions, rules.Exemption(x))
	}
	return out, nil
}

// DefaultOptions are the defaults' part of the configuration.
func (c *Configuration) DefaultOptions() (defaults.Options, error) {
	w := &c.Webhook
	out := defaults.Options{Switches: w.Defaults, Settings: defaults.Settings{
		VolumesResource: w.VolumesResource, VolumesResourceSchedulers: w.IgnoringSchedulers(),
	}}
	if s := w.SchedulerName; s != nil {
		selector, err := rules.NewNamespaceSelector(s.selector())
		if err != nil {
			return out, fmt.Errorf("webhook.schedulerName: %w", err)
		}
		out.Settings.SchedulerName, out.Settings.SchedulerNamespaces = s.Name, selector
	}
	return out, nil
}

// NeedsNamespaces reports whether anything in the configuration asks for the labels of namespaces.
func (c *Configuration) NeedsNamespaces() bool {
	needs := func(s *metav1.LabelSelector) bool {
		selector, err := rules.NewNamespaceSelector(s)
		return err == nil && selector.NeedsLabels()
	}
	return (c.Webhook.SchedulerName != nil && needs(c.Webhook.SchedulerName.selector())) ||
		slices.ContainsFunc(c.Webhook.NamespaceRules, func(n NamespaceRules) bool { return needs(n.NamespaceSelector) })
}
