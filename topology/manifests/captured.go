// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// This file says how a capture tells its time: what ages (reservations, failures) is as old as it was then, no matter when the
// capture is read. The time is in the first line of its comment, which is the head of a YAML file. JSON has no comments: there
// the first value is an empty v1 List, which says nothing to other readers, with the comment as an annotation.

const (
	capturedBefore = "A cluster's storage as moorage sees it, captured "
	capturedAfter  = " by "
	// maxHead bounds where the end of a file's first line is looked for, or of its first value.
	maxHead = 4 << 10

	commentAnnotation = "moorage.dev/comment"
)

// CapturedLine is the first line of a capture's comment.
func CapturedLine(at time.Time, by string) string {
	return capturedBefore + at.UTC().Format(time.RFC3339) + capturedAfter + by + "."
}

// captureHead is the first value of a capture in JSON.
type captureHead struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        struct {
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Items []struct{} `json:"items"`
}

// CapturedList is what a capture in JSON begins with in place of the comment.
func CapturedList(comment []string) json.RawMessage {
	head := captureHead{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: list}, Items: []struct{}{}}
	head.Metadata.Annotations = map[string]string{commentAnnotation: strings.Join(comment, "\n")}
	text, _ := json.Marshal(&head)
	return append(text, '\n')
}

// capturedAt is when a file was captured of which this is the first document; zero where it does not say so.
func capturedAt(document []byte) time.Time {
	line, _, _ := bytes.Cut(document[:min(len(document), maxHead)], newline)
	comment, found := strings.CutPrefix(string(line), "# ")
	if !found {
		var head captureHead
		if len(document) > maxHead || !bytes.HasPrefix(document, []byte("{")) || json.Unmarshal(document, &head) != nil || head.Kind != list {
			return time.Time{}
		}
		comment, _, _ = strings.Cut(head.Metadata.Annotations[commentAnnotation], "\n")
	}
	rest, found := strings.CutPrefix(comment, capturedBefore)
	if !found {
		return time.Time{}
	}
	text, _, _ := strings.Cut(rest, capturedAfter)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at
}
