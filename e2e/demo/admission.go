// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// create makes the objects of a manifest and prints, as kubectl does, what became of them.
func (s *story) create(ctx context.Context, path string) ([]outcome, error) {
	s.say("\n$ kubectl create -f %s", path)
	outcomes, err := s.apply.file(ctx, path)
	if err != nil {
		return nil, err
	}
	for _, o := range outcomes {
		for _, warning := range o.warnings {
			s.say("%s", wrapped("Warning: "+warning))
		}
		if o.err == nil {
			s.say("%s created", o.name)
		} else {
			s.say("%s", wrapped("Error from server (Forbidden): "+o.err.Error()))
		}
	}
	return outcomes, nil
}

// admitted shows a manifest that is admitted.
func (s *story) admitted(ctx context.Context, path string) error {
	outcomes, err := s.create(ctx, path)
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		if o.err != nil {
			return fmt.Errorf("%s of %s should have been admitted: %w", o.name, path, o.err)
		}
	}
	return nil
}

// warned shows a manifest that is admitted with a warning of the rule.
func (s *story) warned(ctx context.Context, path, rule string) error {
	outcomes, err := s.create(ctx, path)
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		if o.err == nil && strings.Contains(strings.Join(o.warnings, "\n"), rule) {
			s.say("→ admitted with a warning (rule %s).", rule)
			return nil
		}
	}
	return fmt.Errorf("%s should have been admitted with a warning of rule %s; it became %+v", path, rule, outcomes)
}

// denied shows a manifest that is refused by the rule, and that nothing is left of it.
func (s *story) denied(ctx context.Context, path, rule string) error {
	outcomes, err := s.create(ctx, path)
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		if o.err == nil || !apierrors.IsForbidden(o.err) || !strings.Contains(o.err.Error(), rule) {
			return fmt.Errorf("%s of %s should have been denied by rule %s; the answer was: %w", o.name, path, rule, errOrCreated(o.err))
		}
		name := o.name[strings.LastIndex(o.name, "/")+1:]
		if _, err = s.control.Client().CoreV1().Pods(corev1.NamespaceDefault).Get(ctx, name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("%s was denied, and yet it is there: %w", o.name, errOrCreated(err))
		}
	}
	s.say("→ denied (rule %s). Nothing was stored.", rule)
	return nil
}

func errOrCreated(err error) error {
	if err == nil {
		return errors.New("created")
	}
	return err
}

// defaulted shows what the default class-from-beta-annotation made of the claim.
func (s *story) defaulted(ctx context.Context) error {
	claim, err := s.control.Client().CoreV1().PersistentVolumeClaims(corev1.NamespaceDefault).Get(ctx, "reports", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if claim.Spec.StorageClassName == nil || *claim.Spec.StorageClassName != class {
		return fmt.Errorf("claim reports should have the class of its annotation; it has %v", claim.Spec.StorageClassName)
	}
	s.say("→ stored with spec.storageClassName: %s (default class-from-beta-annotation).", *claim.Spec.StorageClassName)
	return nil
}
