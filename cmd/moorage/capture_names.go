// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// checkNames refuses a file of names that would not be written in the end, before the cluster is read.
func (f *captureFlags) checkNames() error {
	switch {
	case f.names == "":
		return nil
	case !f.anonymize:
		return errors.New("--names is for --anonymize: otherwise all names are the real ones")
	case f.names == f.file:
		return errors.New("--names and --output name one file: which name stands for which is not for those who get the capture")
	}
	if _, err := os.Lstat(f.names); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("--names %s: there is such a file, and it may be the only key to an earlier capture; name a new one", f.names)
	}
	return nil
}

// keepNames writes a new file that only the user can read.
func (f *captureFlags) keepNames(write func(io.Writer) error) error {
	file, err := os.OpenFile(f.names, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("--names: %w", err)
	}
	if err = errors.Join(write(file), file.Close()); err != nil {
		return errors.Join(fmt.Errorf("--names %s: %w", f.names, err), os.Remove(f.names))
	}
	return nil
}
