// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
)

// resize says how far the growth of a volume is.
func resize(r *explain.Resize) string {
	what := fmt.Sprintf("its volume is to grow from %s to %s", text.Size(r.Has), text.Size(r.Wanted))
	if r.Has == 0 || r.Has >= r.Wanted {
		what = fmt.Sprintf("its volume is to grow to %s", text.Size(r.Wanted))
	}
	switch r.Is {
	case explain.ResizeController:
		what += ", and the driver's controller (external-resizer) is at it"
	case explain.ResizeNode:
		if len(r.Running) == 0 {
			what += ", and its file system grows when a pod has it next"
		} else {
			what += fmt.Sprintf(", and the kubelet is to grow its file system under %s", text.Few(r.Running, userText))
		}
	case explain.ResizeRefused:
		what += ", and the storage refuses that for good"
	case explain.ResizeFailing:
		what += ", and that has failed; it is tried again"
	default:
		what += ", and nobody has begun with that"
	}
	return what + since(r.Since.UTC().Format("2006-01-02 15:04:05"), r.Since.IsZero()) + said(r.Said)
}

func since(when string, unknown bool) string {
	if unknown {
		return ""
	}
	return " (since " + when + " UTC)"
}

func said(what string) string {
	if what == "" {
		return ""
	}
	return ": " + what
}

func resizeHelp(e *explain.ClaimExplanation) []string {
	r, driver := e.Resize, e.Volume.Driver()
	smaller := fmt.Sprintf("or ask for less again, but no less than the volume has (%s): kubectl edit pvc", text.Size(r.Has))
	switch r.Is {
	case explain.ResizeRefused:
		return []string{"look at the events of the claim, which say why", smaller}
	case explain.ResizeFailing:
		return []string{"look at the events of the claim, which say why; a quota or a full pool is the commonest", smaller}
	case explain.ResizeNode:
		return []string{"restart a pod of the claim: the file system grows when the volume is mounted"}
	case explain.ResizeController:
		return []string{"look at the events of the claim, and at the log of external-resizer beside the driver's controller; some drivers grow a volume only while no pod uses it"}
	default:
		return []string{fmt.Sprintf("look whether external-resizer runs beside the controller of driver %s: it grows the volume", orDash(driver))}
	}
}

// modify says how far the change of a volume's attributes is.
func modify(m *explain.Modify) string {
	what := fmt.Sprintf("its volume is to become of VolumeAttributesClass %s", m.To)
	if m.From != "" && m.From != m.To {
		what += " in place of " + m.From
	}
	switch {
	case m.Missing:
		what += ", which does not exist"
	case m.Refused:
		what += ", which the driver refuses"
	default:
		what += ", and the driver's controller (external-resizer) is at it"
	}
	return what + since(m.Since.UTC().Format("2006-01-02 15:04:05"), m.Since.IsZero()) + said(m.Said)
}

func modifyHelp(e *explain.ClaimExplanation) []string {
	m := e.Modify
	back := "or set volumeAttributesClassName of the claim to another class"
	if m.From != "" && m.From != m.To {
		back = fmt.Sprintf("or set volumeAttributesClassName of the claim back to %s", m.From)
	}
	switch {
	case m.Missing:
		return []string{"create VolumeAttributesClass " + m.To, back}
	case m.Refused:
		return []string{fmt.Sprintf("correct the parameters of VolumeAttributesClass %s (a new class: a class cannot be changed); the events of the claim say why the driver refuses it", m.To), back}
	default:
		return []string{"look at the events of the claim, and at the log of external-resizer beside the driver's controller", back}
	}
}
