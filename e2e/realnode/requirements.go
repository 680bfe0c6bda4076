// SPDX-License-Identifier: Apache-2.0

//go:build linux

package realnode

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/moorage-k8s/moorage/e2e/enclosure"
)

// packages are Debian's, by the programs that a node needs of them.
var packages = []struct{ program, pkg string }{
	{"containerd", "containerd"},
	{"ctr", "containerd"},
	{"containerd-shim-runc-v2", "containerd"},
	{"runc", "runc"},
	{"iptables", "iptables"},
	{"ip", "iproute2"},
	{filepath.Join(pluginDir, "ptp"), "containernetworking-plugins"},
	{filepath.Join(pluginDir, "host-local"), "containernetworking-plugins"},
}

// MissingPackages returns the Debian packages that this machine lacks for a node.
func MissingPackages() []string {
	var missing []string
	seen := make(map[string]bool)
	for _, p := range packages {
		if _, err := exec.LookPath(p.program); err != nil && !seen[p.pkg] {
			seen[p.pkg] = true
			missing = append(missing, p.pkg)
		}
	}
	return missing
}

// Probe reports whether the kernel lets a node do what it has to, by doing a little of it: it is the enclosure's probe. A container that CI
// runs in often may not.
func Probe() error {
	for _, try := range []struct {
		what string
		do   func() error
	}{
		{"control groups cannot limit anything", probeControlGroups},
		{"overlays cannot be mounted", probeOverlay},
		{"pods cannot be connected", probeInterfaces},
		{"Services cannot be translated", probePacketFilter},
	} {
		if err := try.do(); err != nil {
			return fmt.Errorf("%s here: %w", try.what, err)
		}
	}
	return nil
}

// probeControlGroups has a group in the enclosure's own, with limits.
func probeControlGroups() error {
	hierarchies, err := enclosure.Hierarchies()
	if err != nil {
		return err
	}
	for _, h := range hierarchies {
		own := filepath.Join(h.MountPoint, enclosure.ControlGroup())
		if h.Unified && len(hierarchies) == 1 {
			for _, dir := range []string{h.MountPoint, own} {
				if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+cpu +memory +pids"), 0o600); err != nil {
					return err
				}
			}
		}
		inner := filepath.Join(own, "probe")
		if err := os.Mkdir(inner, 0o755); err != nil {
			return err
		}
		for _, limit := range []string{"pids.max", "memory.max", "memory.limit_in_bytes"} {
			file := filepath.Join(inner, limit)
			if _, err := os.Stat(file); err != nil {
				continue
			}
			if err := os.WriteFile(file, []byte("1048576"), 0o600); err != nil {
				return err
			}
		}
		if err := os.Remove(inner); err != nil {
			return err
		}
	}
	return nil
}

func probeOverlay() error {
	dir := filepath.Join(enclosure.Dir(), "probe-overlay")
	parts := make(map[string]string)
	for _, name := range []string{"lower", "upper", "work", "merged"} {
		parts[name] = filepath.Join(dir, name)
		if err := os.MkdirAll(parts[name], 0o755); err != nil {
			return err
		}
	}
	data := "lowerdir=" + parts["lower"] + ",upperdir=" + parts["upper"] + ",workdir=" + parts["work"]
	if err := unix.Mount("overlay", parts["merged"], "overlay", 0, data); err != nil {
		return fmt.Errorf("mount an overlay in %s: %w", filepath.Dir(enclosure.Dir()), err)
	}
	return unix.Unmount(parts["merged"], 0)
}

func probeInterfaces() error {
	if err := run("ip", "link", "add", "probe0", "type", "veth", "peer", "name", "probe1"); err != nil {
		return err
	}
	if err := run("ip", "link", "delete", "probe0"); err != nil {
		return err
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o600)
}

// probePacketFilter tries the kinds of rule that kube-proxy writes.
func probePacketFilter() error {
	for _, rule := range []string{
		"-t nat -N PROBE",
		"-t nat -A PROBE -p tcp -m comment --comment probe -d 192.0.2.99/32 --dport 443 -j DNAT --to-destination 192.0.2.98:443",
		"-t nat -A PROBE -m statistic --mode random --probability 0.5 -j MARK --or-mark 0x4000",
		"-t nat -A PROBE -m mark --mark 0x4000/0x4000 -j MASQUERADE",
		"-t nat -F PROBE",
		"-t nat -X PROBE",
		"-N PROBE",
		"-A PROBE -m conntrack --ctstate INVALID -j DROP",
		"-F PROBE",
		"-X PROBE",
	} {
		if err := run("iptables", append([]string{"--wait"}, strings.Fields(rule)...)...); err != nil {
			return err
		}
	}
	return nil
}
