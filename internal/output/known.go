// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

func knownText(out *bytes.Buffer, k *explain.Known) {
	age := "read just now"
	if k.AgeSeconds > 0 {
		age = "as of " + text.Duration(time.Duration(k.AgeSeconds)*time.Second) + " ago"
	}
	if k.Time != nil {
		age = "as it was at " + k.Time.UTC().Format(time.RFC3339)
		if k.AgeSeconds > 0 {
			age += ", " + text.Duration(time.Duration(k.AgeSeconds)*time.Second) + " ago"
		}
	}
	var counts []string
	for _, c := range []struct {
		kind  topology.Kind
		count string
	}{
		{topology.KindNode, text.Count(k.Nodes, "node")},
		{topology.KindVolume, text.Count(k.Volumes, "volume")},
		{topology.KindClaim, text.Count(k.Claims, "claim")},
		{topology.KindPool, text.Count(k.Pools, "pool")},
		{topology.KindPod, text.Count(k.Pods, "pod") + " with volumes"},
	} {
		if !slices.Contains(k.Unlisted, string(c.kind)) {
			counts = append(counts, c.count)
		}
	}
	fmt.Fprintln(out, text.Wrap(width, strings.TrimSuffix(fmt.Sprintf("Known from %s, %s: %s", k.Source, age, strings.Join(counts, ", ")), ": ")+".", "", "  "))
}
