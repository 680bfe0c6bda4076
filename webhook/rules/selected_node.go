// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SelectedNodeAnnotation is where the scheduler writes the node for which a claim's volume is to be provisioned.
const SelectedNodeAnnotation = "volume.kubernetes.io/selected-node"

// KubeSystemAccounts begins the user names of the service accounts in kube-system.
const KubeSystemAccounts = "system:serviceaccount:" + metav1.NamespaceSystem + ":"

// clusterWriters are the users of Kubernetes' own components that write the annotation, or create claims from templates with it.
var clusterWriters = []string{"system:kube-controller-manager", "system:kube-scheduler"}

var bindingSelectedNodeRule = Rule{
	ID: "binding-selected-node",
	Summary: "The annotation " + SelectedNodeAnnotation + " is set or changed by a user that is not a scheduler or provisioner. Trusted are " +
		"system:kube-scheduler, system:kube-controller-manager, the service accounts of kube-system, and the users in webhook.selectedNodeWriters.",
	Kinds:       claimKinds,
	Action:      Warn,
	Symptom:     "the volume is provisioned for a node on which the pod may never run",
	Remediation: "drop the annotation; to choose a node, give the pod a node affinity",
	Check:       bindingSelectedNode,
}

// bindingSelectedNode fires on a node that somebody else than a scheduler chose. An update that leaves the annotation as it was
// says nothing new, and Evaluate leaves that out; one by a user that is not known may be the scheduler's.
func bindingSelectedNode(in *Input) []Finding {
	if in.Standing || in.Settings.writesSelectedNode(in.User) || (in.User == "" && in.Old != nil) {
		return nil
	}
	var found []Finding
	eachClaim(in.Object, func(c claim) {
		if node, ok := c.annotations[SelectedNodeAnnotation]; ok {
			found = append(found, Finding{
				Path:    c.meta.Child("annotations").Key(SelectedNodeAnnotation),
				Message: fmt.Sprintf("%sannotation %s is set by the scheduler, and here it is %q", c.origin, SelectedNodeAnnotation, node),
			})
		}
	})
	return found
}

func (s *Settings) writesSelectedNode(user string) bool {
	return strings.HasPrefix(user, KubeSystemAccounts) || slices.Contains(clusterWriters, user) || slices.Contains(s.SelectedNodeWriters, user)
}

// SelectedNodeWriters are the users that may write a claim's selected node, besides the service accounts of kube-system, sorted; ok is
// false if the rule about it is off everywhere.
func (e *Evaluator) SelectedNodeWriters() (users []string, ok bool) {
	users = slices.Concat(clusterWriters, e.settings.SelectedNodeWriters)
	slices.Sort(users)
	ok = slices.ContainsFunc(e.rules, func(r active) bool { return r.ID == bindingSelectedNodeRule.ID })
	return slices.Compact(users), ok
}
