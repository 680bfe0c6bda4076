// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// capacities looks whether drivers that promise to publish capacities (CSIDriver.spec.storageCapacity) do so for each of their
// classes that wait for a consumer: kube-scheduler rules out every node for a class of which it finds none.
func (e *examination) capacities(ctx context.Context) Check {
	api := e.Client.StorageV1()
	drivers, err := api.CSIDrivers().List(ctx, metav1.ListOptions{})
	if err != nil {
		return unread(ctx, "the CSIDrivers", err)
	}
	classes, err := api.StorageClasses().List(ctx, metav1.ListOptions{})
	if err != nil {
		return unread(ctx, "the StorageClasses", err)
	}
	published, err := api.CSIStorageCapacities(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return unread(ctx, "the CSIStorageCapacities", err)
	}
	pools := map[string]int{}
	for i := range published.Items {
		pools[published.Items[i].StorageClassName]++
	}
	var without, promising []string
	for i := range drivers.Items {
		d := &drivers.Items[i]
		if d.Spec.StorageCapacity == nil || !*d.Spec.StorageCapacity {
			continue
		}
		promising = append(promising, d.Name)
		for k := range classes.Items {
			c := &classes.Items[k]
			waits := c.VolumeBindingMode != nil && *c.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
			if c.Provisioner == d.Name && waits && pools[c.Name] == 0 {
				without = append(without, fmt.Sprintf("%s (%s)", c.Name, d.Name))
			}
		}
	}
	slices.Sort(without)
	switch {
	case len(without) > 0:
		return failure("run the driver's external-provisioner with --enable-capacity and see its log, or set storageCapacity: false in its CSIDriver",
			"no capacity is published for the classes %s, though their drivers promise it: kube-scheduler rules out every node for their claims",
			strings.Join(without, ", "))
	case len(promising) == 0:
		return ok("no driver promises to publish capacities, so nothing is known of the room in pools")
	default:
		return ok("every class of %s that waits for a consumer has published capacities", strings.Join(promising, ", "))
	}
}
