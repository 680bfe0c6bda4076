// SPDX-License-Identifier: Apache-2.0

package autoscaler

import "sigs.k8s.io/yaml"

// Cluster is what could be read of a cluster's autoscalers beside their events.
type Cluster struct {
	// Claims are Karpenter's NodeClaims, by name; nil where the cluster has no such kind or they could not be read, and ClaimsUnread says why not.
	Claims       map[string]NodeClaim
	ClaimsUnread string
	// Status is cluster-autoscaler's; nil where it writes none or it could not be read, and StatusUnread says why not.
	Status       *Status
	StatusUnread string
	// OnNodes tells that nodes carry the labels that an autoscaler of the name sets.
	OnNodes map[Name]bool
}

// NodeClaim is how far a node is that Karpenter asked for.
type NodeClaim struct {
	// Node is the one that it has become; empty before.
	Node string
	// Ready tells that it takes pods. Waits is the first condition that it waits for, with what was said of it.
	Ready   bool
	Waits   string
	Message string
}

// Status is what cluster-autoscaler tells of itself, in the form that it has had since 1.30.
type Status struct {
	Running string `json:"autoscalerStatus"`
	Groups  []struct {
		Name   string `json:"name"`
		Health struct {
			Target int `json:"cloudProviderTarget"`
			Most   int `json:"maxSize"`
		} `json:"health"`
		ScaleUp struct {
			Status  string `json:"status"`
			Backoff struct {
				Code    string `json:"errorCode"`
				Message string `json:"errorMessage"`
			} `json:"backoffInfo"`
		} `json:"scaleUp"`
	} `json:"nodeGroups"`
}

// maxStatus is how much of a status is read: it has some lines for each node group.
const maxStatus = 1 << 20

// StatusOf reads the key status of cluster-autoscaler's ConfigMap; nil for the text that it wrote before 1.30, and for anything else.
func StatusOf(text string) *Status {
	var s Status
	if len(text) > maxStatus || yaml.Unmarshal([]byte(text), &s) != nil || s.Running == "" {
		return nil
	}
	return &s
}

// full are the node groups that have as many nodes as they may.
func (s *Status) full() (out []string) {
	for i := range s.Groups {
		if g := &s.Groups[i]; g.Health.Most > 0 && g.Health.Target >= g.Health.Most {
			out = append(out, g.Name)
		}
	}
	return out
}

// backingOff are the node groups that are left alone for a time since an attempt failed, each with what was said of it.
func (s *Status) backingOff() (out []Backoff) {
	for i := range s.Groups {
		if g := &s.Groups[i]; g.ScaleUp.Status == "Backoff" {
			out = append(out, Backoff{Group: g.Name, Code: g.ScaleUp.Backoff.Code, Message: g.ScaleUp.Backoff.Message})
		}
	}
	return out
}

// Backoff is why a node group is left alone for a time.
type Backoff struct {
	Group   string `json:"group"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

func (s *Status) names() []string {
	out := make([]string, len(s.Groups))
	for i := range s.Groups {
		out[i] = s.Groups[i].Name
	}
	return out
}
