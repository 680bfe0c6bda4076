// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"context"
	"strings"
)

// sayWaits shows what moorage counted of its waits and second looks, for those who look for the time.
func (l *Lab) sayWaits(ctx context.Context, s *side) {
	text, err := s.moorage.Metrics(ctx)
	if err != nil {
		l.say("  moorage's metrics: %v", err)
		return
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "moorage_") && !strings.Contains(line, "_bucket") &&
			(strings.Contains(line, "wait") || strings.Contains(line, "second_look") || strings.Contains(line, "reserv")) {
			l.say("  %s", strings.TrimSpace(line))
		}
	}
}
