package store

import (
	"context"
	"time"

	"odoosync/internal/record"
)

// Cause says what made us look at a record: the answer to "why does this row
// have this value?".
type Cause struct {
	Kind  string // "webhook", "outbox", "poll", "sweep", "import", "admin", "wait"
	ID    string // the webhook's, outbox row's, or request's id
	RunID int64  // the run it belongs to, 0 for none
}

// Applied is one applied change of one record, as sync_changes keeps it.
type Applied struct {
	Entity  string
	LocalID string
	OdooID  int64
	Side    record.Side
	Op      string // "create", "update", "delete", "revive", "link", "adopt"
	Changes record.Changes
	Cause   Cause
}

var changeColumns = []string{"at", "entity", "local_id", "odoo_id", "side", "op", "changes", "cause_kind", "cause_id", "run_id"}

// AppendChanges writes the history of what the transaction does.
func AppendChanges(ctx context.Context, tx Execer, now time.Time, changes []Applied) error {
	rows := make([][]any, len(changes))
	for i, c := range changes {
		encoded, err := c.Changes.MarshalJSON()
		if err != nil {
			return err
		}
		rows[i] = []any{now.UTC(), c.Entity, nullText(c.LocalID), nullID(c.OdooID), string(c.Side), c.Op,
			string(encoded), c.Cause.Kind, nullText(c.Cause.ID), nullID(c.Cause.RunID)}
	}
	return insertRows(ctx, tx, "sync_changes", changeColumns, rows, "")
}

// KeepConflicts records conflicts of one record. An open conflict about the
// same field is brought up to date instead of being written twice.
func KeepConflicts(ctx context.Context, tx Execer, now time.Time, entity, localID string, odooID int64, conflicts []record.Conflict) error {
	for _, c := range conflicts {
		if c.Winner == "" {
			done, err := refreshConflict(ctx, tx, now, entity, odooID, c)
			if err != nil {
				return err
			}
			if done {
				continue
			}
		}
		if err := insertConflict(ctx, tx, now, entity, localID, odooID, c); err != nil {
			return err
		}
	}
	return nil
}

// EndConflicts closes the open conflicts of these records, but for the fields
// of still: both sides have come to agree about the others.
func EndConflicts(ctx context.Context, tx Execer, now time.Time, entity string, odooIDs []int64, still ...string) error {
	if len(odooIDs) == 0 {
		return nil
	}
	query := "UPDATE sync_conflicts SET state = 'resolved', resolved_by = 'agreement', resolved_at = ?, updated_at = ?" +
		" WHERE entity = ? AND odoo_id IN (" + marks(len(odooIDs)) + ") AND state = 'open'"
	args := append([]any{now.UTC(), now.UTC(), entity}, anys(odooIDs)...)
	if len(still) > 0 {
		query += " AND field NOT IN (" + marks(len(still)) + ")"
		args = append(args, anys(still)...)
	}
	_, err := tx.ExecContext(ctx, query, args...)
	return err
}

func refreshConflict(ctx context.Context, tx Execer, now time.Time, entity string, odooID int64, c record.Conflict) (bool, error) {
	result, err := tx.ExecContext(ctx, "UPDATE sync_conflicts SET odoo_value = ?, local_value = ?, updated_at = ?"+
		" WHERE entity = ? AND odoo_id = ? AND field = ? AND policy = ? AND state = 'open'",
		nullValue(c.Odoo), nullValue(c.Local), now.UTC(), entity, odooID, c.Field, c.Policy)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected() // rows found, not rows changed: the connection asks for that
	return n > 0, err
}

func insertConflict(ctx context.Context, tx Execer, now time.Time, entity, localID string, odooID int64, c record.Conflict) error {
	state, winner, resolved, by := "open", any(nil), any(nil), any(nil)
	if c.Winner != "" {
		state, winner, resolved, by = "resolved", string(c.Winner), now.UTC(), "policy "+c.Policy
	}
	return insertRows(ctx, tx, "sync_conflicts",
		[]string{"entity", "local_id", "odoo_id", "field", "base_odoo", "base_local", "odoo_value", "local_value",
			"policy", "state", "winner", "created_at", "updated_at", "resolved_at", "resolved_by"},
		[][]any{{entity, nullText(localID), nullID(odooID), c.Field, nullValue(c.Base.Odoo), nullValue(c.Base.Local),
			nullValue(c.Odoo), nullValue(c.Local), c.Policy, state, winner, now.UTC(), now.UTC(), resolved, by}}, "")
}

func nullValue(v record.Value) any {
	if v.IsNull() {
		return nil
	}
	return v.Text()
}
