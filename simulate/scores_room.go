// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"math"

	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/component-helpers/resource"

	"github.com/moorage-k8s/moorage/nodefit"
)

// What a container is taken to want that requests nothing (pkg/scheduler/util/pod_resources.go).
const (
	assumedMilliCPU = 100
	assumedMemory   = 200 << 20
)

// addRoom prefers nodes with much left, and those that the pod leaves with CPU and memory used alike (LeastAllocated and BalancedAllocation in
// pkg/scheduler/framework/plugins/noderesources). Nodes that do not say what they have are rated the same.
func (s *scoring) addRoom() {
	assumed := amounts(resource.PodRequests(s.pod, resource.PodResourcesOptions{NonMissingContainerRequests: corev1.ResourceList{
		corev1.ResourceCPU:    *apiresource.NewMilliQuantity(assumedMilliCPU, apiresource.DecimalSI),
		corev1.ResourceMemory: *apiresource.NewQuantity(assumedMemory, apiresource.BinarySI),
	}}))
	wanted := amounts(resource.PodRequests(s.pod, resource.PodResourcesOptions{}))
	for i := range s.candidates.All() {
		if s.at[i] < 0 {
			continue
		}
		allocatable, _ := s.others.Allocatable(s.at[i])
		has := [2]int64{allocatable.MilliCPU, allocatable.Memory}
		taken := s.others.Taken(s.at[i])
		used := [2]int64{taken.MilliCPU, taken.Memory}
		s.sum[i] += weightOfRoom * least(plus(assumedOn(s.others.Pods(s.at[i])), assumed), has)
		if wanted != [2]int64{} {
			s.sum[i] += weightOfBalance * (maxScore/2 + (maxScore/2+balance(plus(used, wanted), has)-balance(used, has))/2)
		}
	}
}

func amounts(list corev1.ResourceList) [2]int64 {
	return [2]int64{list.Cpu().MilliValue(), list.Memory().Value()}
}

func plus(a, b [2]int64) [2]int64 { return [2]int64{a[0] + b[0], a[1] + b[1]} }

// assumedOn is what pods take or are taken to want. Of pods that are there it is known what they take together, not container by container.
func assumedOn(pods []*nodefit.Pod) [2]int64 {
	var sum [2]int64
	for _, p := range pods {
		cpu, memory := p.Requests.MilliCPU, p.Requests.Memory
		if cpu == 0 {
			cpu = assumedMilliCPU
		}
		if memory == 0 {
			memory = assumedMemory
		}
		sum = plus(sum, [2]int64{cpu, memory})
	}
	return sum
}

// least is the part that is left, the mean of CPU and memory.
func least(used, has [2]int64) int64 {
	var sum, resources int64
	for r := range has {
		if has[r] == 0 {
			continue
		}
		resources++
		if used[r] <= has[r] {
			sum += (has[r] - used[r]) * maxScore / has[r]
		}
	}
	if resources == 0 {
		return 0
	}
	return sum / resources
}

// balance is how alike CPU and memory are used.
func balance(used, has [2]int64) int64 {
	if has[0] == 0 || has[1] == 0 {
		return maxScore
	}
	part := func(r int) float64 { return min(float64(used[r])/float64(has[r]), 1) }
	return int64((1 - math.Abs(part(0)-part(1))/2) * maxScore)
}
