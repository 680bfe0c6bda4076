// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"

	"github.com/moorage-k8s/moorage/internal/templatecapacity"
	"github.com/moorage-k8s/moorage/internal/templatecapacity/publish"
	"github.com/moorage-k8s/moorage/topology"
)

// newTemplateCapacity publishes what room a node would bring that an autoscaler adds.
func (o *Options) newTemplateCapacity(cache *topology.Cache) (part, error) {
	if len(o.From) > 0 {
		return nil, errors.New("autoscaler.templateCapacity writes into a cluster, and --from reads no cluster; leave out one of them")
	}
	access, err := o.Cluster()
	if err != nil {
		return nil, err
	}
	c := o.Config.Autoscaler.TemplateCapacity
	labels := c.NodeGroupLabels
	if len(labels) == 0 {
		labels = templatecapacity.GroupLabels
	}
	w := &publish.Writer{
		Client: access.Client, Namespace: c.Namespace, Lease: c.Lease, GroupLabels: labels, Logger: o.Logger.WithName("template-capacity"),
		Snapshot: func() *topology.Snapshot {
			if len(cache.Missing()) > 0 {
				return nil
			}
			return cache.Snapshot()
		},
	}
	return func(ctx context.Context) error {
		w.Run(ctx)
		return nil
	}, nil
}
