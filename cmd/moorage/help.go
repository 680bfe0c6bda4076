// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// helpWidth is how long the lines of a command's help are.
const helpWidth = 100

// setHelp has the help of all commands fit a terminal of usual width. What is indented, such as a table, stays as it is.
func setHelp(root *cobra.Command) {
	cobra.AddTemplateFunc("wrap", wrapHelp)
	root.SetHelpTemplate(`{{with (or .Long .Short)}}{{. | wrap | trimTrailingWhitespaces}}

{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}`)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 100 "))
}

// wrapHelp rewraps paragraphs. Lines that are indented are not part of one.
func wrapHelp(text string) string {
	var out strings.Builder
	column := 0
	end := func() {
		if column > 0 {
			out.WriteByte('\n')
			column = 0
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, " ") {
			end()
			out.WriteString(line + "\n")
			continue
		}
		for word := range strings.FieldsSeq(line) {
			length := utf8.RuneCountInString(word)
			switch {
			case column == 0:
			case column+1+length > helpWidth:
				end()
			default:
				out.WriteByte(' ')
				column++
			}
			out.WriteString(word)
			column += length
		}
	}
	end()
	return out.String()
}
