// SPDX-License-Identifier: Apache-2.0

// Package archive writes tar, tar.gz and zip files that depend on nothing but what is put into them: the same files give the same
// bytes, no matter who packs them, when and where.
package archive

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// File is one file of an archive.
type File struct {
	// Name is the file's path in the archive: relative, with slashes, clean.
	Name string
	// Mode holds the permission bits.
	Mode fs.FileMode
	// Data is what the file holds. It is not changed.
	Data []byte
}

// Tar writes the files in the order of their names, below the directories that they need, all owned by root and of one time.
func Tar(w io.Writer, modified time.Time, files ...File) error {
	entries, err := withDirectories(files)
	if err != nil {
		return err
	}
	tw := tar.NewWriter(w)
	for _, e := range entries {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: e.Name, Mode: int64(e.Mode.Perm()), Size: int64(len(e.Data)),
			ModTime: modified.UTC().Truncate(time.Second), Format: tar.FormatUSTAR,
		}
		if e.Mode.IsDir() {
			header.Typeflag, header.Name = tar.TypeDir, e.Name+"/"
		}
		if err = tw.WriteHeader(header); err != nil {
			return fmt.Errorf("pack %s: %w", e.Name, err)
		}
		if _, err = tw.Write(e.Data); err != nil {
			return fmt.Errorf("pack %s: %w", e.Name, err)
		}
	}
	return tw.Close()
}

// TarGz writes what Tar writes, compressed.
func TarGz(w io.Writer, modified time.Time, files ...File) error {
	zw, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	return errors.Join(Tar(zw, modified, files...), zw.Close())
}

// Zip writes the files in the order of their names, all of one time.
func Zip(w io.Writer, modified time.Time, files ...File) error {
	entries, err := withDirectories(files)
	if err != nil {
		return err
	}
	zw := zip.NewWriter(w)
	for _, e := range entries {
		if e.Mode.IsDir() {
			continue
		}
		header := &zip.FileHeader{Name: e.Name, Method: zip.Deflate, Modified: modified.UTC().Truncate(time.Second)}
		header.SetMode(e.Mode)
		out, err := zw.CreateHeader(header)
		if err != nil {
			return fmt.Errorf("pack %s: %w", e.Name, err)
		}
		if _, err = out.Write(e.Data); err != nil {
			return fmt.Errorf("pack %s: %w", e.Name, err)
		}
	}
	return zw.Close()
}

// withDirectories returns the files and their directories, sorted so that a directory comes before what is in it.
func withDirectories(files []File) ([]File, error) {
	entries := make(map[string]File, len(files))
	for _, f := range files {
		if !fs.ValidPath(f.Name) || f.Name == "." {
			return nil, fmt.Errorf("pack %q: want a clean relative path", f.Name)
		}
		if _, twice := entries[f.Name]; twice {
			return nil, fmt.Errorf("pack %s: it is there twice", f.Name)
		}
		entries[f.Name] = f
	}
	for _, f := range files {
		for dir := path.Dir(f.Name); dir != "."; dir = path.Dir(dir) {
			if e, ok := entries[dir]; ok && !e.Mode.IsDir() {
				return nil, fmt.Errorf("pack %s: %s is a file", f.Name, dir)
			}
			entries[dir] = File{Name: dir, Mode: fs.ModeDir | 0o755}
		}
	}
	sorted := make([]File, 0, len(entries))
	for _, e := range entries {
		sorted = append(sorted, e)
	}
	slices.SortFunc(sorted, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return sorted, nil
}
