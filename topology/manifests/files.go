// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moorage-k8s/moorage/internal/textfile"
)

// find returns the files that a path stands for, and notes their size and age.
func (r *reading) find(path string) ([]string, error) {
	if path == stdin && r.Stdin != nil {
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

func (r *reading) file(path string) error {
	content, err := r.content(path)
	if err != nil {
		return fmt.Errorf("read manifests: %w", err)
	}
	r.size += len(content) - r.sizes[path]
	r.result.Files++
	if at := capturedAt(content); at.After(r.result.Captured) {
		r.result.Captured = at
	}
	documents, err := documentsOf(path, content)
	// What comes before the fault may have one of its own, which is then the first.
	if fault := r.documents(documents, r.met[path]); fault != nil {
		return fmt.Errorf("read manifests: %s, %w", path, fault)
	}
	if err != nil {
		return fmt.Errorf("read manifests: %s, document %d%w", path, len(documents)+1, err)
	}
	return nil
}

// stdin is the path that stands for standard input.
const stdin = "-"

func (r *reading) content(path string) ([]byte, error) {
	if path == stdin && r.Stdin != nil {
		return textfile.Read(r.Stdin, textfile.MaxCapture)
	}
	return textfile.ReadFile(path, textfile.MaxCapture)
}

// documentsOf splits the text of a file. What has no ending may be either, and JSON is many values in a row, as YAML is not.
func documentsOf(path string, content []byte) ([][]byte, error) {
	switch textfile.Extension(path) {
	case ".json":
		return jsonDocuments(content)
	case ".yaml", ".yml":
		return yamlDocuments(content)
	}
	if bytes.HasPrefix(bytes.TrimLeft(content, " \t\r\n"), []byte("{")) {
		if documents, err := jsonDocuments(content); err == nil {
			return documents, nil
		}
	}
	return yamlDocuments(content)
}

// separator stands between the documents of a file, at the beginning of a line that holds nothing else.
const separator = "---"

// yamlDocuments splits a file at its separators, as kubectl does (YAMLReader of k8s.io/apimachinery/pkg/util/yaml): nothing
// between two of them is no document.
func yamlDocuments(content []byte) (documents [][]byte, err error) {
	add := func(document []byte) {
		if len(document) > 0 {
			documents = append(documents, document)
		}
	}
	start, from := 0, 0
	for {
		at := bytes.Index(content[from:], []byte(separator))
		if at < 0 {
			add(content[start:])
			return documents, nil
		}
		at += from
		from = at + len(separator)
		if at > 0 && content[at-1] != '\n' {
			continue
		}
		end := len(content)
		if newline := bytes.IndexByte(content[from:], '\n'); newline >= 0 {
			end = from + newline + 1
		}
		if len(bytes.TrimSpace(content[from:end])) == 0 {
			add(content[start:at])
			start, from = end, end
		}
	}
}

// jsonDocuments splits a file into its values. On an error it returns the documents before.
func jsonDocuments(content []byte) (documents [][]byte, err error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	for {
		var document json.RawMessage
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return documents, nil
		} else if err != nil {
			return documents, fmt.Errorf(" is not JSON: %w", err)
		}
		documents = append(documents, document)
	}
}
