package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/mysqldb"
	"odoosync/reconcile"
)

// session opens both sides for one command.
func (e *env) session(c *cobra.Command, f func(ctx context.Context, s *app.Session) (left bool, err error)) error {
	config, err := e.config()
	if err != nil {
		return err
	}
	log, err := logger(config)
	if err != nil {
		return err
	}
	return e.database(c, func(ctx context.Context, _ configs.Config, db *mysqldb.DB) error {
		s, err := app.OpenSession(ctx, config, db, log)
		if err != nil {
			return err
		}
		defer s.Close()
		left, err := f(ctx, s)
		if err == nil && left {
			return errPartly
		}
		return err
	})
}

// scopeFlags adds the flags that restrict a plan or a resync.
func scopeFlags(c *cobra.Command, scope *app.Scope) {
	c.Flags().StringVar(&scope.Entity, "entity", "", "only this entity of the mapping (and what its records refer to), such as contacts")
	c.Flags().Int64SliceVar(&scope.OdooIDs, "id", nil, "only this record of the entity, by its id in Odoo; several: --id 12,13 or --id 12 --id 13")
}

// checkScope refuses an id that does not say of what.
func checkScope(c *cobra.Command, scope app.Scope) error {
	switch {
	case c.Flags().Changed("id") && (len(scope.OdooIDs) == 0 || slices.Min(scope.OdooIDs) <= 0):
		return usageError{errors.New("--id is a record's id in Odoo, a number above 0; several: --id 12,13")}
	case len(scope.OdooIDs) > 0 && scope.Entity == "":
		return usageError{errors.New("--id needs --entity: each has ids of its own (--entity contacts --id 12)")}
	}
	return nil
}

func (e *env) plan() *cobra.Command {
	var scope app.Scope
	lines := false
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show what a full reconcile would change on both sides, and change nothing",
		Long: "Show what a full reconcile (odoosync resync) would change on both sides, field by field, and change nothing.\n" +
			"The exit code is 3 when some of it needs a person: conflicts, ambiguous matches, values a side has no place for.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkScope(c, scope); err != nil {
				return err
			}
			return e.session(c, func(ctx context.Context, s *app.Session) (bool, error) { return s.Plan(ctx, e.out, scope, lines) })
		},
	}
	scopeFlags(c, &scope)
	c.Flags().BoolVar(&lines, "json", false, "list everything, one JSON object a line; the counts come last")
	return withLocal(c)
}

func (e *env) resync() *cobra.Command {
	o := app.ResyncOptions{}
	dry := false
	c := &cobra.Command{
		Use:   "resync",
		Short: "Compare both sides in full and make them agree",
		Long: "Compare both sides and make them agree: match rows and records that are the same, make what has no match, merge the rest.\n" +
			"One that was cut off goes on where it stopped. It may run beside odoosync serve.\n" +
			"While another process does the same, this follows that one to its end; while one does something else, this is refused.\n" +
			"With --entity or --id only what belongs to that is sent to Odoo, and what it refers to.\n" +
			"The exit code is 3 when something is left: conflicts, refused records, or what waits for another try.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkScope(c, o.Scope); err != nil {
				return err
			}
			if o.Mode != reconcile.ModeFull && o.Mode != reconcile.ModeIncremental {
				return usageError{errors.New("--mode is full or incremental")}
			}
			return e.session(c, func(ctx context.Context, s *app.Session) (bool, error) {
				if dry {
					return s.Plan(ctx, e.out, o.Scope, false)
				}
				o.Progress = showProgress(e.out, "resync")
				return s.Resync(ctx, e.out, o)
			})
		},
	}
	scopeFlags(c, &o.Scope)
	c.Flags().StringVar(&o.Mode, "mode", reconcile.ModeFull, "full: all of Odoo's records; incremental: those written since the last resync, by Odoo's write_date")
	c.Flags().BoolVar(&dry, "dry-run", false, "show the plan of a full one instead, and change nothing")
	c.Flags().BoolVar(&o.AllowDeletes, "allow-deletes", false, "for an hour, let a mass delete pass that the brake holds (reconcile.max_deletes), and take Odoo as it is where that halted a model")
	return withLocal(c)
}
