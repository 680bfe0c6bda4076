// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"errors"
	"fmt"
	"io"

	"github.com/moorage-k8s/moorage/internal/textfile"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// partPerCore is how much of a file is read before it is decoded. A document that is larger is read whole.
const partPerCore = 1 << 20

// file takes in what a file holds.
func (r *reading) file(path string) error {
	r.result.Files++
	var all bool
	if r.taken, all = r.list(path); all {
		return nil
	}
	return r.stream(path)
}

// stream takes in the documents of a file, part by part.
func (r *reading) stream(path string) error {
	stream, err := r.open(path)
	if err != nil {
		return fmt.Errorf("read manifests: %w", err)
	}
	defer stream.Close() //nolint:errcheck // It was only read.
	before, told := 0, 0
	documents := splitting{from: stream, form: formOf(path), part: r.part, size: r.sizes[path]}
	for err == nil {
		var part [][]byte
		part, err = documents.next()
		if before == 0 && len(part) > 0 {
			at, more := capturedAt(part[0])
			r.result.StorageOnly = r.result.StorageOnly || !at.IsZero() && !more
			if at.After(r.result.Captured) {
				r.result.Captured = at
			}
		}
		// What comes before the fault may have one of its own, which is then the first.
		if fault := r.documents(part, before, r.met[path]); fault != nil {
			return fmt.Errorf("read manifests: %s, %w", path, fault)
		}
		before += len(part)
		r.done += int(stream.Stored()) - told
		told = int(stream.Stored())
		if r.size = max(r.size, r.done); r.Progress != nil {
			r.Progress(r.done, r.size)
		}
	}
	var syntax *syntaxError
	switch {
	case errors.Is(err, io.EOF):
		r.size += told - r.sizes[path]
		return nil
	case errors.As(err, &syntax):
		return fmt.Errorf("read manifests: %s, document %d%w", path, before+1, err)
	default:
		return fmt.Errorf("read manifests: %w", err)
	}
}

func (r *reading) open(path string) (*textfile.Stream, error) {
	if path == Stdin && r.Stdin != nil {
		return textfile.Open(r.Stdin, textfile.MaxCapture)
	}
	return textfile.OpenFile(path, textfile.MaxCapture)
}
