// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

// everyIP stands for all addresses of a node.
const everyIP = "0.0.0.0"

// portOf is the node's port that a container asks for.
func portOf(p *corev1.ContainerPort) Port {
	return Port{IP: cmp.Or(p.HostIP, everyIP), Protocol: cmp.Or(p.Protocol, corev1.ProtocolTCP), Number: p.HostPort}
}

// meets reports whether two pods cannot both have their port.
func (p Port) meets(o Port) bool {
	return p.Number == o.Number && p.Protocol == o.Protocol && (p.IP == o.IP || p.IP == everyIP || o.IP == everyIP)
}

// nodePorts rejects nodes where other pods have a port that the pod asks for.
func nodePorts(q *query) (ruling, error) {
	ports := hostPorts(q.pod)
	if len(ports) == 0 {
		return nil, nil
	}
	return wantedPorts(ports), nil
}

type wantedPorts []Port

func (w wantedPorts) causes(at place, report func(Cause)) {
	for _, pods := range [][]*Pod{at.pods, at.expected} {
		for _, p := range pods {
			if slices.ContainsFunc(p.Ports, func(has Port) bool { return slices.ContainsFunc(w, has.meets) }) {
				report(Cause{Text: upstream.PortsTaken})
				return
			}
		}
	}
}

func (w wantedPorts) because(at place, _ Cause) (out Evidence) {
	for k, port := range w {
		if slices.Contains(w[:k], port) {
			continue
		}
		taken := TakenPort{Port: port}
		for _, p := range slices.Concat(at.pods, at.expected) {
			if slices.ContainsFunc(p.Ports, port.meets) {
				taken.Pods = append(taken.Pods, p)
			}
		}
		if len(taken.Pods) > 0 {
			out.Ports = append(out.Ports, taken)
		}
	}
	return out
}
