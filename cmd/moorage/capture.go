// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/moorage-k8s/moorage/internal/capture"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/internal/version"
	"github.com/moorage-k8s/moorage/topology/live"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// captureFlags are what capture was asked for.
type captureFlags struct {
	cluster   clusterFlags
	file      string
	anonymize bool
	// names is the file that keeps which name stands for which.
	names string
}

func captureCommand() *cobra.Command {
	var flags captureFlags
	cmd := &cobra.Command{
		Use:   "capture [-o FILE]",
		Short: "Write what decides where pods go into a file that --from reads",
		Long: `Writes what moorage looks at in a cluster into one file: nodes, volumes, claims, classes, drivers, capacities, attachments, snapshots,
the labels of namespaces, PodDisruptionBudgets, the pods that have not ended, and Warning events of all these. Every command that takes --from, and
'moorage serve --from', answers about that file as about the cluster: for bug reports, and to try what would happen if.

The file holds what the answers are made of and nothing else. Of a pod: where it is, its owner, its volumes, its labels, what it asks of
nodes and of other pods (selectors, affinity, tolerations, spread), its priority, how much its containers request together and which
ports of the host they have, and what kube-scheduler said of one that waits; no images, commands or environment. Of a node: labels, taints, whether it
is ready, and what it has for pods. A pod takes about 600 bytes, with gzip 60. Of volumes and classes: no attributes, mount options or names of Secrets, and of parameters only those that
rules ask for. No annotations but the few that the scheduler reads, no managed fields. Secrets are not read. Of attachments and events it holds
what drivers and Kubernetes said, as they said it: such a text may name a server, a path or a Secret.

With --anonymize it holds other names as well: for objects, namespaces, labels and their values, zones, volume handles and UIDs. Equal
names stay equal and sort alike, so the answers stay the same. Of what drivers and events said there is left what moorage knows to hold no names. Kubernetes' own label keys and the names of drivers that are known to
everyone stay, and so do sizes, counts and times; how many words a name has, and which names share some, can be seen too.
With --names a file that only you can read keeps which name stands for which, so that you know what is meant when somebody answers.

Each kind is listed at a moment of its own, one after the other, so a cluster that changes meanwhile is captured a little blurred.
Only objects are captured, not what a running moorage remembers, such as where provisioning failed lately.
What is needed is the right to list those kinds; attributes classes, snapshots, namespaces, PodDisruptionBudgets and events are left out where it is missing. The exit status is 0, or 2 if the capture could not be made.`,
		Example: `  # Into a file, and what would become of a pod there
  moorage capture -o cluster.yaml
  moorage explain pod db-0 --from cluster.yaml

  # To be shown to others
  moorage capture --anonymize --names names.txt -o cluster.yaml

  # Another context of the kubeconfig, compressed
  moorage capture --context production | gzip > cluster.yaml.gz

  # Names taken out of an earlier capture
  moorage capture --from cluster.yaml --anonymize -o anonymous.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags.cluster.registerSource(cmd)
	cmd.Flags().StringVarP(&flags.file, "output", "o", "-", "file to write, .yaml or .json; - for standard output")
	cmd.Flags().BoolVar(&flags.anonymize, "anonymize", false, "put other names in the place of all names")
	cmd.Flags().StringVar(&flags.names, "names", "", "with --anonymize, keep in this new file which name stands for which; nobody else can read it")
	return cmd
}

func (f *captureFlags) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	format := capture.YAML
	switch strings.ToLower(filepath.Ext(f.file)) {
	case ".json":
		format = capture.JSON
	case ".yaml", ".yml":
	default:
		if f.file != "-" {
			return fmt.Errorf("capture into %s: give the file the ending .yaml or .json, by which --from knows what it is", f.file)
		}
	}
	f.cluster.events, f.cluster.budgets = true, true
	if err = f.checkNames(); err != nil {
		return err
	}
	listing, at, err := f.cluster.listing(ctx, stderr, capture.Keep)
	if err != nil {
		return err
	}
	capture.AboutKept(listing.Objects)
	objects := listing.Objects
	if f.anonymize {
		if objects, err = capture.Anonymize(objects); err != nil {
			return err
		}
	}
	if f.names != "" {
		if err = f.keepNames(func(w io.Writer) error { return capture.WriteKey(w, listing.Objects, objects) }); err != nil {
			return err
		}
		defer func() {
			if err != nil { // So that it can be written when the user tries again.
				err = errors.Join(err, os.Remove(f.names))
			}
		}()
	}
	for _, kind := range slices.Sorted(maps.Keys(listing.Left)) {
		_, _ = fmt.Fprintf(stderr, "note: left out every %s: %s\n", kind, plain.Line(listing.Left[kind].Error()))
	}
	write := func(w io.Writer) error { return capture.Write(w, format, f.comment(listing, at), objects) }
	if f.file == "-" {
		return write(stdout)
	}
	if err := replaceFile(f.file, write); err != nil {
		return fmt.Errorf("capture into %s: %w", f.file, err)
	}
	_, _ = fmt.Fprintf(stderr, "Wrote %s to %s\n", counts(listing), plain.Line(f.file))
	if !f.anonymize {
		_, _ = fmt.Fprintln(stderr, "It holds the names of the cluster's objects; --anonymize replaces them.")
	}
	return nil
}

// comment is the head of the file. It is the one place with a time, so that captures of one state differ in nothing else. What was
// captured before keeps its time.
func (f *captureFlags) comment(l *live.Listing, at time.Time) []string {
	lines := []string{
		manifests.CapturedLine(at, version.Get().String(), !f.cluster.storageOnly),
		"It holds " + counts(l) + ".",
		"No Secrets, images, commands, environment or volume attributes were kept.",
	}
	if f.anonymize {
		lines = append(lines, "Names were replaced: equal ones by equal ones.")
	}
	return append(lines, "Read it with --from FILE.")
}

// counts tells how many objects of each kind there are, those of the pods that were kept included.
func counts(l *live.Listing) string {
	var parts []string
	for _, kind := range capture.Kinds {
		if n := len(l.Objects[kind]); n > 0 {
			parts = append(parts, text.Count(n, string(kind)))
		}
	}
	if len(parts) == 0 {
		return "no objects: the cluster has none that moorage looks at"
	}
	return strings.Join(parts, ", ")
}

// replaceFile writes a file beside the one that may be there and puts it in its place once it is whole.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer onSignal(file, func() { _ = os.Remove(file.Name()) })()
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err = write(file); err != nil {
		return errors.Join(err, file.Close())
	}
	if err = file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
