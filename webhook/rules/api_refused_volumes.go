// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

// The greatest modes that a file of a volume, and an emptyDir itself, can be given.
const (
	maxFileMode      = 0o777
	maxDirectoryMode = 0o1777
)

var (
	hostPathTypes = []string{
		string(corev1.HostPathUnset), string(corev1.HostPathDirectoryOrCreate), string(corev1.HostPathDirectory), string(corev1.HostPathFileOrCreate),
		string(corev1.HostPathFile), string(corev1.HostPathSocket), string(corev1.HostPathCharDev), string(corev1.HostPathBlockDev),
	}
	pullPolicies      = []string{string(corev1.PullAlways), string(corev1.PullIfNotPresent), string(corev1.PullNever)}
	downwardResources = []string{
		"limits.cpu", "limits.memory", "limits.ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage",
	}
)

// volume refuses what validateVolumeSource does. A volume without a source becomes an emptyDir before it is validated.
func (r *refusals) volume(v *corev1.Volume, at spot) {
	if v.Name == "" {
		r.required(at.Child("name"), about("a volume has no name"), "name the volume")
	}
	r.label(v.Name, at.Child("name"), about("the volume's name"))
	what := subject{volume: v.Name}
	if n := numSources(reflect.ValueOf(&v.VolumeSource).Elem()); n > 1 {
		sources := sourcesOf(reflect.ValueOf(&v.VolumeSource).Elem())
		r.twoSources(at.Child(sources[1]), what, sources)
	}
	if s := v.EmptyDir; s != nil && s.SizeLimit != nil && s.SizeLimit.Sign() < 0 {
		r.tell(at.Child("emptyDir", "sizeLimit"), fmt.Sprintf("%s: sizeLimit %s is negative", what, s.SizeLimit), "Forbidden", "write a size above 0")
	}
	if s := v.EmptyDir; s != nil && s.Mode != nil && (*s.Mode < 0 || *s.Mode > maxDirectoryMode) {
		r.tell(at.Child("emptyDir", "mode"), fmt.Sprintf("%s: mode %d is not between 0 and 01777 (octal), which is 1023", what, *s.Mode), "Invalid value",
			"write the mode with a leading zero in YAML, such as 01777")
	}
	if s := v.HostPath; s != nil {
		r.hostPath(s, at.Child("hostPath"), what.and(": "))
	}
	if s := v.Secret; s != nil {
		r.needs(s.SecretName, at.Child("secret", "secretName"), what.and(": the secret's name"))
		r.files(s.DefaultMode, s.Items, at.Child("secret"), what)
	}
	if s := v.ConfigMap; s != nil {
		r.needs(s.Name, at.Child("configMap", "name"), what.and(": the configMap's name"))
		r.files(s.DefaultMode, s.Items, at.Child("configMap"), what)
	}
	if s := v.PersistentVolumeClaim; s != nil {
		r.needs(s.ClaimName, at.Child("persistentVolumeClaim", "claimName"), what.and(": the claim's name"))
	}
	if s := v.DownwardAPI; s != nil {
		r.mode(s.DefaultMode, at.Child("downwardAPI", "defaultMode"), what)
		r.downward(s.Items, at.Child("downwardAPI", "items"), what)
	}
	if s := v.Projected; s != nil {
		r.projected(s, at.Child("projected"), what)
	}
	if s := v.NFS; s != nil {
		r.nfs(s, at.Child("nfs"), what.and(": "))
	}
	if s := v.FC; s != nil {
		r.fc(s, at.Child("fc"), what.and(": "))
	}
	if s := v.ISCSI; s != nil {
		r.needs(s.TargetPortal, at.Child("iscsi", "targetPortal"), what.and(": targetPortal"))
		r.needs(s.IQN, at.Child("iscsi", "iqn"), what.and(": iqn"))
		r.iqn(s.IQN, at.Child("iscsi", "iqn"), what.and(": "))
	}
	if s := v.FlexVolume; s != nil {
		r.needs(s.Driver, at.Child("flexVolume", "driver"), what.and(": the driver's name"))
	}
	if s := v.CSI; s != nil {
		r.driver(s.Driver, at.Child("csi", "driver"), what.and(": "))
		if ref := s.NodePublishSecretRef; ref != nil {
			r.needs(ref.Name, at.Child("csi", "nodePublishSecretRef", "name"), what.and(": the secret's name"))
		}
	}
	if s := v.Ephemeral; s != nil && s.VolumeClaimTemplate == nil {
		r.required(at.Child("ephemeral", "volumeClaimTemplate"), what.and(" has no volumeClaimTemplate"), "write the claim's spec into ephemeral.volumeClaimTemplate.spec")
	}
	if s := v.Image; s != nil {
		r.needs(s.Reference, at.Child("image", "reference"), what.and(": the image's reference"))
		if s.PullPolicy != "" {
			r.enum(string(s.PullPolicy), pullPolicies, at.Child("image", "pullPolicy"), what.and(": pullPolicy"))
		}
	}
}

// iqn refuses a name of an iSCSI target that validateISCSIVolumeSource does: it begins with one of the three kinds of names.
func (r *refusals) iqn(name string, at spot, what subject) {
	if name != "" && !strings.HasPrefix(name, "iqn") && !strings.HasPrefix(name, "eui") && !strings.HasPrefix(name, "naa") {
		r.tell(at, fmt.Sprintf("%siqn %q is not the name of an iSCSI target", what, name),
			fmt.Sprintf("Invalid value: %q: must be valid format starting with iqn, eui, or naa", name), "write it as iqn.YYYY-MM.REVERSED.DOMAIN:NAME")
	}
}

func numSources(source reflect.Value) int {
	n := 0
	for i := range source.NumField() {
		if f := source.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
			n++
		}
	}
	return n
}

// sourcesOf names the fields of a volume's source that are set.
func sourcesOf(source reflect.Value) []string {
	var set []string
	for i := range source.NumField() {
		if f := source.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
			name, _, _ := strings.Cut(source.Type().Field(i).Tag.Get("json"), ",")
			set = append(set, name)
		}
	}
	return set
}

func (r *refusals) twoSources(at spot, what subject, sources []string) {
	r.tell(at, fmt.Sprintf("%s has %d sources: %s", what, len(sources), strings.Join(sources, ", ")), "Forbidden: may not specify more than 1 volume type",
		"keep one of them")
}

func (r *refusals) needs(value string, at spot, what subject) {
	if value == "" {
		r.required(at, what.and(" is missing"), "write it")
	}
}

func (r *refusals) hostPath(s *corev1.HostPathVolumeSource, at spot, what subject) {
	if s.Path == "" {
		r.required(at.Child("path"), what.and("hostPath.path is required, and empty"), "write the host's path; a variable of a template may have had no value")
		return
	}
	r.backsteps(s.Path, at.Child("path"), what.and("hostPath"))
	if s.Type != nil {
		r.enum(string(*s.Type), hostPathTypes, at.Child("type"), what.and("hostPath type"))
	}
}

func (r *refusals) nfs(s *corev1.NFSVolumeSource, at spot, what subject) {
	r.needs(s.Server, at.Child("server"), what.and("the NFS server"))
	if !path.IsAbs(s.Path) {
		r.tell(at.Child("path"), fmt.Sprintf("%sNFS path %q is not absolute", what, s.Path), fmt.Sprintf("Invalid value: %q: must be an absolute path", s.Path),
			"write the path with a leading slash")
	}
}

func (r *refusals) fc(s *corev1.FCVolumeSource, at spot, what subject) {
	switch {
	case len(s.TargetWWNs) == 0 && len(s.WWIDs) == 0, len(s.TargetWWNs) > 0 && len(s.WWIDs) > 0:
		r.tell(at.Child("targetWWNs"), what.and("fc needs either targetWWNs or wwids").String(), "Required value: must specify either targetWWNs or wwids, but not both",
			"write one of them")
	case len(s.TargetWWNs) > 0 && s.Lun == nil:
		r.required(at.Child("lun"), what.and("fc with targetWWNs needs a lun"), "write the lun")
	case len(s.TargetWWNs) > 0 && (*s.Lun < 0 || *s.Lun > 255):
		r.tell(at.Child("lun"), fmt.Sprintf("%slun %d is not between 0 and 255", what, *s.Lun), "Invalid value: must be between 0 and 255, inclusive", "write the lun")
	}
}

// driver refuses names that ValidateCSIDriverName does.
func (r *refusals) driver(name string, at spot, what subject) {
	if name == "" {
		r.required(at, what.and("the CSI driver's name is missing"), "name the driver as its CSIDriver object is named")
		return
	}
	r.name(name, validation.IsDNS1123Subdomain(strings.ToLower(name)), at, what.and("the CSI driver's name"))
	if len(name) > validation.DNS1123LabelMaxLength {
		r.tell(at, what.and("the CSI driver's name is longer than 63 characters").String(), "Too long", "use the driver's own name")
	}
}

// mode explains numbers whose digits were meant in octal.
func (r *refusals) mode(mode *int32, at spot, what subject) {
	if mode == nil || (*mode >= 0 && *mode <= maxFileMode) {
		return
	}
	message, remediation := fmt.Sprintf("%s: mode %d is not between 0 and 0777 (octal), which is 511", what, *mode), "write the mode with a leading zero in YAML, such as 0644"
	if meant, ok := meantInOctal(*mode); ok {
		message = fmt.Sprintf("%s: mode %d is decimal, which is %#o and above 0777; %#o was probably meant", what, *mode, *mode, meant)
		remediation = fmt.Sprintf("write %#o in YAML, or %d in JSON", meant, meant)
	}
	r.tell(at, message, fmt.Sprintf("Invalid value: %d: %s", *mode, upstream.FileMode), remediation)
}

func (r *refusals) files(mode *int32, items []corev1.KeyToPath, at spot, what subject) {
	r.mode(mode, at.Child("defaultMode"), what)
	for i := range items {
		where := func(name string) spot { return at.Child("items").Index(i).Child(name) }
		if items[i].Key == "" {
			r.required(where("key"), what.and(": an item has no key"), "name the key")
		}
		r.mode(items[i].Mode, where("mode"), what)
		r.filePath(items[i].Path, where("path"), what.and(": path"))
	}
}

// filePath refuses paths of files in a volume (ValidateLocalNonReservedPath).
func (r *refusals) filePath(p string, at spot, what subject) {
	switch {
	case p == "":
		r.required(at, what.and(" is missing"), "write the file's path in the volume")
	case path.IsAbs(p) || hasBackstep(p):
		r.descending(p, at, what)
	case strings.HasPrefix(p, ".."):
		r.tell(at, fmt.Sprintf("%s %q starts with '..'", what, p), "Invalid value: must not start with '..'", "use another name")
	}
}

func (r *refusals) downward(items []corev1.DownwardAPIVolumeFile, at spot, what subject) {
	for i := range items {
		item, where := &items[i], at.Index(i)
		r.filePath(item.Path, where.Child("path"), what.and(": path"))
		r.mode(item.Mode, where.Child("mode"), what)
		switch {
		case item.FieldRef != nil && item.ResourceFieldRef != nil:
			r.tell(where.Child("resourceFieldRef"), what.and(": an item has both a fieldRef and a resourceFieldRef").String(),
				"Invalid value: fieldRef and resourceFieldRef can not be specified simultaneously", "keep one of them")
		case item.FieldRef != nil:
			r.fieldRef(item.FieldRef, volumeFields, where.Child("fieldRef", "fieldPath"), what, "in a volume")
		case item.ResourceFieldRef != nil:
			r.resourceRef(item.ResourceFieldRef, where.Child("resourceFieldRef"), what, true)
		default:
			r.tell(where, what.and(": an item has neither a fieldRef nor a resourceFieldRef").String(), "Required value: one of fieldRef and resourceFieldRef is required",
				"say what the file is to hold")
		}
	}
}

func (r *refusals) resourceRef(ref *corev1.ResourceFieldSelector, at spot, what subject, inVolume bool) {
	_, limits := strings.CutPrefix(ref.Resource, "limits.hugepages-")
	_, requests := strings.CutPrefix(ref.Resource, "requests.hugepages-")
	switch {
	case inVolume && ref.ContainerName == "":
		r.required(at.Child("containerName"), what.and(": a resourceFieldRef in a volume needs the container's name"), "add containerName")
	case ref.Resource == "":
		r.required(at.Child("resource"), what.and(": a resourceFieldRef needs a resource"), "write one of "+strings.Join(downwardResources, ", "))
	case !limits && !requests:
		r.enum(ref.Resource, downwardResources, at.Child("resource"), what.and(": resource"))
	}
}

// Service account tokens last from ten minutes to 2^32 seconds.
const (
	leastTokenSeconds = 10 * 60
	mostTokenSeconds  = 1 << 32
)

func (r *refusals) projected(s *corev1.ProjectedVolumeSource, at spot, what subject) {
	r.mode(s.DefaultMode, at.Child("defaultMode"), what)
	paths := map[string]bool{}
	path := func(p string, where spot) {
		if p != "" && paths[p] {
			r.tell(where, fmt.Sprintf("%s: two sources write %q", what, p), "Invalid value: conflicting duplicate paths", "give each file a path of its own")
		}
		paths[p] = true
	}
	for i := range s.Sources {
		source, where := &s.Sources[i], at.Child("sources").Index(i)
		if numSources(reflect.ValueOf(source).Elem()) > 1 {
			kinds := sourcesOf(reflect.ValueOf(source).Elem())
			r.tell(where, fmt.Sprintf("%s: a source is several at once: %s", what, strings.Join(kinds, ", ")),
				"Forbidden: may not specify more than 1 volume type per source", "write each as an item of its own")
		}
		keys := func(items []corev1.KeyToPath, where spot) {
			for j := range items {
				path(items[j].Path, where.Child("items").Index(j).Child("path"))
			}
		}
		if p := source.Secret; p != nil {
			r.needs(p.Name, where.Child("secret", "name"), what.and(": the secret's name"))
			r.files(nil, p.Items, where.Child("secret"), what)
			keys(p.Items, where.Child("secret"))
		}
		if p := source.ConfigMap; p != nil {
			r.needs(p.Name, where.Child("configMap", "name"), what.and(": the configMap's name"))
			r.files(nil, p.Items, where.Child("configMap"), what)
			keys(p.Items, where.Child("configMap"))
		}
		if p := source.DownwardAPI; p != nil {
			r.downward(p.Items, where.Child("downwardAPI", "items"), what)
			for j := range p.Items {
				path(p.Items[j].Path, where.Child("downwardAPI", "items").Index(j).Child("path"))
			}
		}
		if p := source.ServiceAccountToken; p != nil {
			r.token(p, where.Child("serviceAccountToken"), what)
		}
	}
}

func (r *refusals) token(p *corev1.ServiceAccountTokenProjection, at spot, what subject) {
	if s := p.ExpirationSeconds; s != nil {
		switch {
		case *s < leastTokenSeconds:
			r.tell(at.Child("expirationSeconds"), fmt.Sprintf("%s: a token of %d seconds is shorter than ten minutes", what, *s),
				"Invalid value: may not specify a duration less than 10 minutes", "write 600 or more, or leave it out for an hour")
		case *s > mostTokenSeconds:
			r.tell(at.Child("expirationSeconds"), fmt.Sprintf("%s: a token of %d seconds is longer than 2^32 seconds", what, *s),
				"Invalid value: may not specify a duration larger than 2^32 seconds", "leave it out: the kubelet renews the file")
		}
	}
	r.filePath(p.Path, at.Child("path"), what.and(": the token's path"))
}

var propagations = []string{
	string(corev1.MountPropagationNone), string(corev1.MountPropagationHostToContainer), string(corev1.MountPropagationBidirectional),
}

var recursiveModes = []string{
	string(corev1.RecursiveReadOnlyDisabled), string(corev1.RecursiveReadOnlyIfPossible), string(corev1.RecursiveReadOnlyEnabled),
}

// recursiveReadOnly refuses what validateMountRecursiveReadOnly does.
func (r *refusals) recursiveReadOnly(m mount) {
	if m.RecursiveReadOnly == nil {
		return
	}
	at, what := spotOf(m.path().Child("recursiveReadOnly")), about(fmt.Sprintf("container %q, volume %q: recursiveReadOnly", m.container.Name, m.Name))
	mode := string(*m.RecursiveReadOnly)
	switch {
	case !slices.Contains(recursiveModes, mode):
		r.enum(mode, recursiveModes, at, what)
	case *m.RecursiveReadOnly == corev1.RecursiveReadOnlyDisabled:
	case !m.ReadOnly:
		r.tell(at, what.and(" without readOnly").String(), "Forbidden: may only be specified when readOnly is true", "set readOnly: true as well")
	case m.propagates():
		r.tell(at, what.and(" together with mountPropagation").String(), "Forbidden: may only be specified when mountPropagation is None or not specified", "drop one of them")
	}
}
