// SPDX-License-Identifier: Apache-2.0

// Package chart packs a Helm chart as `helm package` does, but so that the same chart gives the same bytes.
package chart

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/release/archive"
)

// Package returns the chart in the directory as a .tgz, with the versions of the chart and of the program in its Chart.yaml.
func Package(dir, version, appVersion string, modified time.Time) ([]byte, error) {
	root := os.DirFS(dir)
	ignored, err := readIgnored(root)
	if err != nil {
		return nil, fmt.Errorf("pack the chart %s: %w", dir, err)
	}
	name := path.Base(dir)
	var files []archive.File
	err = fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || file == "." {
			return err
		}
		if ignored.match(file, entry.IsDir()) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return nil
		}
		data, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		if file == "Chart.yaml" {
			if data, err = stamp(data, version, appVersion); err != nil {
				return err
			}
		}
		files = append(files, archive.File{Name: name + "/" + file, Mode: 0o644, Data: data})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pack the chart %s: %w", dir, err)
	}
	var packed bytes.Buffer
	if err = archive.TarGz(&packed, modified, files...); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// stamp puts the versions into a Chart.yaml, and leaves everything else as its author wrote it.
func stamp(chart []byte, version, appVersion string) ([]byte, error) {
	for key, value := range map[string]string{"version": version, "appVersion": appVersion} {
		line := regexp.MustCompile(`(?m)^` + key + `:.*$`)
		if len(line.FindAll(chart, -1)) != 1 {
			return nil, fmt.Errorf("stamp Chart.yaml: it has not exactly one line with %s", key)
		}
		chart = line.ReplaceAllLiteral(chart, fmt.Appendf(nil, "%s: %q", key, value))
	}
	return chart, nil
}

// ignored are the patterns of a .helmignore.
type ignored []string

func readIgnored(root fs.FS) (ignored, error) {
	data, err := fs.ReadFile(root, ".helmignore")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var patterns ignored
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		// Helm knows these too; nobody needs them here, and to read them wrongly would ship what was not meant to be.
		if strings.HasPrefix(line, "!") || strings.Contains(line, "**") {
			return nil, fmt.Errorf(".helmignore: pattern %q is not supported", line)
		}
		if _, err := path.Match(line, ""); err != nil {
			return nil, fmt.Errorf(".helmignore: pattern %q: %w", line, err)
		}
		patterns = append(patterns, line)
	}
	return patterns, nil
}

// match reports whether a pattern names the file or directory: by its path if the pattern holds a slash, by its base name otherwise.
func (i ignored) match(file string, isDir bool) bool {
	for _, pattern := range i {
		bare, directories := strings.CutSuffix(pattern, "/")
		if directories && !isDir {
			continue
		}
		subject := path.Base(file)
		if strings.Contains(bare, "/") {
			bare, subject = strings.TrimPrefix(bare, "/"), file
		}
		if ok, _ := path.Match(bare, subject); ok {
			return true
		}
	}
	return false
}
