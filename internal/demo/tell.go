package demo

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/reconcile"
)

// tellLimit bounds the reading of what a line tells: the demo goes on without it.
const tellLimit = 2 * time.Second

// onEvent tells what a webhook changed.
func (d *demo) onEvent(e queue.Event, o reconcile.Outcome, err error) {
	d.print.Lock()
	d.tally[o]++
	d.print.Unlock()
	if err != nil {
		d.say("  ! → MySQL  %s %d: %s", e.Type, e.OdooID, record.Message(err))
		return
	}
	for _, c := range d.changes("cause_kind = 'webhook' AND cause_id = ?", strconv.FormatInt(e.ID, 10)) {
		d.say("  → MySQL   %-24s %-7s %s", e.Type, c.op, c)
	}
	d.tellConflicts()
}

// onPush tells what the edits of a row changed: in Odoo, and in the row itself
// where Odoo made something else of a value.
func (d *demo) onPush(entity, localID string, err error) {
	d.print.Lock()
	key := entity + "#" + localID
	told := d.told[key]
	if err == nil {
		d.pushed++
	} else {
		d.refused++
	}
	d.print.Unlock()
	for _, c := range d.changes("cause_kind = 'outbox' AND entity = ? AND local_id = ? AND id > ?", entity, localID, told) {
		d.print.Lock()
		d.told[key] = c.id
		d.print.Unlock()
		if c.side == record.Odoo {
			d.say("  → Odoo    %-24s %-7s %s", "row edited", c.op, c)
		} else {
			d.say("  → MySQL   %-24s %-7s %s", "read back", c.op, c)
		}
	}
	if err != nil {
		d.say("  ! → Odoo   %s: %s", key, record.Message(err))
	}
	d.tellConflicts()
}

// told is one line of sync_changes.
type told struct {
	id                  int64
	side                record.Side
	entity, localID, op string
	text                []byte
}

func (t told) String() string {
	return fmt.Sprintf("%s#%s  %s", t.entity, t.localID, summary(t.op, t.text))
}

// changes reads what sync_changes tells.
func (d *demo) changes(where string, args ...any) []told {
	ctx, cancel := context.WithTimeout(context.Background(), tellLimit)
	defer cancel()
	rows, err := d.app.DB().QueryContext(ctx, "SELECT id, side, entity, COALESCE(local_id, ''), op, changes FROM sync_changes WHERE "+where+" ORDER BY id", args...)
	if err != nil {
		return nil // the demo goes on without the line
	}
	defer rows.Close()
	var out []told
	for rows.Next() {
		var t told
		if rows.Scan(&t.id, &t.side, &t.entity, &t.localID, &t.op, &t.text) != nil {
			return out
		}
		out = append(out, t)
	}
	if rows.Err() != nil {
		return nil
	}
	return out
}

// tellConflicts tells of decided conflicts that were not told yet. One that is
// undecided may still be decided by what is on its way (an expected total, by
// the lines): the summary tells of those that are not.
func (d *demo) tellConflicts() {
	d.conflicts.Lock()
	defer d.conflicts.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), tellLimit)
	defer cancel()
	list, err := d.conflictsAfter(ctx, "id > ? AND winner IS NOT NULL", d.lastConflict)
	if err != nil {
		return // the summary counts them
	}
	for _, c := range list {
		d.lastConflict = c.id
		d.say("  conflict  %s", c)
	}
}

// conflict is a line of sync_conflicts.
type conflict struct {
	id                     int64
	entity, localID, field string
	odoo, local            sql.NullString
	policy, winner         string
}

func (c conflict) String() string {
	decided := "undecided (policy " + c.policy + "): both keep their own until they are made the same"
	switch c.winner {
	case "odoo":
		decided = "Odoo's wins (policy " + c.policy + "), both are kept"
	case "local":
		decided = "the row's wins (policy " + c.policy + "), both are kept"
	}
	return fmt.Sprintf("%s#%s  %s: Odoo %s, row %s: %s", c.entity, c.localID, c.field, orNull(c.odoo), orNull(c.local), decided)
}

func orNull(s sql.NullString) string {
	if !s.Valid {
		return "NULL"
	}
	return s.String
}

func (d *demo) conflictsAfter(ctx context.Context, where string, args ...any) ([]conflict, error) {
	rows, err := d.app.DB().QueryContext(ctx, "SELECT id, entity, COALESCE(local_id, ''), field, odoo_value, local_value, policy, COALESCE(winner, '') FROM sync_conflicts WHERE "+where+" ORDER BY id", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []conflict
	for rows.Next() {
		var c conflict
		if err := rows.Scan(&c.id, &c.entity, &c.localID, &c.field, &c.odoo, &c.local, &c.policy, &c.winner); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// shownInNew are the fields that a new record or row is told with.
var shownInNew = []string{"name", "amount_total", "city", "ref", "email"}

// summary shows a few of the changes.
func summary(op string, text []byte) string {
	var changes map[string][2]*string
	if err := json.Unmarshal(text, &changes); err != nil {
		return ""
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		c := changes[name]
		if op == "create" {
			if slices.Contains(shownInNew, name) {
				parts = append(parts, name+" = "+value(c[1]))
			}
			continue
		}
		parts = append(parts, name+": "+value(c[0])+" → "+value(c[1]))
	}
	if len(parts) > 4 {
		parts = append(parts[:4], fmt.Sprintf("and %d more", len(parts)-4))
	}
	return strings.Join(parts, ", ")
}

func value(s *string) string {
	if s == nil {
		return "NULL"
	}
	return *s
}
