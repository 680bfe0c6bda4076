// SPDX-License-Identifier: Apache-2.0

//go:build linux

package install

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// load asks the API server for admissions without a pause: every other object is in breach of a rule that denies, so that an answer which
// is not moorage's shows, whatever the failure policy is.
type load struct {
	stop    context.CancelFunc
	running sync.WaitGroup
	asked   atomic.Int64

	mu       sync.Mutex
	failures []string // guarded by mu
}

// startLoad starts so many workers. They ask on connections of their own, and go on after a failure.
func startLoad(ctx context.Context, client kubernetes.Interface, workers int) *load {
	ctx, stop := context.WithCancel(ctx)
	l := &load{stop: stop}
	for worker := range workers {
		l.running.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				l.ask(ctx, client, fmt.Sprintf("try-%d-%d", worker, i), i%2 == 0)
			}
		})
	}
	return l
}

// ask tries, without storing it, a class, which may be in breach of the rule secret-ref-incomplete.
func (l *load) ask(ctx context.Context, client kubernetes.Interface, name string, breach bool) {
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: "any.example.com"}
	if breach {
		class.Parameters = map[string]string{"csi.storage.k8s.io/provisioner-secret-name": "half"}
	}
	started := time.Now()
	_, err := client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if ctx.Err() != nil {
		return
	}
	l.asked.Add(1)
	if breach && apierrors.IsForbidden(err) || !breach && err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures = append(l.failures, fmt.Sprintf("%s, asked at %s, in breach: %t: %v", name, started.Format("15:04:05.000"), breach, err))
}

// end stops the load, and fails the test if an admission failed or too few were asked for to show anything.
func (l *load) end(t *testing.T) {
	t.Helper()
	l.stop()
	l.running.Wait()
	const enough = 200
	if asked := l.asked.Load(); asked < enough {
		t.Errorf("only %d admissions were asked for, want %d at least", asked, enough)
	}
	for i, failure := range l.failures {
		if i == 10 {
			break
		}
		t.Errorf("an admission failed: %s", failure)
	}
	t.Logf("%d admissions, %d failed", l.asked.Load(), len(l.failures))
}
