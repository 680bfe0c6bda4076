// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// This file reads a file that is one v1 List, as kubectl get writes it, item by item: a whole cluster as one document would be
// many times what the cache keeps. The kind follows the items there, so that the file is gone through twice: first to see
// that it is such a List and nothing else. Whatever is not quite in kubectl's form is left to who reads whole documents, and so is
// a List from an item on that does not read well by itself: it may refer to one before, and errors say where in the document they are.

// list takes in the items of a file that is one v1 List. It returns how many it took, and whether that is all.
func (r *reading) list(path string) (taken int, all bool) {
	if info, err := os.Stat(path); path == Stdin || err != nil || !info.Mode().IsRegular() {
		// It may not be there a second time.
		return 0, false
	}
	if r.eachItem(path, nil) != nil {
		return 0, false
	}
	before := r.done
	err := r.eachItem(path, func(items [][]byte) error {
		for _, d := range r.decodeAll(items) {
			if err := r.take(d); err != nil {
				return err
			}
			taken++
		}
		return nil
	})
	if err != nil {
		r.done = before
	}
	return taken, err == nil
}

// errNoList says that a file is not certainly a v1 List.
var errNoList = errors.New("no List")

// eachItem goes through the items of a file that is one v1 List, part by part; take may be nil.
func (r *reading) eachItem(path string, take func(items [][]byte) error) error {
	stream, err := r.open(path)
	if err != nil {
		return err
	}
	defer stream.Close() //nolint:errcheck // It was only read.
	items := itemsPart{most: r.part}
	if take != nil {
		told := 0
		items.told = func(items [][]byte) error {
			r.done += int(stream.Stored()) - told
			told = int(stream.Stored())
			if r.size = max(r.size, r.done); r.Progress != nil {
				r.Progress(r.done, r.size)
			}
			return take(items)
		}
	}
	text := bufio.NewReaderSize(stream, 64<<10)
	first, err := text.Peek(1)
	switch {
	case err != nil:
		return err
	case first[0] == '{':
		err = items.ofJSON(text)
	case formOf(path) == jsonForm:
		return errNoList
	default:
		err = items.ofYAML(text)
	}
	if err != nil {
		return err
	}
	return items.tell()
}

// itemsPart are the next items of a List.
type itemsPart struct {
	// text holds the items, of which each ends where ends says, and what is no item yet.
	text []byte
	ends []int
	// most is how large the text becomes before told is called; it may be nil.
	most int
	told func(items [][]byte) error
}

// end says that the text ends with an item.
func (p *itemsPart) end() error {
	if p.told == nil {
		p.text = p.text[:0]
		return nil
	}
	p.ends = append(p.ends, len(p.text))
	if len(p.text) < p.most {
		return nil
	}
	return p.tell()
}

// tell hands the items on.
func (p *itemsPart) tell() error {
	if len(p.ends) == 0 {
		return nil
	}
	items, begun := make([][]byte, len(p.ends)), 0
	for i, end := range p.ends {
		items[i], begun = p.text[begun:end:end], end
	}
	err := p.told(items)
	p.text, p.ends = p.text[:0], p.ends[:0]
	return err
}

// listMeta are the fields that the metadata of a List has. Others may say more, as those of a capture do.
var listMeta = []string{"resourceVersion", "selfLink"}

// ofJSON takes the items of a text that is one List in JSON.
func (p *itemsPart) ofJSON(text io.Reader) error {
	decoder := jsontext.NewDecoder(text, asJSON...)
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	met := map[string]bool{}
	for decoder.PeekKind() == '"' {
		token, err := decoder.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		if met[name] {
			return errNoList
		}
		met[name] = true
		switch name {
		case "apiVersion":
			err = expect(decoder, "v1")
		case "kind":
			err = expect(decoder, list)
		case "metadata":
			err = skipListMeta(decoder)
		case "items":
			err = p.ofArray(decoder)
		default:
			err = errNoList
		}
		if err != nil {
			return err
		}
	}
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) || !met["apiVersion"] || !met["kind"] || !met["items"] {
		return errNoList
	}
	return nil
}

// ofArray takes the objects of an array.
func (p *itemsPart) ofArray(decoder *jsontext.Decoder) error {
	if decoder.PeekKind() != '[' {
		return errNoList
	}
	_, err := decoder.ReadToken()
	for err == nil && decoder.PeekKind() == '{' {
		if p.told == nil {
			err = decoder.SkipValue()
			continue
		}
		var value jsontext.Value
		if value, err = decoder.ReadValue(); err == nil {
			p.text = append(p.text, value...)
			err = p.end()
		}
	}
	if err != nil {
		return err
	}
	if decoder.PeekKind() != ']' {
		return errNoList
	}
	_, err = decoder.ReadToken()
	return err
}

// expect reads a text.
func expect(decoder *jsontext.Decoder, text string) error {
	token, err := decoder.ReadToken()
	if err == nil && (token.Kind() != '"' || token.String() != text) {
		err = errNoList
	}
	return err
}

func skipListMeta(decoder *jsontext.Decoder) error {
	if decoder.PeekKind() != '{' {
		return errNoList
	}
	_, err := decoder.ReadToken()
	for err == nil && decoder.PeekKind() == '"' {
		var token jsontext.Token
		if token, err = decoder.ReadToken(); err != nil {
			return err
		}
		if !slices.Contains(listMeta, token.String()) || decoder.PeekKind() != '"' {
			return errNoList
		}
		_, err = decoder.ReadToken()
	}
	if err == nil {
		_, err = decoder.ReadToken()
	}
	return err
}

var (
	// listLine is a line of a List in YAML outside its items, by the key that it begins with.
	listLine = regexp.MustCompile(`^(?:(apiVersion): v1|(kind): List|(items):|(metadata):|(metadata: \{\}))$`)
	metaLine = regexp.MustCompile(`^  (` + strings.Join(listMeta, "|") + `): (?:"[0-9]*"|[0-9]+)$`)
	// firstLine is the first line of an item. It is that of a mapping, which then ends where the item does.
	firstLine = regexp.MustCompile(`^ *- [A-Za-z]+:(?: |$)`)
	// breaks are ends of a line for YAML too.
	breaks = [][]byte{[]byte("\r"), []byte("\u0085"), []byte("\u2028"), []byte("\u2029")}
)

// ofYAML takes the items of a text that is one List in YAML. They are indented as they are in it: where each alone is YAML, it
// ends outside of any quotes and brackets, and the next begins where it seems to.
func (p *itemsPart) ofYAML(text *bufio.Reader) error {
	met, key, indent := map[string]bool{}, "", -1
	begun := false
	for {
		line, err := p.line(text)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(line) == 0 {
			break
		}
		start := len(p.text) - len(line)
		plain := bytes.TrimSuffix(bytes.TrimSuffix(line, newline), []byte("\r"))
		if slices.ContainsFunc(breaks, func(b []byte) bool { return bytes.Contains(plain, b) }) {
			return errNoList
		}
		spaces := len(plain) - len(bytes.TrimLeft(plain, " "))
		switch {
		case begun && (spaces == len(plain) || spaces >= indent+2):
			// The item goes on.
			continue
		case key == "items" && (indent < 0 || spaces == indent) && firstLine.Match(plain):
			if begun {
				if err := p.endBefore(start); err != nil {
					return err
				}
				start = len(p.text) - len(line)
			}
			p.text[start+spaces] = ' '
			begun, indent = true, spaces
			continue
		}
		match := listLine.FindSubmatch(plain)
		if key == "metadata" && spaces > 0 {
			match = metaLine.FindSubmatch(plain)
		}
		if match == nil {
			return errNoList
		}
		name := string(bytes.Join(match[1:], nil))
		if met[name] {
			return errNoList
		}
		met[name] = true
		if spaces == 0 {
			key = name
		}
		if begun {
			if err := p.endBefore(start); err != nil {
				return err
			}
			begun = false
		}
		p.text = p.text[:len(p.text)-len(line)]
	}
	if !met["apiVersion"] || !met["kind"] || indent < 0 {
		return errNoList
	}
	if begun {
		return p.end()
	}
	return nil
}

// line reads a line to the end of the text.
func (p *itemsPart) line(from *bufio.Reader) (line []byte, err error) {
	start := len(p.text)
	for {
		part, err := from.ReadSlice('\n')
		p.text = append(p.text, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return p.text[start:], err
		}
	}
}

// endBefore says that an item ends before the last line, which begins there.
func (p *itemsPart) endBefore(start int) error {
	last := bytes.Clone(p.text[start:])
	p.text = p.text[:start]
	err := p.end()
	p.text = append(p.text, last...)
	return err
}
