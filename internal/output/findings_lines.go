// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"io"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// FindingsLines writes a finding a line, as compilers do and as editors read: "file:line:column: rule: message", or with the
// object of a cluster in front. Audit findings are among them
// if asked for.
func FindingsLines(w io.Writer, result *check.Result, verbose bool) error {
	var out bytes.Buffer
	for _, f := range result.Findings {
		if f.Action != rules.Audit || verbose {
			fmt.Fprintln(&out, plain.Line(fmt.Sprintf("%s: %s: %s", placeOf(&f), f.Rule, f.Message)))
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}
