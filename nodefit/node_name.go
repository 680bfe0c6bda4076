// SPDX-License-Identifier: Apache-2.0

package nodefit

import "github.com/moorage-k8s/moorage/internal/upstream"

// nodeName rejects every node but the one that the pod names.
func nodeName(q *query) (ruling, error) {
	if q.pod.Spec.NodeName == "" {
		return nil, nil
	}
	return onlyNode(q.pod.Spec.NodeName), nil
}

type onlyNode string

func (n onlyNode) causes(at place, report func(Cause)) {
	if at.object.Name != string(n) {
		report(Cause{Text: upstream.NotThatNode, Unresolvable: true})
	}
}

func (n onlyNode) because(place, Cause) Evidence { return Evidence{NodeName: string(n)} }
