// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// lock makes the cache directory and takes its lock, so that one process builds and the others wait and find the result. The lock is
// the kernel's: it ends with its holder, however that ends.
func (b Builder) lock(ctx context.Context, cache string) (unlock func(), err error) {
	if err = os.MkdirAll(cache, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(cache, "build.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the cache directory: %w", err)
	}
	said := false
	err = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(context.Context) (bool, error) {
		flockErr := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(flockErr, syscall.EWOULDBLOCK) {
			if !said {
				b.say("waiting for another process that builds into %s", cache)
				said = true
			}
			return false, nil
		}
		return flockErr == nil, flockErr
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the cache directory %s: %w", cache, err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}
