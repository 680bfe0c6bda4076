// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strconv"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// secretRefIncomplete fires on secret references that no sidecar and no kubelet can follow.
func secretRefIncomplete(in *Input) []Finding {
	switch o := in.Object.(type) {
	case *corev1.PersistentVolume:
		return volumeSecretRefs(o)
	case *storagev1.StorageClass:
		return secretParameters(o.Parameters, classSecrets, "")
	case *snapshotv1.VolumeSnapshotClass:
		return secretParameters(o.Parameters, snapshotSecrets,
			`the VolumeSnapshot never becomes ready: "either name and namespace for … secrets specified, Both must be specified"`)
	}
	return nil
}

// volumeSecretRefs looks at CSI references only: the in-tree plugins that still take a secret look for it in the pod's
// namespace when the reference has none.
func volumeSecretRefs(pv *corev1.PersistentVolume) []Finding {
	csi := pv.Spec.CSI
	if csi == nil {
		return nil
	}
	var found []Finding
	at := field.NewPath("spec", "csi")
	for _, ref := range []struct {
		name string
		ref  *corev1.SecretReference
		// checked says that the API server's validatePVSecretReference looks at it
		// (pkg/apis/core/validation/validation.go, validateCSIPersistentVolumeSource).
		checked bool
	}{
		{"controllerPublishSecretRef", csi.ControllerPublishSecretRef, true},
		{"nodeStageSecretRef", csi.NodeStageSecretRef, false},
		{"nodePublishSecretRef", csi.NodePublishSecretRef, true},
		{"controllerExpandSecretRef", csi.ControllerExpandSecretRef, true},
		{"nodeExpandSecretRef", csi.NodeExpandSecretRef, true},
	} {
		if ref.ref == nil || (ref.ref.Name != "" && ref.ref.Namespace != "") {
			continue
		}
		f := Finding{Path: at.Child(ref.name), RefusedByAPI: ref.checked}
		switch {
		case ref.ref.Name == "" && ref.ref.Namespace == "":
			f.Message = ref.name + " is set but has neither a name nor a namespace"
			f.Remediation = "give both the secret's name and its namespace, or remove the reference"
		case ref.ref.Name == "":
			f.Path, f.Message = f.Path.Child("name"), ref.name+" has a namespace but no name"
		default:
			f.Path, f.Message = f.Path.Child("namespace"), ref.name+" has a name but no namespace"
		}
		if ref.checked {
			f.Symptom = fmt.Sprintf("Invalid: %s: Required value", f.Path)
		} else {
			f.Symptom = "the volume is bound and attached, and then MountVolume.MountDevice fails on the node: fetching NodeStageSecretRef failed"
		}
		found = append(found, f)
	}
	return found
}

// secretPair is one secret that a sidecar reads from a class's parameters. A name is enough once, whichever key it stands
// under (external-provisioner pkg/controller, verifyAndGetSecretNameAndNamespaceTemplate).
type secretPair struct {
	names, namespaces []string
}

func prefixedPair(stem string, deprecated ...string) secretPair {
	p := secretPair{
		names:      []string{"csi.storage.k8s.io/" + stem + "-name"},
		namespaces: []string{"csi.storage.k8s.io/" + stem + "-namespace"},
	}
	for _, d := range deprecated {
		p.names = append(p.names, d+"Name")
		p.namespaces = append(p.namespaces, d+"Namespace")
	}
	return p
}

var (
	classSecrets = []secretPair{
		prefixedPair("provisioner-secret", "csiProvisionerSecret"),
		prefixedPair("controller-publish-secret", "csiControllerPublishSecret"),
		prefixedPair("node-stage-secret", "csiNodeStageSecret"),
		prefixedPair("node-publish-secret", "csiNodePublishSecret"),
		prefixedPair("controller-expand-secret"),
		prefixedPair("node-expand-secret"),
		prefixedPair("controller-modify-secret"),
		prefixedPair("secret"),
	}
	snapshotSecrets = []secretPair{
		prefixedPair("snapshotter-secret"),
		prefixedPair("snapshotter-list-secret"),
	}
)

func secretParameters(parameters map[string]string, pairs []secretPair, symptom string) []Finding {
	if len(parameters) == 0 {
		return nil
	}
	var found []Finding
	at := field.NewPath("parameters")
	for _, pair := range pairs {
		nameKey, name := firstSet(parameters, pair.names)
		namespaceKey, namespace := firstSet(parameters, pair.namespaces)
		f := Finding{Symptom: symptom}
		switch {
		case nameKey == "" && namespaceKey == "":
			continue
		case namespaceKey == "":
			f.Path, f.Message = at.Key(nameKey), fmt.Sprintf("parameter %s has no %s beside it", nameKey, pair.namespaces[0])
		case nameKey == "":
			f.Path, f.Message = at.Key(namespaceKey), fmt.Sprintf("parameter %s has no %s beside it", namespaceKey, pair.names[0])
		case name == "":
			f.Path, f.Message = at.Key(nameKey), fmt.Sprintf("parameter %s is empty", nameKey)
		case namespace == "":
			f.Path, f.Message = at.Key(namespaceKey), fmt.Sprintf("parameter %s is empty", namespaceKey)
		default:
			continue
		}
		found = append(found, f)
	}
	return found
}

// firstSet returns the first of keys that is a parameter, with its value.
func firstSet(parameters map[string]string, keys []string) (key, value string) {
	for _, k := range keys {
		if v, ok := parameters[k]; ok {
			return k, v
		}
	}
	return "", ""
}

// octalModes are the modes that people give to secret files. A decimal number with the digits of one of them was meant as
// one of them; no decimal value of these modes has the digits of another.
var octalModes = []int64{
	0o400, 0o440, 0o444, 0o500, 0o550, 0o555, 0o600, 0o640, 0o644, 0o660, 0o664, 0o666, 0o700, 0o750, 0o755, 0o770, 0o775, 0o777,
}

// secretModeDecimal fires on modes such as 400, which is 0620. A JSON or YAML number without a leading zero is decimal.
func secretModeDecimal(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil {
		return nil
	}
	var found []Finding
	tell := func(mode *int32, at *field.Path, what string) {
		if mode == nil {
			return
		}
		meant, err := strconv.ParseInt(strconv.Itoa(int(*mode)), 8, 32)
		if err != nil || !slices.Contains(octalModes, meant) {
			return
		}
		f := Finding{
			Path:        at,
			Message:     fmt.Sprintf("%s: mode %d is decimal, which is %#o; %#o was probably meant", what, *mode, *mode, meant),
			Symptom:     fmt.Sprintf("the files get mode %#o", *mode),
			Remediation: fmt.Sprintf("write %#o in YAML, or %d in JSON", meant, meant),
		}
		if *mode > 0o777 {
			f.RefusedByAPI = true
			f.Symptom = fmt.Sprintf("Invalid value: %d: must be a number between 0 and 0777 (octal), both inclusive", *mode)
		}
		found = append(found, f)
	}
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.Secret == nil && v.Projected == nil {
			continue
		}
		volume := path.Child("volumes").Index(i)
		if s := v.Secret; s != nil {
			at, what := volume.Child("secret"), fmt.Sprintf("secret volume %q", v.Name)
			tell(s.DefaultMode, at.Child("defaultMode"), what)
			itemModes(s.Items, at, what, tell)
			continue
		}
		at, what := volume.Child("projected"), fmt.Sprintf("projected volume %q", v.Name)
		holdsSecret := false
		for j := range v.Projected.Sources {
			source := &v.Projected.Sources[j]
			holdsSecret = holdsSecret || source.Secret != nil || source.ServiceAccountToken != nil
			if source.Secret != nil {
				itemModes(source.Secret.Items, at.Child("sources").Index(j).Child("secret"), what, tell)
			}
		}
		if holdsSecret {
			tell(v.Projected.DefaultMode, at.Child("defaultMode"), what)
		}
	}
	return found
}

func itemModes(items []corev1.KeyToPath, at *field.Path, what string, tell func(*int32, *field.Path, string)) {
	for i := range items {
		if items[i].Mode != nil {
			tell(items[i].Mode, at.Child("items").Index(i).Child("mode"), fmt.Sprintf("%s, item %q", what, items[i].Key))
		}
	}
}
