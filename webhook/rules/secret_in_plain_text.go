// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var secretInPlainTextRule = Rule{
	ID:      "secret-in-plain-text",
	Summary: "A class's parameter, a volume's attribute or option, a mount option or, in files, an entry of a ConfigMap is a credential.",
	Kinds:   append([]Kind{PersistentVolume, StorageClass, VolumeAttributesClass, VolumeSnapshotClass, ConfigMap}, podKinds...),
	Action:  Deny,
	Symptom: "no error at all: users with read access to the object can read the credential, which is also in backups and, as a mount option, " +
		"in the node's mount table",
	Remediation: "put it into a Secret, and reference that (csi.storage.k8s.io/…-secret-name, nodeStageSecretRef, nodePublishSecretRef)",
	Check:       secretInPlainText,
}

// secretInPlainText fires on values that are credentials by their key and by their shape. A message never has the value.
func secretInPlainText(in *Input) []Finding {
	var found []Finding
	params := field.NewPath("parameters")
	switch o := in.Object.(type) {
	case *storagev1.StorageClass:
		found = plainValues(o.Parameters, params, "parameter")
		found = append(found, plainOptions(o.MountOptions, field.NewPath("mountOptions"))...)
	case *snapshotv1.VolumeSnapshotClass:
		found = plainValues(o.Parameters, params, "parameter")
	case *storagev1.VolumeAttributesClass:
		found = plainValues(o.Parameters, params, "parameter")
	case *corev1.PersistentVolume:
		if o.Annotations[provisionedBy] != "" {
			// The class is to blame, and to refuse the object would leak the volume.
			return nil
		}
		spec := field.NewPath("spec")
		if o.Spec.CSI != nil {
			found = plainValues(o.Spec.CSI.VolumeAttributes, spec.Child("csi", "volumeAttributes"), "volume attribute")
		}
		if o.Spec.FlexVolume != nil {
			found = plainValues(o.Spec.FlexVolume.Options, spec.Child("flexVolume", "options"), "flexVolume option")
		}
		found = append(found, plainOptions(o.Spec.MountOptions, spec.Child("mountOptions"))...)
		if options, ok := o.Annotations[corev1.MountOptionAnnotation]; ok {
			found = append(found, plainOptions([]string{options}, field.NewPath("metadata", "annotations").Key(corev1.MountOptionAnnotation))...)
		}
	case *corev1.ConfigMap:
		found = plainValues(o.Data, field.NewPath("data"), "entry")
		for i := range found {
			found[i].Action = Warn
			found[i].Symptom = "no error at all: users with read access to the ConfigMap can read the credential, which is also in backups"
			found[i].Remediation = "put it into a Secret, which volumes and environment variables can use as well"
		}
	default:
		found = plainInPod(in)
	}
	return found
}

func plainInPod(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil {
		return nil
	}
	var found []Finding
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.CSI == nil && v.FlexVolume == nil {
			continue
		}
		at := path.Child("volumes").Index(i)
		what := fmt.Sprintf("volume %q: ", v.Name)
		if v.CSI != nil {
			found = append(found, plainValues(v.CSI.VolumeAttributes, at.Child("csi", "volumeAttributes"), what+"attribute")...)
		}
		if v.FlexVolume != nil {
			found = append(found, plainValues(v.FlexVolume.Options, at.Child("flexVolume", "options"), what+"flexVolume option")...)
		}
	}
	for i := range found {
		found[i].Action = Warn
		found[i].Symptom = "no error at all: users with read access to the pod can read the credential"
	}
	return found
}

func plainValues(values map[string]string, at *field.Path, what string) []Finding {
	var found []Finding
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !strings.HasPrefix(key, reservedPrefix) && isCredential(key, values[key]) {
			found = append(found, Finding{Path: at.Key(key), Message: fmt.Sprintf("%s %s holds a credential in plain text", what, key)})
		}
	}
	return found
}

// mountSecrets are the mount options that hold a password or key: of mount.cifs(8), mount.ceph(8) and mount.davfs.
var mountSecrets = []string{"password", "password2", "passwd", "pass", "secret"}

func plainOptions(options []string, at *field.Path) []Finding {
	var found []Finding
	for i, entry := range options {
		for option := range strings.SplitSeq(entry, ",") {
			key, value, _ := strings.Cut(option, "=")
			key = strings.ToLower(strings.TrimSpace(key))
			if slices.Contains(mountSecrets, key) && isLiteral(value) {
				found = append(found, Finding{Path: at.Index(i), Message: fmt.Sprintf("mount option %s holds a credential in plain text", key)})
			}
		}
	}
	return found
}

var (
	// credentialKeys are what the names of parameters with a credential end in, without case and separators.
	credentialKeys = []string{
		"password", "passwd", "passphrase", "secretaccesskey", "accountkey", "clientsecret", "restuserkey",
	}
	// ambiguousKeys may as well name a key or an entry of a Secret: the value decides.
	ambiguousKeys = []string{"secretkey", "apikey", "apitoken", "accesstoken", "authtoken", "token", "privatekey", "chapsecret"}

	// privateKey begins a key in PEM, and userinfo is a URL's user name and password.
	privateKey = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`)
	userinfo   = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@`)
)

// isCredential says that a value is one, by the end of its key and by its shape. In doubt it is not: the names of secrets,
// paths, switches and templates that somebody else fills in are none.
func isCredential(key, value string) bool {
	if privateKey.MatchString(value) {
		return true
	}
	if m := userinfo.FindStringSubmatch(value); len(m) == 2 && isLiteral(m[1]) {
		return true
	}
	if !isLiteral(value) {
		return false
	}
	key = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, key)
	endsIn := func(suffix string) bool { return strings.HasSuffix(key, suffix) }
	return slices.ContainsFunc(credentialKeys, endsIn) || (slices.ContainsFunc(ambiguousKeys, endsIn) && isRandom(value))
}

// isLiteral says that a value is neither empty, a switch, a path, a reference, a mask nor a template.
func isLiteral(value string) bool {
	value = strings.TrimSpace(value)
	switch strings.ToLower(value) {
	case "", "true", "false", "yes", "no", "on", "off", "none", "null", "redacted":
		return false
	}
	if strings.Trim(value, "*xX.") == "" || strings.ContainsAny(value[:1], "/<{[") {
		return false
	}
	for _, marker := range []string{"${", "$(", "{{", "%(", "://", "arn:", "vault:", "env:", "file:", "secret:", "ref:"} {
		if strings.Contains(value, marker) {
			return false
		}
	}
	return true
}

// isRandom says that a value looks like a generated key: long, in one word, with small and capital letters and digits. The
// names of Kubernetes objects and of entries in them have no capitals.
func isRandom(value string) bool {
	return len(value) >= 16 && !strings.ContainsFunc(value, unicode.IsSpace) && strings.ContainsFunc(value, unicode.IsLower) &&
		strings.ContainsFunc(value, unicode.IsUpper) && strings.ContainsFunc(value, unicode.IsDigit)
}
