// SPDX-License-Identifier: Apache-2.0

// Package scan finds what is wrong with a cluster's storage: data at risk, what is stuck, what will be, what is wasted and what is unwise.
//
// A kind of finding is a row (Kind) beside the function that looks for it, in a file of its own or of its family; the registry only puts the
// rows in order. The functions are pure: a Cluster goes in, findings come out. They judge nothing that others judge: where a pod can go is the
// engine's and nodefit's answer, why it waits or hangs is explain's, and what an admission rule says of an object is the rule's. What moves is not
// stuck: each kind has its grace, counted from when the present state began (clock.go). What follows from another finding is reported once, at its root.
//
// The package has no I/O, and knows nothing of how findings are printed.
package scan
