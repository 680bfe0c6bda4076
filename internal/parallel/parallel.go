// SPDX-License-Identifier: Apache-2.0

// Package parallel spreads a loop over all cores.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls do for each number from 0 to n-1, on all cores: each takes so many numbers in a row at a time. It returns when all
// calls have.
func Each(n, atATime int, do func(i int)) {
	var next atomic.Int64
	var working sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+atATime-1)/atATime) {
		working.Go(func() {
			for {
				from := int(next.Add(int64(atATime))) - atATime
				if from >= n {
					return
				}
				for i := from; i < min(from+atATime, n); i++ {
					do(i)
				}
			}
		})
	}
	working.Wait()
}
