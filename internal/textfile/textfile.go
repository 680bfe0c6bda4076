// SPDX-License-Identifier: Apache-2.0

// Package textfile reads texts that people and other programs hand over: whole or as a stream, as UTF-8, decompressed where they are gzip, and
// never more than a limit, since a device, a pipe or a few kilobytes of gzip may hold any amount. It must not know what is in
// the texts.
package textfile

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

const (
	// MaxManifest is how many bytes a file of manifests may have.
	MaxManifest = 256 << 20
	// MaxCapture is how many bytes the state of a whole cluster may have. The largest capture known, of 5,000 nodes and 150,000
	// pods, has 134 MB.
	MaxCapture = 2 << 30

	// maxRatio is how many times its size a compressed text may have, once it is larger than ratioCounts. Captures have less
	// than 40; gzip ends at about 1,030.
	maxRatio    = 200
	ratioCounts = 64 << 20
)

// ErrTooLarge is what errors about the size of a text wrap.
var ErrTooLarge = errors.New("too large")

// ReadFile reads the file of a path.
func ReadFile(path string, limit int64) ([]byte, error) {
	stream, err := OpenFile(path, limit)
	if err != nil {
		return nil, err
	}
	defer stream.Close() //nolint:errcheck // It was only read.
	return all(stream, stream.size)
}

// Read reads all that there is.
func Read(from io.Reader, limit int64) ([]byte, error) {
	stream, err := Open(from, limit)
	if err != nil {
		return nil, err
	}
	return all(stream, 0)
}

// all reads a text that is said to have a size; 0 for one that is not known.
func all(from io.Reader, size int64) ([]byte, error) {
	const least = 64 << 10
	content := make([]byte, 0, max(size+1, least))
	for {
		if len(content) == cap(content) {
			content = append(content, 0)[:len(content)]
		}
		n, err := from.Read(content[len(content):cap(content)])
		content = content[:len(content)+n]
		if errors.Is(err, io.EOF) {
			return content, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func within(n, limit int64) error {
	if n > limit {
		return fmt.Errorf("%w: it has more than %d MiB", ErrTooLarge, limit>>20)
	}
	return nil
}

// Extension returns the ending of a path in lower case, that of gzip left out: .yaml of cluster.yaml.gz.
func Extension(path string) string {
	path = strings.ToLower(path)
	return filepath.Ext(strings.TrimSuffix(path, ".gz"))
}
