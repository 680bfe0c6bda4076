// SPDX-License-Identifier: Apache-2.0

// Package notices collects the licences of all that is linked into the program. Nearly all of them ask that their text goes wherever
// the program goes.
package notices

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/release/internal/program"
)

// licenceFile matches the names under which modules keep their licence and what has to be told of their origin.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-].*)?$`)

// goAuthors is a module whose licence is, word for word, that of Go's own library and runtime, which not every installation of Go has a
// copy of.
const goAuthors = "golang.org/x/sys"

// listed is what the go command says of a package.
type listed struct {
	Dir      string
	Standard bool
	Module   *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// Collect returns the text with the licences of every module that the program has packages of on one platform. A text that several
// modules share is there once, below their names. A module without a licence is an error: it must not be shipped.
func Collect(ctx context.Context, root string, platform program.Platform) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Dir,Standard,Module", program.Package)
	cmd.Dir, cmd.Env = root, program.Environment(platform)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	list, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list what moorage is made of on %s: %w\n%s", platform, err, bytes.TrimSpace(problems.Bytes()))
	}
	users := make(map[string]map[string]bool) // names of modules by the text of their licence
	licensed := make(map[string]bool)
	decoder := json.NewDecoder(bytes.NewReader(list))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read the list of what moorage is made of: %w", err)
		}
		if p.Standard || p.Module == nil || p.Module.Main {
			continue
		}
		name := p.Module.Path + " " + p.Module.Version
		licensed[name] = licensed[name] || false
		texts, err := textsAbove(p.Dir, p.Module.Dir)
		if err != nil {
			return nil, fmt.Errorf("read the licence of %s: %w", name, err)
		}
		for _, text := range texts {
			licensed[name] = true
			if users[text] == nil {
				users[text] = make(map[string]bool)
			}
			users[text][name] = true
			if p.Module.Path == goAuthors {
				users[text]["the Go standard library and runtime"] = true
			}
		}
	}
	for name, ok := range licensed {
		if !ok {
			return nil, fmt.Errorf("collect licences: %s has none", name)
		}
	}
	return compose(users), nil
}

// textsAbove returns the licences in a package's directory and in those above it, up to the module's.
func textsAbove(dir, module string) ([]string, error) {
	var texts []string
	for {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if entry.IsDir() || !licenceFile.MatchString(entry.Name()) || filepath.Ext(entry.Name()) == ".go" {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
			if err != nil {
				return nil, err
			}
			texts = append(texts, strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
		}
		if dir == module || dir == filepath.Dir(dir) {
			return texts, nil
		}
		dir = filepath.Dir(dir)
	}
}

// compose writes the texts in the order of the first module that uses each.
func compose(users map[string]map[string]bool) []byte {
	type notice struct {
		text  string
		names []string
	}
	all := make([]notice, 0, len(users))
	for text, names := range users {
		all = append(all, notice{text: text, names: slices.Sorted(maps.Keys(names))})
	}
	slices.SortFunc(all, func(a, b notice) int {
		if c := slices.Compare(a.names, b.names); c != 0 {
			return c
		}
		return strings.Compare(a.text, b.text)
	})
	var out bytes.Buffer
	out.WriteString("moorage is made of what follows, too. Each licence is below the names of what it is for.\n")
	for _, n := range all {
		fmt.Fprintf(&out, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(n.names, "\n"), n.text)
	}
	return out.Bytes()
}
