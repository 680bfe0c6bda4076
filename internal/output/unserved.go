// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// unserved says that a driver runs nowhere.
func unserved(u *explain.Unserved) string {
	who := "for " + subject(u.Volume)
	switch {
	case u.Driver == "":
		return fmt.Sprintf("nothing shows that provisioner %s, which is to make the volume of %s, runs here: there is no CSIDriver of that name, no node has it registered, and no volume of it is there%s",
			u.Provisioner, subject(u.Volume), meant(u.Provisioner, u.Known))
	case u.Plugin != "":
		return fmt.Sprintf("no node has CSI driver %s registered, which serves %s here (the CSINodes say that the plugin is migrated), %s", u.Driver, u.Plugin, who)
	case u.Installed:
		return fmt.Sprintf("CSI driver %s, %s, has a CSIDriver object and is registered on no node: its node pods do not run, or register elsewhere", u.Driver, who)
	default:
		what := fmt.Sprintf("CSI driver %s, %s, is not installed: no node has it registered, and there is no CSIDriver of that name", u.Driver, who)
		if u.Provisioner != "" { // A volume that is there was made under the right name.
			what += meant(u.Driver, u.Known)
		}
		return what
	}
}

// meant is what follows a name that there is not.
func meant(name string, known []string) string {
	if near := suggest.Nearest(name, known); len(near) > 0 {
		return " (" + suggest.Sentence(name, near) + ")"
	}
	return ""
}

// nearest is the known name that a mistyped one was probably meant to be; empty for none.
func nearest(name string, known []string) string {
	if name == "" {
		return ""
	}
	if near := suggest.Nearest(name, known); len(near) > 0 {
		return near[0]
	}
	return ""
}

// serve is what would help against it.
func serve(u *explain.Unserved) []string {
	var out []string
	name := u.Driver
	if name == "" {
		name = u.Provisioner
	}
	if near := nearest(name, u.Known); near != "" && u.Provisioner != "" && !u.Installed {
		out = append(out, fmt.Sprintf("recreate class %s with provisioner %s, if that is what is meant, and then the claim (%s)", u.Volume.Class.Name, near, noData))
	}
	switch {
	case u.Driver == "":
		return append(out, fmt.Sprintf("install provisioner %s, or look why it does not run", u.Provisioner))
	case u.Installed:
		return append(out, fmt.Sprintf("make the node plugin of CSI driver %s run on the nodes: look at its DaemonSet (its pods, taints that they do not tolerate, "+
			"and where it registers: --kubelet-registration-path of node-driver-registrar)", u.Driver))
	default:
		return append(out, fmt.Sprintf("install CSI driver %s: its node plugin registers it, and gives the nodes the labels that its volumes ask for", u.Driver))
	}
}

func allUnserved(list []explain.Unserved) string {
	parts := make([]string, len(list))
	for i := range list {
		parts[i] = unserved(&list[i])
	}
	return strings.Join(parts, "; and ")
}

func unservedHelp(e *explain.Explanation) []string {
	var out []string
	for i := range e.Unserved {
		out = append(out, serve(&e.Unserved[i])...)
	}
	return out
}

// withoutDriver is the headline of a pod that has a volume whose driver runs nowhere, and what else keeps it off all nodes.
func (w causeWords) withoutDriver(e *explain.Explanation) string {
	what := allUnserved(e.Unserved)
	ofIt := func(c *explain.Cause) bool {
		return c != nil && slices.ContainsFunc(e.Unserved, func(u explain.Unserved) bool {
			return u.Driver != "" && u.Driver == c.Driver || c.Volume != nil && (u.Driver != "" && u.Driver == c.Volume.Driver() || u.Volume.Name == c.Volume.Name)
		})
	}
	switch t := e.Together; {
	case t != nil && t.Fits.Nodes == 0 && !t.Doubted && !slices.ContainsFunc(t.Blamed, func(k int) bool { return ofIt(t.Constraints[k].Cause) }):
		what += "; and besides, " + w.together(e)
	case t == nil && e.Allowed == 0 && !slices.ContainsFunc(e.Nowhere, func(k int) bool { return ofIt(&e.Causes[k]) }):
		what += "; and besides, " + w.nowhere(e)
	}
	return what + failingToo(e)
}
