// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/internal/upstream"
	"github.com/moorage-k8s/moorage/topology"
)

var accessModeSharedWriterRule = Rule{
	ID: "access-mode-shared-writer",
	Summary: "A workload's pods, the old and the new pod of a rolling update, or several workloads of the same files share a claim that only one node " +
		"or one pod may have.",
	Kinds:  podKinds,
	Action: Warn,
	Symptom: `FailedAttachVolume "` + fmt.Sprintf(upstream.UsedByPods, "…") + `" (before Kubernetes 1.37 "Multi-Attach error"): pods on other nodes ` +
		"stay in ContainerCreating, and a rollout never ends",
	Remediation: "use a StatefulSet with volumeClaimTemplates, or a ReadWriteMany volume",
	NeedsLookup: true,
	Check:       accessModeSharedWriter,
}

// accessModeSharedWriter fires on several pods of a workload that share a claim which only one node, or one pod, may have.
func accessModeSharedWriter(in *Input) []Finding {
	var replicas int
	overlaps, certain := false, true
	who := "its replicas share"
	switch o := in.Object.(type) {
	case *appsv1.Deployment:
		replicas = replicasOf(o.Spec.Replicas)
		overlaps = replicas == 1 && startsBeforeItStops(&o.Spec.Strategy)
	case *appsv1.ReplicaSet:
		if metav1.GetControllerOf(o) != nil {
			// Its Deployment has been asked about.
			return nil
		}
		replicas = replicasOf(o.Spec.Replicas)
	case *appsv1.StatefulSet:
		replicas = replicasOf(o.Spec.Replicas)
	case *corev1.ReplicationController:
		replicas = replicasOf(o.Spec.Replicas)
	case *appsv1.DaemonSet:
		// As many as there are nodes that it selects.
		replicas, certain, who = 2, false, "its pods, one on each node, share"
	case *batchv1.Job:
		replicas, certain, who = parallel(&o.Spec), false, "its parallel pods share"
	case *batchv1.CronJob:
		replicas, certain, who = parallel(&o.Spec.JobTemplate.Spec), false, "its parallel pods share"
	case *corev1.Pod:
	default:
		return nil
	}
	if replicas < 2 && !overlaps {
		return sharedWithOthers(in)
	}
	spec, _ := podSpecOf(in.Object)
	var found []Finding
	for _, v := range claimVolumes(in) {
		if v.claim == nil {
			continue
		}
		f := Finding{Path: v.path}
		if overlaps {
			who = "a rolling update starts the next pod before the last one is gone, and both use"
		}
		switch {
		case v.claim.AccessModes.Has(topology.ReadWriteOncePod):
			f.Message = fmt.Sprintf("%s ReadWriteOncePod claim %q", who, v.claim.Name)
			f.Symptom = "the second pod stays Pending: " + upstream.ReadWriteOncePodInUse
			if !overlaps && certain {
				f.Action = Deny
				f.Remediation = "set replicas: 1, or use a StatefulSet with volumeClaimTemplates"
			}
		case !mayBePinned(spec) && attachedOnce(in, v.claim):
			f.Message = fmt.Sprintf("%s ReadWriteOnce claim %q", who, v.claim.Name)
		default:
			continue
		}
		if overlaps {
			f.Remediation = "set strategy.type: Recreate, or maxSurge: 0"
		}
		found = append(found, f)
	}
	return found
}

// parallel is how many pods of a Job run at once.
func parallel(spec *batchv1.JobSpec) int {
	n := replicasOf(spec.Parallelism)
	if spec.Completions != nil {
		n = min(n, int(*spec.Completions))
	}
	return n
}

// sharedWithOthers fires on a claim that another workload of the same files uses as well, on all but the first of them.
func sharedWithOthers(in *Input) []Finding {
	o, ok := in.Object.(metav1.Object)
	if !ok || in.Beside == nil {
		return nil
	}
	spec, _ := podSpecOf(in.Object)
	self := claimUser{in.Kind, o.GetName()}
	var found []Finding
	for _, v := range claimVolumes(in) {
		if v.claim == nil || mayBePinned(spec) || hasPodAffinity(spec) || !attachedOnce(in, v.claim) {
			continue
		}
		others := in.Beside.otherUsers(v.claim.Key(), self)
		if len(others) == 0 || self.compare(others[0]) < 0 {
			continue
		}
		found = append(found, Finding{
			Path: v.path, Message: fmt.Sprintf("%s %q uses ReadWriteOnce claim %q as well", others[0].kind, others[0].name, v.claim.Name),
			Remediation: "use a ReadWriteMany volume, or keep the pods on one node with podAffinity",
		})
	}
	return found
}

// hasPodAffinity reports whether a pod has to be near others, which may be those that it shares a claim with.
func hasPodAffinity(spec *corev1.PodSpec) bool {
	return spec.Affinity != nil && spec.Affinity.PodAffinity != nil && len(spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0
}

func replicasOf(replicas *int32) int {
	if replicas == nil {
		return 1
	}
	return int(*replicas)
}

// startsBeforeItStops says that a rolling update of one replica waits for the new pod before it stops the old one, rounding
// as the Deployment controller does (pkg/controller/deployment/util, ResolveFenceposts).
func startsBeforeItStops(s *appsv1.DeploymentStrategy) bool {
	if s.Type != "" && s.Type != appsv1.RollingUpdateDeploymentStrategyType {
		return false
	}
	quarter := intstr.FromString("25%")
	surge, unavailable := &quarter, &quarter
	if r := s.RollingUpdate; r != nil {
		if r.MaxSurge != nil {
			surge = r.MaxSurge
		}
		if r.MaxUnavailable != nil {
			unavailable = r.MaxUnavailable
		}
	}
	up, err := intstr.GetScaledValueFromIntOrPercent(surge, 1, true)
	if err != nil {
		return false
	}
	down, err := intstr.GetScaledValueFromIntOrPercent(unavailable, 1, false)
	return err == nil && up > 0 && down == 0
}

// attachedOnce says that the claim's volume is attached to one node at a time, and that its pods may be on several. A claim
// that is not bound yet is judged by its class.
func attachedOnce(in *Input, c *topology.Claim) bool {
	if in.Lookup.NumNodes() == 1 {
		return false
	}
	if c.VolumeName == "" {
		class, ok := in.Lookup.StorageClass(c.Class)
		return ok && c.AccessModes == topology.ReadWriteOnce && attaches(in, class.Provisioner, false)
	}
	pv := in.Lookup.Volume(c.VolumeName)
	if pv == nil || pv.SingleAttacher == "" || (in.Lookup.NumNodes() > 0 && in.Lookup.Reach(pv).Len() < 2) {
		return false
	}
	return attaches(in, pv.SingleAttacher, true)
}

// attaches says that a driver's volumes are attached before they are mounted, and can be reached from more than one node.
// Its CSIDriver object knows; without one the attach-detach controller attaches a volume that there is. Of a class, and where
// such an object may only be out of sight, the catalog is asked: drivers that serve raw devices attach them.
func attaches(in *Input, driver string, volume bool) bool {
	row, known := in.Catalog.Driver(driver)
	if known && (row.Kind != catalog.CSI || row.Topology.Scope == catalog.ScopeNode) {
		return false
	}
	if known && !row.AnyPrefix {
		// An in-tree provisioner's name finds the driver that it is redirected to.
		driver = row.Name
	}
	if object, ok := in.Lookup.CSIDriver(driver); ok {
		return object.Spec.AttachRequired == nil || *object.Spec.AttachRequired
	}
	return (volume && !in.Partial) || (known && row.Block.Support == catalog.Supported)
}
