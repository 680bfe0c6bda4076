// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"maps"
	"slices"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Flags are kubectl's flags that say which API server is asked, and as whom. The zero value is kubectl's choice without any.
type Flags struct {
	// File is the kubeconfig; empty for the usual ones.
	File      string
	overrides clientcmd.ConfigOverrides
}

// Annotation marks the flags that are kubectl's and that few need, so that a help can tell them in a place of their own.
const Annotation = "moorage.dev/kubectl"

// often are those that a help shows beside the command's own.
var often = []string{"kubeconfig", clientcmd.FlagContext}

// Register adds the flags, with kubectl's names and meanings. The namespace is not among them: not every command has one.
func (f *Flags) Register(flags *pflag.FlagSet) {
	names := clientcmd.RecommendedConfigOverrideFlags("")
	names.ContextOverrideFlags.Namespace.LongName = ""
	// API servers have forgotten passwords, and kubectl has these two flags no more.
	names.AuthOverrideFlags.Username.LongName, names.AuthOverrideFlags.Password.LongName = "", ""
	names.CurrentContext.Description = "context of the kubeconfig; default: the current one"
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	own.StringVar(&f.File, "kubeconfig", "", "kubeconfig of the cluster; default: $KUBECONFIG, ~/.kube/config, or the pod's service account")
	clientcmd.BindOverrideFlags(&f.overrides, own, names)
	own.VisitAll(func(flag *pflag.Flag) {
		if !slices.Contains(often, flag.Name) {
			_ = own.SetAnnotation(flag.Name, Annotation, []string{"true"})
		}
	})
	flags.AddFlagSet(own)
}

// Names are those of all flags that Register adds, in alphabetical order.
func Names() []string {
	var names []string
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(Flags).Register(flags)
	flags.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return names
}

// Use takes another context of the kubeconfig.
func (f *Flags) Use(context string) { f.overrides.CurrentContext = context }

// Find finds the API server that the flags name. Tune may change how it is talked to.
func (f *Flags) Find(tune ...func(*rest.Config)) (*Access, error) { return f.find(tune) }

// config is the kubeconfig that the flags name.
func (f *Flags) config() clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.File
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &f.overrides)
}

// Entries are the names of a kubeconfig's entries, each sorted.
type Entries struct{ Contexts, Clusters, Users []string }

// Entries reads the names of the kubeconfig that the flags name; none where it cannot be read.
func (f *Flags) Entries() Entries {
	raw, err := f.config().RawConfig()
	if err != nil {
		return Entries{}
	}
	return Entries{slices.Sorted(maps.Keys(raw.Contexts)), slices.Sorted(maps.Keys(raw.Clusters)), slices.Sorted(maps.Keys(raw.AuthInfos))}
}
