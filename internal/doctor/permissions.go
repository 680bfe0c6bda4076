// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology/live"
)

// permissions asks the API server whether everything that the cache reads may be read, by moorage's service account or by whoever
// asks. A service account that may read Secrets has more than moorage needs.
func (e *examination) permissions(ctx context.Context) Check {
	who := "you"
	if e.ServiceAccount != "" {
		who = "service account " + e.ServiceAccount
	}
	var missing []string
	for _, resource := range live.ResourceNames() {
		for _, verb := range []string{"list", "watch"} {
			allowed, err := e.may(ctx, verb, resource)
			if err != nil {
				return unread(ctx, "what "+who+" may do", err)
			}
			if !allowed && !slices.Contains(missing, resource) {
				missing = append(missing, resource)
			}
		}
	}
	if len(missing) > 0 {
		subject := "--user=YOU"
		if e.ServiceAccount != "" {
			subject = "--serviceaccount=" + e.ServiceAccount
		}
		return failure("have an administrator grant it:\n"+strings.Join(live.GrantCommands(subject), "\n"), "%s may not list and watch %s", who, strings.Join(missing, ", "))
	}
	all := ok("%s may list and watch all that moorage reads", who)
	if e.ServiceAccount == "" {
		all.Message += "; --service-account asks about moorage's own rights"
		return all
	}
	if secrets, err := e.may(ctx, "list", "secrets"); err == nil && secrets {
		return warning("take the right to list secrets away from it: moorage does not read them", "%s may list the Secrets of all namespaces", who)
	}
	return all
}

// may tells whether a verb is allowed on a resource, such as csinodes.storage.k8s.io, in all namespaces.
func (e *examination) may(ctx context.Context, verb, resource string) (bool, error) {
	name, group, _ := strings.Cut(resource, ".")
	attributes := &authorizationv1.ResourceAttributes{Verb: verb, Group: group, Resource: name}
	if e.ServiceAccount == "" {
		review, err := e.Client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: attributes},
		}, metav1.CreateOptions{})
		if err != nil {
			return false, err
		}
		return review.Status.Allowed, nil
	}
	namespace, _, _ := strings.Cut(e.ServiceAccount, ":")
	review, err := e.Client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			ResourceAttributes: attributes, User: "system:serviceaccount:" + e.ServiceAccount,
			Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}
