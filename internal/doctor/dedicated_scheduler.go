// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/internal/plain"
)

// dedicatedScheduler reports whether the scheduler is at work to which the webhook sends pods, by the Lease that the webhook goes by.
func (e *examination) dedicatedScheduler(ctx context.Context) Check {
	pods, err := e.moorages(ctx)
	if err != nil {
		return unread(ctx, "moorage's pods", err)
	}
	c, where, err := e.admitting(ctx, pods)
	switch {
	case err != nil:
		return unreadConfiguration(ctx, where, err)
	case c == nil:
		return skipped("give --config", "moorage's configuration is not known: no pod has the label %s", nameLabel)
	case c.Webhook.SchedulerName == nil:
		return ok("%s sends pods to no scheduler of their own", where)
	}
	s := c.Webhook.SchedulerName
	if s.Lease == nil {
		return warning("set webhook.schedulerName.lease to that of the scheduler's leader election",
			"%s sends pods to %s whether it is at work or not", where, s.Name)
	}
	name := s.Lease.Namespace + "/" + s.Lease.Name
	look := "until then pods stay with " + corev1.DefaultSchedulerName + "; see kubectl get pods -n " + plain.Quote(s.Lease.Namespace) +
		", and the log of their container kube-scheduler"
	lease, err := e.Client.CoordinationV1().Leases(s.Lease.Namespace).Get(ctx, s.Lease.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return failure(look+". Its leaderElection must have resourceNamespace: "+s.Lease.Namespace+" and resourceName: "+s.Lease.Name,
			"there is no Lease %s: %s has not been at work yet", name, s.Name)
	case err != nil:
		return unread(ctx, "the Lease "+name, err)
	case lease.Spec.RenewTime == nil || deref(lease.Spec.HolderIdentity, "") == "":
		return failure(look, "nobody holds the Lease %s of %s", name, s.Name)
	}
	age, stale := e.sinceRenewal(lease)
	if stale {
		return failure(look+". If it is at work, the clock of this computer is ahead",
			"%s has not renewed the Lease %s of %s for %s", *lease.Spec.HolderIdentity, name, s.Name, age)
	}
	return ok("%s holds the Lease %s of %s, and renewed it %s ago", *lease.Spec.HolderIdentity, name, s.Name, max(age, 0).Round(time.Second))
}
