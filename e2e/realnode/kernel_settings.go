// SPDX-License-Identifier: Apache-2.0

//go:build linux

package realnode

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/moorage-k8s/moorage/e2e/enclosure"
)

// kernelSettings are what a kubelet sets to its liking at its start (setupKernelTunables in
// pkg/kubelet/cm/container_manager_linux.go). No namespace holds them: they are the machine's.
var kernelSettings = []string{
	"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
}

// guardKernelSettings puts plain files in the place of the settings, with what they say, for the kubelet to write to.
func guardKernelSettings() error {
	dir := filepath.Join(enclosure.Dir(), "kernel-settings")
	for _, name := range kernelSettings {
		setting, file := "/proc/sys/"+name, filepath.Join(dir, name)
		value, err := os.ReadFile(setting)
		if err != nil {
			return fmt.Errorf("read a setting of the kernel: %w", err)
		}
		if err = os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err = os.WriteFile(file, value, 0o600); err != nil {
			return err
		}
		if err = unix.Mount(file, setting, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("keep the kubelet from changing %s: %w", setting, err)
		}
	}
	return nil
}
