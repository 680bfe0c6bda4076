// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

var (
	// flagged matches a flag between backticks, metric the name of one of moorage's metrics, and kebab a name such as a rule's, all of it between backticks.
	flagged = regexp.MustCompile("`(--[a-z][a-z0-9-]*)(?:[= ][^`]*)?`")
	metric  = regexp.MustCompile(`\bmoorage_[a-z0-9_]+\b`)
	kebab   = regexp.MustCompile("`([a-z][a-z0-9]*(?:-[a-z0-9]+)+)`")
	section = regexp.MustCompile("(?m)^\\| `(moorage_[a-z_]+)` \\| (counter|gauge|histogram) \\|")
)

// othersFlags are flags of other programs that the documentation names between backticks.
var othersFlags = map[string]string{
	"--admission-control-config-file":    "kube-apiserver",
	"--enable-csi-node-aware-scheduling": "cluster-autoscaler",
	"--feature-gates":                    "external-provisioner",
	"--allowed-scheduler-names":          "cluster-autoscaler",
	"--bypassed-scheduler-names":         "cluster-autoscaler",
	"--kube-version":                     "helm template",
	"--no-hooks":                         "helm template",
	"--node-deployment":                  "external-provisioner",
	"--override-arch":                    "gcrane",
	"--reset-then-reuse-values":          "helm upgrade",
}

// Every flag that the documentation names is one of moorage's, or listed as another program's.
func TestFlagsInTheDocumentation(t *testing.T) {
	known := map[string]bool{"--help": true}
	root := rootCommand()
	for _, cmd := range append(root.Commands(), root) {
		cmd.InitDefaultHelpFlag()
		for _, flags := range []*pflag.FlagSet{cmd.Flags(), cmd.PersistentFlags()} {
			flags.VisitAll(func(f *pflag.Flag) { known["--"+f.Name] = true })
		}
	}
	used := map[string]bool{}
	found := 0
	for name, text := range pages(t) {
		for _, m := range flagged.FindAllStringSubmatch(text, -1) {
			found++
			switch {
			case known[m[1]]:
			case othersFlags[m[1]] != "":
				used[m[1]] = true
			default:
				t.Errorf("%s: there is no flag %s", name, m[1])
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d flags were found", found)
	}
	for name, of := range othersFlags {
		if !used[name] {
			t.Errorf("no page names %s of %s any more: take it off the list", name, of)
		}
	}
}

// Every metric that the documentation names is in docs/metrics.md, which is made from the metrics.
func TestMetricsInTheDocumentation(t *testing.T) {
	texts := pages(t)
	known := map[string]bool{}
	for _, m := range section.FindAllStringSubmatch(texts[metricsPage], -1) {
		known[m[1]] = true
		if m[2] == "histogram" {
			known[m[1]+"_bucket"], known[m[1]+"_count"], known[m[1]+"_sum"] = true, true, true
		}
	}
	if len(known) < 20 {
		t.Fatalf("%s has %d metrics", metricsPage, len(known))
	}
	for name, text := range texts {
		for _, m := range metric.FindAllString(text, -1) {
			// An archive of a release, moorage_VERSION_OS_ARCH, has capitals and is not matched as a whole.
			if !known[m] && m != "moorage_" {
				t.Errorf("%s: there is no metric %s", name, m)
			}
		}
	}
}

// alike are names between backticks that begin as a rule does and are something else.
var alike = map[string]string{
	"claim-1": "an anonymous name", "data-db-0": "a claim", "data-db-1": "a claim",
	"claim-missing": "a cause", "claim-deleting": "a cause", "claim-of-another-owner": "a cause", "claim-lost": "a cause", "claim-not-bound": "a cause",
	"class-missing": "a cause", "volume-missing": "a cause",
}

// A name between backticks that begins as rules do is a rule, a default, or listed as something else.
func TestRulesInTheDocumentation(t *testing.T) {
	known, families := map[string]bool{}, map[string]bool{}
	for _, r := range rules.Registry() {
		known[r.ID] = true
		family, _, _ := strings.Cut(r.ID, "-")
		families[family] = true
	}
	for _, name := range defaults.Names() {
		known[name] = true
	}
	found := 0
	for name, text := range pages(t) {
		for _, m := range kebab.FindAllStringSubmatch(text, -1) {
			family, _, _ := strings.Cut(m[1], "-")
			switch {
			case known[m[1]]:
				found++
			case families[family] && alike[m[1]] == "":
				t.Errorf("%s: there is no rule or default %s", name, m[1])
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d rules were found", found)
	}
}

// chartValue matches the path of a value between backticks.
var chartValue = regexp.MustCompile("`([a-z][A-Za-z]*(?:\\.[a-z][A-Za-z]*)+)(?::[^`]*)?`")

// notValues are names between backticks that begin as a value of the chart does and are something else.
var notValues = []string{
	"tls.crt", "tls.key", // keys of a Secret
	"metrics.go",          // a file
	"metrics.bindAddress", // of a MoorageConfiguration
	"resources.internal.linstor.linbit.com",
}

// Every value of the chart that any page names by its path exists.
func TestValuesNamedInTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../charts/moorage/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	found := 0
	for name, page := range pages(t) {
		if strings.HasSuffix(name, "docs/configuration.md") {
			continue // It is made from the types of a MoorageConfiguration.
		}
		for _, m := range chartValue.FindAllStringSubmatch(page, -1) {
			path := strings.Split(m[1], ".")
			if _, ours := values[path[0]]; !ours || path[0] == "config" || slices.Contains(notValues, m[1]) {
				continue // Another file's, or moorage's own configuration.
			}
			if _, isMap := values[path[0]].(map[string]any); !isMap {
				continue
			}
			found++
			if !reaches(values, path) && path[0] != "webhook" {
				t.Errorf("%s: the chart has no value %s", name, m[1])
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d values were found", found)
	}
}

func reaches(values map[string]any, path []string) bool {
	var at any = values
	for _, key := range path {
		inner, _ := at.(map[string]any)
		var ok bool
		if at, ok = inner[key]; !ok {
			return false
		}
	}
	return true
}

// Nothing is found in the classes and claims that docs/claims-and-classes.md tells people to write.
func TestClaimsAndClassesInTheDocumentation(t *testing.T) {
	var file strings.Builder
	blocks := 0
	for _, m := range configured.FindAllStringSubmatch(pages(t)["../../docs/claims-and-classes.md"], -1) {
		blocks++
		file.WriteString("---\n" + m[2] + "\n")
	}
	if blocks < 6 {
		t.Errorf("only %d blocks were found", blocks)
	}
	path := t.TempDir() + "/page.yaml"
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := checked(t, path); !strings.Contains(string(said), "nothing found") {
		t.Errorf("check says\n%s", said)
	}
}
