package main

import (
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"odoosync/configs"
	"odoosync/mapping"
	"odoosync/reconcile"
)

// addCompletion adds cobra's completion command, which refuses words too many as
// the others do, and tells shells which values flags take.
func (e *env) addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Args, c.RunE = noArgs, func(c *cobra.Command, _ []string) error { return c.Help() }
		for _, shell := range c.Commands() {
			shell.Args = noArgs
		}
	}
	e.completeValues(root)
}

// fixedValues are what flags of these names take.
var fixedValues = map[string][]cobra.Completion{
	"mode":   {reconcile.ModeFull, reconcile.ModeIncremental},
	"status": {"error", "pending", "success"},
	"take":   {"odoo", "local"},
}

func (e *env) completeValues(c *cobra.Command) {
	for _, sub := range c.Commands() {
		e.completeValues(sub)
	}
	for name, values := range fixedValues {
		if c.Flags().Lookup(name) != nil {
			_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // the flag is there, once
		}
	}
	if c.Flags().Lookup("entity") != nil {
		_ = c.RegisterFlagCompletionFunc("entity", e.entities)
	}
}

// entities are those of the mapping in use; where the settings or the mapping
// cannot be read, those of the built-in one.
func (e *env) entities(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	text := configs.Mapping
	if c, err := e.config(); err == nil && c.Mapping.File != "" {
		if own, err := os.ReadFile(c.Mapping.File); err == nil {
			text = own
		}
	}
	spec, err := mapping.Parse(text)
	if err != nil {
		spec, err = mapping.Parse(configs.Mapping)
	}
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return slices.Sorted(maps.Keys(spec.Entities)), cobra.ShellCompDirectiveNoFileComp
}
