// SPDX-License-Identifier: Apache-2.0

package config

import _ "embed"

//go:embed schema.json
var schema []byte

// Schema is the JSON schema of a MoorageConfiguration, made from the types of this package and from the names that there are.
func Schema() []byte { return schema }
