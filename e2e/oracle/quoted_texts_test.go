// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestQuotedTexts promises that what moorage quotes of Kubernetes stands in the source file that the quotation names, in a
// string that the program uses.
func TestQuotedTexts(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes").Output()
	if err != nil {
		t.Fatalf("find the source of Kubernetes: %v", err)
	}
	source := strings.TrimSpace(string(out))
	texts, err := parser.ParseFile(token.NewFileSet(), "../../internal/upstream/texts.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	cited := map[string][]string{}
	quoted := 0
	ast.Inspect(texts, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name := spec.Names[0].Name
		file := strings.TrimSpace(spec.Comment.Text())
		if !strings.HasSuffix(file, ".go") || len(spec.Values) != 1 {
			t.Errorf("%s: want one text, and behind it the file of Kubernetes that has it", name)
			return false
		}
		quoted++
		literals, read := cited[file]
		if !read {
			literals = stringsIn(t, filepath.Join(source, file))
			cited[file] = literals
		}
		text := unquoted(t, spec.Values[0])
		for _, literal := range literals {
			if strings.Contains(literal, text) {
				return false
			}
		}
		t.Errorf("%s: %s has no %q", name, file, text)
		return false
	})
	if quoted == 0 {
		t.Error("no text is held against the source")
	}
}

// stringsIn returns the string literals of a Go file.
func stringsIn(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Errorf("read the source of Kubernetes: %v", err)
		return nil
	}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			found = append(found, unquoted(t, literal))
		}
		return true
	})
	return found
}

func unquoted(t *testing.T, e ast.Expr) string {
	t.Helper()
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		t.Errorf("%T is not a literal", e)
		return ""
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Error(err)
	}
	return text
}
