// SPDX-License-Identifier: Apache-2.0

// Package event is what is known from Warning events: which there are of an object, grouped and the newest first, and what their texts
// mean.
//
// What texts mean is a table, a row for each: its pattern, the cause, the field to look at and the remedy. The rows are in the files whose
// names begin with texts_, by who writes the text, with the place where it comes from. To teach moorage another text, add a row and a line in
// testdata/texts.txt. A text that no row knows is quoted whole, never guessed at.
//
// It is a leaf: it reads API objects and returns data.
package event
