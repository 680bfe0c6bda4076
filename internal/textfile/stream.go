// SPDX-License-Identifier: Apache-2.0

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
	"unicode/utf16"
)

// Stream is a text that is read as it comes. It never holds more than its limit: beyond that its Read fails.
type Stream struct {
	text io.Reader
	// path goes before what its errors say, where it has one; size is that of the file as it is stored, 0 where it is not known.
	path   string
	size   int64
	file   io.Closer
	stored *counter
}

// OpenFile opens the file of a path. The caller closes it.
func OpenFile(path string, limit int64) (*Stream, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	var size int64
	if info, statErr := file.Stat(); statErr == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	var stream *Stream
	if err = within(size, limit); err == nil {
		stream, err = Open(file, limit)
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	stream.path, stream.size, stream.file = path, size, file
	return stream, nil
}

// Open begins to read a text.
func Open(from io.Reader, limit int64) (*Stream, error) {
	stored := &counter{from: from}
	buffered := bufio.NewReader(stored)
	head, err := buffered.Peek(len(gzipMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	bounded := &bound{text: buffered, limit: limit}
	if bytes.Equal(head, gzipMagic) {
		if bounded.text, err = gzip.NewReader(buffered); err != nil {
			return nil, fmt.Errorf("decompress: %w", err)
		}
		bounded.compressed = stored
	}
	text, err := plain(bounded)
	return &Stream{text: text, stored: stored}, err
}

func (s *Stream) Read(to []byte) (int, error) {
	n, err := s.text.Read(to)
	if err != nil && !errors.Is(err, io.EOF) && s.path != "" {
		err = fmt.Errorf("%s: %w", s.path, err)
	}
	return n, err
}

// Stored is how many bytes have been read of the text as it is stored, which may be compressed.
func (s *Stream) Stored() int64 { return s.stored.read }

// Close closes the file that OpenFile opened.
func (s *Stream) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
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

// bound fails where a text becomes too large.
type bound struct {
	text        io.Reader
	read, limit int64
	// compressed counts what the text is decompressed from; nil where it is not.
	compressed *counter
}

func (b *bound) Read(to []byte) (int, error) {
	n, err := b.text.Read(to)
	b.read += int64(n)
	if b.compressed != nil {
		if b.read > ratioCounts && b.read > maxRatio*b.compressed.read {
			return 0, fmt.Errorf("%w: decompressed it has more than %d times its size", ErrTooLarge, maxRatio)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			err = fmt.Errorf("decompress: %w", err)
		}
	}
	if tooLarge := within(b.read, b.limit); tooLarge != nil {
		return 0, tooLarge
	}
	return n, err
}

// plain makes of a text UTF-8 without a byte order mark, as kubectl does: PowerShell's redirection writes UTF-16.
func plain(text io.Reader) (io.Reader, error) {
	const mark = 3
	buffered := bufio.NewReaderSize(text, 64<<10)
	// What is wrong with the text is said when it is read.
	head, _ := buffered.Peek(mark)
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err := buffered.Discard(mark)
		return buffered, err
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return buffered, nil
	}
	content, err := all(buffered, 0)
	if err != nil {
		return nil, err
	}
	units := make([]uint16, 0, len(content)/2)
	for i := 2; i+1 < len(content); i += 2 {
		units = append(units, order.Uint16(content[i:]))
	}
	return bytes.NewReader([]byte(string(utf16.Decode(units)))), nil
}
