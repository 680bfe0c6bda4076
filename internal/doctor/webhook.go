// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"strings"
	"sync"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/moorage-k8s/moorage/webhook"
)

// entry is one webhook of moorage in a configuration object.
type entry struct {
	// configuration names the object, such as MutatingWebhookConfiguration moorage.
	configuration, name string
	client              admissionregistrationv1.WebhookClientConfig
	policy              *admissionregistrationv1.FailurePolicyType
}

// entries finds moorage's webhooks, by the names that they have in every configuration.
func (e *examination) entries(ctx context.Context) (mutating, validating []entry, err error) {
	api := e.Client.AdmissionregistrationV1()
	m, err := api.MutatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, nil, err
	}
	for i := range m.Items {
		for _, w := range m.Items[i].Webhooks {
			if w.Name == webhook.MutateName {
				mutating = append(mutating, entry{"MutatingWebhookConfiguration " + m.Items[i].Name, w.Name, w.ClientConfig, w.FailurePolicy})
			}
		}
	}
	v, err := api.ValidatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, nil, err
	}
	for i := range v.Items {
		for _, w := range v.Items[i].Webhooks {
			if w.Name == webhook.ValidateName {
				validating = append(validating, entry{"ValidatingWebhookConfiguration " + v.Items[i].Name, w.Name, w.ClientConfig, w.FailurePolicy})
			}
		}
	}
	return mutating, validating, nil
}

const installWebhook = "install the chart, or create a webhook configuration; without one nothing is checked when it is created"

func (e *examination) webhookConfiguration(ctx context.Context) Check {
	mutating, validating, err := e.entries(ctx)
	switch {
	case err != nil:
		return unread(ctx, "the webhook configurations", err)
	case len(mutating)+len(validating) == 0:
		return warning(installWebhook, "no configuration has the webhooks %s and %s: the API server does not ask moorage", webhook.MutateName, webhook.ValidateName)
	case len(mutating) == 0:
		return warning(installWebhook, "no MutatingWebhookConfiguration has %s: no defaults are set", webhook.MutateName)
	case len(validating) == 0:
		return warning(installWebhook, "no ValidatingWebhookConfiguration has %s: no rule is enforced", webhook.ValidateName)
	}
	found := []Check{ok("%s, %s", mutating[0].configuration, validating[0].configuration)}
	for _, all := range [][]entry{mutating, validating} {
		if len(all) > 1 {
			found = append(found, warning("delete the one that an earlier installation left behind", "%s and %s both have %s: moorage is asked twice",
				all[0].configuration, all[1].configuration, all[0].name))
		}
		for _, w := range all {
			if w.policy == nil || *w.policy == admissionregistrationv1.Fail {
				found = append(found, warning("set failurePolicy: Ignore, unless that is meant", "%s has failurePolicy Fail: while moorage is down nothing with volumes can be created", w.configuration))
			}
		}
	}
	return worst(found...)
}

// suspicious is the rule that the dry run's claim gives rise to.
const suspicious = "size-suspicious"

// webhookAnswers makes the API server ask the webhook about a claim, as a dry run: nothing is stored. The claim is one that moorage
// warns of and that it completes, so that either shows that it was asked.
func (e *examination) webhookAnswers(ctx context.Context) Check {
	var heard warnings
	config := rest.CopyConfig(e.Config)
	config.WarningHandlerWithContext = &heard
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return skipped("", "make a client of %s: %v", config.Host, err)
	}
	class := "moorage-doctor"
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: "moorage-doctor-", Annotations: map[string]string{corev1.BetaStorageClassAnnotation: class},
		},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Ki")}},
		},
	}
	created, err := client.CoreV1().PersistentVolumeClaims(e.Namespace).Create(ctx, claim, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	asked := "a claim in namespace " + e.Namespace + ", as a dry run"
	switch {
	case err != nil && strings.Contains(err.Error(), webhook.ValidateName):
		return ok("the API server asked about %s, and moorage denied it", asked)
	case apierrors.IsForbidden(err):
		return skipped("choose a namespace with -n where you may create claims", "not allowed to create %s: %v", asked, err)
	case err != nil:
		return unread(ctx, "what becomes of "+asked, err)
	case heard.of(suspicious), created.Spec.StorageClassName != nil && *created.Spec.StorageClassName == class:
		return ok("the API server asked about %s, and moorage answered", asked)
	}
	mutating, validating, err := e.entries(ctx)
	if err == nil && len(mutating)+len(validating) == 0 {
		return skipped("", "there is no webhook configuration")
	}
	return failure("see whether moorage's pods are ready, whether its Service has endpoints, and whether the control plane may reach their port (10250; "+
		"private clusters need a firewall rule, NetworkPolicies must let the API server in)",
		"the API server was sent %s, and moorage had no part in the answer. Either it cannot be reached or trusted, or the namespace is excluded, "+
			"or the rule %s and the default class-from-beta-annotation are both off", asked, suspicious)
}

// warnings are what the API server sends along with an answer.
type warnings struct {
	mu   sync.Mutex
	text []string
}

// HandleWarningHeaderWithContext notes a warning.
func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, _ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, text)
}

func (w *warnings) of(rule string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range w.text {
		if strings.HasPrefix(text, rule+": ") {
			return true
		}
	}
	return false
}

// address is where the API server calls the webhook, and the name that the certificate must have.
func (w *entry) address() (address, name string, err error) {
	switch {
	case w.client.URL != nil:
		return hostOf(*w.client.URL)
	case w.client.Service != nil:
		port := int32(443)
		if w.client.Service.Port != nil {
			port = *w.client.Service.Port
		}
		name = w.client.Service.Name + "." + w.client.Service.Namespace + ".svc"
		return fmt.Sprintf("%s:%d", name, port), name, nil
	default:
		return "", "", fmt.Errorf("%s names neither a URL nor a Service", w.configuration)
	}
}
