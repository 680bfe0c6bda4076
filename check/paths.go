// SPDX-License-Identifier: Apache-2.0

package check

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/internal/textfile"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// source is one file to read.
type source struct {
	path string
	// met says that it was met in a directory, and not named.
	met bool
	// stream says that something else is writing it as it is read: standard input, a pipe.
	stream  bool
	content func() ([]byte, error)
}

// walk finds the files of paths.
type walk struct {
	found []source
	// seen are the places in found, by path.
	seen map[string]int
	// patches are the files that kustomizations on the way name as patches, by absolute path.
	patches map[string]bool
	skipped Skipped
}

// sources finds the files of the paths, each once, in the order given and those of a directory in the order of their names. Of
// those in directories it leaves out, and counts, files that end neither in .yaml, .yml nor .json, and the templates of charts. It
// leaves out the patches of kustomizations too, which look like objects and are only parts of some. What is named is never left
// out: a kustomization beside it may be anybody's.
func sources(paths []string, stdin io.Reader) ([]source, Skipped, error) {
	w := walk{seen: map[string]int{}, patches: map[string]bool{}, skipped: Skipped{Kinds: map[string]int{}}}
	for _, path := range paths {
		if path == manifests.Stdin {
			w.add(source{path: manifests.Stdin, stream: true, content: func() ([]byte, error) {
				content, err := textfile.Read(stdin, textfile.MaxManifest)
				if err != nil {
					err = fmt.Errorf("standard input: %w", err)
				}
				return content, err
			}})
			continue
		}
		matches, err := expand(path)
		if err != nil {
			return nil, Skipped{}, err
		}
		for _, match := range matches {
			info, err := os.Stat(match)
			if err == nil && info.IsDir() {
				err = w.directory(match)
			} else if err == nil {
				w.file(source{path: match, stream: !info.Mode().IsRegular()})
			}
			if err != nil {
				return nil, Skipped{}, err
			}
		}
	}
	w.found = slices.DeleteFunc(w.found, func(s source) bool {
		if len(w.patches) == 0 || !s.met || !w.patches[absolute(s.path)] {
			return false
		}
		w.skipped.Patches++
		return true
	})
	return w.found, w.skipped, nil
}

func (w *walk) add(s source) {
	clean := filepath.Clean(s.path)
	if at, ok := w.seen[clean]; ok {
		w.found[at].met = w.found[at].met && s.met
		return
	}
	w.seen[clean] = len(w.found)
	w.found = append(w.found, s)
}

func (w *walk) file(s source) {
	s.content = func() ([]byte, error) { return textfile.ReadFile(s.path, textfile.MaxManifest) }
	w.add(s)
}

func (w *walk) directory(root string) error {
	if chart, ok := chartOf(absolute(root)); ok {
		if relative, err := filepath.Rel(absolute("."), chart); err == nil {
			chart = relative
		}
		w.chart(chart)
		return nil
	}
	// With the separator a link to a directory is followed where it was named. Links within lead to files only.
	return filepath.WalkDir(root+string(filepath.Separator), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.Contains(kustomizations, entry.Name()):
			w.kustomization(path)
			w.skipped.Files++
		case entry.IsDir():
			if chart := filepath.Dir(path); entry.Name() == templates && isChart(chart) {
				w.chart(chart)
				return fs.SkipDir
			}
		case !slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path))):
			w.skipped.Files++
		case !isRegular(path):
			// A pipe would be waited for, and a device may have no end.
			w.skipped.Unreadable = append(w.skipped.Unreadable, path)
		default:
			w.file(source{path: path, met: true})
		}
		return nil
	})
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (w *walk) chart(directory string) {
	if !slices.Contains(w.skipped.Charts, directory) {
		w.skipped.Charts = append(w.skipped.Charts, directory)
	}
}

// templates is the directory of a chart in which every file is a template, even one that happens to be YAML as it stands.
const templates = "templates"

func isChart(directory string) bool {
	_, err := os.Stat(filepath.Join(directory, "Chart.yaml"))
	return err == nil
}

// chartOf returns the chart among whose templates a directory is.
func chartOf(directory string) (string, bool) {
	for {
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", false
		}
		if filepath.Base(directory) == templates && isChart(parent) {
			return parent, true
		}
		directory = parent
	}
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return filepath.Clean(path)
}

// expand resolves a pattern that no shell has resolved. A file whose name looks like a pattern is that file.
func expand(path string) ([]string, error) {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(path, "*?[") {
		return []string{path}, nil
	}
	matches, err := filepath.Glob(path)
	if err != nil {
		return nil, fmt.Errorf("the pattern %s: %w", path, err)
	}
	if len(matches) == 0 {
		return nil, fmt.Errorf("no file matches %s", path)
	}
	return matches, nil
}
