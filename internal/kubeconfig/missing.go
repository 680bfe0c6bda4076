// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// mostNames are listed of a kubeconfig's entries where none of them is near to the one that was asked for.
const mostNames = 10

// missing explains why no API server was found: which file is not there, or which entry of the files that are, and what there is in its place.
func (f *Flags) missing(err error) error {
	const otherwise = "name one with --kubeconfig or $KUBECONFIG, or read manifests with --from"
	if clientcmd.IsEmptyConfig(err) {
		return fmt.Errorf("there is no kubeconfig (%s), and this is not in a pod; %s", strings.Join(f.absent(), "; "), otherwise)
	}
	raw, rawErr := f.config().RawConfig()
	if rawErr != nil {
		return fmt.Errorf("%w; %s", err, otherwise)
	}
	names := f.Entries()
	context := f.overrides.CurrentContext
	if context == "" {
		context = raw.CurrentContext
	}
	for _, asked := range []struct {
		what, name string
		there      []string
	}{
		{"context", context, names.Contexts},
		{"cluster", f.overrides.Context.Cluster, names.Clusters},
		{"user", f.overrides.Context.AuthInfo, names.Users},
	} {
		if asked.name != "" && !slices.Contains(asked.there, asked.name) {
			return fmt.Errorf("there is no %s %q in %s; %s", asked.what, asked.name, strings.Join(f.files(), ", "), whichOf(asked.name, asked.there))
		}
	}
	return fmt.Errorf("%w; %s", err, otherwise)
}

// whichOf says what there is in place of a name.
func whichOf(name string, there []string) string {
	switch {
	case len(there) == 0:
		return "it has none"
	case len(there) > mostNames && len(suggest.Nearest(name, there)) == 0:
		return fmt.Sprintf("known are: %s and %d more", strings.Join(there[:mostNames], ", "), len(there)-mostNames)
	default:
		return suggest.Sentence(name, there)
	}
}

// files are the kubeconfigs that are read.
func (f *Flags) files() []string {
	return slices.DeleteFunc(f.precedence(), func(file string) bool {
		_, err := os.Stat(file)
		return err != nil
	})
}

// absent says of each kubeconfig that is looked for why it is no help.
func (f *Flags) absent() []string {
	var out []string
	for _, file := range f.precedence() {
		if _, err := os.Stat(file); err != nil {
			out = append(out, file+" does not exist")
		} else {
			out = append(out, file+" is empty")
		}
	}
	return out
}

func (f *Flags) precedence() []string {
	return slices.Clone(f.config().ConfigAccess().GetLoadingPrecedence())
}
