// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

var configMapKeyMissingRule = Rule{
	ID:          "configmap-key-missing",
	Summary:     "A pod mounts a key of a ConfigMap that the ConfigMap in the same files does not have.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "'configmap references non-existent config key'; the pod stays in ContainerCreating",
	Remediation: "use a key that the ConfigMap has",
	FilesOnly:   true,
	Check:       configMapKeyMissing,
}

// configMapKeyMissing looks at items (pkg/volume/configmap/configmap.go, MakePayload) and at subPaths, for which the kubelet makes an empty
// directory where there is no such file.
func configMapKeyMissing(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil || in.Beside == nil {
		return nil
	}
	keysOf := func(name string) map[string]bool {
		if keys := in.Beside.configMaps[topology.Key{Namespace: in.Namespace, Name: name}]; len(keys) > 0 {
			return keys
		}
		// An empty one is there to be filled.
		return nil
	}
	var found []Finding
	items := func(items []corev1.KeyToPath, name string, optional *bool, at *field.Path) {
		keys := keysOf(name)
		if keys == nil || (optional != nil && *optional) {
			return
		}
		for i := range items {
			if key := items[i].Key; !keys[key] {
				found = append(found, Finding{
					Path: at.Index(i).Child("key"), Message: fmt.Sprintf("ConfigMap %q has no key %q", name, key) + nearKey(key, keys),
					Symptom: fmt.Sprintf("'configmap references non-existent config key: %s'; the pod stays in ContainerCreating", key),
				})
			}
		}
	}
	for i := range spec.Volumes {
		at := path.Child("volumes").Index(i)
		if s := spec.Volumes[i].ConfigMap; s != nil {
			items(s.Items, s.Name, s.Optional, at.Child("configMap", "items"))
		}
		if p := spec.Volumes[i].Projected; p != nil {
			for j := range p.Sources {
				if s := p.Sources[j].ConfigMap; s != nil {
					items(s.Items, s.Name, s.Optional, at.Child("projected", "sources").Index(j).Child("configMap", "items"))
				}
			}
		}
	}
	eachMount(in.Object, func(m mount) {
		if m.volume == nil || m.volume.ConfigMap == nil || m.SubPath == "" || m.SubPathExpr != "" {
			return
		}
		keys := keysOf(m.volume.ConfigMap.Name)
		if keys == nil {
			return
		}
		files := keys
		if given := m.volume.ConfigMap.Items; len(given) > 0 {
			files = make(map[string]bool, len(given))
			for i := range given {
				first, _, _ := strings.Cut(given[i].Path, "/")
				files[first], files[given[i].Path] = true, true
			}
		}
		if file := strings.Trim(m.SubPath, "/"); !files[file] {
			found = append(found, Finding{
				Path:    m.path().Child("subPath"),
				Message: fmt.Sprintf("container %q: subPath %q is not a file of ConfigMap %q", m.container.Name, m.SubPath, m.volume.ConfigMap.Name) + nearKey(file, files),
				Symptom: "the kubelet makes an empty directory of that name, and the program finds no file",
			})
		}
	})
	return found
}

func nearKey(key string, keys map[string]bool) string {
	if len(keys) > maxSuggested {
		return ""
	}
	if near := suggest.Nearest(key, slices.Sorted(maps.Keys(keys))); len(near) > 0 {
		return "; " + suggest.Sentence(key, near)
	}
	return ""
}
