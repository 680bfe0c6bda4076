// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/moorage-k8s/moorage/internal/text"
)

// helpWidth is how long the lines of a command's help are.
const helpWidth = 100

// setHelp has the help of all commands fit a terminal of usual width. What is indented, such as a table, stays as it is.
func setHelp(root *cobra.Command) {
	cobra.AddTemplateFunc("wrap", func(help string) string { return text.Reflow(helpWidth, help) })
	cobra.AddTemplateFunc("examples", examples)
	root.SetHelpTemplate(`{{.Short}}
{{if .HasExample}}
Examples:
{{examples .}}
{{end}}
{{with .Long}}{{. | wrap | trimTrailingWhitespaces}}

{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}`)
	cobra.AddTemplateFunc("ownFlags", func(cmd *cobra.Command) *pflag.FlagSet { return flagsOfKubectl(cmd, false) })
	cobra.AddTemplateFunc("kubectlFlags", func(cmd *cobra.Command) *pflag.FlagSet { return flagsOfKubectl(cmd, true) })
	cobra.AddTemplateFunc("names", flagNames)
	usage := strings.ReplaceAll(root.UsageTemplate(), "{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}", "{{(ownFlags .).FlagUsages | trimTrailingWhitespaces}}"+
		"{{with kubectlFlags .}}{{if .HasFlags}}\n\nFlags of kubectl (see '{{$.Root.DisplayName}} options'):\n{{names .}}{{end}}{{end}}")
	usage = strings.ReplaceAll(usage, "{{if .HasExample}}\n\nExamples:\n{{.Example}}{{end}}", "")
	root.SetUsageTemplate(strings.ReplaceAll(usage, ".FlagUsages ", ".FlagUsagesWrapped 100 "))
}

// examples are a command's, by the name that the program was called by.
func examples(cmd *cobra.Command) string {
	return strings.ReplaceAll("\n"+cmd.Example, "\n  moorage ", "\n  "+cmd.Root().DisplayName()+" ")[1:]
}

// flagNames lists flags without what they mean.
func flagNames(flags *pflag.FlagSet) string {
	var names []string
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return text.Wrap(helpWidth, strings.Join(names, " "), "  ", "  ")
}
