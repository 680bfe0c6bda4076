// SPDX-License-Identifier: Apache-2.0

package check

import (
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/internal/textfile"
)

// patchLists is the part of a kustomization that names patches, in today's form and in the two before it.
type patchLists struct {
	Patches               []patchFile `json:"patches"`
	PatchesJSON6902       []patchFile `json:"patchesJson6902"`
	PatchesStrategicMerge []string    `json:"patchesStrategicMerge"`
}

type patchFile struct {
	Path string `json:"path"`
}

// maxKustomization is how large one may be.
const maxKustomization = 4 << 20

// kustomizations are the names that a kustomization may have.
var kustomizations = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// kustomization notes the patches that a kustomization names. They look like objects, and hold only what they change. A
// kustomization that cannot be read names none.
func (w *walk) kustomization(path string) {
	if !isRegular(path) {
		return
	}
	content, err := textfile.ReadFile(path, maxKustomization)
	if err != nil {
		return
	}
	var lists patchLists
	if yaml.Unmarshal(content, &lists) != nil {
		return
	}
	named := lists.PatchesStrategicMerge
	for _, p := range append(lists.Patches, lists.PatchesJSON6902...) {
		named = append(named, p.Path)
	}
	for _, name := range named {
		// A patch may also stand in the list itself, as text of several lines.
		if name != "" && !strings.Contains(name, "\n") {
			w.patches[absolute(filepath.Join(filepath.Dir(path), name))] = true
		}
	}
}
