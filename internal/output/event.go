// SPDX-License-Identifier: Apache-2.0

package output

import "github.com/moorage-k8s/moorage/explain/event"

// Event is a Warning event, and what moorage knows of its text.
type Event struct {
	event.Event `json:",inline"`
	// Known is the row of the table of known texts; left out where none knows it.
	Known *KnownText `json:"known,omitempty"`
}

// KnownText is what is known of a text.
type KnownText struct {
	ID     string `json:"id"`
	Cause  string `json:"cause"`
	Look   string `json:"look"`
	Remedy string `json:"remedy"`
}

func eventsOf(events []event.Event) []Event {
	var out []Event
	for i := range events {
		e := Event{Event: events[i]}
		if known := events[i].Known(); known != nil {
			e.Known = &KnownText{known.ID, known.Cause, known.Look, known.Remedy}
		}
		out = append(out, e)
	}
	return out
}
