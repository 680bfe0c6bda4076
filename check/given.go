// SPDX-License-Identifier: Apache-2.0

package check

import (
	"context"
	"io"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// Given is what files hold that a person hands over to be placed or explained.
type Given struct {
	// Objects are those of the kinds that rules read or look up, in the order of the files.
	Objects []runtime.Object
	// Faults are what a check finds in the texts alone, without any rule: unknown and repeated fields, values of a wrong type,
	// versions that are no longer served. Where there are some, the objects are not what was meant.
	Faults []Finding
	// Skipped counts what was left out.
	Skipped Skipped
}

// Read reads files as Check does, just as strictly, and nodes, drivers and pools too. An error means that a path cannot be read.
func Read(ctx context.Context, paths []string, stdin io.Reader) (*Given, error) {
	found, skipped, err := sources(paths, stdin)
	if err != nil {
		return nil, err
	}
	parsed, err := parseAll(ctx, found, func() {})
	if err != nil {
		return nil, err
	}
	given := &Given{Skipped: skipped}
	for _, f := range parsed {
		given.Skipped.take(f)
		var faults []Finding
		tell := func(i *item, flaws []flaw) {
			for _, flaw := range flaws {
				if flaw.action == rules.Warn {
					continue // An API server takes it.
				}
				faults = append(faults, Finding{
					File: f.path, Line: flaw.line, Column: flaw.column, Source: i.hint, Object: i.ref, Path: flaw.path,
					Message: flaw.message, Symptom: flaw.symptom, Remediation: flaw.remediation,
				})
			}
		}
		tell(&item{}, f.flaws)
		for _, i := range f.items {
			if i.info.Kind == "" && i.object != nil {
				i.readStrictly()
			}
			tell(i, i.flaws)
			if i.object != nil {
				given.Objects = append(given.Objects, i.object)
			}
		}
		slices.SortStableFunc(faults, Finding.compare)
		given.Faults = append(given.Faults, faults...)
	}
	return given, nil
}

// readStrictly decodes an object again that was read for lookup only.
func (i *item) readStrictly() {
	into, err := scheme.Scheme.New(i.version.WithKind(i.ref.Kind))
	if err != nil {
		return
	}
	flaws, _, err := decode(i.root, into)
	i.flaws = append(i.flaws, flaws...)
	if err != nil {
		i.flaws = append(i.flaws, flawOfWhole(i.root, err))
		return
	}
	i.object = into
}
