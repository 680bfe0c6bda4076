// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

var quantityType = reflect.TypeFor[resource.Quantity]()

// sized matches a number with a unit as people write one. A comma before one or two digits is a decimal point; before three it may not be.
var sized = regexp.MustCompile(`^([+-]?[0-9]+(?:[.,][0-9]{1,2})?|[+-]?[0-9]+\.[0-9]+)[ _]?([A-Za-z]{0,12})$`)

// quantityFlaw says what may have been meant by a value that is not a quantity. It shows no value that is not a number with a unit.
func quantityFlaw(n *node, path string) flaw {
	f := flaw{
		position: n.position, path: path, message: n.shown(number) + " is not a quantity, such as 10Gi or 500M",
		remediation: "write a number and one of the units Ki, Mi, Gi, Ti, Pi, Ei (powers of 1024) or k, M, G, T, P, E (powers of 1000), without a space",
	}
	if n.shape != text && n.shape != number {
		return f
	}
	m := sized.FindStringSubmatch(n.scalar)
	if m == nil {
		return f
	}
	if meant := withUnit(strings.Replace(m[1], ",", ".", 1), strings.ToLower(m[2])); len(meant) > 0 {
		f.message = fmt.Sprintf("%q is not a quantity; did you mean %s?", n.scalar, strings.Join(meant, " or "))
	}
	return f
}

// withUnit are the quantities of a number that a unit may stand for. Where it does not say which of both it is, the power of 1000 comes first.
func withUnit(number, unit string) []string {
	var meant []string
	for _, u := range []struct{ letter, thousand, word, binary string }{
		{"k", "k", "kilo", "kibi"},
		{"m", "M", "mega", "mebi"},
		{"g", "G", "giga", "gibi"},
		{"t", "T", "tera", "tebi"},
		{"p", "P", "peta", "pebi"},
		{"e", "E", "exa", "exbi"},
	} {
		thousand, binary := number+u.thousand, number+strings.ToUpper(u.letter)+"i"
		switch unit {
		case u.letter, u.letter + "b":
			meant = []string{thousand, binary}
		case u.letter + "i", u.letter + "ib", u.binary, u.binary + "byte", u.binary + "bytes":
			meant = []string{binary}
		case u.word, u.word + "byte", u.word + "bytes":
			meant = []string{thousand, binary}
		}
	}
	switch unit {
	case "", "b", "byte", "bytes":
		meant = []string{number}
	}
	for _, q := range meant {
		if _, err := resource.ParseQuantity(q); err != nil {
			return nil
		}
	}
	return meant
}
