// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"time"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
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
	fmt.Fprintln(out, text.Wrap(width, fmt.Sprintf("Known from %s, %s: %s, %s, %s, %s, %s with volumes.", k.Source, age,
		text.Count(k.Nodes, "node"), text.Count(k.Volumes, "volume"), text.Count(k.Claims, "claim"), text.Count(k.Pools, "pool"), text.Count(k.Pods, "pod")), "", "  "))
}
