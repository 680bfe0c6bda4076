// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/internal/rights"
	"github.com/moorage-k8s/moorage/scan"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/live"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// listing reads the objects of the cluster once, and says of which time they are. It keeps of each what keep returns, and tells a
// terminal how far it is.
func (f *clusterFlags) listing(ctx context.Context, stderr io.Writer, keep func(metav1.Object) metav1.Object) (*live.Listing, time.Time, error) {
	if len(f.from) > 0 {
		return f.listingOf(stderr, keep)
	}
	found, err := f.server.Find()
	if err != nil {
		return nil, time.Time{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("not read within %s; give it more time with --timeout", f.timeout))
	defer cancel()
	progress, clear := showProgress(stderr)
	options := live.ListOptions{Keep: keep, Events: f.events, Budgets: f.budgets, ReplicasOf: f.replicasOf, Progress: progress}
	if f.each != nil {
		options.More, options.Reasons = scannedResources, scan.Progress
	}
	if f.degrades {
		options.Degrade = cmp.Or(f.namespace, found.Namespace)
	}
	out, err := live.List(ctx, found.Client, options)
	clear()
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the cluster at %s: %w", found.Server, withAdvice(ctx, found.Client, err))
	}
	return out, time.Now(), nil
}

// listingOf reads manifests as if they were a cluster's lists.
func (f *clusterFlags) listingOf(stderr io.Writer, keep func(metav1.Object) metav1.Object) (*live.Listing, time.Time, error) {
	var objects manifests.Objects
	result, err := f.readFrom(stderr, func(reader manifests.Reader) (result manifests.Result, err error) {
		objects, result, err = reader.Read(f.from...)
		return result, err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	out := &live.Listing{Objects: map[topology.Kind][]metav1.Object{}}
	for kind, byKey := range objects {
		for _, o := range byKey {
			if o = keep(o); o != nil {
				out.Objects[kind] = append(out.Objects[kind], o)
			}
		}
	}
	f.storageOnly = result.StorageOnly
	at := result.Captured
	if at.IsZero() {
		at = time.Now()
	}
	return out, at, nil
}

// withAdvice adds to what an API server refused what to do about it.
func withAdvice(ctx context.Context, client kubernetes.Interface, err error) error {
	var denied *live.DeniedError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &denied):
		return fmt.Errorf("%w\nAn administrator can grant it:\n  %s", err, strings.Join(grantCommands(ctx, client), "\n  "))
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%w; log in again, or choose another user with --context or --kubeconfig", err)
	default:
		return fmt.Errorf("%w; is it the cluster that you mean, and can it be reached from here? Choose with --context or --kubeconfig", err)
	}
}

// grantCommands give the user the right to read what moorage looks at.
func grantCommands(ctx context.Context, client kubernetes.Interface) []string {
	subject := "--user=YOU"
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err == nil && review.Status.UserInfo.Username != "" {
		subject = "--user=" + review.Status.UserInfo.Username
		if account, ok := strings.CutPrefix(review.Status.UserInfo.Username, "system:serviceaccount:"); ok {
			subject = "--serviceaccount=" + account
		}
	}
	return rights.GrantCommands(rights.OfReader(), "moorage-reader", subject)
}
