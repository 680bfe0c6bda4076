// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const chartFile = "apiVersion: v2\nname: sail # a comment\nversion: 0.0.0\nappVersion: none\ndependencies:\n  - version: 1.0.0\n"

func TestPackage(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "sail")
	write(t, dir, map[string]string{
		"Chart.yaml": chartFile, "values.yaml": "a: 1\n", "templates/pod.yaml": "pod\n", "templates/tests/pod.yaml": "test\n",
		".helmignore": "# not for users\n\n*.orig\nci/\ntemplates/tests\n", "values.yaml.orig": "old", "ci/values.yaml": "b: 2\n", "docs/ci": "a file\n",
	})
	packed, err := Package(dir, "1.2.3", "v1.2.3", time.Unix(1793534400, 0))
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for tr := tar.NewReader(r); ; {
		header, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			got[header.Name] = string(data)
		}
	}
	want := map[string]string{
		"sail/Chart.yaml": "apiVersion: v2\nname: sail # a comment\nversion: \"1.2.3\"\nappVersion: \"v1.2.3\"\n" +
			"dependencies:\n  - version: 1.0.0\n",
		"sail/values.yaml": "a: 1\n", "sail/templates/pod.yaml": "pod\n", "sail/docs/ci": "a file\n",
		"sail/.helmignore": "# not for users\n\n*.orig\nci/\ntemplates/tests\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestChartThatCannotBePacked(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, want string
		files      map[string]string
	}{
		{"no version to stamp", "version", map[string]string{"Chart.yaml": "appVersion: a\n"}},
		{"a pattern that is not understood", "!values.yaml", map[string]string{"Chart.yaml": chartFile, ".helmignore": "!values.yaml\n"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "sail")
			write(t, dir, tc.files)
			_, err := Package(dir, "1.2.3", "v1.2.3", time.Unix(0, 0))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one that says %q", err, tc.want)
			}
		})
	}
}
