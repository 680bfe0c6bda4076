// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/internal/plain"
)

// hostileCluster is a cluster and what is to come into it, in which most words will be replaced by hostile ones.
const hostileCluster = `
{apiVersion: v1, kind: Node, metadata: {name: node1, labels: {kubernetes.io/hostname: node1, topology.kubernetes.io/zone: zone1}}, status: {allocatable: {cpu: "4"}}}
---
{apiVersion: v1, kind: Node, metadata: {name: node2, labels: {topology.kubernetes.io/zone: zone2, label1: value1}}, spec: {taints: [{key: taint1, value: value1, effect: NoSchedule}]}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: space1, labels: {label1: value1}}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: class1, annotations: {note1: value1}}, provisioner: driver1, volumeBindingMode: WaitForFirstConsumer, parameters: {parameter1: value1, csi.storage.k8s.io/provisioner-secret-name: secret1},
  allowedTopologies: [{matchLabelExpressions: [{key: topology.kubernetes.io/zone, values: [zone1]}]}]}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: class2}, provisioner: ebs.csi.aws.com, volumeBindingMode: Immediate, parameters: {csi.storage.k8s.io/parameter2: value1}, mountOptions: [option1]}
---
{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: driver1}, spec: {storageCapacity: true, attachRequired: true}}
---
{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: node1}, spec: {drivers: [{name: driver1, nodeID: id1, topologyKeys: [topology.kubernetes.io/zone, key1], allocatable: {count: 1}}]}}
---
{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: pool1, namespace: kube-system}, storageClassName: class1, nodeTopology: {matchLabels: {topology.kubernetes.io/zone: zone1}}, capacity: 1Gi}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: volume1}, spec: {storageClassName: class1, capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], csi: {driver: driver1, volumeHandle: handle1, volumeAttributes: {password: value1}, fsType: type1},
  claimRef: {namespace: space1, name: claim1}, nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [zone2]}]}]}}}}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: volume2}, spec: {storageClassName: class1, capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /path1}}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: claim1, namespace: space1, annotations: {pv.kubernetes.io/bind-completed: "yes"}}, spec: {storageClassName: class1, accessModes: [ReadWriteOnce], volumeName: volume1, resources: {requests: {storage: 5Gi}}}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: claim2, namespace: space1, annotations: {volume.kubernetes.io/selected-node: node1}}, spec: {storageClassName: class1, accessModes: [ReadWriteOnce], resources: {requests: {storage: 5Gi}}}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: claim3, namespace: space1, annotations: {volume.beta.kubernetes.io/storage-class: class3}}, spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: "7"}},
  dataSource: {kind: VolumeSnapshot, name: snapshot1}, dataSourceRef: {apiGroup: group1, kind: kind1, name: source1}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: pod1, namespace: space1, annotations: {moorage.dev/ignore: "rule1: reason1"}}, spec: {nodeSelector: {label1: value1}, containers: [{name: container1, image: i, env: [{name: VARIABLE1, value: value1}],
  volumeMounts: [{name: mount1, mountPath: /data, subPathExpr: $(VARIABLE1)}, {name: mount2, mountPath: /data}, {name: mount4, mountPath: /etc}, {name: mount5, mountPath: "relative1:x"}]}],
  volumes: [{name: mount1, persistentVolumeClaim: {claimName: claim1}}, {name: mount2, persistentVolumeClaim: {claimName: claim2}}, {name: mount3, persistentVolumeClaim: {claimName: claim4}}, {name: mount4, hostPath: {path: /etc}},
   {name: mount5, csi: {driver: driver1}}]},
  status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: message1}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: pod2, namespace: space1}, spec: {nodeName: node1, hostPID: true, containers: [{name: container1, image: i, securityContext: {privileged: true}, volumeMounts: [{name: mount1, mountPath: /host, mountPropagation: Bidirectional}, {name: mount2, mountPath: /x}]}],
  volumes: [{name: mount1, hostPath: {path: /}}, {name: mount2, persistentVolumeClaim: {claimName: claim2}}]}}
---
{apiVersion: storage.k8s.io/v1, kind: VolumeAttachment, metadata: {name: attachment1}, spec: {attacher: driver1, nodeName: node1, source: {persistentVolumeName: volume1}}, status: {attached: true}}
---
{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshotClass, metadata: {name: class4}, driver: driver2, deletionPolicy: Delete, parameters: {parameter1: value1}}
---
{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshot, metadata: {name: snapshot1, namespace: space1}, spec: {volumeSnapshotClassName: class4, source: {persistentVolumeClaimName: claim1}}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: set1, namespace: space1}, spec: {serviceName: set1, replicas: 2, selector: {matchLabels: {label1: value1}}, template: {metadata: {labels: {label1: value1}}, spec: {containers: [{name: container1, image: i,
  volumeMounts: [{name: claim5, mountPath: /a}]}]}}, volumeClaimTemplates: [{metadata: {name: claim5}, spec: {storageClassName: class1, accessModes: [ReadWriteOnce], resources: {requests: {storage: 3Gi}}}}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: deployment1, namespace: space1}, spec: {replicas: 3, selector: {matchLabels: {label1: value1}}, template: {metadata: {labels: {label1: value1}}, spec: {containers: [{name: container1, image: i,
  volumeMounts: [{name: mount1, mountPath: /a}]}], volumes: [{name: mount1, persistentVolumeClaim: {claimName: claim1}}]}}}}
---
{apiVersion: example.com/v1, kind: Kind2, metadata: {name: other1}}
`

// ours matches the words of the cluster that are replaced, which is all that a tenant, a driver or a file's author chooses.
var ours = regexp.MustCompile(`[A-Za-z]+[0-9]\b`)

// pieces are what hostile words are made of.
var pieces = []string{
	"\n", "\n::error::owned", "::stop-commands::x", " ::add-mask::x", "\r", "\r\n::warning::x", "##[error]x", "##vso[task.complete]", "\x1b[31m", "\x1b]0;title\a", "\x1b[2J", "\x9b",
	"\u009b31m", "\u202e", "\u2066", "\u200b", "\u2028::error::x", "\u0085", "\ufeff", "\x00", "\x7f", "\U000e0041", "\ue000", "\u3164", "`id`", "$(id)", ";id", "'", `"`, "|", "<b>", "&", "]]>", "\\", "%0A::error::x",
	"\t", " ", "a word ", "another-word", strings.Repeat("long", 30) + " ", "é", "東京", "\ufffd",
}

// hostileWord returns a word for another. Words in files are UTF-8.
func hostileWord(random *rand.Rand, word string, raw bool) string {
	if random.IntN(5) == 0 {
		return word
	}
	out := word
	if random.IntN(3) == 0 {
		out = ""
	}
	for range 1 + random.IntN(4) {
		if p := pieces[random.IntN(len(pieces))]; raw || utf8.ValidString(p) {
			out += p
		}
	}
	return out
}

// hostileWorld is a directory with the cluster in hostile words, and the words.
type hostileWorld struct {
	random *rand.Rand
	dir    string
	words  map[string]string
	// objects are the cluster's.
	objects []map[string]any
}

func (w *hostileWorld) word(name string) string {
	if _, ok := w.words[name]; !ok {
		w.words[name] = hostileWord(w.random, name, false)
	}
	return w.words[name]
}

// replaced returns a value with hostile words in it.
func (w *hostileWorld) replaced(v any) any {
	switch v := v.(type) {
	case string:
		return ours.ReplaceAllStringFunc(v, func(s string) string {
			if s == "v1" || s == "apps/v1" {
				return s
			}
			return w.word(s)
		})
	case []any:
		for i := range v {
			v[i] = w.replaced(v[i])
		}
	case map[string]any:
		out := map[string]any{}
		for k, inner := range v {
			if k == "apiVersion" {
				out[k] = inner
				continue
			}
			out[w.replaced(k).(string)] = w.replaced(inner)
		}
		return out
	}
	return v
}

// newHostileWorld writes the files.
func newHostileWorld(t *testing.T, random *rand.Rand) *hostileWorld {
	t.Helper()
	w := &hostileWorld{random: random, dir: t.TempDir(), words: map[string]string{}}
	var text bytes.Buffer
	for document := range strings.SplitSeq(hostileCluster, "\n---\n") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		object = w.replaced(object).(map[string]any)
		w.objects = append(w.objects, object)
		encoded, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s\n", encoded)
	}
	w.write(t, "cluster.json", text.String())
	// Files whose names and faults are hostile: a template, a chart, a kustomization, what is not YAML, what is not object.
	name := func() string {
		n := strings.NewReplacer("/", "", "\x00", "").Replace(hostileWord(random, "file", true))
		return n[:min(len(n), 60)]
	}
	w.write(t, "files/"+name()+"1.yaml", "kind: {{ .Values.kind }}\n")
	w.write(t, "files/"+name()+"2.yaml", "kind: [\n::error::x\x1b")
	w.write(t, "files/"+name()+"3.json", `{"kind": "`+"\x1b\n::error::")
	w.write(t, "files/"+name()+"4/Chart.yaml", "name: x\nversion: 1\napiVersion: v2\n")
	w.write(t, "files/"+filepath.Base(name()+"4b")+"/templates/x.yaml", "kind: {{ x }}\n")
	w.write(t, "files/"+name()+"5.yaml", "apiVersion: v1\nkind: Pod\n"+`metadata: {name: "p\n::error::x", "unknown\n::error::\u202e": 1}`+"\nspec: {containers: [{name: c, image: i}]}\n")
	w.write(t, "files/"+name()+"6.yaml", "apiVersion: v1\nkind: \"Pod\\n::error::x\"\nmetadata: {name: x}\n")
	w.write(t, "files/kustomization.yaml", `{patches: [{path: "x\n::error::x.yaml"}]}`)
	return w
}

func (w *hostileWorld) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// harmless returns what in a command's output is not; all is allowed to be a command of GitHub in its own format alone.
func harmless(text string, github bool) error {
	if !utf8.ValidString(text) {
		return errors.New("it is not UTF-8")
	}
	for _, r := range text {
		if r != '\n' && r != '\t' && (!unicode.IsGraphic(r) || r == '\u3164') {
			return fmt.Errorf("it holds %q", r)
		}
	}
	command := regexp.MustCompile(`^::(error|warning|notice) (file=[^:]*,line=\d+,col=\d+,title=[a-z-]+|title=moorage check)::`)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") && (!github || !command.MatchString(line)) || regexp.MustCompile(`##[a-z]*\[`).MatchString(line) {
			return fmt.Errorf("a runner obeys the line %q", line)
		}
	}
	return nil
}

// TestHostileWords runs the commands over names, labels, parameters, messages, files and servers that are made to take over a terminal,
// a reader, a shell or a runner of continuous integration, and promises that nothing of it comes through on either stream.
func TestHostileWords(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		random := rand.New(rand.NewPCG(seed, uint64(round)))
		w := newHostileWorld(t, random)
		from := filepath.Join(w.dir, "cluster.json")
		server := httptest.NewServer(w.server(round % 3))
		t.Cleanup(server.Close)
		w.write(t, "kubeconfig", fmt.Sprintf("{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: %q}}], users: [{name: u}], contexts: [{name: c, context: {cluster: c, user: u}}], current-context: c}", server.URL))
		live := []string{"--kubeconfig", filepath.Join(w.dir, "kubeconfig"), "--timeout", "2s"}
		space, any := w.word("space1"), hostileWord(random, "x", false)
		var commands [][]string
		for _, output := range []string{"text", "wide", "json", "yaml"} {
			for _, what := range [][]string{{"pod", w.word("pod1")}, {"pod", w.word("pod2")}, {"pvc", w.word("claim2")}, {"pvc", w.word("claim1")}, {"node", w.word("node1")}, {"pod", any}} {
				commands = append(commands, slices.Concat([]string{"explain", "-o", output, "-n", space, "--from", from}, what))
			}
			commands = append(commands, []string{"simulate", "-o", output, "-n", space, "--from", from, "-f", from}, []string{"simulate", "-o", output, "--from", from, "--drain", `"` + strings.ReplaceAll(w.word("node1"), `"`, `""`) + `"`},
				[]string{"drivers", "-o", output, any}, []string{"rules", "-o", output, any})
		}
		for _, output := range []string{"text", "json", "sarif", "github"} {
			commands = append(commands, []string{"check", "-v", "-o", output, filepath.Join(w.dir, "files"), from, "--from", from})
		}
		for _, output := range []string{"text", "svg"} {
			commands = append(commands, []string{"map", "-o", output, "--from", from}, []string{"map", "-o", output, "--from", from, "-n", space, "--pod", w.word("pod1")})
		}
		commands = append(commands, []string{"capture", "--from", from, "-o", "-"}, []string{"capture", "--from", from, "-o", filepath.Join(w.dir, "captured.json")},
			[]string{"capture", "--from", from, "-o", filepath.Join(w.dir, "captured"+strings.NewReplacer("/", "", "\x00", "").Replace(any)+".yaml")},
			[]string{"explain", "-f", from, "--from", from}, []string{"explain", "pod", "x", "--from", filepath.Join(w.dir, "files")}, []string{"map", "--from", any}, []string{"check", any}, []string{any}, []string{"check", "--" + any},
			[]string{"check", "-o", any, from}, []string{"serve", "--config", any}, []string{"serve", "--log-format", any}, []string{"simulate", "-f", from, "--from", from, "--lose-zone", any})
		for _, c := range [][]string{{"explain", "pod", w.word("pod1"), "-n", space}, {"map"}, {"capture", "-o", "-"}, {"check", from}, {"doctor"}, {"doctor", "-o", "json"}, {"unhook"}, {"unhook", "--dry-run", "--name", any}} {
			commands = append(commands, slices.Concat(c, live))
		}
		for _, args := range commands {
			var stdout, stderr bytes.Buffer
			status := run(args, &stdout, &stderr)
			for name, text := range map[string]string{"stdout": stdout.String(), "stderr": stderr.String()} {
				if err := harmless(text, slices.Contains(args, "github") && name == "stdout"); err != nil {
					t.Errorf("moorage %q: %s: %v:\n%q", args, name, err, text)
				}
			}
			if err := parses(args, stdout.Bytes()); err != nil {
				t.Errorf("moorage %q: status %d, stdout does not parse: %v\n%q\n%q", args, status, err, stdout.String(), stderr.String())
			}
			if t.Failed() {
				return
			}
		}
	}
}

// parses reads what a command printed in a format of machines.
func parses(args []string, out []byte) error {
	has := func(s string) bool { return slices.Contains(args, s) }
	switch {
	case len(out) == 0:
		return nil
	case has("json") || has("sarif"):
		decoder := json.NewDecoder(bytes.NewReader(out))
		for {
			var v any
			if err := decoder.Decode(&v); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	case has("yaml") || args[0] == "capture":
		for document := range bytes.SplitSeq(out, []byte("\n---\n")) {
			var v any
			if err := yaml.Unmarshal(document, &v); err != nil {
				return err
			}
		}
	case has("svg"):
		decoder := xml.NewDecoder(bytes.NewReader(out))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
	return nil
}

// server is an API server that warns, and answers with the cluster, with errors, or with what is not an answer of an API server at all.
func (w *hostileWorld) server(how int) http.Handler {
	message := hostileWord(w.random, "message", false)
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Warning", `299 - "careful`+"\u202e"+` ##[error]x ::error::x"`)
		out.Header().Set("Content-Type", "application/json")
		resource := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		encode := func(v any) { _ = json.NewEncoder(out).Encode(v) }
		switch {
		case r.URL.Path == "/version":
			encode(map[string]string{"major": "1", "minor": message, "gitVersion": "v1.34.0" + message})
		case how == 1:
			out.WriteHeader(http.StatusForbidden)
			encode(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": "Forbidden", "code": http.StatusForbidden})
		case how == 2:
			out.Header().Set("Content-Type", "text/plain")
			out.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(out, "\x1b[31m\n::error::"+message+"\xff")
		case r.Method != http.MethodGet:
			encode(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"})
		default:
			items := []any{}
			kind, version := "", "v1"
			for _, o := range w.objects {
				if strings.HasPrefix(resource, strings.ToLower(fmt.Sprint(o["kind"]))) {
					items = append(items, o)
					kind, version = fmt.Sprint(o["kind"]), fmt.Sprint(o["apiVersion"])
				}
			}
			encode(map[string]any{"kind": kind + "List", "apiVersion": version, "metadata": map[string]any{"resourceVersion": "1"}, "items": items})
		}
	})
}

// Logs of either format are lines of their own, whatever is logged, and JSON is JSON.
func TestHostileLogs(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		word := hostileWord(random, "x", true)
		for _, format := range []string{"text", "json"} {
			var out bytes.Buffer
			cmd := rootCommand()
			errOut := plain.NewWriter(&out, false)
			cmd.SetErr(errOut)
			logger, err := (&serveFlags{logLevel: "info", logFormat: format}).logger(cmd)
			if err != nil {
				t.Fatal(err)
			}
			logger.Error(errors.New(word), "word "+word, "value", word, "object", map[string]string{word: word})
			if err := harmless(out.String(), false); err != nil {
				t.Fatalf("%s: %v: %q", format, err, out.String())
			}
			if n := strings.Count(out.String(), "\n"); n != 1 {
				t.Fatalf("%s: %d lines: %q", format, n, out.String())
			}
			if format == "json" && !json.Valid(out.Bytes()) {
				t.Fatalf("it is not JSON: %q", out.String())
			}
		}
	}
}
