// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// spot is a place in an object that becomes a path only where there is something to say: most objects are as they should be, and each
// would cost its paths in memory.
type spot struct {
	root  *field.Path
	steps [9]step
	n     int
}

type step struct {
	name  string
	index int
	kind  stepKind
}

type stepKind uint8

const (
	child stepKind = iota
	index
	key
)

func spotOf(root *field.Path) spot { return spot{root: root} }

func (s spot) add(one step) spot {
	if s.n == len(s.steps) {
		s = spotOf(s.path())
	}
	s.steps[s.n] = one
	s.n++
	return s
}

// Child, Index and Key are as those of field.Path.
func (s spot) Child(name string, more ...string) spot {
	s = s.add(step{name: name})
	for _, name := range more {
		s = s.add(step{name: name})
	}
	return s
}

func (s spot) Index(i int) spot { return s.add(step{index: i, kind: index}) }

func (s spot) Key(name string) spot { return s.add(step{name: name, kind: key}) }

func (s spot) path() *field.Path {
	p := s.root
	for _, one := range s.steps[:s.n] {
		switch {
		case one.kind == index:
			p = p.Index(one.index)
		case one.kind == key:
			p = p.Key(one.name)
		case p == nil:
			p = field.NewPath(one.name)
		default:
			p = p.Child(one.name)
		}
	}
	return p
}

// subject is what a message is about, which becomes a text only then, too: a volume, if it has a name here, and what follows.
type subject struct{ volume, tail, more string }

func about(text string) subject { return subject{tail: text} }

func (s subject) and(more string) subject {
	if s.tail == "" {
		s.tail = more
	} else {
		s.more += more
	}
	return s
}

func (s subject) String() string {
	if s.volume == "" {
		return s.tail + s.more
	}
	return fmt.Sprintf("volume %q", s.volume) + s.tail + s.more
}
