// SPDX-License-Identifier: Apache-2.0

package textfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func compressed(t *testing.T, from io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.Copy(w, from); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestEveryFormOfText(t *testing.T) {
	const text = "kind: Node\n"
	utf16 := []byte("\xff\xfe")
	for _, b := range []byte(text) {
		utf16 = append(utf16, b, 0)
	}
	for _, tc := range []struct {
		name    string
		content []byte
	}{
		{"plain", []byte(text)},
		{"byte order mark", []byte("\xef\xbb\xbf" + text)},
		{"UTF-16", utf16},
		{"gzip", compressed(t, strings.NewReader(text))},
		{"two gzips, one after the other", append(compressed(t, strings.NewReader(text[:5])), compressed(t, strings.NewReader(text[5:]))...)},
		{"gzip of UTF-16", compressed(t, bytes.NewReader(utf16))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, err := Read(bytes.NewReader(tc.content), 1<<20); err != nil || string(got) != text {
				t.Errorf("Read: %q, %v", got, err)
			}
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, tc.content, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := ReadFile(path, 1<<20); err != nil || string(got) != text {
				t.Errorf("ReadFile: %q, %v", got, err)
			}
		})
	}
}

// endless is a text without an end.
type endless struct{ read int }

func (e *endless) Read(to []byte) (int, error) {
	clear(to)
	e.read += len(to)
	return len(to), nil
}

func TestWhatHasNoEndIsRefused(t *testing.T) {
	const limit = 1 << 20
	source := &endless{}
	if _, err := Read(source, limit); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an endless text: %v", err)
	}
	if source.read > 4*limit {
		t.Errorf("%d bytes were read, and the limit is %d", source.read, limit)
	}
	small := compressed(t, io.LimitReader(&endless{}, 2*limit))
	if _, err := Read(bytes.NewReader(small), limit); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%d bytes that become %d: %v", len(small), 2*limit, err)
	}
	bomb := compressed(t, io.LimitReader(&endless{}, 2*ratioCounts))
	if _, err := Read(bytes.NewReader(bomb), MaxCapture); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a bomb of %d bytes that become %d: %v", len(bomb), 2*ratioCounts, err)
	}
	path := filepath.Join(t.TempDir(), "sparse")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Skip(err)
	}
	if _, err := ReadFile(path, limit); !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), path) {
		t.Errorf("a file of a terabyte: %v", err)
	}
}

func TestBrokenGzipSaysSo(t *testing.T) {
	whole := compressed(t, strings.NewReader(strings.Repeat("kind: Node\n", 100)))
	for _, n := range []int{2, 9, len(whole) / 2, len(whole) - 1} {
		if _, err := Read(bytes.NewReader(whole[:n]), 1<<20); err == nil || !strings.HasPrefix(err.Error(), "decompress: ") {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func TestExtension(t *testing.T) {
	for path, want := range map[string]string{
		"a.yaml": ".yaml", "dir.d/a.YAML.GZ": ".yaml", "a.json.gz": ".json", "a.gz": "", "a": "", "-": "",
	} {
		if got := Extension(path); got != want {
			t.Errorf("Extension(%q) is %q, want %q", path, got, want)
		}
	}
}
