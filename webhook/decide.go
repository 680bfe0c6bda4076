// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// Audit annotations, to which the API server adds the webhook's name and a slash.
const (
	// auditFindings lists rule=action of every finding, audit findings included.
	auditFindings = "findings"
	// auditExempted lists rule=what lifted its finding, with the reason that was given.
	auditExempted = "exempted"
	// auditDefaults lists the defaults that changed the object.
	auditDefaults = "defaults"
	// auditUnchecked says why an object was admitted without having been checked.
	auditUnchecked = "unchecked"
)

// subject is the decoded object of a request.
type subject struct {
	kind   rules.KindInfo
	object runtime.Object
	old    runtime.Object
}

// validate runs the rules and denies if one says so.
func (w *Webhook) validate(ctx context.Context, req admission.Request) answer {
	s, skip := w.decode(req)
	if skip != nil {
		if skip.decision == decisionUnchecked {
			return w.orUnanswered(req, *skip, w.evaluator.Mandatory(rules.Kind(req.Kind.Kind)), skip.AuditAnnotations[auditUnchecked])
		}
		return *skip
	}
	result := w.evaluator.Evaluate(ctx, rules.Question{
		Kind: s.kind.Kind, Object: s.object, Old: s.old, Namespace: req.Namespace, User: req.UserInfo.Username, Lookup: w.lookup(),
	})
	w.report(req, result, "")
	var denied, warned []rules.Finding
	for _, f := range result.Findings {
		switch f.Action {
		case rules.Deny:
			denied = append(denied, f)
		case rules.Warn:
			warned = append(warned, f)
		case rules.Audit, rules.Off:
		}
	}
	a := answer{Response: admission.Allowed(""), decision: decisionAllowed}
	switch {
	case len(denied) > 0:
		a.Response, a.decision = admission.Denied(denial(denied)), decisionDenied
	case len(result.Unasked) > 0:
		return w.orUnanswered(req, a, result.Unasked, incomplete(result))
	case len(warned) > 0:
		a.decision = decisionWarned
	}
	a.Warnings = warnings(warned, incomplete(result))
	a.annotate(auditFindings, summary(result.Findings))
	a.annotate(auditExempted, exempted(result.Exempted))
	a.annotate(auditUnchecked, incomplete(result))
	return a
}

// orUnanswered is the answer, if no mandatory rule was to be asked. Where one was, to admit the object would say that the rule
// passed it, and to deny it would deny what is most likely sound: there is no answer then but an error, so that the failurePolicy
// which the operator chose decides.
func (w *Webhook) orUnanswered(req admission.Request, a answer, mandatory []string, why string) answer {
	if len(mandatory) == 0 {
		return a
	}
	err := fmt.Errorf("mandatory rules (%s) could not be asked: %s", strings.Join(mandatory, ", "), why)
	w.logger.Error(err, "leave a request to the failurePolicy", "kind", req.Kind.Kind, "namespace", req.Namespace, "name", req.Name)
	return answer{Response: admission.Errored(http.StatusInternalServerError, err), decision: decisionUnanswered}
}

// mutate applies the defaults. The findings that it tells are those on objects which the API server's own validation, which
// comes next, refuses: such an object never reaches validate. They are warnings here whatever their action, because the
// refusal comes anyway.
func (w *Webhook) mutate(ctx context.Context, req admission.Request) answer {
	s, skip := w.decode(req)
	if skip != nil {
		return *skip
	}
	lookup := w.lookup()
	result := w.evaluator.Evaluate(ctx, rules.Question{
		Kind: s.kind.Kind, Object: s.object, Old: s.old, Namespace: req.Namespace, User: req.UserInfo.Username, Lookup: lookup,
		OnlyExplainAPI: true,
	})
	w.report(req, result, rules.Warn)
	told := slices.DeleteFunc(slices.Clone(result.Findings), func(f rules.Finding) bool { return f.Action == rules.Audit })
	a := answer{Response: admission.Allowed(""), decision: decisionAllowed}
	if len(told) > 0 {
		a.decision = decisionWarned
	}
	patch, err := w.defaulter.Apply(s.kind, defaults.Input{Object: s.object, Old: s.old, Namespace: req.Namespace, Lookup: lookup}, req.Object.Raw)
	if err != nil {
		w.logger.Error(err, "admit an object without defaults", "kind", req.Kind.Kind, "namespace", req.Namespace, "name", req.Name)
		a.annotate(auditUnchecked, "defaults could not be applied")
	}
	if len(patch.Operations) > 0 {
		a.Patches, a.decision = patch.Operations, decisionPatched
		a.annotate(auditDefaults, strings.Join(patch.Applied, ","))
		for _, name := range patch.Applied {
			w.metrics.defaults.WithLabelValues(name).Inc()
		}
	}
	a.Warnings = warnings(told, "")
	a.annotate(auditExempted, exempted(result.Exempted))
	return a
}

// decode returns the request's objects, or the answer if there is nothing to look at: an operation, kind or subresource that
// no rule reads, or an object that cannot be read. Unknown fields are not faults: they may be of a newer API server.
func (w *Webhook) decode(req admission.Request) (*subject, *answer) {
	ignored := &answer{Response: admission.Allowed(""), decision: decisionIgnored}
	if req.Operation != admissionv1.Create && req.Operation != admissionv1.Update {
		return nil, ignored
	}
	kind, ok := rules.KindOf(req.Kind.Group, req.Kind.Version, req.Kind.Kind)
	if !ok || kind.OnlyInFiles() || (req.SubResource != "" && !slices.Contains(kind.Subresources, req.SubResource)) {
		return nil, ignored
	}
	s := &subject{kind: kind, object: kind.New()}
	if err := decodeObject(req.Object.Raw, s.object); err != nil {
		return nil, w.undecodable(req, "object", err)
	}
	if req.Operation == admissionv1.Update {
		s.old = kind.New()
		if err := decodeObject(req.OldObject.Raw, s.old); err != nil {
			// Without the old object every fault would look new, and an object in breach could not be fixed.
			return nil, w.undecodable(req, "old object", err)
		}
	}
	return s, nil
}

func (w *Webhook) undecodable(req admission.Request, what string, err error) *answer {
	w.logger.V(1).Info("admit an object unchecked", "kind", req.Kind.Kind, "namespace", req.Namespace, "name", req.Name, "what", what, "reason", err.Error())
	a := unchecked(fmt.Sprintf("the %s cannot be read: %v", what, err))
	return &a
}

func decodeObject(raw []byte, into runtime.Object) error {
	if len(raw) == 0 || string(raw) == "null" {
		return fmt.Errorf("decode a %T: there is none in the request", into)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("decode a %T: %w", into, err)
	}
	return nil
}

// unchecked admits an object that could not be looked at, and says so.
func unchecked(why string) answer {
	a := answer{Response: admission.Allowed(""), decision: decisionUnchecked}
	a.Warnings = warnings(nil, why)
	a.annotate(auditUnchecked, cut(plain.Quiet(why), maxWarningRunes))
	return a
}

func (a *answer) annotate(key, value string) {
	if value == "" {
		return
	}
	if a.AuditAnnotations == nil {
		a.AuditAnnotations = map[string]string{}
	}
	a.AuditAnnotations[key] = value
}

// report counts findings and panics, and logs what no one else learns. An override says how findings are reported here,
// whatever their action.
func (w *Webhook) report(req admission.Request, result rules.Result, override rules.Action) {
	for _, p := range result.Panics {
		w.metrics.panics.WithLabelValues(p.Rule).Inc()
		w.logger.Error(fmt.Errorf("panic: %v", p.Value), "a rule failed and was left out", "rule", p.Rule, "kind", req.Kind.Kind,
			"namespace", req.Namespace, "name", req.Name, "stack", string(p.Stack))
	}
	w.reportExempted(req, result.Exempted)
	for _, f := range result.Findings {
		action := f.Action
		if override != "" && action != rules.Audit {
			action = override
		}
		w.metrics.findings.WithLabelValues(f.Rule, string(action)).Inc()
		logger := w.logger
		if action != rules.Audit {
			logger = logger.V(1)
		}
		logger.Info("finding", "rule", f.Rule, "action", action, "kind", req.Kind.Kind, "namespace", req.Namespace, "name", req.Name,
			"path", pathOf(f), "message", f.Message)
	}
}

// reportExempted counts and logs each use of an exemption.
func (w *Webhook) reportExempted(req admission.Request, lifted []rules.Exempted) {
	for _, x := range lifted {
		w.metrics.exemptions.WithLabelValues(x.Rule, string(x.By)).Inc()
		w.logger.Info("finding exempted", "rule", x.Rule, "action", x.Action, "by", x.By, "reason", x.Reason, "kind", req.Kind.Kind,
			"namespace", req.Namespace, "name", req.Name, "path", pathOf(x.Finding), "message", x.Message)
	}
}

// incomplete says why an object was not checked by every rule, or nothing.
func incomplete(result rules.Result) string {
	switch {
	case len(result.Panics) > 0:
		return "the rule " + result.Panics[0].Rule + " failed"
	case result.Skipped > 0:
		return fmt.Sprintf("%d rules were not asked in time", result.Skipped)
	}
	return ""
}
