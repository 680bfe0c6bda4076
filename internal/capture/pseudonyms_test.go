// SPDX-License-Identifier: Apache-2.0

package capture_test

import (
	"testing"

	"github.com/moorage-k8s/moorage/internal/capture"
)

// No name is left in a text, whether it is known or only looks like one; what everyone knows, and numbers, stay.
func TestPseudonymsLeaveNoNames(t *testing.T) {
	p := capture.NewPseudonyms()
	p.Know("node", "ip-10-0-1-7.acme.internal", "a1")
	p.Know("claim", "data")
	p.Know("namespace", "acme", "default")
	for _, test := range []struct{ text, want string }{
		{"claim data of acme/data on ip-10-0-1-7.acme.internal.", "claim claim-1 of namespace-1/claim-1 on node-1."},
		{"a1: needs 2.5 more CPU (requests 4, 1500m free of 2), 10Gi", "node-2: needs 2.5 more CPU (requests 4, 1500m free of 2), 10Gi"},
		{"0/3 nodes, topology.kubernetes.io/zone of ebs.csi.aws.com, kube-scheduler", "0/3 nodes, topology.kubernetes.io/zone of ebs.csi.aws.com, kube-scheduler"},
		{"at 10.0.1.9 in acme-eu on registry.acme.internal/db:1 by user_7", "at … in … on … by …"},
		{`it says: tenant acme-two is over its share`, "it says: …"},
		{`volume "data" and "somebody else's words"`, `volume "claim-1" and "…"`},
		{"dedicated=gpu:NoSchedule, 3h, VolumeAffinity", "dedicated=gpu:NoSchedule, 3h, VolumeAffinity"},
		{"zürich is a zone", "… is a zone"},
	} {
		if got := p.Text(test.text); got != test.want {
			t.Errorf("%s\nbecomes %s\nwant    %s", test.text, got, test.want)
		}
	}
}
