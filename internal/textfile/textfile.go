// SPDX-License-Identifier: Apache-2.0

// Package textfile reads texts that people and other programs hand over: whole, as UTF-8, decompressed where they are gzip, and
// never more than a limit, since a device, a pipe or a few kilobytes of gzip may hold any amount. It must not know what is in
// the texts.
package textfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"
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
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // It was only read.
	var size int64
	if info, statErr := file.Stat(); statErr == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	content, err := read(file, size, limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return content, nil
}

// Read reads all that there is.
func Read(from io.Reader, limit int64) ([]byte, error) { return read(from, 0, limit) }

// read reads a text that is said to have a size; 0 for one that is not known.
func read(from io.Reader, size, limit int64) ([]byte, error) {
	counted := &counter{from: from}
	buffered := bufio.NewReader(counted)
	head, err := buffered.Peek(len(gzipMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(head, gzipMagic) {
		var content []byte
		content, err = upTo(buffered, size, func(n int64) error { return within(n, limit) })
		return plain(content), err
	}
	text, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	content, err := upTo(text, 0, func(n int64) error {
		if n > ratioCounts && n > maxRatio*counted.read {
			return fmt.Errorf("%w: decompressed it has more than %d times its size", ErrTooLarge, maxRatio)
		}
		return within(n, limit)
	})
	switch {
	case err != nil && !errors.Is(err, ErrTooLarge):
		return nil, fmt.Errorf("decompress: %w", err)
	case err != nil:
		return nil, err
	}
	return plain(content), nil
}

func within(n, limit int64) error {
	if n > limit {
		return fmt.Errorf("%w: it has more than %d MiB", ErrTooLarge, limit>>20)
	}
	return nil
}

// upTo reads all, and asks after each part whether so many bytes are still right.
func upTo(from io.Reader, size int64, right func(n int64) error) ([]byte, error) {
	const least = 64 << 10
	if err := right(size); err != nil {
		return nil, err
	}
	content := make([]byte, 0, max(size+1, least))
	for {
		if len(content) == cap(content) {
			content = append(content, 0)[:len(content)]
		}
		n, err := from.Read(content[len(content):cap(content)])
		content = content[:len(content)+n]
		if tooMuch := right(int64(len(content))); tooMuch != nil {
			return nil, tooMuch
		}
		if errors.Is(err, io.EOF) {
			return content, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

var gzipMagic = []byte{0x1f, 0x8b}

// counter counts what is read.
type counter struct {
	from io.Reader
	read int64
}

func (c *counter) Read(to []byte) (int, error) {
	n, err := c.from.Read(to)
	c.read += int64(n)
	return n, err
}

// Extension returns the ending of a path in lower case, that of gzip left out: .yaml of cluster.yaml.gz.
func Extension(path string) string {
	path = strings.ToLower(path)
	return filepath.Ext(strings.TrimSuffix(path, ".gz"))
}

// plain turns a text into UTF-8 without a byte order mark, as kubectl does: PowerShell's redirection writes UTF-16.
func plain(content []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, []byte("\xef\xbb\xbf")):
		return content[3:]
	case bytes.HasPrefix(content, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return content
	}
	units := make([]uint16, 0, len(content)/2)
	for i := 2; i+1 < len(content); i += 2 {
		units = append(units, order.Uint16(content[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}
