// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// tailWindow bounds how much of a log is read for its tail.
const tailWindow = 64 << 10

// Tail returns the last lines of the process's log, to be put into an error. Where the log cannot be read it says so instead.
func (p *Process) Tail(lines int) string {
	text, err := tail(p.logPath, lines)
	if err != nil {
		return fmt.Sprintf("(the log %s cannot be read: %v)", p.logPath, err)
	}
	return text
}

func tail(path string, lines int) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read from
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	if _, err = f.Seek(max(0, size-tailWindow), io.SeekStart); err != nil {
		return "", err
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return "", err
	}
	data = bytes.TrimRight(data, "\n")
	at := len(data)
	for range lines {
		if at = bytes.LastIndexByte(data[:at], '\n'); at < 0 {
			return string(data), nil
		}
	}
	return string(data[at+1:]), nil
}
