// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// secretMode is the mode of a secret's files, or of one of them.
type secretMode struct {
	mode int32
	path *field.Path
	what string
	// tokenOnly says that the files are service account tokens alone.
	tokenOnly bool
}

// eachSecretMode visits the modes of secret volumes and of projected volumes with a secret or token in them, but for the default, with which nothing is
// wrong. Few pods have others, so that most cost no path.
func eachSecretMode(obj runtime.Object, visit func(secretMode)) {
	spec, path := podSpecOf(obj)
	if spec == nil {
		return
	}
	items := func(items []corev1.KeyToPath, at *field.Path, what string) {
		for i := range items {
			if telling(items[i].Mode) {
				visit(secretMode{*items[i].Mode, at.Child("items").Index(i).Child("mode"), fmt.Sprintf("%s, item %q", what, items[i].Key), false})
			}
		}
	}
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if !hasTellingMode(v) {
			continue
		}
		volume := path.Child("volumes").Index(i)
		if s := v.Secret; s != nil {
			at, what := volume.Child("secret"), fmt.Sprintf("secret volume %q", v.Name)
			if telling(s.DefaultMode) {
				visit(secretMode{*s.DefaultMode, at.Child("defaultMode"), what, false})
			}
			items(s.Items, at, what)
		}
		if v.Projected == nil {
			continue
		}
		at, what := volume.Child("projected"), fmt.Sprintf("projected volume %q", v.Name)
		secret, token := false, false
		for j := range v.Projected.Sources {
			source := &v.Projected.Sources[j]
			secret, token = secret || source.Secret != nil, token || source.ServiceAccountToken != nil
			if source.Secret != nil {
				items(source.Secret.Items, at.Child("sources").Index(j).Child("secret"), what)
			}
		}
		if (secret || token) && telling(v.Projected.DefaultMode) {
			visit(secretMode{*v.Projected.DefaultMode, at.Child("defaultMode"), what, !secret})
		}
	}
}

// telling says that a mode is there and is not the default.
func telling(mode *int32) bool { return mode != nil && *mode != corev1.SecretVolumeSourceDefaultMode }

// hasTellingMode says so of any mode of a secret or projected volume.
func hasTellingMode(v *corev1.Volume) bool {
	inItems := func(items []corev1.KeyToPath) bool {
		return slices.ContainsFunc(items, func(i corev1.KeyToPath) bool { return telling(i.Mode) })
	}
	if v.Secret != nil && (telling(v.Secret.DefaultMode) || inItems(v.Secret.Items)) {
		return true
	}
	return v.Projected != nil && (telling(v.Projected.DefaultMode) || slices.ContainsFunc(v.Projected.Sources, func(s corev1.VolumeProjection) bool {
		return s.Secret != nil && inItems(s.Secret.Items)
	}))
}

// octalModes are the modes that people give to secret files. A decimal number with the digits of one of them was meant as
// one of them; no decimal value of these modes has the digits of another.
var octalModes = []int64{
	0o400, 0o440, 0o444, 0o500, 0o550, 0o555, 0o600, 0o640, 0o644, 0o660, 0o664, 0o666, 0o700, 0o750, 0o755, 0o770, 0o775, 0o777,
}

// meantInOctal returns the mode that somebody meant who wrote this number, if its decimal digits are those of a mode.
func meantInOctal(mode int32) (meant int64, ok bool) {
	meant, err := strconv.ParseInt(strconv.Itoa(int(mode)), 8, 32)
	return meant, err == nil && slices.Contains(octalModes, meant)
}

var secretModeDecimalRule = Rule{
	ID:          "secret-mode-decimal",
	Summary:     "A secret file's mode is a decimal number whose digits look like an octal mode.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "the files get unintended permissions",
	Remediation: "write the mode with a leading zero in YAML, or its decimal value in JSON",
	Check:       secretModeDecimal,
}

// secretModeDecimal fires on modes such as 400, which is 0620. A JSON or YAML number without a leading zero is decimal.
func secretModeDecimal(in *Input) []Finding {
	var found []Finding
	eachSecretMode(in.Object, func(m secretMode) {
		meant, ok := meantInOctal(m.mode)
		if !ok || m.mode > maxFileMode {
			// What is out of range is refused, and api-refused says what was meant.
			return
		}
		f := Finding{
			Path:        m.path,
			Message:     fmt.Sprintf("%s: mode %d is decimal, which is %#o; %#o was probably meant", m.what, m.mode, m.mode, meant),
			Symptom:     fmt.Sprintf("the files get mode %#o", m.mode),
			Remediation: fmt.Sprintf("write %#o in YAML, or %d in JSON", meant, meant),
		}
		found = append(found, f)
	})
	return found
}

var secretModeTooOpenRule = Rule{
	ID: "secret-mode-too-open",
	Summary: "A secret's files can be read by everybody in the container or written by the group, because their mode says so and not " +
		"because it is the default.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "no error at all: any process of the container can read the secret; ssh and PostgreSQL reject such key files",
	Remediation: "use 0440 with securityContext.fsGroup, or 0400 for a container that runs as root",
	Check:       secretModeTooOpen,
}

// secretModeTooOpen fires on secret files that others may read or the group may write, if somebody asked for it: 0644 is what the
// API server fills in and what every program writes that has read the object before, so that mode says nothing.
func secretModeTooOpen(in *Input) []Finding {
	var found []Finding
	eachSecretMode(in.Object, func(m secretMode) {
		_, decimal := meantInOctal(m.mode)
		if m.mode == corev1.SecretVolumeSourceDefaultMode || decimal || m.tokenOnly || m.mode > 0o777 || m.mode < 0 {
			return
		}
		var who string
		switch {
		case m.mode&0o002 != 0:
			who = "everybody in the container write"
		case m.mode&0o007 != 0:
			who = "everybody in the container read"
		case m.mode&0o020 != 0:
			who = "the group write"
		default:
			return
		}
		found = append(found, Finding{Path: m.path, Message: fmt.Sprintf("%s: mode %#o lets %s the secret", m.what, m.mode, who)})
	})
	return found
}
