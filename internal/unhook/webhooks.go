// SPDX-License-Identifier: Apache-2.0

// Package unhook takes out of a cluster what must not outlive moorage: the webhook configurations by which the API server
// asks it. It deletes by name, and only what is moorage's own.
package unhook

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/webhook"
)

// Options say what is deleted.
type Options struct {
	// Name is that of both configurations.
	Name string
	// DryRun deletes nothing, and makes the API server say what it would do.
	DryRun bool
	// Helm, if not nil, says that a hook asks: nothing is deleted unless Helm is deleting the release.
	Helm *Helm
}

// Result is what was done.
type Result struct {
	// Deleted are the configurations that there were, such as 'MutatingWebhookConfiguration moorage'.
	Deleted []string
	// Left says why there is what was left alone, a sentence each.
	Left []string
}

// Webhooks deletes the mutating and the validating webhook configuration of a name. One that is not there is as it should be. One with a
// webhook that is not moorage's is left alone, and an error. It needs the right to get and delete both by their name.
func Webhooks(ctx context.Context, client kubernetes.Interface, o Options) (out Result, err error) {
	if o.Helm != nil {
		why, err := o.Helm.notDeleting(ctx, client)
		if err != nil {
			return out, err
		}
		if why != "" {
			out.Left = append(out.Left, why)
			return out, nil
		}
	}
	name := o.Name
	api := client.AdmissionregistrationV1()
	mutating := func() (*metav1.ObjectMeta, []string, error) {
		c, err := api.MutatingWebhookConfigurations().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, nil, err
		}
		var names []string
		for i := range c.Webhooks {
			names = append(names, c.Webhooks[i].Name)
		}
		return &c.ObjectMeta, names, nil
	}
	validating := func() (*metav1.ObjectMeta, []string, error) {
		c, err := api.ValidatingWebhookConfigurations().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, nil, err
		}
		var names []string
		for i := range c.Webhooks {
			names = append(names, c.Webhooks[i].Name)
		}
		return &c.ObjectMeta, names, nil
	}
	var faults []error
	for _, k := range []struct {
		kind, webhook string
		get           func() (*metav1.ObjectMeta, []string, error)
		remove        func(context.Context, string, metav1.DeleteOptions) error
	}{
		{"MutatingWebhookConfiguration", webhook.MutateName, mutating, api.MutatingWebhookConfigurations().Delete},
		{"ValidatingWebhookConfiguration", webhook.ValidateName, validating, api.ValidatingWebhookConfigurations().Delete},
	} {
		what := k.kind + " " + name
		meta, webhooks, err := k.get()
		switch {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			faults = append(faults, fmt.Errorf("read %s: %w", what, err))
			continue
		}
		if other := foreign(webhooks, k.webhook); other != "" {
			faults = append(faults, fmt.Errorf("delete %s: it has the webhook %s, which is not moorage's; name another with --name", what, other))
			continue
		}
		if o.Helm != nil {
			if why := o.Helm.notOfRelease(what, meta); why != "" {
				out.Left = append(out.Left, why)
				continue
			}
		}
		options := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: new(meta.UID)}}
		if o.DryRun {
			options.DryRun = []string{metav1.DryRunAll}
		}
		err = k.remove(ctx, name, options)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			faults = append(faults, fmt.Errorf("delete %s: %w", what, err))
		default:
			out.Deleted = append(out.Deleted, what)
		}
	}
	return out, errors.Join(faults...)
}

// foreign is the first of the webhooks that is not ours, empty if there is none.
func foreign(webhooks []string, ours string) string {
	for _, w := range webhooks {
		if w != ours {
			return w
		}
	}
	return ""
}
