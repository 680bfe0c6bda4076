// SPDX-License-Identifier: Apache-2.0

package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// source is one file to read.
type source struct {
	path    string
	content func() ([]byte, error)
}

// sources finds the files of the paths, each once, in the order given and those of a folder in the order of their names.
// Files in folders that end neither in .yaml, .yml nor .json are counted and left out; a file that is named is read whatever
// its ending.
func sources(paths []string, stdin io.Reader) (found []source, skipped int, err error) {
	seen := map[string]bool{}
	add := func(path string) {
		if clean := filepath.Clean(path); !seen[clean] {
			seen[clean] = true
			found = append(found, source{path, func() ([]byte, error) { return os.ReadFile(path) }})
		}
	}
	for _, path := range paths {
		if path == Stdin {
			if !seen[Stdin] {
				seen[Stdin] = true
				found = append(found, source{Stdin, func() ([]byte, error) { return io.ReadAll(stdin) }})
			}
			continue
		}
		matches, err := expand(path)
		if err != nil {
			return nil, 0, err
		}
		for _, match := range matches {
			info, err := os.Stat(match)
			if err != nil {
				return nil, 0, fmt.Errorf("check: %w", err)
			}
			if !info.IsDir() {
				add(match)
				continue
			}
			err = filepath.WalkDir(match, func(path string, entry fs.DirEntry, err error) error {
				switch {
				case err != nil:
					return fmt.Errorf("check: %w", err)
				case entry.IsDir():
					return nil
				case !slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path))):
					skipped++
				default:
					add(path)
				}
				return nil
			})
			if err != nil {
				return nil, 0, err
			}
		}
	}
	return found, skipped, nil
}

// expand resolves a pattern that no shell has resolved. A file whose name looks like a pattern is that file.
func expand(path string) ([]string, error) {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(path, "*?[") {
		return []string{path}, nil
	}
	matches, err := filepath.Glob(path)
	if err != nil {
		return nil, fmt.Errorf("check: the pattern %s: %w", path, err)
	}
	if len(matches) == 0 {
		return nil, fmt.Errorf("check: no file matches %s", path)
	}
	return matches, nil
}
