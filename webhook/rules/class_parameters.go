// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/webhook/suggest"
)

var classParameterUnknownRule = Rule{
	ID:          "class-parameter-unknown",
	Summary:     "A class has a parameter that its driver refuses, or lacks one that it needs (drivers whose parameters the catalog lists).",
	Kinds:       []Kind{StorageClass},
	Action:      Warn,
	Symptom:     "ProvisioningFailed; every claim of the class stays Pending",
	Remediation: "use a parameter that the driver knows",
	Check:       classParameterUnknown,
}

// classParameterUnknown believes the catalog's lists, which are from the drivers' own code. Names are read without regard to case. Those
// that sidecars read themselves are secret-parameter-unknown's, and fsType was once one of them.
func classParameterUnknown(in *Input) []Finding {
	class, ok := in.Object.(*storagev1.StorageClass)
	if !ok || strings.HasPrefix(class.Provisioner, inTree) {
		return nil
	}
	driver, known := in.Catalog.Driver(class.Provisioner)
	if !known || driver.Parameters == nil {
		return nil
	}
	p := driver.Parameters
	var found []Finding
	lower := make([]string, len(p.Names))
	for i, name := range p.Names {
		lower[i] = strings.ToLower(name)
	}
	told := 0
	for _, name := range slices.Sorted(maps.Keys(class.Parameters)) {
		if strings.HasPrefix(name, reservedPrefix) || strings.EqualFold(name, "fstype") || p.Knows(name) {
			continue
		}
		f := Finding{
			Path:    field.NewPath("parameters").Key(name),
			Message: fmt.Sprintf("%s does not know parameter %q", driver.Name, name),
			Symptom: fmt.Sprintf("ProvisioningFailed: the driver refuses parameter %q; every claim of the class stays Pending", name),
		}
		if told++; told <= maxSuggested {
			if near := suggest.Nearest(strings.ToLower(name), lower); len(near) > 0 {
				f.Message += fmt.Sprintf("; did you mean %s?", p.Names[slices.Index(lower, near[0])])
			}
		}
		found = append(found, f)
	}
	for _, need := range p.Needs {
		has := func(wanted string) bool {
			for name := range class.Parameters {
				if strings.EqualFold(name, wanted) {
					return true
				}
			}
			return false
		}
		if need.When.Holds(class.Parameters) && !slices.ContainsFunc(need.AnyOf, has) {
			found = append(found, Finding{
				Path:        field.NewPath("parameters"),
				Message:     fmt.Sprintf("%s needs %s with this %s", driver.Name, strings.Join(need.AnyOf, " or "), need.When.Name),
				Remediation: fmt.Sprintf("add %s, or use another %s", need.AnyOf[0], need.When.Name),
			})
		}
	}
	return found
}

var mountOptionMalformedRule = Rule{
	ID:          "mount-option-malformed",
	Summary:     "An entry of mountOptions is not one option: it starts with -o, or has blanks around a comma.",
	Kinds:       []Kind{StorageClass, PersistentVolume},
	Action:      Warn,
	Symptom:     "MountVolume.SetUp failed: the mount command does not understand the option; the pod stays in ContainerCreating",
	Remediation: "write each option as an entry of its own, without -o",
	Check:       mountOptionMalformed,
}

func mountOptionMalformed(in *Input) []Finding {
	var options []string
	var at *field.Path
	known := true
	switch o := in.Object.(type) {
	case *storagev1.StorageClass:
		options, at = o.MountOptions, field.NewPath("mountOptions")
		known = mountsByKernel(in, o.Provisioner)
	case *corev1.PersistentVolume:
		options, at = o.Spec.MountOptions, field.NewPath("spec", "mountOptions")
		if o.Spec.CSI != nil {
			known = mountsByKernel(in, o.Spec.CSI.Driver)
		}
	}
	if !known {
		return nil
	}
	for i, option := range options {
		// An option may hold a password, and is not repeated.
		var what string
		switch {
		case strings.HasPrefix(option, "-"):
			what = "starts with a dash"
		case option == "":
			what = "is empty"
		case strings.Contains(option, ", "), strings.Contains(option, " ,"), strings.TrimSpace(option) != option:
			what = "has blanks in it"
		default:
			continue
		}
		// One is enough: the others are written alike.
		return []Finding{{Path: at.Index(i), Message: fmt.Sprintf("mount option %d %s", i+1, what)}}
	}
	return nil
}

// mountsByKernel reports whether a driver's mount options are those of mount. Drivers that mount by a program of their own, as those of object stores do,
// take what that takes.
func mountsByKernel(in *Input, driver string) bool {
	row, known := in.Catalog.Driver(driver)
	return known && !row.MountProgram
}
