// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// oldForm is a form that tutorials still show, with what replaced it.
type oldForm struct {
	// what explains the form, and form is what to write today.
	what, form string
}

// oldSources are the sources that a volume of the v1beta1 API had, each under the field "source".
var oldSources = []struct{ name, form string }{
	{"emptyDir", "write emptyDir: {} in the volume itself, without source:"},
	{"emptyDirectory", "write emptyDir: {} in the volume itself, without source:"},
	{"hostDir", "write hostPath: {path: …} in the volume itself, without source:"},
	{"hostDirectory", "write hostPath: {path: …} in the volume itself, without source:"},
	{"persistentDisk", "use a claim: persistentVolumeClaim: {claimName: …}; gcePersistentDisk, the disk's later name, is served by pd.csi.storage.gke.io"},
	{"gitRepo", "clone in an init container into an emptyDir: gitRepo is gone too"},
}

// oldSource recognises the source of a volume in the v1beta1 API: under "source", or by its old name.
func oldSource(value *node, name string) (oldForm, bool) {
	for _, old := range oldSources {
		switch {
		case name == "source" && value.entry(old.name) != nil:
			return oldForm{fmt.Sprintf("%s is how v1beta1 wrote a volume's source, and that API is long gone", "source: {"+old.name+": …}"), old.form}, true
		case name == old.name && !slices.Contains([]string{"emptyDir", "gitRepo"}, name):
			return oldForm{fmt.Sprintf("%s is a name of the v1beta1 API, which is long gone", name), old.form}, true
		}
	}
	if name == "source" {
		return oldForm{
			"source is how v1beta1 wrote a volume's source, and that API is long gone",
			"write the source in the volume itself, such as emptyDir: {}, without source:",
		}, true
	}
	return oldForm{}, false
}

// oldVersion says what to make of a version of a kind that rules read, where the version is not the one that they read.
// Their objects are read as today's all the same.
type oldVersion struct {
	oldForm
	// fault says that no API server serves the version.
	fault bool
	rule  string
}

func versionOf(group, version string, kind rules.KindInfo) (oldVersion, bool) {
	now := kind.Version.String()
	gone := func(since, form string) (oldVersion, bool) {
		return oldVersion{
			oldForm: oldForm{fmt.Sprintf("%s of %s is no longer served since Kubernetes %s", kind.Kind, groupVersion(group, version), since), form},
			fault:   true, rule: rules.Decode,
		}, true
	}
	write := "write apiVersion: " + now
	switch kind.Kind {
	case rules.Deployment, rules.ReplicaSet, rules.DaemonSet, rules.StatefulSet:
		if group == "extensions" || group == "apps" && strings.HasPrefix(version, "v1beta") {
			return gone("1.16", write+" and give it a spec.selector that matches the template's labels")
		}
	case rules.CronJob:
		if group == "batch" && version == "v1beta1" {
			return gone("1.25", write)
		}
		if group == "batch" && version == "v2alpha1" {
			return gone("1.21", write)
		}
	case rules.StorageClass:
		if group == "storage.k8s.io" && strings.HasPrefix(version, "v1beta") {
			return gone("1.22", write)
		}
	case rules.VolumeAttributesClass:
		// v1alpha1 and v1beta1 were served until 1.36, and clusters of that age will be around for a while.
		if group == "storage.k8s.io" && (version == "v1alpha1" || version == "v1beta1") {
			return oldVersion{}, true
		}
	case rules.VolumeSnapshot, rules.VolumeSnapshotContent, rules.VolumeSnapshotClass:
		if group == "snapshot.storage.k8s.io" && (version == "v1alpha1" || version == "v1beta1") {
			return oldVersion{
				oldForm: oldForm{
					fmt.Sprintf("%s of %s is no longer served by the snapshot CRDs", kind.Kind, groupVersion(group, version)), write,
				},
				fault: true, rule: snapshotRemoved,
			}, true
		}
	}
	return oldVersion{}, false
}

// flawsBeforeV1 explains an object of the API before v1, of whatever kind, and the volumes of pods in it.
func flawsBeforeV1(root *node, version, kind string) []flaw {
	flaws := []flaw{{
		position: root.find("apiVersion"), path: "apiVersion",
		message:     fmt.Sprintf("%s of %s belongs to the API before Kubernetes 1.0, which no API server reads", kind, version),
		symptom:     fmt.Sprintf("no matches for kind %q in version %q", kind, version),
		remediation: "write apiVersion: v1",
	}}
	if root.entry("desiredState") == nil && root.entry("id") == nil {
		return flaws
	}
	flaws[0].message += "; it has id and desiredState where v1 has metadata.name and spec"
	flaws[0].remediation += ", metadata.name for id, metadata.labels for labels, and spec for desiredState (a pod's was desiredState.manifest)"
	for _, path := range []string{"desiredState.manifest", "desiredState.podTemplate.desiredState.manifest"} {
		manifest := root
		for name := range strings.SplitSeq(path, ".") {
			manifest = manifest.field(name)
		}
		volumes := manifest.field("volumes")
		if volumes == nil {
			continue
		}
		for i, volume := range volumes.items {
			e := volume.entry("source")
			if e == nil {
				continue
			}
			old, _ := oldSource(e.value, e.name)
			flaws = append(flaws, flaw{
				position: e.position, path: fmt.Sprintf("%s.volumes[%d].source", path, i), message: old.what,
				symptom:     "in a v1 pod a client that is not strict drops the field, and the volume becomes an emptyDir",
				remediation: old.form,
			})
		}
	}
	return flaws
}

// snapshotRemoved is the rule about versions of the snapshot API that are gone.
const snapshotRemoved = "snapshot-removed-version"

// snapshotFields are the fields of snapshot objects that v1 does not have, by kind, with what v1 has.
var snapshotFields = map[rules.Kind]map[string]string{
	rules.VolumeSnapshot: {
		"spec.snapshotClassName":   "write spec.volumeSnapshotClassName",
		"spec.source.kind":         "write spec.source.persistentVolumeClaimName: NAME",
		"spec.source.name":         "write spec.source.persistentVolumeClaimName: NAME",
		"spec.source.apiGroup":     "write spec.source.persistentVolumeClaimName: NAME",
		"spec.snapshotContentName": "write spec.source.volumeSnapshotContentName",
	},
	rules.VolumeSnapshotClass: {
		"snapshotter": "write driver: NAME; deletionPolicy: Delete or Retain is required beside it",
	},
	rules.VolumeSnapshotContent: {
		"spec.snapshotClassName":       "write spec.volumeSnapshotClassName",
		"spec.csiVolumeSnapshotSource": "write spec.driver and spec.source.snapshotHandle",
		"spec.persistentVolumeRef":     "write spec.source.volumeHandle",
	},
}

// snapshotFieldsOfV1 are fields that v1 requires and an object with snapshotFields lacks: that they are missing follows from its form.
var snapshotFieldsOfV1 = map[rules.Kind][]string{
	rules.VolumeSnapshot:        {"spec.source"},
	rules.VolumeSnapshotClass:   {"driver", "deletionPolicy"},
	rules.VolumeSnapshotContent: {"spec.source", "spec.driver", "spec.deletionPolicy"},
}

func groupVersion(group, version string) string {
	if group == "" {
		return version
	}
	return group + "/" + version
}
