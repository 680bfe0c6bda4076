// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

// VolumeExplanation is whose a volume is, and where it can be used.
type VolumeExplanation struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Volume     explain.Object `json:"volume"`
	Fine       bool           `json:"fine"`
	Headline   string         `json:"headline"`
	Bytes      int64          `json:"bytes,omitempty"`
	Class      string         `json:"class,omitempty"`
	Driver     string         `json:"driver,omitempty"`
	// Claim is the one that the volume is bound to or kept for, as namespace/name.
	Claim string `json:"claim,omitempty"`
	// Where tells a person on which nodes the volume can be used, and Conditions what its node affinity asks for.
	Where      string         `json:"where"`
	Conditions string         `json:"conditions,omitempty"`
	AttachedTo []string       `json:"attachedTo,omitempty"`
	Users      []explain.User `json:"users,omitempty"`
	Known      explain.Known  `json:"known"`
}

// VolumeExplanationOf puts what is known of a volume into words.
func VolumeExplanationOf(e *explain.VolumeExplanation) *VolumeExplanation {
	out := &VolumeExplanation{
		APIVersion: apiVersion, Kind: "VolumeExplanation", Volume: e.Volume, Fine: e.Fine, Headline: volumeHeadline(e),
		Bytes: e.Spec.Capacity, Class: e.Spec.Class, Driver: cmp.Or(e.Spec.Driver, e.Spec.Source), Where: on(&e.Where), Conditions: e.Conditions,
		AttachedTo: e.AttachedTo, Users: e.Users, Known: e.Known,
	}
	if e.Spec.HasClaimRef {
		out.Claim = e.Spec.ClaimRef.String()
	}
	return out
}

func volumeHeadline(e *explain.VolumeExplanation) string {
	claim := e.Spec.ClaimRef.String()
	where := "can be used " + on(&e.Where)
	if e.Where.Nodes == 0 {
		where = "can be used on no node: it wants " + e.Conditions
		if len(e.Unknown) > 0 {
			where += ", and no node has the label " + text.Or(e.Unknown)
		}
	}
	switch e.Is {
	case explain.VolumeBound:
		used := "no pod uses it"
		if users := text.Few(e.Users, userText); users != "" {
			used = "used by " + users
		}
		return fmt.Sprintf("it is bound to claim %s and %s; %s", claim, where, used)
	case explain.VolumeKept:
		return fmt.Sprintf("it is kept for claim %s, which is not bound to it, and %s", claim, where)
	case explain.VolumeReleased:
		return fmt.Sprintf("it is released: its claim %s is gone, and its data may still be there; no claim gets it as it is", claim)
	case explain.VolumeReplaced:
		return fmt.Sprintf("it is released: it had an earlier claim %s, and the one of that name now is another; its data may still be there", claim)
	case explain.VolumeDeleting:
		return "it is being deleted"
	case explain.VolumeAvailable:
		return "it is available for a claim and " + where
	default:
		return "it is neither available nor bound to a claim; it " + where
	}
}

// WriteVolumeExplanation writes whose a volume is.
func WriteVolumeExplanation(w io.Writer, of *explain.VolumeExplanation, output string, color bool) error {
	e := VolumeExplanationOf(of)
	return writeExplained(w, output, e, func(out *bytes.Buffer, _ bool) {
		headline(out, fmt.Sprintf("Volume %s: %s.", e.Volume.Name, e.Headline), e.Fine, color)
		fmt.Fprintln(out)
		lines := [][]string{{"size", text.Size(e.Bytes)}, {"class", orDash(e.Class)}, {"driver", orDash(e.Driver)}, {"can be used", e.Where}}
		add := func(name, what string) {
			if what != "" {
				lines = append(lines, []string{name, what})
			}
		}
		add("node affinity", e.Conditions)
		add("claim", e.Claim)
		add("attached to", strings.Join(e.AttachedTo, ", "))
		for _, u := range e.Users {
			add("used by", userText(u))
		}
		text.Table(out, width, lines)
		fmt.Fprintln(out)
		knownText(out, &e.Known)
	})
}

// ClassExplanation is what a class can provide, and where, as things are.
type ClassExplanation struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Class      explain.Object `json:"class"`
	// Fine tells that a claim of the class can be for some node, however small it is.
	Fine        bool   `json:"fine"`
	Headline    string `json:"headline"`
	Provisioner string `json:"provisioner"`
	BindingMode string `json:"bindingMode"`
	Default     bool   `json:"default,omitempty"`
	// Driver is the CSI driver that provisions; Registered on how many nodes it is.
	Driver     string              `json:"driver,omitempty"`
	Registered int                 `json:"registered,omitempty"`
	Zones      []explain.ClassZone `json:"zones"`
	Pools      []Pool              `json:"pools,omitempty"`
	// Volumes is how many there are of the class, Free those that no claim has, and Waiting the claims that have no volume.
	Volumes int           `json:"volumes"`
	Free    int           `json:"free"`
	Waiting int           `json:"waiting"`
	Known   explain.Known `json:"known"`
}

// ClassExplanationOf puts what is known of a class into words.
func ClassExplanationOf(e *explain.ClassExplanation) *ClassExplanation {
	out := &ClassExplanation{
		APIVersion: apiVersion, Kind: "ClassExplanation", Class: e.Class, Fine: e.Alone.Fits, Headline: classHeadline(e),
		Provisioner: e.Spec.Provisioner, BindingMode: bindingMode(e.Spec), Default: e.Spec.Default, Driver: e.Spec.Driver, Registered: e.Registered,
		Zones: e.Zones, Pools: poolsOf(e.Pools), Volumes: e.Volumes, Free: e.Free, Waiting: e.Waiting, Known: e.Known,
	}
	return out
}

func bindingMode(class *topology.Class) string {
	if class.Delayed {
		return "WaitForFirstConsumer"
	}
	return "Immediate"
}

func classHeadline(e *explain.ClassExplanation) string {
	can := 0
	for i := range e.Zones {
		can += e.Zones[i].Can
	}
	var parts []string
	switch {
	case !e.Spec.Provisions() && e.Free == 0:
		parts = append(parts, "it provisions nothing, and no volume of it is available")
	case !e.Spec.Provisions():
		parts = append(parts, fmt.Sprintf("it provisions nothing; %s of it can be had on %s", text.Count(e.Free, "available volume"), someNodes(can, e.Known.Nodes)))
	case can == 0 && e.Known.Nodes > 0:
		var why []string
		w := causeWords{e.Alone.Pod.Namespace}
		for _, i := range e.Alone.Nowhere {
			why = append(why, strings.ReplaceAll(w.clause(&e.Alone.Causes[i]), "claim "+e.Alone.Volumes[0].Of.ClaimName, "any claim"))
		}
		parts = append(parts, "it can provision on no node now: "+strings.Join(why, "; and "))
	default:
		parts = append(parts, fmt.Sprintf("it can provision for %s now", someNodes(can, e.Known.Nodes)))
	}
	if e.Spec.Driver != "" && e.Known.Nodes > 0 && e.Registered == 0 {
		parts = append(parts, fmt.Sprintf("driver %s is registered on no node", e.Spec.Driver))
	}
	if e.Waiting > 0 {
		parts = append(parts, fmt.Sprintf("%s of it %s no volume", text.Count(e.Waiting, "claim"), map[bool]string{true: "has", false: "have"}[e.Waiting == 1]))
	}
	return strings.Join(parts, "; ")
}

func someNodes(n, of int) string {
	if n == of && n > 1 {
		return fmt.Sprintf("all %d nodes", n)
	}
	return fmt.Sprintf("%d of %s", n, text.Count(of, "node"))
}

// WriteClassExplanation writes what a class can provide, and where.
func WriteClassExplanation(w io.Writer, of *explain.ClassExplanation, output string, color bool) error {
	e := ClassExplanationOf(of)
	return writeExplained(w, output, e, func(out *bytes.Buffer, _ bool) {
		headline(out, fmt.Sprintf("Class %s: %s.", e.Class.Name, e.Headline), e.Fine, color)
		fmt.Fprintln(out)
		lines := [][]string{{"provisioner", e.Provisioner}, {"binding mode", e.BindingMode}}
		if e.Default {
			lines = append(lines, []string{"default", "for claims that name no class"})
		}
		if e.Driver != "" {
			lines = append(lines, []string{"driver", fmt.Sprintf("%s, registered on %s", e.Driver, someNodes(e.Registered, e.Known.Nodes))})
		}
		lines = append(lines, []string{"volumes", fmt.Sprintf("%d, %d of them free", e.Volumes, e.Free)})
		text.Table(out, width, lines)
		if len(e.Zones) > 0 {
			fmt.Fprintln(out)
			rows := [][]string{{"ZONE", "NODES", "LARGEST VOLUME"}}
			for _, z := range e.Zones {
				rows = append(rows, []string{orDash(z.Zone), fmt.Sprintf("%d of %d", z.Can, z.Nodes), sizeOrDash(z.Largest)})
			}
			text.Table(out, width, rows)
		}
		if len(e.Pools) > 0 {
			fmt.Fprintln(out)
			poolsText(out, e.Pools)
		}
		fmt.Fprintln(out)
		knownText(out, &e.Known)
	})
}
