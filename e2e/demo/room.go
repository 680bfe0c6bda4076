// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/util/wait"
)

// room shows what is left in the pools, and that none was asked for more than it has.
func (s *story) room(context.Context) error {
	s.chapter("Room in the pools")
	current := s.storage.Driver.Pools()
	var rows [][]string
	for _, zone := range sortedKeys(pools) {
		rows = append(rows, []string{zone, gibibytes(current[zone].Size), gibibytes(current[zone].Used), gibibytes(current[zone].Free())})
	}
	s.table([]string{"ZONE", "POOL", "USED", "FREE"}, rows)
	if used := current["zone-c"].Used; used != 0 {
		return fmt.Errorf("zone-c has no room for both claims of a replica, and yet %d bytes of it are used", used)
	}
	if over := s.storage.Driver.OverCommits()[s.overCommits:]; len(over) > 0 {
		return fmt.Errorf("with moorage the driver was asked for more than it has: %v", over)
	}
	s.say("→ each claim of a replica would fit zone-c, both together would not: moorage kept zone-c out for each of them.")
	return nil
}

// awaitPools waits until the provisioner has published the pools.
func (s *story) awaitPools(ctx context.Context, want map[string]int64) error {
	err := wait.PollUntilContextTimeout(ctx, awaitPoll, awaitTimeout, true, func(ctx context.Context) (bool, error) {
		published, err := s.storage.Capacities(ctx, class)
		if err != nil {
			return false, err
		}
		for zone, size := range want {
			if c, ok := published[zone]; !ok || c.Capacity == nil || c.Capacity.Value() != size {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("wait for the provisioner to publish the pools: %w", err)
	}
	return nil
}
