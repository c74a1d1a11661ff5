package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/demo"
)

func (e *env) serve() *cobra.Command {
	local := false
	c := &cobra.Command{
		Use:   "serve",
		Short: "Receive webhooks and keep both sides in step until stopped",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := e.config()
			if err != nil {
				return err
			}
			log, err := logger(config)
			if err != nil {
				return err
			}
			fmt.Fprintf(e.out, "odoosync %s starts.\n", version)
			for _, warning := range config.Warnings {
				fmt.Fprintln(e.out, "Warning: "+warning)
			}
			return app.Run(c.Context(), config, app.Options{LocalDB: local, Out: e.out, Logger: log, Version: version, OnImport: showProgress(e.out, "import")})
		},
	}
	c.Flags().BoolVar(&local, "local-db", false, "use a private MariaDB in ./var/db instead of database.dsn")
	return c
}

func (e *env) demo() *cobra.Command {
	o := demo.Options{Out: e.out}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show it: a simulated Odoo, a private MariaDB, live edits, and the rows that follow",
		Long:  "Show it: a simulated Odoo, a private MariaDB, live edits, and the rows that follow.\nIt reads no settings, and touches no other database than its own in ./var/db.",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config := configs.Default()
			config.Log.Level, config.Log.Format = "warn", "console"
			log, err := logger(config)
			if err != nil {
				return err
			}
			o.Logger = log
			return demo.Run(c.Context(), o)
		},
	}
	c.Flags().DurationVar(&o.For, "for", 0, "end by itself after this time (default: until Ctrl-C)")
	c.Flags().Uint64Var(&o.Seed, "seed", 0, "repeat the edits of an earlier run")
	return c
}
