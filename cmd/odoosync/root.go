package main

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"odoosync/configs"
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
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(e.serve(), e.demo(), e.migrate(), e.check(), e.status(), e.version())
	return root
}

// noArgs refuses arguments as a usage error.
func noArgs(c *cobra.Command, args []string) error {
	if err := cobra.NoArgs(c, args); err != nil {
		return usageError{err}
	}
	return nil
}

// logger writes to standard error, as the settings say.
func logger(c configs.Config) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(c.Log.Level)
	if err != nil {
		return nil, err
	}
	encoding := zap.NewProductionEncoderConfig()
	encoding.EncodeTime = zapcore.ISO8601TimeEncoder
	encoder := zapcore.NewJSONEncoder(encoding)
	if c.Log.Format == "console" {
		encoding.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(encoding)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(os.Stderr), level)), nil
}
