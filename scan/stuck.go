// SPDX-License-Identifier: Apache-2.0

package scan

// stuck are the kinds of what does not go on by itself.
var stuck = []Kind{attachmentNodeGoneKind}
