// SPDX-License-Identifier: Apache-2.0

package zones

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/process"
)

// startAttacher starts the sidecar that answers the attach-detach controller, if the driver has one.
func (s *Storage) startAttacher() error {
	if !s.options.Attacher {
		return nil
	}
	control := s.nodes.control
	kubeconfig, err := control.Kubeconfig("attacher-"+s.options.Driver, "system:masters")
	if err != nil {
		return err
	}
	s.attacher, err = control.Run(process.Command{
		Name: binaries.Attacher.Name + "-" + s.options.Driver,
		Path: control.Program(binaries.Attacher.Name),
		Args: []string{
			"--csi-address=" + s.Driver.Socket(), "--kubeconfig=" + kubeconfig,
			"--kube-api-qps=200", "--kube-api-burst=400",
			"--retry-interval-start=200ms", "--retry-interval-max=5s",
			"--v=4",
		},
	})
	return err
}

// AttachedTo returns the nodes to which the driver has a volume attached, in order. The volume is named by its handle, its volume ID.
func (s *Storage) AttachedTo(handle string) []string {
	for _, v := range s.Driver.Volumes() {
		if v.ID == handle {
			return v.Nodes
		}
	}
	return nil
}

// awaitDetached waits until no PersistentVolume and no VolumeAttachment is left that only the attacher can let go of.
func (s *Storage) awaitDetached(ctx context.Context) error {
	if s.attacher == nil {
		return nil
	}
	client, left := s.nodes.control.Client(), ""
	err := wait.PollUntilContextTimeout(ctx, awaitPoll, awaitTimeout, true, func(ctx context.Context) (bool, error) {
		attachments, err := client.StorageV1().VolumeAttachments().List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		for i := range attachments.Items {
			if a := &attachments.Items[i]; a.Spec.Attacher == s.options.Driver {
				left = fmt.Sprintf("VolumeAttachment %s to node %s", a.Name, a.Spec.NodeName)
				return false, nil
			}
		}
		volumes, err := client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		for i := range volumes.Items {
			if v := &volumes.Items[i]; v.Spec.CSI != nil && v.Spec.CSI.Driver == s.options.Driver {
				left = "PersistentVolume " + v.Name
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("wait for %s to be gone: %w", left, err)
	}
	return nil
}
