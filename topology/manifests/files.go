// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moorage-k8s/moorage/internal/textfile"
)

// find returns the files that a path stands for, and notes their size and age.
func (r *reading) find(path string) ([]string, error) {
	if path == Stdin && r.Stdin != nil {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	if !info.IsDir() {
		r.found(path, info)
		return []string{path}, nil
	}
	var files []string
	// With the separator a link to a directory is followed where it was named. Links within lead to files only.
	err = filepath.WalkDir(path+string(filepath.Separator), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read manifests: %w", err)
		case entry.IsDir():
			if chart := filepath.Dir(path); entry.Name() == "templates" && isFile(filepath.Join(chart, "Chart.yaml")) {
				r.result.Charts = append(r.result.Charts, chart)
				return fs.SkipDir
			}
			return nil
		case !hasManifestEnding(path):
			r.result.SkippedFiles++
			return nil
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			// A pipe would be waited for, and a device may have no end.
			r.result.SkippedFiles++
			return nil
		}
		r.found(path, info)
		r.met[path] = true
		files = append(files, path)
		return nil
	})
	return files, err
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (r *reading) found(path string, info fs.FileInfo) {
	r.sizes[path] = int(info.Size())
	r.size += int(info.Size())
	if info.ModTime().After(r.result.Written) {
		r.result.Written = info.ModTime()
	}
}

func hasManifestEnding(path string) bool {
	switch textfile.Extension(path) {
	case ".yaml", ".yml", ".json":
		return true
	default:
		return false
	}
}
