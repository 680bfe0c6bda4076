// SPDX-License-Identifier: Apache-2.0

package scan

// unwise are the kinds of what the admission rules say of live objects.
var unwise = []Kind{ruleKind}
