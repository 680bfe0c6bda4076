// SPDX-License-Identifier: Apache-2.0

package moorage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/webhook"
	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

const (
	asksWithin = 30 * time.Second
	asksPoll   = 50 * time.Millisecond
)

// install tells the API server of the webhook, and returns when it asks both endpoints: it takes new configurations up a
// moment later.
func (m *Moorage) install(ctx context.Context, url, caFile string) error {
	options, err := m.scope()
	if err != nil {
		return err
	}
	options.Client.URL = &url
	if caFile != "" {
		if options.Client.CABundle, err = os.ReadFile(caFile); err != nil {
			return err
		}
	}
	api := m.control.Client().AdmissionregistrationV1()
	if _, err = api.MutatingWebhookConfigurations().Create(ctx, webhook.MutatingConfiguration(options), metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err = api.ValidatingWebhookConfigurations().Create(ctx, webhook.ValidatingConfiguration(options), metav1.CreateOptions{}); err != nil {
		return err
	}
	err = wait.PollUntilContextTimeout(ctx, asksPoll, asksWithin, true, func(ctx context.Context) (bool, error) {
		if mutates, mutateErr := m.mutates(ctx); mutateErr != nil || !mutates {
			return false, mutateErr
		}
		return m.validates(ctx)
	})
	if err != nil {
		return fmt.Errorf("wait for the API server to ask the webhook: %w", err)
	}
	return nil
}

// configuration is what moorage makes of its file.
func (m *Moorage) configuration() (*config.Configuration, error) {
	if m.config == "" {
		return config.Default(), nil
	}
	return config.Parse([]byte(m.config))
}

// scope makes the API server ask about no more than moorage's configuration needs.
func (m *Moorage) scope() (out webhook.ConfigurationOptions, err error) {
	c, err := m.configuration()
	if err != nil {
		return out, err
	}
	ruleOptions, err := c.RuleOptions()
	if err != nil {
		return out, err
	}
	if out.Rules, err = rules.NewEvaluator(ruleOptions); err != nil {
		return out, err
	}
	defaultOptions, err := c.DefaultOptions()
	if err != nil {
		return out, err
	}
	out.Defaults, err = defaults.NewDefaulter(defaultOptions)
	return out, err
}

// mutates tries, without storing anything, a claim that the default class-from-beta-annotation changes.
func (m *Moorage) mutates(ctx context.Context) (bool, error) {
	claim, err := m.control.Client().CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault).Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "is-moorage-asked-", Annotations: map[string]string{corev1.BetaStorageClassAnnotation: "any"}},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			},
		},
	}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err == nil && claim.Spec.StorageClassName != nil, err
}

// validates tries, without storing anything, a class that the rule secret-ref-incomplete denies.
func (m *Moorage) validates(ctx context.Context) (bool, error) {
	_, err := m.control.Client().StorageV1().StorageClasses().Create(ctx, &storagev1.StorageClass{
		ObjectMeta:  metav1.ObjectMeta{GenerateName: "is-moorage-asked-"},
		Provisioner: "any.example.com",
		Parameters:  map[string]string{"csi.storage.k8s.io/provisioner-secret-name": "half"},
	}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if apierrors.IsForbidden(err) {
		return true, nil
	}
	return false, err
}

func (m *Moorage) uninstall(ctx context.Context) error {
	api := m.control.Client().AdmissionregistrationV1()
	name := webhook.MutatingConfiguration(webhook.ConfigurationOptions{}).Name
	return errors.Join(
		gone(api.MutatingWebhookConfigurations().Delete(ctx, name, metav1.DeleteOptions{})),
		gone(api.ValidatingWebhookConfigurations().Delete(ctx, name, metav1.DeleteOptions{})),
	)
}
