// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	volumeModes   = []string{string(corev1.PersistentVolumeFilesystem), string(corev1.PersistentVolumeBlock)}
	reclaims      = []string{string(corev1.PersistentVolumeReclaimDelete), string(corev1.PersistentVolumeReclaimRecycle), string(corev1.PersistentVolumeReclaimRetain)}
	classReclaims = []string{string(corev1.PersistentVolumeReclaimDelete), string(corev1.PersistentVolumeReclaimRetain)}
	bindingModes  = []string{string(storagev1.VolumeBindingImmediate), string(storagev1.VolumeBindingWaitForFirstConsumer)}
	retentions    = []string{string(appsv1.RetainPersistentVolumeClaimRetentionPolicyType), string(appsv1.DeletePersistentVolumeClaimRetentionPolicyType)}
)

// claims refuses what ValidatePersistentVolumeClaimSpec does.
func (r *refusals) claims(obj runtime.Object) {
	// Before Kubernetes 1.36 a StatefulSet's claim templates are not validated with it: the claims are refused when they are made.
	_, later := obj.(*appsv1.StatefulSet)
	eachClaim(obj, func(c claim) {
		first := len(r.found)
		r.claim(c)
		if later && strings.HasPrefix(c.path.String(), "spec.volumeClaimTemplates") {
			for i := first; i < len(r.found); i++ {
				r.found[i].RefusedByAPI = false
			}
		}
	})
}

func (r *refusals) claim(c claim) {
	at := spotOf(c.path)
	r.modes(c.spec.AccessModes, at.Child("accessModes"), c.origin)
	size := at.Child("resources", "requests", "storage")
	if request, ok := c.spec.Resources.Requests[corev1.ResourceStorage]; !ok {
		r.required(size, about(c.origin+"the claim requests no size"), "write how much storage it needs")
	} else if request.Sign() <= 0 {
		r.tell(size, fmt.Sprintf("%sthe claim requests %s", c.origin, &request), fmt.Sprintf("Invalid value: %q: must be greater than zero", request.String()), "write a size above 0")
	}
	r.selector(c.spec.Selector, spotOf(c.path).Child("selector"), c.origin)
	if s := c.spec.StorageClassName; s != nil {
		r.subdomain(*s, spotOf(c.path).Child("storageClassName"), about(c.origin+"the class's name"))
	}
	if s := c.spec.VolumeAttributesClassName; s != nil {
		r.subdomain(*s, spotOf(c.path).Child("volumeAttributesClassName"), about(c.origin+"the VolumeAttributesClass's name"))
	}
	if s := c.spec.VolumeMode; s != nil {
		r.enum(string(*s), volumeModes, spotOf(c.path).Child("volumeMode"), about(c.origin+"volumeMode"))
	}
	r.sources(c)
}

// sources refuses what validateDataSource and validateDataSourceRef do, but for groups of VolumeSnapshots, which have a rule of their own.
func (r *refusals) sources(c claim) {
	source, ref := c.spec.DataSource, c.spec.DataSourceRef
	one := func(at spot, what, name, kind, apiGroup string) {
		if name == "" {
			r.required(at.Child("name"), about(c.origin+what+" has no name"), "name the source")
		}
		if kind == "" {
			r.required(at.Child("kind"), about(c.origin+what+" has no kind"), "write kind: PersistentVolumeClaim, or kind: VolumeSnapshot with apiGroup: snapshot.storage.k8s.io")
		} else if apiGroup == "" && kind != "PersistentVolumeClaim" && kind != "VolumeSnapshot" && what == "dataSourceRef" {
			r.tell(at, fmt.Sprintf("%s%s of kind %q needs an apiGroup", c.origin, what, kind),
				fmt.Sprintf("Invalid value: %q: must be 'PersistentVolumeClaim' when referencing the default apiGroup", kind), "add the apiGroup of the kind")
		}
	}
	if source != nil {
		one(spotOf(c.path).Child("dataSource"), "dataSource", source.Name, source.Kind, group(source.APIGroup))
	}
	if ref != nil {
		one(spotOf(c.path).Child("dataSourceRef"), "dataSourceRef", ref.Name, ref.Kind, group(ref.APIGroup))
		if ref.Namespace != nil {
			r.label(*ref.Namespace, spotOf(c.path).Child("dataSourceRef", "namespace"), about(c.origin+"dataSourceRef's namespace"))
		}
	}
	switch {
	case source == nil || ref == nil:
	case ref.Namespace != nil && *ref.Namespace != "":
		r.tell(spotOf(c.path).Child("dataSource"), c.origin+"dataSource beside a dataSourceRef with a namespace",
			"Invalid value: may not be specified when dataSourceRef.namespace is specified", "drop dataSource")
	case source.Kind != ref.Kind || source.Name != ref.Name || !reflect.DeepEqual(source.APIGroup, ref.APIGroup):
		if source.Name != "" && source.Kind != "" {
			r.tell(spotOf(c.path).Child("dataSource"), fmt.Sprintf("%sdataSource names %s %q, dataSourceRef %s %q", c.origin, source.Kind, source.Name, ref.Kind, ref.Name),
				"Invalid value: must match dataSourceRef", "keep dataSourceRef alone")
		}
	}
}

func (r *refusals) selector(s *metav1.LabelSelector, at spot, origin string) {
	for _, fault := range metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, at.path()) {
		r.fault(fault, about(origin+"the selector cannot be read"))
	}
}

// fault tells an error of a validation that this program shares with the API server.
func (r *refusals) fault(e *field.Error, what subject) {
	r.found = append(r.found, Finding{
		Path: field.NewPath(e.Field), Message: fmt.Sprintf("%s: %s", what, e.ErrorBody()), Symptom: e.Error(), RefusedByAPI: true,
	})
}

// retention refuses what ValidatePersistentVolumeClaimRetentionPolicy does. Empty values are filled in.
func (r *refusals) retention(set *appsv1.StatefulSet) {
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	if policy == nil {
		return
	}
	at := spotOf(nil).Child("spec", "persistentVolumeClaimRetentionPolicy")
	for _, p := range []struct{ name, value string }{{"whenDeleted", string(policy.WhenDeleted)}, {"whenScaled", string(policy.WhenScaled)}} {
		if p.value != "" {
			r.enum(p.value, retentions, at.Child(p.name), about(p.name))
		}
	}
}

// persistentVolume refuses what ValidatePersistentVolumeSpec does.
func (r *refusals) persistentVolume(pv *corev1.PersistentVolume) {
	spec, at := &pv.Spec, spotOf(nil).Child("spec")
	r.modes(spec.AccessModes, at.Child("accessModes"), "")
	r.capacity(spec.Capacity, at.Child("capacity"))
	if spec.PersistentVolumeReclaimPolicy != "" {
		r.enum(string(spec.PersistentVolumeReclaimPolicy), reclaims, at.Child("persistentVolumeReclaimPolicy"), about("reclaim policy"))
	}
	if spec.VolumeMode != nil {
		r.enum(string(*spec.VolumeMode), volumeModes, at.Child("volumeMode"), about("volumeMode"))
	}
	r.subdomain(spec.StorageClassName, at.Child("storageClassName"), about("the class's name"))
	if class := spec.VolumeAttributesClassName; class != nil {
		if *class == "" {
			r.required(at.Child("volumeAttributesClassName"), about("volumeAttributesClassName is empty"), "name the VolumeAttributesClass, or leave the field out")
		}
		r.subdomain(*class, at.Child("volumeAttributesClassName"), about("the VolumeAttributesClass's name"))
		if spec.CSI == nil {
			r.required(at.Child("csi"), about("a volume with a VolumeAttributesClass must be a CSI volume"), "leave volumeAttributesClassName out")
		}
	}
	r.nodeAffinity(spec.NodeAffinity, at.Child("nodeAffinity"))
	sources := sourcesOf(reflect.ValueOf(&spec.PersistentVolumeSource).Elem())
	switch {
	case len(sources) == 0:
		r.tell(at, "the volume has no source", "Required value: must specify a volume type", "say where the storage is, such as csi, nfs or local")
	case len(sources) > 1 && (spec.FlexVolume == nil || len(sources) > 2 || !beforeFlexVolume(sources)):
		r.twoSources(at.Child(sources[1]), about("the volume"), sources)
	}
	if s := spec.HostPath; s != nil {
		r.hostPath(s, at.Child("hostPath"), about(""))
		if path.Clean(s.Path) == "/" && spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRecycle {
			r.tell(at.Child("persistentVolumeReclaimPolicy"), "reclaim policy Recycle would empty the host's /", "Forbidden: may not be 'recycle' for a hostPath mount of '/'", "use Retain")
		}
	}
	if s := spec.Local; s != nil {
		r.needs(s.Path, at.Child("local", "path"), about("the local volume's path"))
		r.backsteps(s.Path, at.Child("local", "path"), about("local path"))
		if spec.NodeAffinity == nil {
			r.tell(at.Child("nodeAffinity"), "a local volume has no node affinity", "Required value: Local volume requires node affinity",
				"set nodeAffinity.required to the node that has the path, by kubernetes.io/hostname")
		}
	}
	if s := spec.NFS; s != nil {
		r.nfs(s, at.Child("nfs"), about(""))
	}
	if s := spec.FC; s != nil {
		r.fc(s, at.Child("fc"), about(""))
	}
	if s := spec.ISCSI; s != nil {
		r.needs(s.TargetPortal, at.Child("iscsi", "targetPortal"), about("targetPortal"))
		r.needs(s.IQN, at.Child("iscsi", "iqn"), about("iqn"))
	}
	if s := spec.FlexVolume; s != nil {
		r.needs(s.Driver, at.Child("flexVolume", "driver"), about("the driver's name"))
	}
	if s := spec.CSI; s != nil {
		r.driver(s.Driver, at.Child("csi", "driver"), about(""))
		r.needs(s.VolumeHandle, at.Child("csi", "volumeHandle"), about("the volumeHandle"))
	}
}

// beforeFlexVolume says that a flexVolume stands beside a source that is validated before it, which for once is not refused.
func beforeFlexVolume(sources []string) bool {
	return slices.ContainsFunc(sources, func(s string) bool {
		switch s {
		case "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs", "iscsi", "cinder", "fc":
			return true
		}
		return false
	})
}

func (r *refusals) capacity(capacity corev1.ResourceList, at spot) {
	size, ok := capacity[corev1.ResourceStorage]
	switch {
	case !ok:
		r.required(at, about("the volume has no capacity"), "write capacity: {storage: SIZE}")
	case len(capacity) > 1:
		r.tell(at, "a volume's capacity is its storage alone", "Unsupported value: supported values: \"storage\"", "drop everything else from capacity")
	case size.Sign() <= 0:
		r.tell(at.Key("storage"), fmt.Sprintf("the volume's capacity is %s", &size), fmt.Sprintf("Invalid value: %q: must be greater than zero", size.String()), "write a size above 0")
	}
}

var selectorOperators = []string{
	string(corev1.NodeSelectorOpIn), string(corev1.NodeSelectorOpNotIn), string(corev1.NodeSelectorOpExists), string(corev1.NodeSelectorOpDoesNotExist),
	string(corev1.NodeSelectorOpGt), string(corev1.NodeSelectorOpLt),
}

func (r *refusals) nodeAffinity(affinity *corev1.VolumeNodeAffinity, at spot) {
	switch {
	case affinity == nil:
		return
	case affinity.Required == nil:
		r.required(at.Child("required"), about("the node affinity requires nothing"), "write nodeAffinity.required.nodeSelectorTerms")
		return
	case len(affinity.Required.NodeSelectorTerms) == 0:
		r.required(at.Child("required", "nodeSelectorTerms"), about("the node affinity has no term"), "write a nodeSelectorTerm")
	}
	for i := range affinity.Required.NodeSelectorTerms {
		for j, e := range affinity.Required.NodeSelectorTerms[i].MatchExpressions {
			where := func(name string) spot {
				return at.Child("required", "nodeSelectorTerms").Index(i).Child("matchExpressions").Index(j).Child(name)
			}
			what := about(fmt.Sprintf("node affinity, key %q", e.Key))
			r.enum(string(e.Operator), selectorOperators, where("operator"), what.and(": operator"))
			if faults := validation.IsQualifiedName(e.Key); len(faults) > 0 {
				r.tell(where("key"), what.and(" is not the key of a label").String(), fmt.Sprintf("Invalid value: %q: %s", e.Key, faults[0]), "use a label's key")
			}
			n := len(e.Values)
			switch e.Operator {
			case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
				if n == 0 {
					r.required(where("values"), about(fmt.Sprintf("%s: %s needs values", what, e.Operator)), "write the values")
				}
			case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
				if n > 0 {
					r.tell(where("values"), fmt.Sprintf("%s: %s takes no values", what, e.Operator), "Forbidden", "drop the values")
				}
			case corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt:
				if n != 1 {
					r.required(where("values"), about(fmt.Sprintf("%s: %s needs one value", what, e.Operator)), "write one value")
				}
			}
		}
	}
}

// class refuses what ValidateStorageClass does. A binding mode is filled in where there is none.
func (r *refusals) class(class *storagev1.StorageClass) {
	r.provisioner(class.Provisioner, spotOf(nil).Child("provisioner"), about("the provisioner"))
	if p := class.ReclaimPolicy; p != nil && *p != "" {
		r.enum(string(*p), classReclaims, spotOf(nil).Child("reclaimPolicy"), about("reclaimPolicy"))
	}
	if m := class.VolumeBindingMode; m != nil {
		r.enum(string(*m), bindingModes, spotOf(nil).Child("volumeBindingMode"), about("volumeBindingMode"))
	}
	for i := range class.AllowedTopologies {
		keys := map[string]bool{}
		for j, e := range class.AllowedTopologies[i].MatchLabelExpressions {
			at := spotOf(nil).Child("allowedTopologies").Index(i).Child("matchLabelExpressions").Index(j)
			what := about(fmt.Sprintf("allowed topology %q", e.Key))
			if keys[e.Key] {
				r.tell(at.Child("key"), what.and(" is there twice").String(), fmt.Sprintf("Duplicate value: %q", e.Key), "put all values under one key")
			}
			keys[e.Key] = true
			if faults := validation.IsQualifiedName(e.Key); len(faults) > 0 {
				r.tell(at.Child("key"), what.and(" is not the key of a label").String(), fmt.Sprintf("Invalid value: %q: %s", e.Key, faults[0]), "use a label's key")
			}
			if len(e.Values) == 0 {
				r.required(at.Child("values"), what.and(" has no values"), "write the values, or drop the expression")
			}
			values := map[string]bool{}
			for k, v := range e.Values {
				if values[v] {
					r.tell(at.Child("values").Index(k), fmt.Sprintf("%s has value %q twice", what, v), fmt.Sprintf("Duplicate value: %q", v), "drop one of them")
				}
				values[v] = true
			}
		}
	}
}

func (r *refusals) provisioner(name string, at spot, what subject) {
	if name == "" {
		r.required(at, what.and(" is missing"), "name the driver")
		return
	}
	if faults := validation.IsQualifiedName(strings.ToLower(name)); len(faults) > 0 {
		r.tell(at, fmt.Sprintf("%s %q is not a name that Kubernetes takes", what, name), fmt.Sprintf("Invalid value: %q: %s", name, faults[0]), "use the driver's own name")
	}
}

// attributesClass refuses what ValidateVolumeAttributesClass does.
func (r *refusals) attributesClass(class *storagev1.VolumeAttributesClass) {
	r.provisioner(class.DriverName, spotOf(nil).Child("driverName"), about("driverName"))
	if len(class.Parameters) == 0 {
		r.required(spotOf(nil).Child("parameters"), about("the class has no parameters"), "write what the driver is to change")
	}
	if _, empty := class.Parameters[""]; empty {
		r.tell(spotOf(nil).Child("parameters"), "a parameter has no name", "Invalid value: field can not be empty.", "name the parameter")
	}
}
