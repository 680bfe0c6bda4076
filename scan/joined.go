// SPDX-License-Identifier: Apache-2.0

package scan

import "time"

// joined is when a node came, or got its CSINode if that was later; zero where nothing says so.
func (c *Cluster) joined(node string) time.Time {
	var at time.Time
	if n := c.Nodes[node]; n != nil {
		at = n.CreationTimestamp.Time
	}
	if n := c.CSINodes[node]; n != nil {
		at = newest(at, n.CreationTimestamp.Time)
	}
	return at
}

// hasJoined reports whether a node has had the time to get its drivers, labels and limits.
func (c *Cluster) hasJoined(node string) bool { return c.lasts(c.joined(node), joinedGrace) }
