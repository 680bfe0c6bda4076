// SPDX-License-Identifier: Apache-2.0

package check

import (
	"strings"
	"testing"
)

// A size that is not a quantity is shown with what was meant, without the regular expression of Kubernetes.
func TestQuantities(t *testing.T) {
	for _, tc := range []struct{ written, want string }{
		{"10Gb", `"10Gb" is not a quantity; did you mean 10G or 10Gi?`},
		{"10g", `"10g" is not a quantity; did you mean 10G or 10Gi?`},
		{"10GB", `"10GB" is not a quantity; did you mean 10G or 10Gi?`},
		{"10 Gi", `"10 Gi" is not a quantity; did you mean 10Gi?`},
		{"10gi", `"10gi" is not a quantity; did you mean 10Gi?`},
		{"10GiB", `"10GiB" is not a quantity; did you mean 10Gi?`},
		{"10 gigabytes", `"10 gigabytes" is not a quantity; did you mean 10G or 10Gi?`},
		{"100K", `"100K" is not a quantity; did you mean 100k or 100Ki?`},
		{"100kb", `"100kb" is not a quantity; did you mean 100k or 100Ki?`},
		{"500MB", `"500MB" is not a quantity; did you mean 500M or 500Mi?`},
		{"0.5TB", `"0.5TB" is not a quantity; did you mean 0.5T or 0.5Ti?`},
		{`"1,5Gi"`, `"1,5Gi" is not a quantity; did you mean 1.5Gi?`},
		{"1024B", `"1024B" is not a quantity; did you mean 1024?`},
		{`"1,500Mi"`, `the value is not a quantity, such as 10Gi or 500M`},
		{"s3cr3t-w0rd", `the value is not a quantity, such as 10Gi or 500M`},
		{`"10 Gi please"`, `the value is not a quantity, such as 10Gi or 500M`},
		{"[10Gi]", `the value is not a quantity, such as 10Gi or 500M`},
		{`""`, `the value is not a quantity, such as 10Gi or 500M`},
	} {
		content := "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\nspec:\n  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: " + tc.written + "}}\n"
		found := decodeFindings(t, content)
		if len(found) != 1 || !strings.Contains(found[0], "storage]: "+tc.want) {
			t.Errorf("%s: check says %q, want one finding with %q", tc.written, found, tc.want)
		}
	}
	for _, right := range []string{"10Gi", "10G", "10", `"10"`, "10k", "10m", "1e3", "0.5Ti", "10M"} {
		if found := decodeFindings(t, "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\nspec:\n  resources: {requests: {storage: "+right+"}}\n"); len(found) > 0 {
			t.Errorf("%s: check says %q", right, found)
		}
	}
}
