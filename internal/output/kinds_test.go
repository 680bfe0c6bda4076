// SPDX-License-Identifier: Apache-2.0

package output_test

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/internal/output"
)

// The kinds that programs read keep their fields, names and types: testdata/kinds.txt has them all. A line that is new is fine, one that
// is gone or different breaks someone's program.
func TestKindsKeepTheirFields(t *testing.T) {
	var got bytes.Buffer
	for _, kind := range []any{
		output.Explanation{},
		output.ClaimExplanation{},
		output.NodeExplanation{},
		output.WaitingPods{},
		output.WorkloadExplanation{},
		output.VolumeExplanation{},
		output.ClassExplanation{},
		output.Simulation{},
		output.DrainPlan{},
		output.StorageMap{},
		output.CheckResult{},
		output.ScanResult{},
		decisions.List{},
	} {
		of := reflect.TypeOf(kind)
		fmt.Fprintf(&got, "%s\n", of.Name())
		fields(&got, of, "  ")
	}
	const file = "testdata/kinds.txt"
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func fields(out *bytes.Buffer, of reflect.Type, indent string) {
	for i := range of.NumField() {
		f := of.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		in := f.Type
		kind := ""
		for in.Kind() == reflect.Pointer || in.Kind() == reflect.Slice {
			if in.Kind() == reflect.Slice {
				kind += "[]"
			}
			in = in.Elem()
		}
		ours := in.Kind() == reflect.Struct && strings.HasPrefix(in.PkgPath(), "github.com/moorage-k8s/")
		switch {
		case name == "-":
		case f.Anonymous && name == "":
			fields(out, in, indent)
		default:
			what := in.Kind().String()
			if in.Kind() == reflect.Struct {
				what = "object"
				if !ours {
					what = in.String()
				}
			} else if in.Kind() == reflect.Map {
				what = in.String()
			}
			if strings.Contains(options, "omit") {
				what += ", may be left out"
			}
			fmt.Fprintf(out, "%s%s: %s%s\n", indent, name, kind, what)
			if ours {
				fields(out, in, indent+"  ")
			}
		}
	}
}

// An empty check keeps the lists that programs walk through.
func TestEmptyCheckResult(t *testing.T) {
	var out bytes.Buffer
	if err := output.FindingsJSON(&out, &check.Result{}); err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{`"findings": []`, `"charts": []`, `"templates": []`} {
		if !strings.Contains(out.String(), list) {
			t.Errorf("%s is missing:\n%s", list, out.String())
		}
	}
}
