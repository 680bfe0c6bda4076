// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/validation"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/chart"
	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// moorage accepts the configuration of every combination, and in it is what the combination's config says.
func TestMoorageAcceptsItsConfiguration(t *testing.T) {
	for _, c := range combinations(t) {
		text := data(t, c.render(t), "moorage.yaml")
		parsed, err := config.Parse([]byte(text))
		if err == nil {
			_, err = placement.NewEngine(parsed.Placement())
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, text)
			continue
		}
		if c.name != "configuration" {
			continue
		}
		if e := parsed.Extender; e.MaxBodyBytes != 10<<20 || e.Decisions != 100 || e.Predicates["TopologyKeys"] != "off" || *e.Scorers[0].Weight != 3 {
			t.Errorf("%s: the extender's configuration is %+v", c.name, e)
		}
		if w := parsed.Webhook; w.Authority.Lifetime.Hours() != 2160 || w.Rules["secret-env"] != "off" || !w.Defaults["wait-for-first-consumer"] ||
			w.SchedulerName.NamespaceSelector.MatchLabels["tier"] != "database" || w.SchedulerName.Lease == nil {
			t.Errorf("%s: the webhook's configuration is %+v", c.name, w)
		}
	}
}

// kube-scheduler accepts its configuration, strictly decoded and validated, whether the chart installs it or tells a user to.
func TestKubeSchedulerAcceptsItsConfiguration(t *testing.T) {
	for _, c := range combinations(t) {
		rendered := c.render(t)
		text := data(t, rendered, "kube-scheduler.yaml")
		if text == "" {
			text = told(t, rendered.Notes)
		}
		object, _, err := schedulerscheme.Codecs.UniversalDecoder().Decode([]byte(text), nil, nil)
		if err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, text)
			continue
		}
		parsed := object.(*schedulerconfig.KubeSchedulerConfiguration)
		if err := validation.ValidateKubeSchedulerConfiguration(parsed); err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, text)
		}
		if ours := parsed.Extenders; len(ours) == 0 || len(ours) > 1 && c.name != "further-values" || !ours[0].Ignorable || !ours[0].NodeCacheCapable {
			t.Errorf("%s: the extenders are %+v", c.name, parsed.Extenders)
		}
	}
}

// data is the text under a key of one of the ConfigMaps; empty if there is none.
func data(t *testing.T, r *chart.Rendered, key string) string {
	t.Helper()
	for _, o := range objects(t, r) {
		if text, found, err := unstructured.NestedString(o.Object, "data", key); o.GetKind() == "ConfigMap" && found && err == nil {
			return text
		}
	}
	return ""
}

func objects(t *testing.T, r *chart.Rendered) []*unstructured.Unstructured {
	t.Helper()
	out, err := r.Objects()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// told is the KubeSchedulerConfiguration of the notes: the indented block that begins with it.
func told(t *testing.T, notes string) string {
	t.Helper()
	_, rest, found := strings.Cut(notes, "\n  apiVersion: kubescheduler.config.k8s.io/v1\n")
	block, _, ended := strings.Cut(rest, "\n\n")
	if !found || !ended {
		t.Fatalf("the notes have no KubeSchedulerConfiguration:\n%s", notes)
	}
	return "apiVersion: kubescheduler.config.k8s.io/v1\n" + strings.ReplaceAll("\n"+block, "\n  ", "\n")
}

// wired are the fields of a MoorageConfiguration that the chart sets, and a user cannot.
var wired = []string{
	"apiVersion", "kind", "metrics", "autoscaler",
	"extender.bindAddress", "extender.certFile", "extender.keyFile", "extender.clientCAFile",
	"webhook.bindAddress", "webhook.certFile", "webhook.keyFile", "webhook.clientCAFile",
	"webhook.authority.namespace", "webhook.authority.secret", "webhook.authority.names",
	"webhook.authority.validatingWebhookConfiguration", "webhook.authority.mutatingWebhookConfiguration",
}

// The schema of the values has, below config, each field of a MoorageConfiguration that a user can set, and no other.
func TestTheSchemaKnowsTheConfiguration(t *testing.T) {
	file, err := binaries.RepositoryFile(chart.Directory + "/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	definitions := schema["definitions"].(map[string]any)
	inSchema := map[string]bool{}
	walkSchema(definitions["configuration"].(map[string]any), "", inSchema)
	inCode := map[string]bool{}
	walkType(reflect.TypeFor[config.Configuration](), "", inCode)
	for _, path := range wired {
		delete(inCode, path)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(inCode)), slices.Sorted(maps.Keys(inSchema))); diff != "" {
		t.Errorf("the fields below config (-MoorageConfiguration +values.schema.json):\n%s", diff)
	}
}

// walkSchema notes the path of each property that is written out.
func walkSchema(schema map[string]any, path string, into map[string]bool) {
	if items, ok := schema["items"].(map[string]any); ok {
		walkSchema(items, path+"[]", into)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, of := range properties {
		at := strings.TrimPrefix(path+"."+name, ".")
		into[at] = true
		walkSchema(of.(map[string]any), at, into)
	}
}

// walkType notes the path of each field of the configuration's own types; those of Kubernetes are the schema's own concern.
func walkType(of reflect.Type, path string, into map[string]bool) {
	switch of.Kind() {
	case reflect.Pointer:
		walkType(of.Elem(), path, into)
	case reflect.Slice:
		walkType(of.Elem(), path+"[]", into)
	case reflect.Struct:
		if of.PkgPath() != reflect.TypeFor[config.Configuration]().PkgPath() {
			return
		}
		for field := range of.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			at := strings.TrimPrefix(path+"."+name, ".")
			if slices.Contains(wired, at) {
				continue
			}
			into[at] = true
			walkType(field.Type, at, into)
		}
	}
}
