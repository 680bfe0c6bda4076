// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const aNode = "\n---\napiVersion: v1\nkind: Node\nmetadata: {name: node-1}\n"

func captureAsJSON(at time.Time) string {
	return string(CapturedList([]string{CapturedLine(at, "moorage 0.1.0", true), "More."})) + `{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-1"}}`
}

// A capture says when it was made, however it is handed over. Of several the newest counts.
func TestWhenItWasCaptured(t *testing.T) {
	early, late := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), time.Date(2026, 3, 1, 12, 0, 1, 0, time.UTC)
	capture := func(at time.Time) string { return "# " + CapturedLine(at, "moorage 0.1.0", true) + "\n# More." + aNode }
	for name, c := range map[string]struct {
		files []string
		want  time.Time
	}{
		"a capture":        {[]string{capture(early)}, early},
		"of windows":       {[]string{strings.ReplaceAll(capture(early), "\n", "\r\n")}, early},
		"after a mark":     {[]string{"\ufeff" + capture(early)}, early},
		"the newest first": {[]string{capture(late), capture(early)}, late},
		"the newest last":  {[]string{capture(early), aNode, capture(late)}, late},
		"another zone":     {[]string{strings.Replace(capture(early), "12:00:00Z", "14:00:00+02:00", 1)}, early},
		"manifests":        {[]string{aNode}, time.Time{}},
		"as JSON":          {[]string{captureAsJSON(early)}, early},
		"JSON in one line": {[]string{strings.ReplaceAll(captureAsJSON(late), "\n", " "), capture(early)}, late},
		"JSON, not first":  {[]string{`{"apiVersion":"v1","kind":"Node","metadata":{"name":"first"}}` + captureAsJSON(early)}, time.Time{}},
		"JSON, no list":    {[]string{strings.Replace(captureAsJSON(early), `"List"`, `"Secret"`, 1)}, time.Time{}},
		"no time":          {[]string{strings.Replace(capture(early), "2026", "yesterday", 1)}, time.Time{}},
		"not at the top":   {[]string{"# A comment.\n" + capture(early)}, time.Time{}},
		"a long line":      {[]string{"# " + strings.Repeat("A", 1<<20) + aNode}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var paths []string
			for i, text := range c.files {
				ending := ".yaml.gz"
				if strings.HasPrefix(text, "{") {
					ending = ".json.gz"
				}
				path := filepath.Join(dir, string(rune('a'+i))+ending)
				var out bytes.Buffer
				w := gzip.NewWriter(&out)
				if _, err := w.Write([]byte(text)); err != nil {
					t.Fatal(err)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				paths = append(paths, path)
			}
			_, result, err := Read(paths...)
			if err != nil {
				t.Fatal(err)
			}
			if !result.Captured.Equal(c.want) {
				t.Errorf("captured at %s, want %s", result.Captured, c.want)
			}
			_, result, err = Reader{Stdin: strings.NewReader(c.files[0])}.Read(append([]string{"-"}, paths[1:]...)...)
			if err != nil || !result.Captured.Equal(c.want) {
				t.Errorf("by a pipe captured at %s, %v, want %s", result.Captured, err, c.want)
			}
		})
	}
}
