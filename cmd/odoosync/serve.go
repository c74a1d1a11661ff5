package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/demo"
	"odoosync/reconcile"
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
			return app.Run(c.Context(), config, app.Options{LocalDB: local, Out: e.out, Logger: log, OnImport: importProgress(e.out, "import")})
		},
	}
	c.Flags().BoolVar(&local, "local-db", false, "use a private MariaDB in ./var/db instead of database.dsn")
	return c
}

// importProgress shows a bar on a terminal, and lines elsewhere.
func importProgress(out io.Writer, verb string) func(reconcile.Progress) {
	file, isFile := out.(*os.File)
	if isFile && term.IsTerminal(int(file.Fd())) {
		return progressBars(verb)
	}
	last := time.Time{}
	return func(p reconcile.Progress) {
		if !p.Ended && time.Since(last) < 5*time.Second {
			return
		}
		last = time.Now()
		state := verb + "ing"
		if p.Ended {
			state = verb + "ed"
		}
		fmt.Fprintf(out, "%s %s: %d of %d, %d refused\n", state, p.Entity, p.Done, p.Total, p.Failed)
	}
}

func progressBars(verb string) func(reconcile.Progress) {
	bars := map[string]*progressbar.ProgressBar{}
	return func(p reconcile.Progress) {
		bar := bars[p.Entity]
		if bar == nil {
			bar = progressbar.NewOptions64(p.Total, progressbar.OptionSetDescription(verb+"ing "+p.Entity), progressbar.OptionShowCount(),
				progressbar.OptionShowIts(), progressbar.OptionSetItsString("records"), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond))
			bars[p.Entity] = bar
		}
		_ = bar.Set64(p.Done) // a bar that cannot be drawn is no reason to stop
		if p.Ended {
			_ = bar.Finish()
			fmt.Fprintln(os.Stderr)
		}
	}
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
