// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"strings"
	"testing"
)

func TestCountItems(t *testing.T) {
	many := func(item string, n int) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	for _, test := range []struct {
		name, json string
		ok         bool
	}{
		{"few", `{"a":[1,2,3],"b":{"c":1,"d":2,"e":3,"f":4,"g":5,"h":6,"i":7,"j":8,"k":9,"l":10,"m":11}}`, true},
		{"exactly as many", `[` + many(`{}`, 10) + `]`, true},
		{"one too many", `[` + many(`{}`, 11) + `]`, false},
		{"null items", `[` + many(`null`, 11) + `]`, false},
		{"in several lists", `{"a":[` + many(`{}`, 6) + `],"b":{"c":[` + many(`""`, 6) + `]}}`, false},
		{"empty lists", `{"a":[` + many(`[]`, 4) + `]}`, true},
		{"too many empty lists", `{"a":[` + many(`[]`, 11) + `]}`, false},
		{"brackets, commas and quotes in strings", `{"a":"[,,,,,,,,,,,,,,,\",,,,,,[[[[[[[[[[[[[[[","b":["\\",",,,,,,,,,,,,,,,"]}`, true},
		{"white space", "[ {} ,\n{} , {},{},{},{},{},{},{},{},{} ]", false},
		{"members in a list's object", `[{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11,"l":12}]`, true},
		{"deeper than the stack", strings.Repeat(`{"a":`, 20_000) + `[` + many(`{}`, 11) + `]` + strings.Repeat(`}`, 20_000), false},
		{"nothing but brackets", strings.Repeat("[", 1_000_000), false},
		{"a string without an end", `["aaaa\`, true},
		{"more closed than opened", `]]]]}}}}[1,2]`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := CountItems([]byte(test.json), 10); (err == nil) != test.ok {
				t.Errorf("error %v", err)
			}
		})
	}
	text := []byte(`[` + many(`{"a":"b"}`, 1000) + `]`)
	if n := testing.AllocsPerRun(10, func() { _, _ = CountItems(text, MaxItems) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
