// SPDX-License-Identifier: Apache-2.0

package catalog

import "slices"

// CloneTopology says where a driver can make a volume that is filled from another one, compared with where the source is.
type CloneTopology struct {
	// Volume is for a clone of another claim's volume, Snapshot for one that is restored from a snapshot. Each is empty where
	// it is not known, or where the driver cannot do it.
	Volume   CloneReach `json:"volume,omitempty"`
	Snapshot CloneReach `json:"snapshot,omitempty"`
	// Unless are class parameters of the new volume with which nothing is known.
	Unless []ParameterValue `json:"unless,omitempty"`
}

// CloneReach is where a volume that is made from a source can be used.
type CloneReach string

// The places.
const (
	// CloneAtSource: only where the source itself can be, whichever node is selected.
	CloneAtSource CloneReach = "Source"
	// CloneAnywhere: wherever the driver makes volumes.
	CloneAnywhere CloneReach = "Anywhere"
	// CloneUnknown: not known.
	CloneUnknown CloneReach = "Unknown"
)

// OfVolume says where a clone of another claim's volume can be, by the parameters of the new claim's class.
func (c *CloneTopology) OfVolume(parameters map[string]string) CloneReach {
	if c == nil {
		return CloneUnknown
	}
	return c.reach(c.Volume, parameters)
}

// OfSnapshot says where a volume can be that is restored from a snapshot, by the parameters of the new claim's class.
func (c *CloneTopology) OfSnapshot(parameters map[string]string) CloneReach {
	if c == nil {
		return CloneUnknown
	}
	return c.reach(c.Snapshot, parameters)
}

func (c *CloneTopology) reach(fact CloneReach, parameters map[string]string) CloneReach {
	if fact == "" || slices.ContainsFunc(c.Unless, func(p ParameterValue) bool { return p.Holds(parameters) }) {
		return CloneUnknown
	}
	return fact
}
