// SPDX-License-Identifier: Apache-2.0

package lease

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestFresh promises that a holder which stops counts as gone after the time that the Lease gives it, whatever its clock says and whatever
// happens to the API server meanwhile, and that an old Lease which nobody holds any more never counts.
func TestFresh(t *testing.T) {
	start := time.Unix(1e9, 0)
	now := start
	var lease *coordinationv1.Lease
	failure := errors.New("the API server is away")
	w := &Watch{now: func() time.Time { return now }, logger: logr.Discard(), read: func(context.Context) (*coordinationv1.Lease, error) {
		if lease == nil {
			return nil, failure
		}
		return lease, nil
	}}
	held := func(renewed time.Time, holder string, seconds int32) *coordinationv1.Lease {
		at := metav1.NewMicroTime(renewed)
		return &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder, RenewTime: &at, LeaseDurationSeconds: &seconds}}
	}
	hourAhead := start.Add(time.Hour)
	for _, step := range []struct {
		name  string
		after time.Duration
		lease *coordinationv1.Lease
		want  bool
	}{
		{"no lease", 0, nil, false},
		{"an old one", 0, held(start.Add(-time.Minute), "a", 15), false},
		{"still the old one", time.Second, held(start.Add(-time.Minute), "a", 15), false},
		{"renewed, by a clock that is ahead", time.Second, held(hourAhead, "a", 15), true},
		{"not renewed yet", 14 * time.Second, held(hourAhead, "a", 15), true},
		{"renewed again", 0, held(hourAhead.Add(2*time.Second), "a", 15), true},
		{"cannot be read", 14 * time.Second, nil, true},
		{"cannot be read for long", time.Second, nil, false},
		{"another holder", time.Second, held(start.Add(31*time.Second), "b", 15), true},
		{"released", time.Second, held(start.Add(32*time.Second), "", 1), false},
	} {
		now = now.Add(step.after)
		lease = step.lease
		w.look(t.Context())
		if got := w.Fresh(); got != step.want {
			t.Errorf("%s: fresh %t, want %t", step.name, got, step.want)
		}
	}
}
