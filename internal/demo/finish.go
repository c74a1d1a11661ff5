package demo

import (
	"context"
	"errors"
	"time"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// finish waits until everything edited has arrived, compares, and sums up.
func (d *demo) finish(ctx context.Context) error {
	d.say("\nNo more edits. Waiting for what is on its way ...")
	err := d.sim.Drain(ctx)
	if err == nil {
		err = d.settle(ctx)
	}
	differences, compareErr := d.compare(ctx)
	merged, lost, mergeErr := d.merged(ctx)
	undecided, conflictErr := d.sumUp(ctx, merged)
	for i, line := range differences {
		if i == shownDifferences {
			d.say("  and %d more", len(differences)-i)
			break
		}
		d.say("  differs: %s", line)
	}
	switch err = errors.Join(err, compareErr, mergeErr, conflictErr); {
	case err != nil:
		return err
	case len(differences)+undecided > 0:
		return record.Errorf(record.CodeInternal, "the two sides do not agree: %d differences, %d rows that wait for a person", len(differences), undecided)
	case lost > 0:
		return record.Errorf(record.CodeInternal, "of the edits of both sides at once, %d did not survive whole", lost)
	}
	d.say("Both sides agree.")
	return nil
}

// shownDifferences are enough to see what kind they are.
const shownDifferences = 20

// sumUp prints the counts, and what waits for a person with the way out of it.
func (d *demo) sumUp(ctx context.Context, merged int) (undecided int, err error) {
	stats := d.sim.Stats()
	d.say("\nWebhooks: %d sent by Odoo (%d could not be delivered), %d applied, %d deleted a row, %d merged to nothing, %d ignored, %d failed.",
		stats.Sent, stats.SendFailed, d.tally[reconcile.Applied], d.tally[reconcile.Deleted], d.tally[reconcile.Merged], d.tally[reconcile.Ignored], d.tally[reconcile.Refused])
	decided, err := d.conflictsAfter(ctx, "winner IS NOT NULL")
	if err != nil {
		return 0, err
	}
	open, err := d.conflictsAfter(ctx, "state = 'open'")
	if err != nil {
		return 0, err
	}
	d.say("Rows: %d pushed to Odoo, %d refused. Both sides at once: %d merges, %d conflicts kept and decided, %d undecided.",
		d.pushed, d.refused, merged, len(decided), len(open))
	troubles, err := store.Troubles(ctx, d.app.DB(), shownDifferences)
	for _, t := range troubles {
		d.say("  waits for a person: %s#%s (Odoo's %d) %s: %s", t.Entity, t.LocalID, t.OdooID, t.State, t.Reason)
	}
	for _, c := range open {
		d.say("  undecided: %s", c)
	}
	if len(troubles) > 0 {
		d.say("  A refused row goes on when it is corrected, here or in Odoo; a conflict ends when both sides have the same value.")
	}
	return len(troubles), err
}

// merged counts the edits of both sides at once of which both parts arrived on
// the other side. One that did not is lost, unless a later one took its place.
func (d *demo) merged(ctx context.Context) (n, lost int, err error) {
	latest := map[int64]both{}
	for _, b := range d.boths {
		latest[b.odooID] = b
	}
	for _, b := range d.boths {
		var there, here bool
		err := d.app.DB().QueryRowContext(ctx, "SELECT"+
			" COALESCE(MAX(side = 'odoo' AND JSON_VALUE(changes, '$.street[1]') = ?), 0), COALESCE(MAX(side = 'local' AND JSON_VALUE(changes, '$.phone[1]') = ?), 0)"+
			" FROM sync_changes WHERE entity = 'contacts' AND odoo_id = ?", b.street, b.phone, b.odooID).Scan(&there, &here)
		switch {
		case err != nil:
			return n, lost, err
		case there && here:
			n++
		case latest[b.odooID] == b:
			lost++
		}
	}
	return n, lost, nil
}

// settle waits until no event and no edit is pending. Second looks may be: they
// come too late for a demo, and only confirm what is seen already.
func (d *demo) settle(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var events, edits int
		err := d.app.DB().QueryRowContext(ctx, "SELECT (SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending' AND source <> 'recheck'),"+
			" (SELECT COUNT(*) FROM sync_outbox WHERE status = 'pending')").Scan(&events, &edits)
		if err != nil {
			return err
		}
		if events+edits == 0 {
			// The push's own writes are told by webhooks too.
			if err := d.sim.Drain(ctx); err != nil || d.quiet(ctx) {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return record.Errorf(record.CodeInternal, "%d events and %d edits were not worked in time", events, edits)
		case <-tick.C:
		}
	}
}

// quiet reports that nothing at all is pending.
func (d *demo) quiet(ctx context.Context) bool {
	var n int
	err := d.app.DB().QueryRowContext(ctx, "SELECT (SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending' AND source <> 'recheck')"+
		" + (SELECT COUNT(*) FROM sync_outbox WHERE status = 'pending')").Scan(&n)
	return err == nil && n == 0
}
