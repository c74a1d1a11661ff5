package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"odoosync/configs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

func (e *env) conflicts() *cobra.Command {
	c := &cobra.Command{Use: "conflicts", Short: "Show the fields both sides changed, and take a side", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(withLocal(e.conflictsList()), withLocal(e.conflictsResolve()))
	return c
}

func (e *env) conflictsList() *cobra.Command {
	var f reconcile.ConflictFilter
	var all, asJSON bool
	c := &cobra.Command{Use: "list", Short: "List the conflicts that wait for a person, with both values", Args: noArgs,
		Long: "List the conflicts that wait for a person, the latest first, with the value both sides last agreed on and the one each has now.",
		RunE: func(c *cobra.Command, _ []string) error {
			if f.Limit < 1 || f.Before < 0 {
				return usageError{errors.New("--limit and --before take whole numbers above 0: see " + c.CommandPath() + " --help")}
			}
			if !all {
				f.State = "open"
			}
			return e.database(c, func(ctx context.Context, _ configs.Config, db *mysqldb.DB) error {
				return e.listConflicts(ctx, db, f, asJSON)
			})
		}}
	c.Flags().StringVar(&f.Entity, "entity", "", "only those of this entity of the mapping, such as contacts")
	c.Flags().BoolVar(&all, "all", false, "those that are over too, and who ended them")
	c.Flags().BoolVar(&asJSON, "json", false, "as a JSON list, with whole values")
	c.Flags().IntVar(&f.Limit, "limit", 100, "so many at most")
	c.Flags().Int64Var(&f.Before, "before", 0, "only those with a smaller id, to page on")
	return c
}

func (e *env) listConflicts(ctx context.Context, db *mysqldb.DB, f reconcile.ConflictFilter, asJSON bool) error {
	limit := f.Limit
	f.Limit++ // to know whether more follow
	list, err := reconcile.NewArbiter(db, nil, nil).Conflicts(ctx, f)
	if err != nil {
		return err
	}
	more := len(list) > limit
	list = list[:min(len(list), limit)]
	if asJSON {
		encoder := json.NewEncoder(e.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(append([]reconcile.KeptConflict{}, list...))
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(e.out, map[bool]string{true: "No open conflicts.", false: "No conflicts."}[f.State == "open"])
		return err
	}
	if err := printConflicts(e.out, list, f.State == ""); err != nil {
		return err
	}
	if more {
		fmt.Fprintf(e.out, "\nThere are more: go on with --before %d\n", list[len(list)-1].ID)
	}
	nextSteps(e.out, list)
	return nil
}

// printConflicts shows the values side by side.
func printConflicts(out io.Writer, list []reconcile.KeptConflict, ended bool) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprint(table, "ID\tENTITY\tROW\tODOO ID\tFIELD\tAGREED BEFORE\tIN ODOO\tHERE\tWHY")
	if ended {
		fmt.Fprint(table, "\tSTATE")
	}
	fmt.Fprintln(table)
	for _, c := range list {
		local := c.LocalID
		if local == "" {
			local = "none"
		}
		odoo, here := shorten(c.Odoo), shorten(c.Local)
		if c.Policy == "deleted" { // the side without a value has no record, or no line
			if c.Local.IsNull() {
				here = "(deleted)"
			} else {
				odoo = "(deleted)"
			}
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s", c.ID, c.Entity, local, c.OdooID, c.Field, agreed(c), odoo, here, c.Why())
		if ended {
			fmt.Fprintf(table, "\t%s", ending(c))
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

func agreed(c reconcile.KeptConflict) string {
	if c.Base.Odoo == c.Base.Local {
		return shorten(c.Base.Odoo)
	}
	return shorten(c.Base.Odoo) + " / " + shorten(c.Base.Local)
}

func ending(c reconcile.KeptConflict) string {
	switch {
	case c.Open:
		return "open"
	case c.Winner == "":
		return "ended: both sides agree"
	}
	return fmt.Sprintf("%s taken by %s, %s UTC", c.Winner, c.ResolvedBy, c.ResolvedAt.Format(time.DateTime))
}

// longest is how much of a value a table shows; --json shows all of it.
const longest = 40

func shorten(v record.Value) string {
	text := strings.Join(strings.Fields(v.String()), " ")
	if text == "" {
		text = `""`
	}
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return text
}

// nextSteps shows how to go on, by the first conflict of each kind.
func nextSteps(out io.Writer, list []reconcile.KeptConflict) {
	hints := map[string]string{}
	for _, c := range list {
		kind := "fields"
		if c.Policy == "deleted" || c.Policy == "expected" {
			kind = c.Policy
		}
		if !c.Open || hints[kind] != "" {
			continue
		}
		switch kind {
		case "fields":
			hints[kind] = fmt.Sprintf("To take Odoo's value: odoosync conflicts resolve %d --take odoo   (the value here: --take local)\n"+
				"Several fields of that record at once: --take %s=odoo,other_field=local\n", c.ID, c.Field)
		case "deleted":
			hints[kind] = fmt.Sprintf("What one side deleted is decided whole: odoosync conflicts resolve %d --take odoo, or --take local\n"+
				"  (the side that deleted it: it goes; the side that edited it: it stays, or comes back)\n", c.ID)
		case "expected":
			hints[kind] = fmt.Sprintf("To accept what Odoo computes: odoosync conflicts resolve %d --take odoo   (or change the lines)\n", c.ID)
		}
	}
	if len(hints) > 0 {
		fmt.Fprintf(out, "\n%s%s%s", hints["fields"], hints["expected"], hints["deleted"])
	}
}

func (e *env) conflictsResolve() *cobra.Command {
	var take string
	c := &cobra.Command{Use: "resolve ID --take odoo|local|field=odoo,field2=local", Short: "Take a side of a conflict, or of several of its record",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("name one conflict by its id, as odoosync conflicts list shows it: see %s --help", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || id < 1 {
				return usageError{fmt.Errorf("%.40q is no conflict's id: odoosync conflicts list shows them", args[0])}
			}
			choice, err := record.ParseChoice(take)
			if err != nil {
				return usageError{fmt.Errorf("--take: %w", err)}
			}
			config, err := e.config()
			if err != nil {
				return err
			}
			return e.database(c, func(ctx context.Context, _ configs.Config, db *mysqldb.DB) error {
				return e.resolveConflict(ctx, db, id, choice, config.Odoo.URL != "")
			})
		}}
	c.Flags().StringVar(&take, "take", "", "odoo, local (the value here), or a side for each field")
	return c
}

func (e *env) resolveConflict(ctx context.Context, db *mysqldb.DB, id int64, take record.Choice, odoo bool) error {
	var outbox reconcile.Outbox
	if odoo {
		outbox = queue.NewOutbox(db, queue.OutboxOptions{})
	}
	if err := reconcile.NewArbiter(db, outbox, nil).Resolve(ctx, id, take, "command line"); err != nil {
		return err
	}
	c, err := store.ConflictByID(ctx, db, id)
	if err != nil || c == nil {
		return mysqldb.Explain(err)
	}
	what := "the sides you named are taken"
	if take.Side != "" {
		what = map[record.Side]string{record.Odoo: "Odoo's side is taken", record.Local: "the side here is taken"}[take.Side]
	}
	fmt.Fprintf(e.out, "Conflict %d (%s, row %s, Odoo id %d, %s): %s.\n", c.ID, c.Entity, c.LocalID, c.OdooID, c.Field, what)
	when := "The daemon brings both sides to it with its next push."
	if !odoo {
		when = "Without an Odoo to ask (odoo.url is empty) it takes effect with the record's next event."
	}
	_, err = fmt.Fprintf(e.out, "%s If the other side was edited since the list was made, that is a new conflict.\n", when)
	return err
}
