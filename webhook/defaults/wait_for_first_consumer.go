// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"fmt"

	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

var waitForFirstConsumerDefault = Default{
	Name:    "wait-for-first-consumer",
	Summary: "A class of a zonal or node-local driver that binds immediately waits for the first consumer instead.",
	Kinds:   []rules.Kind{rules.StorageClass},
	Apply:   waitForFirstConsumer,
}

// waitForFirstConsumer changes volumeBindingMode Immediate, which is also what the API server writes where nothing was
// written, on the classes that the rule binding-immediate-zonal warns of for their driver's sake. Without a view of the
// cluster, which may say that this installation has no zones, it leaves them alone.
//
// The mode is immutable. An update to Immediate of a class that waits could only be refused: most likely it is the old
// manifest once more, so it is changed too.
func waitForFirstConsumer(in Input, patch *Patch) error {
	class, ok := in.Object.(*storagev1.StorageClass)
	if !ok {
		return fmt.Errorf("the object is a %T, not a class", in.Object)
	}
	if in.Lookup == nil || !rules.BindsTooSoon(class, in.Lookup, in.catalog) {
		return nil
	}
	if in.Old != nil {
		old, isClass := in.Old.(*storagev1.StorageClass)
		if !isClass {
			return fmt.Errorf("the old object is a %T, not a class", in.Old)
		}
		if old.VolumeBindingMode == nil || *old.VolumeBindingMode != storagev1.VolumeBindingWaitForFirstConsumer {
			return nil
		}
	}
	return patch.Set(string(storagev1.VolumeBindingWaitForFirstConsumer), "volumeBindingMode")
}
