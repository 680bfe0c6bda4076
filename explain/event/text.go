// SPDX-License-Identifier: Apache-2.0

package event

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Stage is what was being done when something was said.
type Stage string

// The stages, in the order of a volume's life.
const (
	Provision Stage = "provision"
	Bind      Stage = "bind"
	Attach    Stage = "attach"
	Mount     Stage = "mount"
	// Container is the start of a container, after all volumes of its pod have been mounted.
	Container Stage = "container"
	Resize    Stage = "resize"
	Detach    Stage = "detach"
	Delete    Stage = "delete"
)

// stages are the reasons of events that are about volumes (pkg/kubelet/events and pkg/controller/volume/events of Kubernetes,
// sig-storage-lib-external-provisioner, external-resizer).
var stages = map[string]Stage{
	"ProvisioningFailed": Provision, "ProvisioningCleanupFailed": Provision,
	"FailedBinding": Bind, "VolumeMismatch": Bind, "ClaimLost": Bind, "ClaimMisbound": Bind,
	"FailedAttachVolume": Attach, "FailedMount": Mount, "FailedMapVolume": Mount, "FailedMountOnFilesystemMismatch": Mount,
	"VolumePermissionChangeInProgress": Mount, "SELinuxLabelConflict": Mount,
	"Failed": Container, "FailedCreatePodContainer": Container,
	"VolumeResizeFailed": Resize, "FileSystemResizeFailed": Resize, "ExternalExpanding": Resize,
	"VolumeModifyFailed": Resize, "FailedDetachVolume": Detach, "VolumeFailedDelete": Delete,
}

// StageOf is what was being done when an event of the reason happened; empty where that has nothing to do with volumes.
func StageOf(reason string) Stage { return stages[reason] }

// Text is one row of the table: a text that is known.
type Text struct {
	// ID names the row.
	ID string
	// Stages are those in which it is said; none for any.
	Stages []Stage
	// Patterns are the texts, in small letters or not; one of them has to occur. {name} stands for what Cause, Look and Remedy call {name},
	// and {} for anything.
	Patterns []string
	// Code is the gRPC code that a driver has to give, such as ResourceExhausted; empty for any. Without Patterns it is the code alone.
	Code string
	// Cause says what is wrong, in a clause without a full stop. Look is where to see it, and Remedy what to do, in clauses too.
	Cause, Look, Remedy string
	// Symptom is a text that says that something fails, and not why: any other counts before it.
	Symptom bool
	// Passing is what ends by itself as a rule.
	Passing bool
	// Missing is the kind of the object that the pod's volume names and that is not there, or lacks what is asked of it.
	Missing Missing
}

// Missing is a kind of object that a pod's volume names and that is not there.
type Missing string

// The kinds that can be missing.
const (
	Secret    Missing = "Secret"
	ConfigMap Missing = "ConfigMap"
)

// Known is what the table says of a text.
type Known struct {
	*Text
	// Cause, Look and Remedy are the row's, with the names that are in the text.
	Cause, Look, Remedy string

	// pattern is the one that was found.
	pattern *regexp.Regexp
}

// Explain finds what a text means; nil where that is not known.
func Explain(stage Stage, message string) *Known {
	code := CodeOf(message)
	for _, row := range table() {
		if known := row.explain(stage, code, message); known != nil {
			return known
		}
	}
	return nil
}

// Known is what the table says of an event; nil where that is nothing.
func (e *Event) Known() *Known {
	stage := StageOf(e.Reason)
	if stage == "" {
		return nil
	}
	return Explain(stage, e.Message)
}

// row is a Text that is ready to be looked for.
type row struct {
	*Text
	patterns []*regexp.Regexp
}

var table = sync.OnceValue(func() []row {
	var out []row
	for _, t := range slices.Concat(kubeletTexts, containerTexts, attachTexts, provisionTexts, bindTexts, resizeTexts, driverTexts, codeTexts) {
		r := row{Text: &t}
		for _, p := range t.Patterns {
			r.patterns = append(r.patterns, compile(p))
		}
		out = append(out, r)
	}
	return out
})

// Table are all rows, in the order in which they are tried.
func Table() []Text {
	var out []Text
	for _, r := range table() {
		out = append(out, *r.Text)
	}
	return out
}

func (r *row) explain(stage Stage, code, message string) *Known {
	if r.Code != "" && r.Code != code || len(r.Stages) > 0 && !slices.Contains(r.Stages, stage) {
		return nil
	}
	if len(r.patterns) == 0 {
		return &Known{Text: r.Text, Cause: r.Cause, Look: r.Look, Remedy: r.Remedy}
	}
	for _, p := range r.patterns {
		found := p.FindStringSubmatch(message)
		if found == nil {
			continue
		}
		var names []string
		for i, name := range p.SubexpNames() {
			if name != "" {
				names = append(names, "{"+name+"}", strings.Trim(found[i], `"'`))
			}
		}
		fill := strings.NewReplacer(names...)
		return &Known{r.Text, fill.Replace(r.Cause), fill.Replace(r.Look), fill.Replace(r.Remedy), p}
	}
	return nil
}

// hole is what stands for a part of a text that is different each time.
var hole = regexp.MustCompile(`\{([a-z]*)\}`)

// compile makes an expression of a pattern. A part at the end of the pattern takes a word.
func compile(pattern string) *regexp.Regexp {
	var out strings.Builder
	out.WriteString(`(?is)`)
	at := 0
	for _, m := range hole.FindAllStringSubmatchIndex(pattern, -1) {
		out.WriteString(regexp.QuoteMeta(pattern[at:m[0]]))
		at = m[1]
		any := `.{0,300}?`
		if at == len(pattern) {
			any = `[^\s,;()]{0,300}[^\s,;():.]`
		}
		if name := pattern[m[2]:m[3]]; name != "" {
			out.WriteString(`(?P<` + name + `>` + any + `)`)
		} else {
			out.WriteString(`(` + any + `)`)
		}
	}
	out.WriteString(regexp.QuoteMeta(pattern[at:]))
	return regexp.MustCompile(out.String())
}

// code is how gRPC's Go implementation prints a status (google.golang.org/grpc/internal/status).
var code = regexp.MustCompile(`rpc error: code = ([A-Za-z]+) desc = ?`)

// CodeOf is the gRPC code in a text, that of the innermost call; empty where there is none.
func CodeOf(message string) string {
	all := code.FindAllStringSubmatch(message, -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1][1]
}

// Words are a text without what gRPC puts around it: the driver's own words.
func Words(message string) string {
	if at := code.FindAllStringIndex(message, -1); len(at) > 0 {
		if rest := strings.TrimSpace(message[at[len(at)-1][1]:]); rest != "" {
			return rest
		}
	}
	return strings.TrimSpace(message)
}

// operation is how the kubelet and the attach-detach controller begin what they say of a volume (generateVolumeMsg in
// pkg/volume/util/operationexecutor of Kubernetes).
var operation = regexp.MustCompile(
	`^((?:Attach|Detach|Mount|Map|Unmount|Unmap)Volume(?:\.[A-Za-z]+)?(?: check| initialization)? failed|Multi-Attach error|Waiting for detach) for volume "([^"]+)" ?:? ?`)

// underPods is a volume's directory on a node, of which the kubelet tells while it sets the ownership of files.
var underPods = regexp.MustCompile(`^Setting volume ownership for \S+/volumes/[^/ ]+/([^/ ,]+)`)

// Volume is the volume that a text of the kubelet or the attach-detach controller is about: the name of a PersistentVolume, or of an inline
// volume in its pod. Empty where the text names none.
func Volume(message string) string {
	for _, of := range []*regexp.Regexp{operation, underPods} {
		if m := of.FindStringSubmatch(message); m != nil {
			return m[of.NumSubexp()]
		}
	}
	return ""
}
