// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var packed = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// Tar is read in the tests of package image; zip only here.
func TestZip(t *testing.T) {
	t.Parallel()
	program := File{Name: "moorage.exe", Mode: 0o755, Data: []byte("program")}
	text := File{Name: "docs/README.md", Mode: 0o644, Data: []byte("text")}
	var first, second bytes.Buffer
	if err := Zip(&first, packed, program, text); err != nil {
		t.Fatal(err)
	}
	if err := Zip(&second, packed.In(time.FixedZone("elsewhere", 3600)), text, program); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the order of the files or the time zone makes a difference")
	}
	r, err := zip.NewReader(bytes.NewReader(first.Bytes()), int64(first.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var got []File
	for _, f := range r.File {
		if !f.Modified.Equal(packed) {
			t.Errorf("%s is of %s, want %s", f.Name, f.Modified, packed)
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, File{Name: f.Name, Mode: f.Mode(), Data: data})
	}
	if diff := cmp.Diff([]File{text, program}, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
