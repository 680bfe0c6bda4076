// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/internal/plain"
)

func configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check a MoorageConfiguration, or write the defaults or the schema of one",
		Long: `For the file that serve and check take with --config, and that the chart makes of its value config.

  moorage config check FILE   tells all that is wrong with a file, by line and field
  moorage config defaults     writes what is so where nothing is configured
  moorage config schema       writes the JSON schema by which editors complete and check the file`,
		Example: `  moorage config check moorage.yaml
  moorage config defaults > moorage.yaml
  helm get values moorage -n moorage -o yaml`,
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(configCheckCommand(), configDefaultsCommand(), configSchemaCommand())
	return cmd
}

func configCheckCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Tell all that is wrong with a MoorageConfiguration",
		Long: `Reads the file, or with - what is piped in, as serve would, and tells all that serve would refuse, by line and field. It needs no cluster.

The exit status is 0 if serve takes the file, 1 if it does not, and 2 if the file cannot be read.`,
		Example: `  moorage config check moorage.yaml

  # What the chart makes of its values
  kubectl get configmap moorage -n moorage -o jsonpath='{.data.moorage\.yaml}' | moorage config check -`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("output %q: want text or json", format)
			}
			text, err := readConfiguration(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			faults := config.Check(text)
			if err := printFaults(cmd.OutOrStdout(), format, args[0], faults); err != nil {
				return err
			}
			if len(faults) > 0 {
				return exitStatus(exitFound)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "text", "text or json")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func readConfiguration(path string, stdin io.Reader) ([]byte, error) {
	if path != "-" {
		return os.ReadFile(path)
	}
	text, err := io.ReadAll(stdin)
	if err != nil {
		return nil, fmt.Errorf("read the configuration that is piped in: %w", err)
	}
	return text, nil
}

func printFaults(w io.Writer, format, path string, faults []config.Fault) error {
	if format == "json" {
		return output.ConfigurationJSON(w, path, faults)
	}
	return output.ConfigurationText(w, plain.Line(path), faults)
}

func configDefaultsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "defaults",
		Short: "Write a MoorageConfiguration with all that is so where nothing is configured",
		Long: `Writes a file that serve takes and that changes nothing: each field with its default, and each rule, default, predicate and scorer
with what it does. In a real file leave out what you do not change, so that you get the defaults of later versions.`,
		Example: `  moorage config defaults > moorage.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return output.Configuration(cmd.OutOrStdout(), config.Effective())
		},
	}
}

func configSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Write the JSON schema of MoorageConfiguration",
		Long: `Writes a JSON schema (draft 7). An editor with yaml-language-server uses it for a file that begins with

  # yaml-language-server: $schema=moorage-configuration.schema.json`,
		Example: `  moorage config schema > moorage-configuration.schema.json`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(config.Schema())
			return err
		},
	}
}
