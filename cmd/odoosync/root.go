package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"odoosync/configs"
	"odoosync/internal/logs"
	"odoosync/internal/record"
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func isUsage(err error) bool {
	var u usageError
	return errors.As(err, &u)
}

// env is what every command needs.
type env struct {
	out     io.Writer
	environ []string
	file    string
}

func (e *env) config() (configs.Config, error) {
	return configs.Load(configs.Sources{File: e.file, Environ: e.environ})
}

func newRoot(out io.Writer, environ []string) *cobra.Command {
	e := &env{out: out, environ: environ}
	root := &cobra.Command{
		Use:           "odoosync",
		Short:         "Keeps an Odoo database and an API's MySQL in step, and proves it",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(out)
	root.PersistentFlags().StringVar(&e.file, "config", "", "settings file (default "+configs.DefaultFile+" if present)")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		var invalid *pflag.InvalidValueError
		if errors.As(err, &invalid) {
			return usageError{fmt.Errorf("--%s takes %s, not %.40q: see %s --help", invalid.GetFlag().Name, flagTakes(invalid.GetFlag()), invalid.GetValue(), c.CommandPath())}
		}
		return usageError{fmt.Errorf("%w: see %s --help", err, c.CommandPath())}
	})
	root.AddCommand(e.serve(), e.demo(), e.migrate(), e.check(), e.plan(), e.resync(), e.replay(), e.status(), e.conflicts(), e.forget(), e.version())
	return root
}

// flagTakes says what a flag takes, for who wrote something else.
func flagTakes(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "duration":
		return "a duration such as 10s"
	case "bool":
		return "true or false"
	case "int64Slice":
		return "whole numbers such as 12,13"
	}
	return "a whole number"
}

// noArgs refuses arguments as a usage error: a mistyped command, or a word too
// many.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !c.HasAvailableSubCommands() {
		return usageError{fmt.Errorf("%s takes no %q: see %s --help", c.CommandPath(), args[0], c.CommandPath())}
	}
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	near := record.DidYouMean(args[0], names)
	if near == "" {
		near = ": see " + c.CommandPath() + " --help"
	}
	return usageError{fmt.Errorf("%s has no command %q%s", c.CommandPath(), args[0], near)}
}

// logger writes to standard error, as the settings say.
func logger(c configs.Config) (*zap.Logger, error) {
	return logs.New(logs.Options{Level: c.Log.Level, Format: c.Log.Format, PersonalData: c.Log.PersonalData, Out: os.Stderr})
}
