// SPDX-License-Identifier: Apache-2.0

// Package reserved carries reservations from a running moorage, which has followed the cluster, to a command that has just read it.
package reserved

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/moorage-k8s/moorage/topology"
)

// Path is where a running moorage tells its reservations, on the port of metrics and probes.
const Path = "/debug/reservations"

// The version and kind of the answer.
const (
	apiVersion = "moorage.dev/v1alpha1"
	kind       = "ReservationList"
)

const (
	// maxTold bounds the answer: about a megabyte.
	maxTold = 10_000
	// maxAsking bounds how many are answered at a time, slow readers included.
	maxAsking = 8
)

// list is what GET Path answers. It names no object: claims go by their UIDs.
type list struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	topology.ReservationReport
}

// Handler tells the reservations of a cache, once that has read the cluster in full.
func Handler(snapshot func() *topology.Snapshot, missing func() []topology.Kind) http.Handler {
	asking := make(chan struct{}, maxAsking)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		select {
		case asking <- struct{}{}:
			defer func() { <-asking }()
		default:
			http.Error(w, "too many ask for reservations", http.StatusServiceUnavailable)
			return
		}
		if len(missing()) > 0 {
			http.Error(w, "the cluster has not been read in full", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(list{apiVersion, kind, *snapshot().ReportReservations(maxTold)})
	})
}

// parse reads what a Handler told, maybe one of another version.
func parse(text []byte) (*topology.ReservationReport, error) {
	var told list
	if err := json.Unmarshal(text, &told); err != nil {
		return nil, fmt.Errorf("it does not tell reservations: %w", err)
	}
	if told.APIVersion != apiVersion || told.Kind != kind {
		return nil, fmt.Errorf("it tells %q of %q, want %s of %s: is it of another version?", told.Kind, told.APIVersion, kind, apiVersion)
	}
	for i := range told.Reservations {
		switch told.Reservations[i].State {
		case topology.ReservedInFlight, topology.ReservedProvisioned, topology.ReservedNot:
		default:
			return nil, fmt.Errorf("it tells of a state %q: is it of another version?", told.Reservations[i].State)
		}
	}
	return &told.ReservationReport, nil
}
