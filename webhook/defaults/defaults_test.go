// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// all is a Defaulter with every default on.
func all(t testing.TB) *Defaulter {
	t.Helper()
	switches := map[string]bool{}
	for _, name := range Names() {
		switches[name] = true
	}
	d, err := NewDefaulter(Options{Switches: switches, Settings: Settings{
		SchedulerName: "moorage-scheduler", SchedulerNamespaces: selecting(t),
		VolumesResource: "moorage.dev/volumes", VolumesResourceSchedulers: []string{"moorage-scheduler"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestUnknownFieldsSurvive promises that what this build does not know goes through unchanged, at every level of a pod, of a claim,
// of a class and of a volume: the patched text is the text that was sent, but for the fields that the defaults are about.
func TestUnknownFieldsSurvive(t *testing.T) {
	const future = `"future":{"a":[1,{"b":null}],"n":9007199254740993}`
	const node = `"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchFields":[{"key":"metadata.name","operator":"In","values":["node-1"]}]}]}}`
	for _, tc := range []struct {
		name, raw string
		// changes are pairs of what was sent and what it becomes.
		changes []string
		applied int
	}{
		{
			name: "a pod",
			raw: `{"apiVersion":"v1","kind":"Pod",` + future + `,"metadata":{"name":"x","namespace":"default",` + future + `},"spec":{` + future + `,"nodeName":"node-1","schedulerName":"default-scheduler",` +
				`"securityContext":{"fsGroup":1,"runAsUser":1000,` + future + `},"affinity":{` + future + `},` +
				`"volumes":[{"name":"s",` + future + `,"secret":{"secretName":"s","defaultMode":420,` + future + `}},{"name":"v",` + future + `,"persistentVolumeClaim":{"claimName":"waits",` + future + `}}],` +
				`"containers":[{"name":"c",` + future + `,"securityContext":{` + future + `},"volumeMounts":[{"name":"s","mountPath":"/s",` + future + `}],"resources":{"limits":{"memory":"1Gi"},` + future + `}}]},` +
				`"status":{` + future + `}}`,
			changes: []string{
				`"nodeName":"node-1",`, ``, `"default-scheduler"`, `"moorage-scheduler"`, `"defaultMode":420`, `"defaultMode":288`,
				`"affinity":{`, `"affinity":{` + node + `,`,
				`"resources":{"limits":{"memory":"1Gi"}`, `"resources":{"limits":{"memory":"1Gi","moorage.dev/volumes":"1"},"requests":{"moorage.dev/volumes":"1"}`,
			},
			applied: 4,
		},
		{
			name: "a claim",
			raw: `{"apiVersion":"v1","kind":"PersistentVolumeClaim",` + future + `,"metadata":{"name":"x",` + future + `,"annotations":{"volume.beta.kubernetes.io/storage-class":"fast"}},` +
				`"spec":{"accessModes":["ReadWriteOnce"],` + future + `,"resources":{"requests":{"storage":"1Gi"},` + future + `}}}`,
			changes: []string{`"spec":{`, `"spec":{"storageClassName":"fast",`},
			applied: 1,
		},
		{
			name: "a class",
			raw: `{"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"x",` + future + `},"provisioner":"ebs.csi.aws.com","volumeBindingMode":"Immediate",` + future + `,` +
				`"allowedTopologies":[{` + future + `,"matchLabelExpressions":[{"key":"failure-domain.beta.kubernetes.io/zone","values":["a","b"],` + future + `}]}]}`,
			changes: []string{`failure-domain.beta.kubernetes.io/zone`, `topology.kubernetes.io/zone`, `Immediate`, `WaitForFirstConsumer`},
			applied: 2,
		},
		{
			name: "a volume",
			raw: `{"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"x"},"spec":{` + future + `,"csi":{"driver":"d","volumeHandle":"h",` + future + `},"nodeAffinity":{` + future + `,"required":{` + future +
				`,"nodeSelectorTerms":[{` + future + `,"matchExpressions":[{"key":"failure-domain.beta.kubernetes.io/region","operator":"In","values":["r"],` + future + `}]}]}}}}`,
			changes: []string{`failure-domain.beta.kubernetes.io/region`, `topology.kubernetes.io/region`},
			applied: 1,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := tc.raw
			for i := 0; i < len(tc.changes); i += 2 {
				if strings.Count(want, tc.changes[i]) != 1 {
					t.Fatalf("%q is not there once", tc.changes[i])
				}
				want = strings.Replace(want, tc.changes[i], tc.changes[i+1], 1)
			}
			patched, result := apply(t, all(t), storage, tc.raw, "")
			if diff := cmp.Diff(canonical(t, want), canonical(t, patched)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(result.Applied) != tc.applied {
				t.Errorf("applied %v, want %d of them", result.Applied, tc.applied)
			}
		})
	}
}

// decodeNumbers keeps numbers as they are written.
func decodeNumbers(t *testing.T, text string, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("decode %s: %v", text, err)
	}
}

// canonical is JSON with its fields in order, one to a line.
func canonical(t *testing.T, text string) string {
	t.Helper()
	var v any
	decodeNumbers(t, text, &v)
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestTwiceIsOnce promises that to apply every default again to what it made of an object changes nothing, whatever the object, and that
// what no default is about is as before.
func TestTwiceIsOnce(t *testing.T) {
	d := all(t)
	rapid.Check(t, func(t *rapid.T) {
		pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
		var raw string
		switch pick("kind", "pod", "claim", "class", "volume") {
		case "pod":
			volumes, mounts := []string{}, []string{}
			for i := range rapid.IntRange(0, 3).Draw(t, "volumes") {
				volumes = append(volumes, fmt.Sprintf(`{"name":"v%d",%s}`, i, pick("volume", `"secret":{"secretName":"s","defaultMode":420}`,
					`"secret":{"secretName":"s"}`, `"persistentVolumeClaim":{"claimName":"waits"}`, `"persistentVolumeClaim":{"claimName":"bound"}`,
					`"ephemeral":{"volumeClaimTemplate":{"spec":{"storageClassName":"ebs-wait"}}}`, `"emptyDir":{}`)))
				mounts = append(mounts, fmt.Sprintf(`{"name":"v%d","mountPath":"/%d"}`, i, i))
			}
			spec := pick("node", ``, `"nodeName":"node-1",`) + pick("scheduler", ``, `"schedulerName":"default-scheduler",`, `"schedulerName":"other",`) +
				pick("security", ``, `"securityContext":{"fsGroup":1,"runAsUser":1},`, `"securityContext":{"fsGroup":1},`) +
				pick("affinity", ``, `"affinity":null,`, `"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{},{"matchExpressions":[{"key":"a","operator":"Exists"}]}]}}},`)
			raw = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","novelty":[{"a/b~c":1}]},"spec":{` + spec + `"volumes":[` + strings.Join(volumes, ",") +
				`],"containers":[{"name":"c"` + pick("resources", ``, `,"resources":{}`, `,"resources":{"limits":{"moorage.dev/volumes":"1"}}`) + `,"volumeMounts":[` + strings.Join(mounts, ",") + `]}]}}`
		case "claim":
			raw = `{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{` + pick("annotation", ``, `"annotations":{"volume.beta.kubernetes.io/storage-class":"fast"}`,
				`"annotations":{"volume.beta.kubernetes.io/storage-class":""}`) + `}` + pick("spec", ``, `,"spec":{}`, `,"spec":{"storageClassName":null,"novelty":[{"a/b~c":1}]}`, `,"spec":{"storageClassName":"slow"}`) + `}`
		case "class":
			raw = `{"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"c"},"provisioner":"` + pick("driver", "ebs.csi.aws.com", "x.example.com") + `"` +
				pick("mode", ``, `,"volumeBindingMode":"Immediate"`, `,"volumeBindingMode":"WaitForFirstConsumer"`) +
				`,"allowedTopologies":[{"matchLabelExpressions":[{"key":"` + pick("key", "failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone", "k") + `","values":["a"` + pick("values", ``, `,"b"`) + `]}]}]}`
		case "volume":
			raw = `{"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"v"},"spec":{"nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"` +
				pick("key", "failure-domain.beta.kubernetes.io/region", "k") + `","operator":"Exists"}]},{}]}}}}`
		}
		old := ""
		if rapid.Bool().Draw(t, "update") {
			old = raw
		}
		once, _ := apply(t, d, storage, raw, old)
		twice, again := apply(t, d, storage, once, old)
		if twice != once || len(again.Applied) != 0 {
			t.Fatalf("applied to %s: once %s, twice %s", raw, once, twice)
		}
	})
}

// TestSwitches promises what is on by itself, and that names and missing settings are checked.
func TestSwitches(t *testing.T) {
	namesOf := func(d *Defaulter) []string {
		var names []string
		for i := range d.on {
			names = append(names, d.on[i].Name)
		}
		return names
	}
	for _, tc := range []struct {
		opts  Options
		names []string
		kinds []rules.Kind
	}{
		{Options{}, []string{classFromBetaAnnotationDefault.Name, gaTopologyKeysDefault.Name}, []rules.Kind{rules.PersistentVolumeClaim, rules.PersistentVolume, rules.StorageClass}},
		{Options{Switches: map[string]bool{gaTopologyKeysDefault.Name: false, secretMode0440Default.Name: true}}, []string{classFromBetaAnnotationDefault.Name, secretMode0440Default.Name}, []rules.Kind{rules.PersistentVolumeClaim, rules.Pod}},
		{Options{Settings: Settings{VolumesResource: "example.com/volumes"}}, []string{classFromBetaAnnotationDefault.Name, gaTopologyKeysDefault.Name, VolumesResource}, []rules.Kind{rules.PersistentVolumeClaim, rules.PersistentVolume, rules.StorageClass, rules.Pod}},
		{Options{Switches: map[string]bool{VolumesResource: false}, Settings: Settings{VolumesResource: "example.com/volumes"}}, []string{classFromBetaAnnotationDefault.Name, gaTopologyKeysDefault.Name}, []rules.Kind{rules.PersistentVolumeClaim, rules.PersistentVolume, rules.StorageClass}},
	} {
		d, err := NewDefaulter(tc.opts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.names, namesOf(d)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tc.opts, diff)
		}
		if diff := cmp.Diff(tc.kinds, d.Kinds()); diff != "" {
			t.Errorf("%+v: kinds (-want +got):\n%s", tc.opts, diff)
		}
	}
	for _, tc := range []struct {
		opts Options
		want string
	}{
		{Options{Switches: map[string]bool{"class-from-beta": true}}, "did you mean class-from-beta-annotation?"},
		{Options{Switches: map[string]bool{SchedulerName: true}}, "its settings are missing"},
		{Options{Settings: Settings{SchedulerName: "default-scheduler"}}, "is the one that it replaces"},
		{Options{Settings: Settings{VolumesResource: "volumes"}}, "a domain of your own"},
		{Options{Settings: Settings{VolumesResource: "storage.kubernetes.io/volumes"}}, "a domain of your own"},
	} {
		if _, err := NewDefaulter(tc.opts); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: got error %v, want one that says %q", tc.opts, err, tc.want)
		}
	}
}

// TestEveryDefaultIsDocumented holds docs/defaults.md against the registry.
func TestEveryDefaultIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/defaults.md")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, d := range Registry() {
		want = append(want, "## "+d.Name, d.Summary)
	}
	for line := range strings.Lines(string(page)) {
		if line = strings.TrimSpace(line); len(got)%2 == 1 {
			if line != "" {
				got = append(got, line)
			}
		} else if strings.HasPrefix(line, "## ") && line != "## Configuration" {
			got = append(got, line)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/defaults.md: a section for each default, which begins with its summary (-registry +page):\n%s", diff)
	}
}
