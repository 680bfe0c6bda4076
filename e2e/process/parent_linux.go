// SPDX-License-Identifier: Apache-2.0

package process

import "syscall"

// dieWithParent has the kernel kill the child when the thread that forked it ends: see startOnLastingThread.
func dieWithParent(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGKILL
}
