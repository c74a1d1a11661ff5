package app

import (
	"context"
	"fmt"
	"time"

	"odoosync/internal/logs"
	"odoosync/reconcile"
)

// holdPause is how often a daemon that holds looks whether the resync was done.
const holdPause = 2 * time.Second

// hold waits, on tables that held rows before anything was imported, until a
// person has seen the plan and run the resync. Meanwhile webhooks are stored and
// edits noted; nothing is imported, pushed or worked. It reports false when ctx
// ends first.
func (a *App) hold(ctx context.Context, engine *reconcile.Engine) bool {
	if a.client == nil {
		return true
	}
	for told := false; ; {
		table, err := engine.FilledBeforeImport(ctx)
		switch {
		case err == nil && table == "":
			a.holding("")
			if told {
				a.log.Info("the resync was done: webhooks and edits are worked from now on")
				fmt.Fprintln(a.o.Out, "The resync was done: odoosync works from now on.")
			}
			return true
		case err != nil && ctx.Err() == nil:
			a.log.Warn("whether the tables were filled before cannot be seen yet", logs.Failure(err))
		case err == nil && !told:
			told = true
			sentence := fmt.Sprintf("waiting for odoosync resync: the table %s holds rows that belong to no record of Odoo yet", table)
			a.holding(sentence)
			a.log.Warn(sentence + "; odoosync plan shows what it would do, webhooks and edits wait until it was done")
			fmt.Fprintf(a.o.Out, "The table %s holds rows that belong to no record of Odoo yet, so nothing is imported or sent.\n"+
				"  odoosync plan    shows what would happen, and changes nothing\n"+
				"  odoosync resync  does it; this daemon goes on by itself once it was done\n"+
				"Until then webhooks are received and wait.\n", table)
		}
		timer := a.o.Clock.NewTimer(holdPause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.Chan():
		}
	}
}

func (a *App) holding(reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bound.held = reason
}
