// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/catalog"
)

// renamer knows what kinds of names there are, and what of each must stay.
type renamer struct {
	words words
	// compared are the labels whose values stay, as they are compared as numbers.
	compared map[string]bool
	// ephemeral are the claims of pods' ephemeral volumes, by name, with the pod's name, with which theirs begins.
	ephemeral map[string]string
}

// name renames what has no meaning but to be equal to another.
func (n *renamer) name(s string) string { return n.words.in(s) }

// maxOrdinalDigits is up to how many digits a number in a workload's name is taken for an ordinal.
const maxOrdinalDigits = 3

// workload renames pods and claims. The ordinal at their end stays, since a StatefulSet's claims are recognised by it. No other number
// does: those in the middle may be an address. The claim of an ephemeral volume stays one: its pod's name, and the volume's.
func (n *renamer) workload(s string) string {
	if pod, ok := n.ephemeral[s]; ok {
		return n.ordinal(pod) + "-" + n.name(strings.TrimPrefix(s, pod+"-"))
	}
	return n.ordinal(s)
}

// ordinal renames all but a short number that is the last word.
func (n *renamer) ordinal(s string) string {
	before := strings.TrimRight(s, "0123456789")
	digits := len(s) - len(before)
	if digits == 0 || digits > maxOrdinalDigits || before != "" && isWordByte(before[len(before)-1]) {
		return n.name(s)
	}
	return n.name(before) + s[len(before):]
}

// fileSystems are the types of file systems that say nothing of a cluster.
var fileSystems = []string{
	"btrfs", "ceph", "cifs", "exfat", "ext2", "ext3", "ext4", "f2fs", "gfs2", "glusterfs", "gpfs", "jfs", "lustre", "nfs", "nfs4", "ntfs", "ocfs2",
	"smb", "vfat", "xfs", "zfs",
}

// setting renames the values of parameters and types of file systems that are free text: numbers and known types stay.
func (n *renamer) setting(s string) string {
	if slices.Contains(fileSystems, strings.ToLower(s)) || strings.Trim(s, "0123456789") == "" && len(s) <= maxOrdinalDigits {
		return s
	}
	return n.name(s)
}

// inTreePrefix is that of Kubernetes' own provisioners and plugins.
const inTreePrefix = "kubernetes.io/"

// driver renames drivers and provisioners that the catalog does not know. Of one that it knows with any prefix, the prefix is
// the installation's own.
func (n *renamer) driver(s string) string {
	if strings.HasPrefix(s, inTreePrefix) || slices.Contains(migratedDrivers, s) {
		return s
	}
	if d, ok := catalog.Default().Driver(s); ok {
		return n.name(strings.TrimSuffix(s, d.Name)) + d.Name
	}
	return n.name(s)
}

// migratedDrivers are those to which Kubernetes translates in-tree volumes by itself.
var migratedDrivers = []string{
	"ebs.csi.aws.com", "pd.csi.storage.gke.io", "disk.csi.azure.com", "file.csi.azure.com", "cinder.csi.openstack.org",
	"csi.vsphere.vmware.com", "pxd.portworx.com",
}

// attacherFinalizer is what external-attacher puts before a driver's name.
const attacherFinalizer = "external-attacher/"

// finalizer renames what comes after external-attacher's prefix, and every other finalizer.
func (n *renamer) finalizer(s string) string {
	if driver, ok := strings.CutPrefix(s, attacherFinalizer); ok {
		return attacherFinalizer + n.name(driver)
	}
	return n.name(s)
}

func (n *renamer) labels(labels map[string]string) map[string]string {
	if labels == nil {
		return nil
	}
	out := make(map[string]string, len(labels))
	for key, value := range labels {
		out[n.labelKey(key)] = n.labelValue(key, value)
	}
	return out
}

// wholeDomains are those whose label keys stay as they are. In their other subdomains what follows the slash may be of the
// cluster's own choosing, such as a node's role.
var wholeDomains = []string{
	"kubernetes.io", "topology.kubernetes.io", "node.kubernetes.io", "beta.kubernetes.io", "failure-domain.beta.kubernetes.io", "moorage.dev",
}

// isKubernetes reports whether a domain is one of Kubernetes' own.
func isKubernetes(domain string) bool {
	return strings.HasSuffix("."+domain, ".kubernetes.io") || strings.HasSuffix("."+domain, ".k8s.io")
}

// publicDomains stay at the end of a label key's domain.
var publicDomains = sync.OnceValue(func() []string {
	var out []string
	for _, d := range catalog.Default().Drivers() {
		out = append(out, d.Name)
	}
	return append(out, migratedDrivers...)
})

// publicKeys are the topology keys of the catalog's drivers; one that ends in / stands for all that begin so.
var publicKeys = sync.OnceValue(func() []string {
	var out []string
	for _, d := range catalog.Default().Drivers() {
		for _, key := range d.Topology.Keys {
			out = append(out, strings.TrimSuffix(key, "*"))
		}
	}
	return out
})

func (n *renamer) labelKey(key string) string {
	public := func(known string) bool {
		return key == known || strings.HasSuffix(known, "/") && strings.HasPrefix(key, known)
	}
	if slices.ContainsFunc(publicKeys(), public) {
		return key
	}
	domain, name, ok := strings.Cut(key, "/")
	if !ok {
		return n.short(key)
	}
	if slices.Contains(wholeDomains, domain) {
		return key
	}
	if isKubernetes(domain) {
		return domain + "/" + n.short(name)
	}
	for _, known := range publicDomains() {
		if domain == known {
			return domain + "/" + n.short(name)
		}
		if before, ends := strings.CutSuffix(domain, "."+known); ends {
			return n.name(before) + "." + known + "/" + n.short(name)
		}
	}
	return n.name(domain) + "/" + n.short(name)
}

func (n *renamer) values(key string, values []string) {
	for i := range values {
		values[i] = n.labelValue(key, values[i])
	}
}

// zoneSeparator is between the zones in the zone label of a volume that is in several (see topology.Volume).
const zoneSeparator = "__"

// labelValue renames zone by zone, as volumes name several in one value.
func (n *renamer) labelValue(key, value string) string {
	if n.compared[key] || key == corev1.LabelOSStable || key == corev1.LabelArchStable {
		return value
	}
	zones := strings.Split(value, zoneSeparator)
	for i := range zones {
		zones[i] = n.short(zones[i])
	}
	return strings.Join(zones, zoneSeparator)
}

const (
	// maxLabel is the length of a label's value or name: a longer one is not valid.
	maxLabel = 63
	// longestWord is as long as a new word can be, with a separator.
	longestWord = 10
)

// short renames label values and the names of label keys, and keeps valid what is and invalid what is not: a text whose new
// words would be too long is taken for one word.
func (n *renamer) short(s string) string {
	if len(s) > maxLabel {
		return n.words.word(s) + strings.Repeat("-", maxLabel) + "x"
	}
	out := n.name(s)
	if countWords(s)*longestWord > maxLabel {
		// It may be too long, so the whole is to be known as a word.
		if whole := n.words.word(s); len(out) > maxLabel {
			return whole
		}
	}
	return out
}
