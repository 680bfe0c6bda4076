// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"regexp"
	"strings"
	"unicode"
)

// GitHub's runner obeys a line that begins with ::, blanks before it left out, and one that holds ##[ anywhere
// (actions/runner, src/Runner.Common/ActionCommand.cs); that of Azure Pipelines one that holds ##vso[, TeamCity ##teamcity[.
const commandStart = "::"

var commandAnywhere = regexp.MustCompile(`##([A-Za-z]*\[)`)

// quiet puts a backslash into what a runner would obey in a line.
func quiet(line string) string {
	if strings.Contains(line, "##") {
		line = commandAnywhere.ReplaceAllString(line, `##\$1`)
	}
	if rest := strings.TrimLeftFunc(line, unicode.IsSpace); strings.HasPrefix(rest, commandStart) {
		line = line[:len(line)-len(rest)] + `\` + rest
	}
	return line
}

// Quiet returns a text as one line, as Line does, that no runner obeys.
func Quiet(s string) string { return quiet(Line(s)) }
