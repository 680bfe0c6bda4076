// SPDX-License-Identifier: Apache-2.0

package topology

import "strings"

// knownFamilies are the labels by which operators mark the claims of one set of replicas: the first has to be there, the others tell sets apart where
// they are. From the projects' sources: CloudNativePG (pkg/utils/labels_annotations.go), Rook (pkg/operator/ceph/cluster/osd/labels.go), Altinity's operator for
// ClickHouse (pkg/model/chi/tags/labeler), Strimzi (Labels.java of its operator-common).
var knownFamilies = [][]string{
	{"cnpg.io/cluster", "cnpg.io/pvcRole"},
	{"ceph.rook.io/DeviceSet"},
	{"clickhouse.altinity.com/chi", "clickhouse.altinity.com/cluster", "clickhouse.altinity.com/shard"},
	{"strimzi.io/cluster", "strimzi.io/name", "strimzi.io/pool-name"},
}

// KnownFamilies are the labels by which claims belong together, beside those of Options.Families.
func KnownFamilies() []string {
	out := make([]string, len(knownFamilies))
	for i, keys := range knownFamilies {
		out[i] = strings.Join(keys, ",")
	}
	return out
}

// familyOf is what a claim's labels say of the set that it belongs to; empty where they say nothing.
func familyOf(labels map[string]string, families [][]string) string {
	if len(labels) == 0 {
		return ""
	}
	for _, keys := range families {
		if _, ok := labels[keys[0]]; !ok {
			continue
		}
		var parts []string
		for _, key := range keys {
			if value, ok := labels[key]; ok {
				parts = append(parts, key+"="+value)
			}
		}
		return strings.Join(parts, ",")
	}
	return ""
}

// Series are the names under which a claim is counted with others (Snapshot.Series): what its name has in common with those that are numbered alike, what
// its labels say, and its controlling owner, unless that is a pod. Names of the latter two kinds hold a blank, as no claim's name does.
func (c *Claim) Series() []string {
	var out []string
	if series, _, ok := ClaimSeries(c.Name); ok {
		out = append(out, series)
	}
	if family := c.FamilySeries(); family != "" {
		out = append(out, family)
	}
	if owner := c.OwnerSeries(); owner != "" {
		out = append(out, owner)
	}
	return out
}

// FamilySeries is the series of claims whose labels say that they belong together; empty where they do not.
func (c *Claim) FamilySeries() string {
	if c.Family == "" {
		return ""
	}
	return "labels " + c.Family
}

// OwnerSeries is the series of claims that one owner controls; empty where there is none, or it is a pod.
func (c *Claim) OwnerSeries() string {
	if !c.Owned {
		return ""
	}
	return "owner " + string(c.Owner)
}
