// SPDX-License-Identifier: Apache-2.0

// Package start answers why a pod that has its node does not start there: a driver that is not registered, a volume that is not attached and
// who has it instead, a mount that fails, an object that a volume names and that is not there. Where it is none of these it says so.
//
// It returns data: what the objects and the events say, and no words for people. What is not seen is not filled in.
package start
