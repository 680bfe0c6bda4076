// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"

	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

func rulesCommand() *cobra.Command {
	return referenceCommand(&cobra.Command{
		Use:   "rules [ID]",
		Short: "Tell the admission rules, or one of them in full",
		Example: `  moorage rules
  moorage rules access-mode-unsupported
  moorage rules -o json`,
	}, rules.IDs, output.Rules, output.Rule)
}
