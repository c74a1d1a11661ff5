package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/forget"
	"odoosync/internal/mysqldb"
)

func (e *env) forget() *cobra.Command {
	var r forget.Request
	yes := false
	c := &cobra.Command{
		Use:   "forget --entity contact --id N [--odoo] [--yes]",
		Short: "Erase what is kept of a person whom both sides have deleted",
		Long: "Erase what odoosync keeps of a person (or another record) whom both sides have deleted: what webhooks told, the values in the\n" +
			"history, in conflicts and in what was agreed on, and the person's name in webhooks of orders, invoices and leads. What stays are ids,\n" +
			"times and names of events, and a tombstone, so that the record does not come back. Without --yes it only tells what there is.\n" +
			"While a side still has the person it refuses, because a sync would bring everything back. The row itself is the API's to erase.\n" +
			"The exit code is 3 when something is left for later.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if r.Entity == "" || r.ID < 1 {
				return usageError{errors.New("say whom: --entity contact --id 12 (the row's id), or --id 12 --odoo (Odoo's)")}
			}
			return e.database(c, func(ctx context.Context, config configs.Config, db *mysqldb.DB) error {
				return e.forgetRecord(ctx, config, db, r, yes)
			})
		},
	}
	c.Flags().StringVar(&r.Entity, "entity", "", "of the mapping, such as contacts; the singular will do")
	c.Flags().Int64Var(&r.ID, "id", 0, "the row's id, or with --odoo the record's")
	c.Flags().BoolVar(&r.Odoo, "odoo", false, "--id is Odoo's")
	c.Flags().BoolVar(&yes, "yes", false, "erase it")
	return withLocal(c)
}

func (e *env) forgetRecord(ctx context.Context, config configs.Config, db *mysqldb.DB, r forget.Request, yes bool) error {
	f, closeIt, err := app.OpenForgetter(ctx, config, db, commandLine(), "")
	if err != nil {
		return err
	}
	defer closeIt()
	var report forget.Report
	if yes {
		report, err = f.Forget(ctx, time.Now(), r)
	} else {
		report, err = f.Look(ctx, r)
	}
	if err != nil {
		return err
	}
	printForgotten(e.out, report, yes)
	if report.Waiting > 0 {
		return errPartly
	}
	return nil
}

// commandLine says for the audit who it was.
func commandLine() string {
	u, err := user.Current()
	if err != nil {
		return "command line"
	}
	return "command line, " + u.Username
}

func printForgotten(out io.Writer, r forget.Report, done bool) {
	title := "Would be erased of " + r.Record + ":"
	if done {
		title = "Erased of " + r.Record + ":"
	}
	fmt.Fprintln(out, title)
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, one := range r.Erased {
		fmt.Fprintf(table, "  %s\t%d rows\n", one.Table, one.N)
	}
	_ = table.Flush() // out is what fails, and it is asked again below
	if len(r.Rows) > 0 {
		fmt.Fprintf(out, "The API's own rows are the API's to erase: %s. They may be emptied or deleted at any time; that goes nowhere.\n", strings.Join(r.Rows, ", "))
	}
	if r.Waiting > 0 {
		fmt.Fprintf(out, "Webhooks of other records that name it and wait to be worked: %d. They keep what they say; run this again once they are done.\n", r.Waiting)
	}
	if !done {
		fmt.Fprintln(out, "Nothing was changed: add --yes to erase it. It cannot be undone.")
	}
}
