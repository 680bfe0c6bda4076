// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// shown are the counters that the demo prints; each must have counted something.
var shown = []string{
	"moorage_extender_requests_total", "moorage_extender_nodes_total", "moorage_extender_rejections_total",
	"moorage_webhook_findings_total", "moorage_webhook_defaults_total",
}

// counters prints what moorage counted since the examples began.
func (s *story) counters(ctx context.Context) error {
	s.chapter("What moorage counted")
	now, err := s.count(ctx)
	if err != nil {
		return err
	}
	for _, name := range shown {
		found := false
		for _, series := range sortedKeys(now) {
			if n := now[series] - s.counted[series]; n > 0 && strings.HasPrefix(series, name+"{") {
				found = true
				s.say("  %s %g", series, n)
			}
		}
		if !found {
			return fmt.Errorf("metric %s should have counted something", name)
		}
	}
	return nil
}

// count returns the value of each series of moorage's metrics.
func (s *story) count(ctx context.Context) (map[string]float64, error) {
	text, err := s.moorage.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	counted := make(map[string]float64)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if counted[line[:at]], err = strconv.ParseFloat(line[at+1:], 64); err != nil {
			return nil, fmt.Errorf("read the metrics: %q: %w", line, err)
		}
	}
	return counted, nil
}
