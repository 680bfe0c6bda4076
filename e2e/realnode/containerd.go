// SPDX-License-Identifier: Apache-2.0

//go:build linux

package realnode

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"text/template"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/process"
)

// containerdConfig keeps everything in the enclosure's directory. restrict_oom_score_adj lets it do without the right to lower a score.
var containerdConfig = template.Must(template.New("containerd").Parse(`version = 2
root = "{{.Dir}}/containerd"
state = "{{.Dir}}/containerd-state"
oom_score = 0

[grpc]
  address = "{{.Socket}}"

[plugins."io.containerd.internal.v1.opt"]
  path = "{{.Dir}}/containerd-opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{{.Pause}}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{{.PluginDir}}"
    conf_dir = "{{.Dir}}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`))

func (n *Node) socket() string { return n.path("containerd.sock") }

// startContainerd starts containerd and gives it the image of every pod's sandbox.
func (n *Node) startContainerd(ctx context.Context, pause Image) error {
	var config bytes.Buffer
	err := containerdConfig.Execute(&config, map[string]string{"Dir": n.dir, "Socket": n.socket(), "Pause": pause.Reference, "PluginDir": pluginDir})
	if err != nil {
		return fmt.Errorf("write containerd's configuration: %w", err)
	}
	file, err := n.write("containerd.toml", config.String())
	if err != nil {
		return err
	}
	if _, err = n.write("cni/pods.conflist", network); err != nil {
		return err
	}
	program, err := exec.LookPath("containerd")
	if err != nil {
		return err
	}
	n.containerd, err = n.control.Run(process.Command{Name: "containerd", Path: program, Args: []string{"--config", file}})
	if err != nil {
		return err
	}
	err = controlplane.AwaitReady(ctx, n.containerd, func(ctx context.Context) error { return n.ctr(ctx, "version") })
	if err != nil {
		return err
	}
	return n.Import(ctx, pause.Tarball)
}

// Import gives the node the images of a tarball by the names that they have there, for pods that do not always pull theirs.
func (n *Node) Import(ctx context.Context, tarball string) error {
	ctx, cancel := context.WithTimeout(ctx, imageTimeout)
	defer cancel()
	if err := n.ctr(ctx, "--namespace", "k8s.io", "images", "import", tarball); err != nil {
		return fmt.Errorf("import %s: %w", tarball, err)
	}
	return nil
}

// ctr runs containerd's client.
func (n *Node) ctr(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "ctr", append([]string{"--address", n.socket()}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}
