// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/storage"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	storagevalidation "k8s.io/kubernetes/pkg/apis/storage/validation"
	"k8s.io/kubernetes/pkg/capabilities"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// refusable are objects that the API server takes, with much in them that it would not take otherwise.
var refusable = []string{`
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: default}
spec:
  containers:
  - name: c
    image: example.com/c:1
    env:
    - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
    volumeMounts:
    - {name: empty, mountPath: /empty, subPath: a/b}
    - {name: host, mountPath: /host, mountPropagation: HostToContainer}
    - {name: secret, mountPath: /secret, readOnly: true, recursiveReadOnly: IfPossible}
    - {name: config, mountPath: /config, subPathExpr: $(NAME)}
    - {name: claim, mountPath: /claim}
    volumeDevices:
    - {name: raw, devicePath: /dev/raw}
    - {name: made, devicePath: /dev/made}
  - name: d
    image: example.com/d:1
    securityContext: {privileged: true}
    volumeMounts:
    - {name: host, mountPath: /host, mountPropagation: Bidirectional}
    - {name: info, mountPath: /info}
    - {name: all, mountPath: /all}
  volumes:
  - {name: empty, emptyDir: {sizeLimit: 1Gi}}
  - {name: host, hostPath: {path: /srv, type: Directory}}
  - {name: secret, secret: {secretName: s, defaultMode: 0400, items: [{key: k, path: p, mode: 0440}, {key: l, path: q/r}]}}
  - {name: config, configMap: {name: c, defaultMode: 0755, items: [{key: k, path: p}]}}
  - {name: claim, persistentVolumeClaim: {claimName: x}}
  - {name: raw, persistentVolumeClaim: {claimName: "yy"}}
  - {name: made, ephemeral: {volumeClaimTemplate: {spec: {volumeMode: Block, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}
  - {name: info, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}, {path: cpu, resourceFieldRef: {containerName: c, resource: limits.cpu}}]}}
  - name: all
    projected:
      sources:
      - {secret: {name: s, items: [{key: k, path: s/k}]}}
      - {configMap: {name: c, items: [{key: k, path: c/k}]}}
      - {serviceAccountToken: {path: token, expirationSeconds: 3600, audience: a}}
      - {downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}
  - {name: nfs, nfs: {server: nfs.example.com, path: /x}}
  - {name: fc, fc: {targetWWNs: ["500a0982991b8dc5"], lun: 2}}
  - {name: csi, csi: {driver: inline.example.com, nodePublishSecretRef: {name: s}}}
  - {name: image, image: {reference: example.com/i:1, pullPolicy: Always}}
`, `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: c, namespace: default}
spec:
  accessModes: [ReadWriteOnce, ReadOnlyMany]
  storageClassName: fast
  volumeAttributesClassName: gold
  volumeMode: Filesystem
  resources: {requests: {storage: 5Gi}}
  selector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: In, values: [d, e]}]}
  dataSource: {kind: PersistentVolumeClaim, name: src}
  dataSourceRef: {kind: PersistentVolumeClaim, name: src}
`, `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: c, namespace: default}
spec:
  accessModes: [ReadWriteOncePod]
  resources: {requests: {storage: 5Gi}}
  dataSourceRef: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: src, namespace: other}
`, `
apiVersion: v1
kind: PersistentVolume
metadata: {name: v}
spec:
  capacity: {storage: 5Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: fast
  volumeAttributesClassName: gold
  volumeMode: Block
  persistentVolumeReclaimPolicy: Retain
  csi: {driver: d.example.com, volumeHandle: h}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, values: [a]}, {key: x, operator: Exists}, {key: y, operator: Gt, values: ["1"]}]}]}}
`, `
apiVersion: v1
kind: PersistentVolume
metadata: {name: v}
spec:
  capacity: {storage: 5Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Delete
  local: {path: /mnt/a}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [a]}]}]}}
`, `
apiVersion: v1
kind: PersistentVolume
metadata: {name: v}
spec: {capacity: {storage: 5Gi}, accessModes: [ReadWriteMany], persistentVolumeReclaimPolicy: Recycle, nfs: {server: s, path: /x}}
`, `
apiVersion: v1
kind: PersistentVolume
metadata: {name: v}
spec: {capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Recycle, hostPath: {path: /srv, type: DirectoryOrCreate}}
`, `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: c}
provisioner: d.example.com
reclaimPolicy: Retain
volumeBindingMode: WaitForFirstConsumer
allowedTopologies: [{matchLabelExpressions: [{key: topology.kubernetes.io/zone, values: [a, b]}, {key: x, values: [c]}]}]
`, `
apiVersion: storage.k8s.io/v1
kind: VolumeAttributesClass
metadata: {name: c}
driverName: d.example.com
parameters: {iops: "1"}
`, `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: s, namespace: default}
spec:
  serviceName: s
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      containers: [{name: c, image: example.com/c:1, volumeMounts: [{name: data, mountPath: /d}, {name: tmp, mountPath: /tmp}], volumeDevices: [{name: raw, devicePath: /dev/raw}]}]
      volumes: [{name: tmp, emptyDir: {}}]
  volumeClaimTemplates:
  - {metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
  - {metadata: {name: raw}, spec: {volumeMode: Block, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
`}

// notExplained are the refusals of the API server, by path and text, that no rule explains, each with a reason.
var notExplained = map[string]*regexp.Regexp{
	"containers, images and variables are not what moorage looks at": regexp.MustCompile(`containers\[\d+\]\.(image|name|env|ports|terminationMessagePolicy|imagePullPolicy|securityContext)|\.env\[`),
	"what is not about volumes":                                      regexp.MustCompile(`^spec\.(serviceName|updateStrategy|podManagementPolicy|selector\b.*statefulset|template\.metadata|ordinals|revisionHistoryLimit)`),
	"a missing name, which a file may get from a tool":               regexp.MustCompile(`^metadata\.(name|generateName): Required`),
	"values of labels, which may be anybody's":                       regexp.MustCompile(`nodeAffinity.*values\[\d+\]`),
	"secrets' names":           regexp.MustCompile(`csi\.name: Invalid`),
	"the name of an API group": regexp.MustCompile(`apiGroup: Invalid`),
	"a VolumeSnapshot without its group, which has a rule of its own": regexp.MustCompile(`dataSource(Ref)?: Invalid value: "VolumeSnapshot"`),
	"a dataSource of another kind, which the API server drops":        regexp.MustCompile(`dataSource: Invalid value: "[^"]*": must be 'PersistentVolumeClaim'`),
	"the divisor of a resource":                                       regexp.MustCompile(`divisor`),
	"sources that Kubernetes no longer runs, which have rules of their own": regexp.MustCompile(
		`\.(gitRepo|persistentDisk|gcePersistentDisk|awsElasticBlockStore|glusterfs|flocker|rbd|quobyte|cephfs|cinder|azureFile|azureDisk|vsphereVolume|photonPersistentDisk|portworxVolume|scaleIO|storageos)(\.|: (Required|Invalid))`),
	"owners of files, which come with a feature that is off": regexp.MustCompile(`(user|User): Invalid`),
	"the node":                            regexp.MustCompile(`^spec\.nodeName`),
	"iSCSI's names":                       regexp.MustCompile(`iscsi`),
	"whole terms that occur twice":        regexp.MustCompile(`allowedTopologies\[\d+\]\.matchLabelExpressions: Duplicate`),
	"the fields of a template's metadata": regexp.MustCompile(`volumeClaimTemplate\.metadata`),
}

// apiSays validates an object as the API server does when it is created.
func apiSays(t *testing.T, obj runtime.Object) field.ErrorList {
	t.Helper()
	legacyscheme.Scheme.Default(obj)
	convert := func(into runtime.Object) {
		if err := legacyscheme.Scheme.Convert(obj, into, nil); err != nil {
			t.Fatal(err)
		}
	}
	switch obj.(type) {
	case *corev1.Pod:
		var o core.Pod
		convert(&o)
		return corevalidation.ValidatePodSpec(&o.Spec, &o.ObjectMeta, field.NewPath("spec"), corevalidation.PodValidationOptions{})
	case *corev1.PersistentVolumeClaim:
		var o core.PersistentVolumeClaim
		convert(&o)
		return corevalidation.ValidatePersistentVolumeClaim(&o, corevalidation.ValidationOptionsForPersistentVolumeClaimCreate())
	case *corev1.PersistentVolume:
		var o core.PersistentVolume
		convert(&o)
		return corevalidation.ValidatePersistentVolume(&o, corevalidation.ValidationOptionsForPersistentVolume(&o, nil))
	case *storagev1.StorageClass:
		var o storage.StorageClass
		convert(&o)
		return storagevalidation.ValidateStorageClass(&o)
	case *storagev1.VolumeAttributesClass:
		var o storage.VolumeAttributesClass
		convert(&o)
		return storagevalidation.ValidateVolumeAttributesClass(&o)
	case *appsv1.StatefulSet:
		var o apps.StatefulSet
		convert(&o)
		return appsvalidation.ValidateStatefulSet(&o, appsvalidation.StatefulSetValidationOptions{}, corevalidation.PodValidationOptions{})
	}
	t.Fatalf("no validation for %T", obj)
	return nil
}

// TestWhatTheAPIServerRefuses holds what moorage says the API server refuses against the API server's own validation, over objects with
// faults put into them at random: nothing that it takes may be refused, and nothing that it refuses may be passed over.
func TestWhatTheAPIServerRefuses(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("MOORAGE_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("MOORAGE_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true})
	evaluator, err := rules.NewEvaluator(rules.EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const each = 1_500
	refused, explained := 0, 0
	for _, manifest := range refusable {
		kind, whole := decodeManifest(t, manifest)
		if faults := apiSays(t, whole.DeepCopyObject()); len(faults) > 0 {
			t.Fatalf("%s is refused as it is: %v", kind, faults)
		}
		for range each {
			obj := whole.DeepCopyObject()
			var did []string
			for range 1 + random.IntN(2) {
				did = append(did, mutate(random, obj))
			}
			faults := apiSays(t, obj.DeepCopyObject())
			var ours []string
			for _, f := range evaluator.Evaluate(t.Context(), rules.Question{Kind: kind, Object: obj, Namespace: "default", AsWritten: true}).Findings {
				if f.RefusedByAPI && !dropped(&f) || f.Rule == "api-refused" {
					ours = append(ours, fmt.Sprintf("%s: %s", f.Path, f.Message))
				}
			}
			if len(ours) > 0 && len(faults) == 0 {
				t.Errorf("%s %q is taken by the API server, and refused by moorage: %q", kind, did, ours)
			}
			told := explicable(faults)
			if len(told) == 0 {
				continue
			}
			refused++
			if len(ours) > 0 {
				explained++
			} else {
				t.Errorf("%s %q is refused by the API server, and nothing is said of it: %v", kind, did, told)
			}
		}
	}
	t.Logf("of %d objects that the API server refuses, %d are explained", refused, explained)
	if refused < each {
		t.Errorf("only %d objects were refused, which shows little", refused)
	}
}

// dropped reports whether a finding is of a field that the API server drops: it takes the object, which then reaches no webhook with the fault.
func dropped(f *rules.Finding) bool {
	return f.Rule == "snapshot-source-group" && strings.Contains(f.Path.String(), "dataSource") && !strings.Contains(f.Path.String(), "dataSourceRef")
}

// explicable leaves out what is left alone, and what follows from it: a volume that is refused is not found where it is mounted.
func explicable(faults field.ErrorList) field.ErrorList {
	told := slices.DeleteFunc(slices.Clone(faults), leftAlone)
	if len(told) < len(faults) {
		told = slices.DeleteFunc(told, func(e *field.Error) bool { return e.Type == field.ErrorTypeNotFound })
	}
	return told
}

func leftAlone(e *field.Error) bool {
	for _, pattern := range notExplained {
		if pattern.MatchString(e.Error()) {
			return true
		}
	}
	return false
}

func decodeManifest(t *testing.T, manifest string) (rules.Kind, runtime.Object) {
	t.Helper()
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal([]byte(manifest), &meta); err != nil {
		t.Fatal(err)
	}
	gvk := meta.GroupVersionKind()
	info, ok := rules.KindOf(gvk.Group, gvk.Version, gvk.Kind)
	if !ok {
		t.Fatalf("no kind %v", gvk)
	}
	obj := info.New()
	if err := yaml.UnmarshalStrict([]byte(manifest), obj); err != nil {
		t.Fatal(err)
	}
	return info.Kind, obj
}

// faultyWords are what strings are replaced with.
var faultyWords = []string{
	"", "a", "data", "My_Name", "x.y", "-a", "../x", "a/../b", "/abs", "..x", "x/..y", "Retain", "retain", "Keep", "Recycle", "Delete", "Block", "block", "ReadWriteOnce",
	"ReadWriteOncePod", "ReadWriteMany", "RWO", "Immediate", "immediate", "WaitForConsumer", "Bidirectional", "Shared", "None", "Enabled", "Always", "Sometimes",
	"metadata.labels[app]", "metadata.labels['app']", "metadata.annotations['A/b']", "metadata.labels['A b']", "meta.labels", "status.podIP", "metadata.uid", "limits.cpu",
	"limits.gpu", "requests.hugepages-2Mi", "Directory", "Dir", "In", "Equals", "Exists", "Gt", "VolumeSnapshot", "PersistentVolumeClaim", "snapshot.storage.k8s.io",
	"kubernetes.io/aws ebs", "host", "secret", "/host", "/dev/raw", "a_label_is_not_longer_than_sixty_three_characters_or_so_they_say_and_it_is_true",
}

// mutate changes one thing in an object at random, and says what.
func mutate(random *rand.Rand, obj runtime.Object) string {
	type place struct {
		path  string
		value reflect.Value
	}
	var places []place
	quantity := reflect.TypeFor[resource.Quantity]()
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		switch {
		case v.Type() == quantity:
			places = append(places, place{path, v})
			return
		case v.Kind() == reflect.Pointer:
			if v.Type().Elem().Kind() != reflect.Struct || v.CanSet() {
				places = append(places, place{path, v})
			}
			if !v.IsNil() {
				walk(v.Elem(), path)
			}
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				switch name := v.Type().Field(i).Name; name {
				case "TypeMeta", "ObjectMeta", "Status", "SecurityContext", "Selector", "Image", "Ports", "Resources", "ImagePullSecrets", "Affinity", "Lifecycle", "EmptyDir":
					if name != "Resources" && name != "EmptyDir" {
						continue
					}
					fallthrough
				default:
					walk(v.Field(i), path+"."+v.Type().Field(i).Name)
				}
			}
		case v.Kind() == reflect.Slice:
			places = append(places, place{path, v})
			for i := range v.Len() {
				walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
		case v.Kind() == reflect.Map || v.Kind() == reflect.String || v.Kind() == reflect.Bool || v.CanInt():
			places = append(places, place{path, v})
		}
	}
	root := reflect.ValueOf(obj).Elem()
	for i := range root.NumField() {
		if name := root.Type().Field(i).Name; name != "TypeMeta" && name != "ObjectMeta" && name != "Status" {
			walk(root.Field(i), name)
		}
	}
	relevant := regexp.MustCompile(`Volume|Claim|^Provisioner|^Reclaim|^AllowedTopologies|^DriverName|^Parameters|^Spec\.(AccessModes|Storage|Resources|Data|Capacity|Persistent|NodeAffinity|Node|CSI|Local|NFS|HostPath|PersistentVolumeSource|Template\.Spec\.Volumes)`)
	places = slices.DeleteFunc(places, func(p place) bool { return !relevant.MatchString(p.path) })
	p := places[random.IntN(len(places))]
	switch v := p.value; {
	case v.Type() == quantity:
		q := resource.MustParse([]string{"0", "-1Gi", "5Gi"}[random.IntN(3)])
		v.Set(reflect.ValueOf(q))
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() && random.IntN(2) == 0 {
			v.SetZero()
			return p.path + " = nil"
		}
		v.Set(reflect.New(v.Type().Elem()))
		fillScalar(random, v.Elem())
	case v.Kind() == reflect.Slice:
		switch n := v.Len(); {
		case n == 0 || random.IntN(3) == 0:
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		case random.IntN(2) == 0:
			v.Set(reflect.Append(v, v.Index(random.IntN(n))))
		default:
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		}
	case v.Kind() == reflect.Map:
		v.SetZero()
	default:
		fillScalar(random, v)
	}
	return fmt.Sprintf("%s = %v", p.path, p.value)
}

func fillScalar(random *rand.Rand, v reflect.Value) {
	switch {
	case v.Kind() == reflect.String:
		v.SetString(faultyWords[random.IntN(len(faultyWords))])
	case v.Kind() == reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case v.CanInt():
		n := []int64{0, 1, -1, 511, 512, 600, 644, 3599, 599}[random.IntN(9)]
		if v.Kind() == reflect.Int64 && random.IntN(4) == 0 {
			n = 1<<32 + 1
		}
		v.SetInt(n)
	}
}
