// SPDX-License-Identifier: Apache-2.0

//go:build linux

package realnode

import (
	"fmt"
	"os/exec"
	"strings"
)

const (
	// Address is the node's, at which pods reach the API server too. Nothing but the enclosure knows it.
	Address = "192.0.2.1"
	// podRange is what pods get their addresses from.
	podRange = "10.244.0.0/24"
	// pluginDir is where Debian puts the CNI plugins.
	pluginDir = "/usr/lib/cni"
)

// network has each pod at the other end of a pair of interfaces and routes to it: with a bridge, the answer of a pod to another one that
// called it through a Service would not come by the node, which has to put the Service's address back.
const network = `{
  "cniVersion": "0.4.0",
  "name": "pods",
  "plugins": [
    {"type": "ptp", "ipam": {"type": "host-local", "subnet": "` + podRange + `", "routes": [{"dst": "0.0.0.0/0"}]}}
  ]
}
`

// setUpNetwork gives the node its address, and a route to everywhere else: a connection to a Service is looked up there before the packet
// filter sends it to a pod.
func setUpNetwork() error {
	for _, args := range [][]string{
		{"address", "add", Address + "/32", "dev", "lo"},
		{"route", "add", "default", "dev", "lo", "src", Address},
	} {
		if err := run("ip", args...); err != nil {
			return err
		}
	}
	return nil
}

// run runs a program of the machine. The error holds what it said.
func run(program string, args ...string) error {
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
