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
	// capturedMore ends the line of a capture that holds more than storage. Those of older versions do not.
	capturedMore = ", with what decides beside volumes"
	// maxHead bounds where the end of a file's first line is looked for, or of its first value.
	maxHead = 4 << 10

	commentAnnotation = "moorage.dev/comment"
)

// CapturedLine is the first line of a capture's comment. More tells that it holds what decides beside volumes, too.
func CapturedLine(at time.Time, by string, more bool) string {
	line := capturedBefore + at.UTC().Format(time.RFC3339) + capturedAfter + by
	if more {
		line += capturedMore
	}
	return line + "."
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

// capturedAt is when a file was captured of which this is the first document, and whether it holds what decides beside volumes; zero where it
// does not say so.
func capturedAt(document []byte) (at time.Time, more bool) {
	line, _, _ := bytes.Cut(document[:min(len(document), maxHead)], newline)
	comment, found := strings.CutPrefix(string(line), "# ")
	if !found {
		var head captureHead
		if len(document) > maxHead || !bytes.HasPrefix(document, []byte("{")) || json.Unmarshal(document, &head) != nil || head.Kind != list {
			return time.Time{}, false
		}
		comment, _, _ = strings.Cut(head.Metadata.Annotations[commentAnnotation], "\n")
	}
	rest, found := strings.CutPrefix(comment, capturedBefore)
	if !found {
		return time.Time{}, false
	}
	text, by, _ := strings.Cut(rest, capturedAfter)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, false
	}
	return at, strings.Contains(by, capturedMore)
}
