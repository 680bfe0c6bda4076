// SPDX-License-Identifier: Apache-2.0

package rules

// Decode is the ID of the rule about objects that cannot be read as they were written. It is found in files only: what
// reaches the webhook has been read.
const Decode = "decode"

var decodeRule = Rule{
	ID: Decode,
	Summary: "The text is not YAML or JSON, or not such an object: an unknown field, a field that occurs twice, a value of a wrong type, " +
		"a version that is no longer served.",
	Kinds:  allKinds(),
	Action: Deny,
	Symptom: "the API server rejects the object, or a client that is not strict drops the field, so that the object is not what was " +
		"written",
	Remediation: "correct the text",
}
