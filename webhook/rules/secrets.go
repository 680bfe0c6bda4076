// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

var secretRefIncompleteRule = Rule{
	ID:          "secret-ref-incomplete",
	Summary:     "A PersistentVolume's or class's secret reference has a name and no namespace, or the reverse, or is empty.",
	Kinds:       []Kind{PersistentVolume, StorageClass, VolumeSnapshotClass},
	Action:      Deny,
	Symptom:     `ProvisioningFailed "either name and namespace for … secrets specified, Both must be specified"`,
	Remediation: "give both the secret's name and its namespace, or neither",
	ExplainsAPI: true,
	Check:       secretRefIncomplete,
}

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
			f.Symptom = "the volume is bound and attached, and then MountVolume.MountDevice fails on the node: " +
				fmt.Sprintf(upstream.StageSecretFailed, ref.ref.Namespace, ref.ref.Name)
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
