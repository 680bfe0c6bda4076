// SPDX-License-Identifier: Apache-2.0

// Package text lays out words in lines: it wraps and aligns them, counts things, and writes sizes, durations and lists, and shortens
// names. It is a leaf: it knows nothing of what is said, nor of where it is written.
package text
