// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/topology"
)

var accessModeUnsupportedRule = Rule{
	ID:      "access-mode-unsupported",
	Summary: "A claim's access modes and volumeMode cannot be served by its class's driver, or a PersistentVolume's by its source.",
	Kinds:   append([]Kind{PersistentVolume}, claimKinds...),
	Action:  Deny,
	Symptom: `ProvisioningFailed "Volume capabilities not supported"; the claim and its pod stay Pending forever`,
	Remediation: "ask only for access modes that the driver serves, or use a StorageClass whose driver serves this one " +
		"(for sharing between nodes: a file system such as NFS, EFS, Filestore, Azure Files or CephFS)",
	NeedsLookup: true,
	Check:       accessModeUnsupported,
}

// accessModeUnsupported fires on access modes that the catalog says a driver or source refuses. Kubernetes itself compares
// them with nothing (kubernetes/kubernetes#46540, #123743).
func accessModeUnsupported(in *Input) []Finding {
	if pv, ok := in.Object.(*corev1.PersistentVolume); ok {
		return volumeModesUnsupported(in, pv)
	}
	var found []Finding
	eachClaim(in.Object, func(c claim) {
		class, ok := c.dynamicClass(in.Lookup)
		if !ok {
			return
		}
		driver, ok := in.Catalog.Driver(class.Provisioner)
		if !ok {
			return
		}
		m := modesAsked{
			modes: c.spec.AccessModes, volume: c.volumeMode(), path: c.path.Child("accessModes"), served: driver,
			subject: fmt.Sprintf("%s%s (class %q)", c.origin, class.Provisioner, class.Name), parameters: class.Parameters,
			// A VolumeAttributesClass may set the same parameters.
			parametersKnown: c.spec.VolumeAttributesClassName == nil,
		}
		found = append(found, m.unsupported()...)
	})
	return found
}

// server is what both a driver and an in-tree source can be asked.
type server interface {
	For(corev1.PersistentVolumeMode) *catalog.Modes
	Mode(corev1.PersistentVolumeMode, corev1.PersistentVolumeAccessMode) (catalog.Knowledge, *catalog.Condition)
}

// modesAsked is a list of access modes and who is to serve them.
type modesAsked struct {
	modes   []corev1.PersistentVolumeAccessMode
	volume  corev1.PersistentVolumeMode
	path    *field.Path
	served  server
	subject string
	// parameters are the class's, and all there are if parametersKnown.
	parameters      map[string]string
	parametersKnown bool
	symptom         string
}

func (m modesAsked) unsupported() []Finding {
	served := m.served.For(m.volume)
	if m.volume == corev1.PersistentVolumeBlock && served.Support == catalog.Unsupported {
		// volume-mode-mismatch has the better explanation: no access mode would help.
		return nil
	}
	var found []Finding
	for i, mode := range m.modes {
		if !slices.Contains(accessModes, string(mode)) {
			continue // There is no such mode: that is api-refused's.
		}
		support, needs := m.served.Mode(m.volume, mode)
		f := Finding{Path: m.path.Index(i), Symptom: m.symptom}
		switch {
		case support == catalog.Unsupported:
			f.Message = fmt.Sprintf("%s cannot serve %s on %s volumes, only %s", m.subject, mode, m.volume, join(served.Modes))
		case support == catalog.Conditional && needs.Rare:
			f.Action = Warn
			f.Message = fmt.Sprintf("%s serves %s on %s volumes only %s", m.subject, mode, m.volume, needs.Text)
		case support == catalog.Conditional && m.lacks(needs):
			f.Message = fmt.Sprintf("%s serves %s on %s volumes only %s", m.subject, mode, m.volume, needs.Text)
		default:
			continue
		}
		found = append(found, f)
	}
	return found
}

// lacks says that a condition is known not to hold: only a class parameter can be known.
func (m modesAsked) lacks(needs *catalog.Condition) bool {
	if needs.Kind != catalog.NeedsParameter || !m.parametersKnown {
		return false
	}
	for key, value := range m.parameters {
		// Drivers that have such a parameter read its name without regard to case.
		if strings.EqualFold(key, needs.Name) {
			if len(needs.Values) > 0 {
				return !slices.ContainsFunc(needs.Values, func(v string) bool { return strings.EqualFold(v, value) })
			}
			n, err := strconv.Atoi(value)
			return err == nil && n < needs.Minimum
		}
	}
	return true
}

func join(modes []corev1.PersistentVolumeAccessMode) string {
	names := make([]string, len(modes))
	for i, m := range modes {
		names[i] = string(m)
	}
	return strings.Join(names, ", ")
}

// provisionedBy is the annotation that every provisioner puts on the volumes it makes.
const provisionedBy = "pv.kubernetes.io/provisioned-by"

func volumeModesUnsupported(in *Input, pv *corev1.PersistentVolume) []Finding {
	if pv.Annotations[provisionedBy] != "" {
		// The driver has just made this volume with these modes: it knows better than the catalog, and to refuse the
		// object would leak the volume.
		return nil
	}
	m := modesAsked{
		modes: pv.Spec.AccessModes, volume: volumeModeOf(pv.Spec.VolumeMode), path: field.NewPath("spec", "accessModes"),
		symptom: "the volume is bound, and then the attach or the mount fails and the pod stays in ContainerCreating",
	}
	source := topology.SourceField(&pv.Spec.PersistentVolumeSource)
	switch source {
	case "", "hostPath", "local":
		// Sharing a node's own directory is access-mode-single-node-shared's subject: it works, on each node differently.
		return nil
	case "csi":
		driver, ok := in.Catalog.Volume(pv.Spec.CSI.Driver, pv.Spec.CSI.VolumeHandle)
		if !ok {
			return nil
		}
		m.served, m.subject = driver, pv.Spec.CSI.Driver
		return staticOnly(m.unsupported())
	}
	if driver, ok := in.Catalog.RedirectedSource(source); ok {
		m.served, m.subject = driver, fmt.Sprintf("%s (served by %s)", source, driver.Name)
		return staticOnly(m.unsupported())
	}
	plugin, ok := in.Catalog.Source(source)
	if !ok {
		return nil
	}
	m.served, m.subject = plugin, source
	m.symptom = "no error at all: two nodes mount the same device, and its file system is corrupted"
	return m.unsupported()
}

// staticOnly leaves out findings about conditions: those of the catalog are about provisioning, and somebody else
// provisioned this volume.
func staticOnly(found []Finding) []Finding {
	kept := found[:0]
	for _, f := range found {
		if f.Action == "" {
			kept = append(kept, f)
		}
	}
	return kept
}

var accessModeRWOPNonCSIRule = Rule{
	ID:          "access-mode-rwop-non-csi",
	Summary:     "ReadWriteOncePod is requested from a volume plugin that is not CSI.",
	Kinds:       append([]Kind{PersistentVolume}, claimKinds...),
	Action:      Warn,
	Symptom:     "the scheduler keeps other pods away, but the volume layer does not: a pod with nodeName set mounts the volume all the same",
	Remediation: "use ReadWriteOnce, or a volume of a CSI driver",
	NeedsLookup: true,
	Check:       accessModeRWOPNonCSI,
}

// accessModeRWOPNonCSI fires where ReadWriteOncePod is asked of a plugin that has no way to enforce it.
func accessModeRWOPNonCSI(in *Input) []Finding {
	var found []Finding
	tell := func(modes []corev1.PersistentVolumeAccessMode, path *field.Path, subject string) {
		for i, mode := range modes {
			if mode == corev1.ReadWriteOncePod {
				found = append(found, Finding{
					Path:    path.Index(i),
					Message: fmt.Sprintf("ReadWriteOncePod is enforced only by CSI drivers, and %s is not one", subject),
				})
			}
		}
	}
	if pv, ok := in.Object.(*corev1.PersistentVolume); ok {
		if maker, known := in.Catalog.Driver(pv.Annotations[provisionedBy]); known && maker.AcceptsReadWriteOncePod {
			return nil
		}
		source := topology.SourceField(&pv.Spec.PersistentVolumeSource)
		if _, runs := in.Catalog.Source(source); runs {
			tell(pv.Spec.AccessModes, field.NewPath("spec", "accessModes"), source)
		}
		return found
	}
	eachClaim(in.Object, func(c claim) {
		class, ok := c.dynamicClass(in.Lookup)
		if !ok {
			return
		}
		driver, ok := in.Catalog.Driver(class.Provisioner)
		if !ok || driver.Kind == catalog.CSI || driver.AcceptsReadWriteOncePod {
			return
		}
		tell(c.spec.AccessModes, c.path.Child("accessModes"), fmt.Sprintf("%s (%sclass %q)", class.Provisioner, c.origin, class.Name))
	})
	return found
}
