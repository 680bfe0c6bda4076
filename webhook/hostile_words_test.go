// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// What the webhook says of hostile names reaches terminals and logs of pipelines by kubectl, and the audit log: it is lines in which every
// character is seen, and none of which a runner of continuous integration obeys.
func TestHostileWords(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	pieces := []string{
		"\n::error::x", "::stop-commands::x", "##[error]x", "##vso[task.complete]", "\x1b[31m", "\u009b2J", "\r", "\u202e", "\u200b", "\u2028::error::x", "\ufeff", "\U000e0041",
		"a", " ", "東", strings.Repeat("long ", 30),
	}
	word := func() string {
		out := ""
		for range 1 + random.IntN(4) {
			out += pieces[random.IntN(len(pieces))]
		}
		return strconv.QuoteToASCII(out)
	}
	w := newWebhook(t, Options{Rules: strict()})
	warn := newWebhook(t, Options{Rules: rules.EvaluatorOptions{}})
	said := 0
	for range 500 {
		volume, container := word(), word()
		manifest := fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: %s, annotations: {moorage.dev/ignore: %s}}, spec: {containers: [{name: %s, image: i, securityContext: {privileged: true},
		  volumeMounts: [{name: %s, mountPath: /h, mountPropagation: Bidirectional}, {name: %s, mountPath: /h}, {name: x, mountPath: %s}]}],
		  volumes: [{name: %s, hostPath: {path: /}}, {name: x, persistentVolumeClaim: {claimName: %s}}, {name: y, csi: {driver: %s}}]}}`,
			word(), word(), container, volume, volume, word(), volume, word(), word())
		if random.IntN(2) == 0 {
			manifest = fmt.Sprintf(`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: x, annotations: {volume.beta.kubernetes.io/storage-class: %s, volume.kubernetes.io/selected-node: %s}},
			  spec: {storageClassName: %s, accessModes: [%s], dataSource: {kind: VolumeSnapshot, name: %s}, resources: {requests: {storage: 10}}}}`, word(), word(), word(), word(), word())
		}
		for _, endpoint := range []*Webhook{w, warn} {
			answer := admit(t, endpoint.Validate(), reviewOf(t, manifest, ""))
			texts := answer.Warnings
			if answer.Result != nil {
				texts = append(texts, strings.Split(answer.Result.Message, "\n")...)
			}
			for _, v := range answer.AuditAnnotations {
				texts = append(texts, v)
			}
			for _, text := range texts {
				said += len(text)
				for _, r := range text {
					if !unicode.IsGraphic(r) {
						t.Fatalf("%q in %q of %s", r, text, manifest)
					}
				}
				if strings.HasPrefix(strings.TrimSpace(text), "::") || strings.Contains(text, "##[") || strings.Contains(text, "##vso[") {
					t.Fatalf("a command in %q of %s", text, manifest)
				}
			}
		}
	}
	if said < 100000 {
		t.Errorf("only %d bytes were said", said)
	}
}
