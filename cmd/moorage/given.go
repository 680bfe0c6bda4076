// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// given is what the files of -f hold: what the cluster knows, and the workloads that make pods of it.
type given struct {
	objects manifests.Objects
	others  []runtime.Object
}

// readOnTop puts what the files hold on top of the cluster, as if it were created now: claims get the default class, and
// ephemeral volumes their claims. Pods are returned and not put into the cluster. What a check would call a fault of the text
// is an error: the answer would be about other objects than those that were meant.
func (c *cluster) readOnTop(cmd *cobra.Command, paths []string) (*given, error) {
	read, err := check.Read(cmd.Context(), paths, cmd.InOrStdin())
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	if len(read.Faults) > 0 {
		return nil, faultsError(read.Faults)
	}
	notRead(cmd.ErrOrStderr(), &read.Skipped)
	out, err := c.sort(read.Objects)
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	return out, c.apply(out.objects)
}

// sort tells what the cluster knows from the rest. Of objects that occur twice the last one counts.
func (c *cluster) sort(read []runtime.Object) (*given, error) {
	out := &given{objects: manifests.Objects{}}
	for _, object := range read {
		kind, ok := topology.KindOf(object)
		if !ok {
			out.others = append(out.others, object)
			continue
		}
		o, err := meta.Accessor(object)
		if err != nil {
			return nil, err
		}
		if o.GetName() == "" {
			return nil, fmt.Errorf("%s has no metadata.name", kind)
		}
		manifests.DefaultNamespace(o, kind, c.namespace)
		if out.objects[kind] == nil {
			out.objects[kind] = map[topology.Key]metav1.Object{}
		}
		out.objects[kind][topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}] = o
	}
	return out, nil
}

// apply puts objects into the cluster, except for pods.
func (c *cluster) apply(objects manifests.Objects) error {
	draft := c.snapshot.Draft()
	for _, kind := range topology.AllKinds {
		for _, key := range slices.SortedFunc(maps.Keys(objects[kind]), topology.Key.Compare) {
			object := objects[kind][key]
			claims := []*corev1.PersistentVolumeClaim{}
			switch o := object.(type) {
			case *corev1.Pod:
				claims = explain.EphemeralClaims(o)
			case *corev1.PersistentVolumeClaim:
				claims = append(claims, o)
			default:
				if err := draft.Apply(object); err != nil {
					return err
				}
			}
			for _, claim := range claims {
				if err := draft.Apply(explain.Admit(draft.Snapshot(), claim)); err != nil {
					return err
				}
			}
		}
	}
	c.snapshot = draft.Snapshot()
	return nil
}

// mostFaults is how many faults an error tells.
const mostFaults = 10

func faultsError(faults []check.Finding) error {
	lines := []string{"the files are not what was meant; an API server would refuse them, or drop what it does not know:"}
	for i, f := range faults {
		if i == mostFaults {
			lines = append(lines, fmt.Sprintf("and %d more; 'moorage check -f' tells all", len(faults)-i))
			break
		}
		lines = append(lines, output.FindingLine(f))
	}
	return errors.New(strings.Join(lines, "\n"))
}
