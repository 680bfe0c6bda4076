// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/moorage-k8s/moorage/internal/text"
)

// helpWidth is how long the lines of a command's help are.
const helpWidth = 100

// setHelp has the help of all commands fit a terminal of usual width. What is indented, such as a table, stays as it is.
func setHelp(root *cobra.Command) {
	cobra.AddTemplateFunc("wrap", func(help string) string { return text.Reflow(helpWidth, help) })
	root.SetHelpTemplate(`{{with (or .Long .Short)}}{{. | wrap | trimTrailingWhitespaces}}

{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}`)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 100 "))
}
