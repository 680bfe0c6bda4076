// SPDX-License-Identifier: Apache-2.0

// Package binaries builds the programs of the test cluster from source: Kubernetes' own, etcd, kwok, the CSI sidecars and
// moorage. No container engine and no image registry is needed, only Go and its module proxy.
//
// A program is built once for each version, set of dependencies and Go release, into a cache directory that git ignores, and taken from there
// ever after. Any number of processes may build at once. The package knows how programs are made, not how they are run.
package binaries

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Binary is one program and where its source is.
type Binary struct {
	// Name is the program's file name.
	Name string
	// Version is its release, with the leading v, as its module is required in go.mod.
	Version string
	// Module is the directory, relative to the e2e module, of the go.mod that pins the program and all that it depends on.
	Module string
	// Package is the import path of the main package.
	Package string
	// Stamps are the string variables that its release process sets, by import path and name.
	Stamps map[string]string
	// Static links no shared libraries, as is needed in an image where the program is alone. Where cgo is on, the C library is linked in, so
	// that nothing is compiled twice; the resolver and the user database of the machine, which that cannot have, are not asked for then.
	Static bool
}

// DefaultKubernetes is the minor release that the suites run on unless told otherwise.
const DefaultKubernetes = "1.37"

// KubernetesEnv names the environment variable that tells the suites to run on another minor release.
const KubernetesEnv = "MOORAGE_E2E_KUBERNETES"

// Kubernetes returns the minor release that the suites run on: what KubernetesEnv says, or DefaultKubernetes.
func Kubernetes() string {
	if minor := os.Getenv(KubernetesEnv); minor != "" {
		return minor
	}
	return DefaultKubernetes
}

// kubernetesReleases holds the minors that can be built. For another one add a row and the directory of a module that requires its
// k8s.io/kubernetes, with the staging modules replaced; 1.37 has none because the e2e module itself requires it.
var kubernetesReleases = map[string]struct{ version, module string }{
	DefaultKubernetes: {version: "v1.37.1", module: "."},
	"1.36":            {version: "v1.36.3", module: "binaries/kubernetes-1.36"},
	"1.35":            {version: "v1.35.4", module: "binaries/kubernetes-1.35"},
	"1.34":            {version: "v1.34.4", module: "binaries/kubernetes-1.34"},
}

// The programs that do not belong to a Kubernetes release. A version here is what the program says of itself; which source is
// built is up to the module.
var (
	// Etcd is the API server's store.
	Etcd = Binary{Name: "etcd", Version: "v3.7.3", Module: ".", Package: "go.etcd.io/etcd/server/v3"}
	// Kwok plays the kubelet for nodes that do not exist. Its module has the versions of this one, so that little of it is compiled again.
	Kwok = Binary{
		Name: "kwok", Version: "v0.8.0", Module: "binaries/kwok", Package: "sigs.k8s.io/kwok/cmd/kwok",
		Stamps: map[string]string{"sigs.k8s.io/kwok/pkg/consts.Version": "v0.8.0"},
	}
	// Provisioner is the CSI sidecar that provisions volumes and publishes capacities.
	Provisioner = Binary{
		Name: "csi-provisioner", Version: "v6.3.0", Module: "binaries/external-provisioner",
		Package: "github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner",
		Stamps:  map[string]string{"main.version": "v6.3.0"},
	}
	// Attacher is the CSI sidecar that carries out what the attach-detach controller asks for.
	Attacher = Binary{
		Name: "csi-attacher", Version: "v4.13.0", Module: "binaries/external-attacher",
		Package: "github.com/kubernetes-csi/external-attacher/v4/cmd/csi-attacher",
		Stamps:  map[string]string{"main.version": "v4.13.0"},
	}
	// Kubectl is what people use a cluster with. It serves the minors next to its own as well. It has a module of its own because
	// nothing else here needs what it depends on.
	Kubectl = Binary{
		Name: "kubectl", Version: "v1.37.1", Module: "binaries/kubectl", Package: "k8s.io/kubernetes/cmd/kubectl",
		Stamps: kubernetesStamps("v1.37.1"),
	}
)

// The names of Kubernetes' programs, as KubernetesBinary takes them.
const (
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kubelet           = "kubelet"
	Proxy             = "kube-proxy"
)

// KubernetesBinary returns a program of a Kubernetes minor release such as "1.37". A minor that is not in the table is an error
// that lists those that are.
func KubernetesBinary(minor, name string) (Binary, error) {
	release, ok := kubernetesReleases[minor]
	if !ok {
		return Binary{}, fmt.Errorf("kubernetes %q cannot be built, only %s", minor,
			strings.Join(slices.Sorted(maps.Keys(kubernetesReleases)), ", "))
	}
	return Binary{
		Name: name, Version: release.version, Module: release.module, Package: "k8s.io/kubernetes/cmd/" + name,
		Stamps: kubernetesStamps(release.version),
	}, nil
}

// kubernetesStamps are what the release of a program of Kubernetes sets. Without a version that parses, clients such as Helm
// refuse to talk to the API server.
func kubernetesStamps(version string) map[string]string {
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	stamps := make(map[string]string)
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		stamps[pkg+".gitVersion"] = version
		stamps[pkg+".gitMajor"] = major
		stamps[pkg+".gitMinor"] = minor
		stamps[pkg+".gitTreeState"] = "clean"
	}
	return stamps
}

// ForControlPlane returns all programs that a control plane with storage of the given Kubernetes minor release runs, in the order in
// which they are best built.
func ForControlPlane(minor string) ([]Binary, error) {
	all := []Binary{Etcd}
	for _, name := range []string{APIServer, ControllerManager, Scheduler} {
		b, err := KubernetesBinary(minor, name)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return append(all, Kwok, Provisioner, Attacher), nil
}

// ForSuites returns all programs that the suites run: those of the control plane, and kubectl after them.
func ForSuites(minor string) ([]Binary, error) {
	all, err := ForControlPlane(minor)
	if err != nil {
		return nil, err
	}
	return append(all, Kubectl), nil
}

// ForRealNode returns the programs that a node with a kubelet of its own runs, of a Kubernetes minor release.
func ForRealNode(minor string) ([]Binary, error) {
	var all []Binary
	for _, name := range []string{Kubelet, Proxy} {
		b, err := KubernetesBinary(minor, name)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// ldflags returns the linker's flags: no symbol tables, which nobody debugs here, and the stamps in a fixed order.
func (b Binary) ldflags() string {
	flags := []string{"-s", "-w"}
	for _, name := range slices.Sorted(maps.Keys(b.Stamps)) {
		flags = append(flags, "-X", name+"="+b.Stamps[name])
	}
	return strings.Join(flags, " ")
}
