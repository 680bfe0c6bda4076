// SPDX-License-Identifier: Apache-2.0

package check

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestNoSecretValueIsTold promises that no finding repeats what may be a credential, also of files that cannot be read: the
// output of a check is in the logs of its user.
func TestNoSecretValueIsTold(t *testing.T) {
	const text, digits = "s3cr3tM4rk3dV4lue9f8e7d", "9182736455463728"
	pod := func(env string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    image: i\n    env: " + env + "\n"
	}
	class := func(parameters string) string {
		return "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: c}\nprovisioner: csi.example.com\nparameters: " + parameters + "\n"
	}
	findings := 0
	for name, content := range map[string]string{
		"a credential":               class("{adminPassword: TEXT}"),
		"digits where text must be":  class("{adminPassword: DIGITS}"),
		"a list where text must be":  class("{adminPassword: [TEXT, DIGITS]}"),
		"text where a map must be":   class("TEXT"),
		"the same key twice":         class("{adminPassword: TEXT, adminPassword: DIGITS}"),
		"a ConfigMap":                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {password: TEXT, url: 'https://u:TEXT@example.com', token: DIGITS}\n",
		"a Secret":                   "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: TEXT, pin: DIGITS}\n",
		"an environment":             pod("[{name: PASSWORD, value: TEXT}]"),
		"an environment of digits":   pod("[{name: PASSWORD, value: DIGITS}]"),
		"an environment of a map":    pod("[{name: PASSWORD, value: {a: TEXT, b: DIGITS}}]"),
		"an environment of text":     pod("TEXT"),
		"an environment of entries":  pod("[TEXT, DIGITS]"),
		"mount options in one text":  "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: p}\nspec: {mountOptions: 'password=TEXT'}\n",
		"an attribute of digits":     "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: p}\nspec: {csi: {driver: d, volumeHandle: v, volumeAttributes: {password: DIGITS}}}\n",
		"a wrong indentation":        pod("\n    - name: PASSWORD\n   value: TEXT"),
		"a quote that does not end":  pod("[{name: PASSWORD, value: 'TEXT}]"),
		"a tab":                      pod("\n\t- {name: PASSWORD, value: TEXT}"),
		"a second colon":             pod("\n    - name: PASSWORD: TEXT"),
		"an alias that there is not": pod("[{name: PASSWORD, value: *TEXT}]"),
		"a tag that does not fit":    pod("[{name: PASSWORD, value: !!int TEXT}]"),
		"bytes that are no base64":   pod("[{name: PASSWORD, value: !!binary TEXT-}]"),
	} {
		for _, file := range []string{"a.yaml", "a.json"} {
			_, result := checkText(t, file, strings.NewReplacer("TEXT", text, "DIGITS", digits).Replace(content))
			findings += len(result.Findings)
			told, err := json.Marshal(result)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(told), text) || strings.Contains(string(told), digits) {
				t.Errorf("%s, %s: the value is shown: %s", name, file, told)
			}
		}
	}
	if findings < 20 {
		t.Errorf("%d findings show little", findings)
	}
}
