// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"io"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// ClaimExplanation is what a claim has, or waits for.
type ClaimExplanation struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Claim      explain.Object `json:"claim"`
	// Fine tells that the claim has its volume, or will get it as things are.
	Fine     bool   `json:"fine"`
	Headline string `json:"headline"`
	// Help is what would help a claim that is not fine.
	Help []Help `json:"help,omitempty"`
	// State is Bound, Delayed or Held, as of a pod's volume.
	State string `json:"state"`
	Class string `json:"class,omitempty"`
	// Provisioner and BindingMode are the class's.
	Provisioner string `json:"provisioner,omitempty"`
	BindingMode string `json:"bindingMode,omitempty"`
	// Bytes is what the claim asks for.
	Bytes            int64  `json:"bytes,omitempty"`
	PersistentVolume string `json:"persistentVolume,omitempty"`
	// Where tells a person on which nodes the volume can be used.
	Where string `json:"where,omitempty"`
	// SelectedNode is the node for which the volume is to be provisioned.
	SelectedNode string `json:"selectedNode,omitempty"`
	// AttachedTo are the nodes that it is attached to, Attachments all VolumeAttachments of the volume.
	AttachedTo  []string       `json:"attachedTo,omitempty"`
	Attachments []Attachment   `json:"attachments,omitempty"`
	Users       []explain.User `json:"users,omitempty"`
	// Pools are those of the class, the ones with most room first.
	Pools []Pool `json:"pools,omitempty"`
	// Reserved is what is reserved for the claim, MayBeReserved what is, if the published capacity does not show the volume already.
	Reserved      int64 `json:"reserved,omitempty"`
	MayBeReserved int64 `json:"mayBeReserved,omitempty"`
	// Notes are what is good to know besides, such as that the data of an earlier claim of the name is still there.
	Notes []string `json:"notes,omitempty"`
	// Unknown is what was not looked at.
	Unknown []string      `json:"unknown,omitempty"`
	Known   explain.Known `json:"known"`
}

// ClaimExplanationOf puts what is known of a claim into words.
func ClaimExplanationOf(e *explain.ClaimExplanation) *ClaimExplanation {
	out := &ClaimExplanation{
		APIVersion: apiVersion, Kind: "ClaimExplanation",
		Claim: e.Claim, Fine: e.Fine, Headline: claimHeadline(e), State: e.Volume.State.String(), Class: e.Spec.Class, Bytes: e.Spec.Request,
		PersistentVolume: e.Spec.VolumeName, SelectedNode: e.Spec.SelectedNode, AttachedTo: e.AttachedTo, Attachments: attachmentsOf(e.Attachments), Users: e.Users,
		Pools:    poolsOf(e.Pools),
		Reserved: e.Reserved, MayBeReserved: e.MayBeReserved, Known: e.Known, Help: claimHelp(e),
	}
	for _, v := range e.Earlier {
		out.Notes = append(out.Notes, earlier(v, e.Spec))
	}
	if e.Class != nil {
		out.Provisioner, out.BindingMode = e.Class.Provisioner, "Immediate"
		if e.Class.Delayed {
			out.BindingMode = "WaitForFirstConsumer"
		}
	}
	if e.Where != nil {
		out.Where = on(e.Where)
	}
	return out
}

func claimHeadline(e *explain.ClaimExplanation) string {
	claim := e.Spec
	switch e.Is {
	case explain.ClaimLost, explain.ClaimWithoutVolume:
		return lost(claim, e.Wait)
	case explain.ClaimDeleting:
		return deleting(claim, e.Wait)
	case explain.ClaimBound:
		return bound(e)
	case explain.ClaimWithoutClass:
		return classMissing(claim, e.Wait)
	case explain.ClaimUnbound:
		return notBound(claim, e.Class, e.Wait)
	case explain.ClaimUnserved:
		return unserved(e.Unserved)
	case explain.ClaimPinned:
		return pinned(e.Pinned.Pod, e.Pinned.Node, []string{claim.Name})
	case explain.ClaimForLostNode:
		return fmt.Sprintf("its volume is to be provisioned for node %s, which is not in the cluster any more", claim.SelectedNode)
	case explain.ClaimForWrongNode:
		return fmt.Sprintf("its volume is to be provisioned for node %s, where it cannot be: %s", claim.SelectedNode, headlineOf(e.Alone))
	case explain.ClaimProvisioning:
		if e.Warning != nil {
			return fmt.Sprintf("its volume could not be made for node %s: %s", claim.SelectedNode, inItsWords(e.Warning))
		}
		return fmt.Sprintf("its volume is being provisioned for node %s by %s; where that takes long, look at the events of the claim",
			claim.SelectedNode, e.Class.Provisioner)
	case explain.ClaimUnusable:
		return "it waits for its first consumer, and no node could take one: " + headlineOf(e.Alone)
	case explain.ClaimWaiting:
		pod := e.Consumer.Pod
		if e.Consumer.Fits {
			return fmt.Sprintf("it waits for its first consumer, pod %s: %s", pod.Name, headlineOf(e.Consumer))
		}
		how := "fits nowhere"
		if notOfNodes(e.Consumer) != nil {
			how = "waits as well"
		}
		return fmt.Sprintf("it waits for its first consumer, pod %s, which %s: %s; see: moorage explain pod %s -n %s", pod.Name, how, headlineOf(e.Consumer), plain.Quote(pod.Name), plain.Quote(pod.Namespace))
	default:
		what := "it waits for its first consumer (WaitForFirstConsumer), and no pod that uses it waits"
		if e.Warning != nil {
			what = fmt.Sprintf("its volume could not be made: %s; now %s", inItsWords(e.Warning), what)
		}
		return what
	}
}

// bound is the headline of a claim that has its volume.
func bound(e *explain.ClaimExplanation) string {
	used := "no pod uses it"
	if len(e.Users) > 0 {
		used = "used by " + text.Few(e.Users, userText)
	}
	what := fmt.Sprintf("it is bound to volume %s, which can be used %s; %s", e.Spec.VolumeName, on(e.Where), used)
	switch {
	case e.Unserved != nil:
		return unserved(e.Unserved) + "; " + what
	case e.Resize != nil:
		what = resize(e.Resize) + "; " + what
	}
	if e.Modify != nil {
		what = modify(e.Modify) + "; " + what
	}
	if e.Changing != nil {
		what = inItsWords(e.Changing) + "; " + what
	}
	return what
}

// claimHelp is what would help a claim that is not fine.
func claimHelp(e *explain.ClaimExplanation) []Help {
	if e.Fine {
		return nil
	}
	switch e.Is {
	case explain.ClaimLost, explain.ClaimWithoutVolume:
		return asHelp(lostHelp(e.Spec, e.Wait))
	case explain.ClaimDeleting:
		return asHelp(deletingHelp(e.Spec, e.Wait, ""))
	case explain.ClaimWithoutClass:
		return asHelp(waitHelp(e.Volume, placement.CauseClassMissing, e.Wait, ""))
	case explain.ClaimUnbound:
		return asHelp(notBoundHelp(e.Spec, e.Class, e.Wait))
	case explain.ClaimUnserved:
		return asHelp(serve(e.Unserved))
	case explain.ClaimPinned:
		return asHelp(unpin(e.Pinned.Node, e.Claim.Namespace, []string{e.Claim.Name}, e.Class))
	case explain.ClaimBound:
		var all []string
		if e.Unserved != nil {
			all = serve(e.Unserved)
		}
		if e.Resize != nil {
			all = append(all, resizeHelp(e)...)
		}
		if e.Modify != nil {
			all = append(all, modifyHelp(e)...)
		}
		if e.Changing != nil {
			all = append(remedies(e.Changing), all...)
		}
		return asHelp(all)
	case explain.ClaimProvisioning, explain.ClaimUnused:
		return asHelp(remedies(e.Warning))
	case explain.ClaimForWrongNode, explain.ClaimUnusable:
		return aloneHelp(e)
	case explain.ClaimForLostNode:
		return asHelp([]string{"let kube-scheduler select another node: " + forget(e.Spec)})
	default:
		return nil
	}
}

// forget is the command that takes the selected node off a claim.
func forget(claim *topology.Claim) string {
	return fmt.Sprintf("kubectl annotate pvc %s -n %s volume.kubernetes.io/selected-node-", plain.Quote(claim.Name), plain.Quote(claim.Namespace))
}

// aloneHelp is what was tried for a claim that no node can have.
func aloneHelp(e *explain.ClaimExplanation) []Help {
	w := causeWords{e.Claim.Namespace}
	var out []Help
	for i := range e.Alone.Changes {
		if c := &e.Alone.Changes[i]; len(out) < maxHelp {
			out = append(out, Help{w.change(e.Alone, c), c.Fits.Nodes})
		}
	}
	return out
}

// WriteClaimExplanation writes what a claim has or waits for.
func WriteClaimExplanation(w io.Writer, of *explain.ClaimExplanation, output string, color bool) error {
	e := ClaimExplanationOf(of)
	return writeExplained(w, output, e, func(out *bytes.Buffer, _ bool) { claimText(out, e, color) })
}

func claimText(out *bytes.Buffer, e *ClaimExplanation, color bool) {
	headline(out, fmt.Sprintf("Claim %s/%s: %s.", e.Claim.Namespace, e.Claim.Name, e.Headline), e.Fine, color)
	helpText(out, e.Help)
	fmt.Fprintln(out)
	class := orDash(e.Class)
	if e.Provisioner != "" {
		class += fmt.Sprintf(" (%s, provisioner %s)", e.BindingMode, e.Provisioner)
	}
	lines := [][]string{{"asks for", text.Size(e.Bytes)}, {"class", class}, {"state", e.State}}
	add := func(name, what string) {
		if what != "" {
			lines = append(lines, []string{name, what})
		}
	}
	add("volume", e.PersistentVolume)
	add("can be used", e.Where)
	for i := range e.Attachments {
		a := &e.Attachments[i]
		add(map[bool]string{true: "asked for", false: "attached to"}[a.State == askedFor], attachmentWords(a))
	}
	add("selected node", e.SelectedNode)
	for _, u := range e.Users {
		add("used by", userText(u))
	}
	for _, note := range e.Notes {
		add("note", note)
	}
	if e.Reserved > 0 {
		add("reserves", text.Size(e.Reserved))
	}
	if e.MayBeReserved > 0 {
		add("may reserve", text.Size(e.MayBeReserved)+", if the published capacity does not show it yet")
	}
	text.Table(out, width, lines)
	if len(e.Pools) > 0 {
		fmt.Fprintln(out)
		poolsText(out, e.Pools)
	}
	unknownText(out, e.Unknown)
	fmt.Fprintln(out)
	knownText(out, &e.Known)
}

func userText(u explain.User) string {
	line := "pod " + u.Pod
	if u.Node != "" {
		line += " on " + u.Node
	}
	if u.Note != "" {
		line += " (" + u.Note + ")"
	}
	return line
}
