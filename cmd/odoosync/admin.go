package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// database opens the database of the settings for one command.
func (e *env) database(c *cobra.Command, f func(ctx context.Context, config configs.Config, db *mysqldb.DB) error) error {
	config, err := e.config()
	if err != nil {
		return err
	}
	local, _ := c.Flags().GetBool("local-db")
	db, server, err := app.OpenDatabase(c.Context(), config, app.Options{LocalDB: local, VarDir: "var", Join: true})
	if err != nil {
		return err
	}
	if server != nil {
		defer func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			_ = server.Stop(ctx) // it dies with us anyway
		}()
	}
	defer db.Close()
	return f(c.Context(), config, db)
}

func withLocal(c *cobra.Command) *cobra.Command {
	c.Flags().Bool("local-db", false, "use the private MariaDB in ./var/db")
	return c
}

func (e *env) migrate() *cobra.Command {
	c := &cobra.Command{Use: "migrate", Short: "Bring the database's tables and triggers up to date", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	up := &cobra.Command{Use: "up", Short: "Run the migrations that have not run, and bring the triggers in line with the mapping", Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		return e.database(c, func(ctx context.Context, config configs.Config, db *mysqldb.DB) error {
			done, err := db.Migrate(ctx)
			for _, m := range done {
				fmt.Fprintf(e.out, "ran %s\n", m.Name)
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(e.out, "The tables are up to date.")
			left, err := app.InstallTriggers(ctx, config, db, e.out)
			if err == nil && left {
				return errPartly
			}
			return err
		})
	}}
	status := &cobra.Command{Use: "status", Short: "List the migrations and whether they ran", Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		return e.database(c, func(ctx context.Context, _ configs.Config, db *mysqldb.DB) error {
			list, err := db.Migrations(ctx)
			for _, m := range list {
				state := "to run"
				if m.Applied {
					state = "ran"
				}
				fmt.Fprintf(e.out, "%-7s %s\n", state, m.Name)
			}
			return err
		})
	}}
	c.AddCommand(withLocal(up), withLocal(status))
	return c
}

func (e *env) check() *cobra.Command {
	return withLocal(&cobra.Command{Use: "check", Short: "Test the settings, the database, Odoo and the mapping, and say how to mend them", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return e.database(c, func(ctx context.Context, config configs.Config, db *mysqldb.DB) error {
				report := app.Check(ctx, config, db)
				for _, line := range report.Lines {
					fmt.Fprintln(e.out, line)
				}
				if report.Problems > 0 {
					return record.Errorf(report.Code, "the check found something to mend: see PROBLEM above")
				}
				return nil
			})
		}})
}

func (e *env) status() *cobra.Command {
	return withLocal(&cobra.Command{Use: "status", Short: "Show how far both sides are in step", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return e.database(c, func(ctx context.Context, _ configs.Config, db *mysqldb.DB) error {
				left, err := app.Status(ctx, e.out, db)
				if err == nil && left {
					return errPartly
				}
				return err
			})
		}})
}

func (e *env) version() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: noArgs, RunE: func(*cobra.Command, []string) error {
		_, err := fmt.Fprintln(e.out, "odoosync "+version)
		return err
	}}
}
