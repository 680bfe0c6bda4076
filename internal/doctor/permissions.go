// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/rights"
)

// atOnce is how many questions about rights the API server is asked side by side.
const atOnce = 8

// permissions asks the API server whether moorage's service account has every right that its configuration needs: the account that
// was named, or those of moorage's pods. Without that right, doctor checks the caller's own rights, which are what the other commands need.
func (e *examination) permissions(ctx context.Context) Check {
	pods, err := e.moorages(ctx)
	if err != nil && !apierrors.IsForbidden(err) {
		return unread(ctx, "moorage's pods", err)
	}
	needed, note := e.needed(ctx, pods)
	named := e.ServiceAccount != ""
	if named {
		ofAccount, inPods := needed[e.ServiceAccount]
		if !inPods {
			ofAccount, note = e.inNoPod(), ""
			if e.Configuration == nil {
				note = "; --config tells what its configuration needs besides"
			}
		}
		needed = map[string][]rights.Right{e.ServiceAccount: ofAccount}
	}
	if len(needed) == 0 {
		return e.ownPermissions(ctx, "--service-account asks about moorage's own rights")
	}
	var found []Check
	for _, account := range slices.Sorted(maps.Keys(needed)) {
		c, err := e.accountPermissions(ctx, account, needed[account])
		switch {
		case apierrors.IsForbidden(err) && !named:
			return e.ownPermissions(ctx, "to ask about those of service account "+account+" takes the right to create subjectaccessreviews")
		case err != nil:
			return unread(ctx, "what service account "+account+" may do", err)
		}
		found = append(found, c)
	}
	out := worst(found...)
	out.Message += note
	return out
}

// needed are the rights that each service account of the pods needs for all of them; where a configuration cannot be read, those that
// every moorage needs, and a note that says so.
func (e *examination) needed(ctx context.Context, pods []corev1.Pod) (byAccount map[string][]rights.Right, note string) {
	byAccount = map[string][]rights.Right{}
	for i := range pods {
		pod := &pods[i]
		c, where, err := e.configuration(ctx, pod)
		if err != nil {
			c, note = config.Default(), fmt.Sprintf("; what its configuration needs besides is not known, as %s cannot be read: %v", where, cause(err))
		}
		needed := rights.Needed(c)
		if s := c.Webhook.SchedulerName; s != nil && s.Lease != nil && schedulerOf(pod) != nil && pod.Namespace == s.Lease.Namespace {
			needed = rights.Together(needed, rights.OfScheduler(s.Lease.Namespace, s.Lease.Name))
		}
		byAccount[account(pod)] = rights.Together(byAccount[account(pod)], needed)
	}
	return byAccount, note
}

// inNoPod are the rights of a moorage that runs in no pod.
func (e *examination) inNoPod() []rights.Right {
	if e.Configuration != nil {
		return rights.Needed(e.Configuration)
	}
	return rights.Needed(config.Default())
}

func (e *examination) accountPermissions(ctx context.Context, account string, needed []rights.Right) (Check, error) {
	missing, err := e.missing(ctx, account, needed)
	if err != nil {
		return Check{}, err
	}
	who := "service account " + account
	if len(missing) > 0 {
		grant := "have an administrator grant it, or install the chart again with rbac.create:\n" +
			strings.Join(rights.GrantCommands(missing, "moorage-missing", "--serviceaccount="+account), "\n")
		for _, r := range missing {
			if !r.Optional {
				return failure(grant, "%s may not %s", who, rights.Sentence(missing)), nil
			}
		}
		return warning(grant, "%s may not %s: rules that look at these are silent", who, rights.Sentence(missing)), nil
	}
	secrets, err := e.missing(ctx, account, []rights.Right{{Verb: "list", Resource: "secrets"}})
	if err != nil {
		return Check{}, err
	}
	if len(secrets) == 0 {
		return warning("take the right to list secrets away from it: moorage reads none but its own authority's", "%s may list the Secrets of all namespaces", who), nil
	}
	return ok("%s has the %d rights that moorage needs, and may not list Secrets", who, len(needed)), nil
}

// ownPermissions are those of the caller.
func (e *examination) ownPermissions(ctx context.Context, note string) Check {
	missing, err := e.missing(ctx, "", rights.OfReader())
	if err != nil {
		return unread(ctx, "what you may do", err)
	}
	if len(missing) > 0 {
		return failure("have an administrator grant it:\n"+strings.Join(rights.GrantCommands(missing, "moorage-reader", "--user=YOU"), "\n"),
			"you may not %s, which explain, simulate, map and capture read", rights.Sentence(missing))
	}
	return ok("you may get and list all that explain, simulate, map and capture read; %s", note)
}

// missing are the rights that a service account, or the caller where that is empty, does not have, in the order of those asked for.
func (e *examination) missing(ctx context.Context, account string, asked []rights.Right) ([]rights.Right, error) {
	allowed := make([]bool, len(asked))
	running, ctx := errgroup.WithContext(ctx)
	running.SetLimit(atOnce)
	for i, r := range asked {
		running.Go(func() (err error) {
			allowed[i], err = e.may(ctx, account, r)
			return err
		})
	}
	if err := running.Wait(); err != nil {
		return nil, err
	}
	var out []rights.Right
	for i, r := range asked {
		if !allowed[i] {
			out = append(out, r)
		}
	}
	return out, nil
}

func (e *examination) may(ctx context.Context, account string, r rights.Right) (bool, error) {
	attributes := &authorizationv1.ResourceAttributes{Verb: r.Verb, Group: r.Group, Namespace: r.Namespace, Name: r.Name}
	attributes.Resource, attributes.Subresource, _ = strings.Cut(r.Resource, "/")
	if account == "" {
		review, err := e.Client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: attributes},
		}, metav1.CreateOptions{})
		if err != nil {
			return false, err
		}
		return review.Status.Allowed, nil
	}
	namespace, _, _ := strings.Cut(account, ":")
	review, err := e.Client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			ResourceAttributes: attributes, User: "system:serviceaccount:" + account,
			Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}
