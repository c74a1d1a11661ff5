package store

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// OldestCreate returns the deadline of the oldest write by which a row of the
// entity may become, or have become, a record whose id is not known here yet;
// zero when there is none.
func OldestCreate(ctx context.Context, q Queryer, entity string) (time.Time, error) {
	rows, err := q.QueryContext(ctx, "SELECT MIN(intent_deadline) FROM sync_links WHERE entity = ? AND odoo_id IS NULL AND intent IS NOT NULL", entity)
	if err != nil {
		return time.Time{}, err
	}
	defer rows.Close()
	var oldest sql.NullTime
	for rows.Next() {
		if err := rows.Scan(&oldest); err != nil {
			return time.Time{}, err
		}
	}
	return oldest.Time, rows.Err()
}

// Candidate is a value that rows are searched by: column = one of Texts, as it
// stands or without the marks people put between groups of digits.
type Candidate struct {
	Column string
	Texts  []string
}

// between are the marks Bare takes out.
var between = []string{" ", ".", "-", "/"}

// Bare is a text without the marks people put between groups of digits.
func Bare(text string) string {
	for _, mark := range between {
		text = strings.ReplaceAll(text, mark, "")
	}
	return text
}

func bareColumn(column string) string {
	out := quote(column)
	for _, mark := range between {
		out = "REPLACE(" + out + ", '" + mark + "', '')"
	}
	return out
}

// UnlinkedRows returns the rows of an entity that are no record of
// Odoo's, are not on their way to become one, and hold one of the candidates'
// values. Only rows without Odoo's id are looked through, and those whose mark of
// deletion (deleted; "" for none) is set are left out.
func UnlinkedRows(ctx context.Context, q Queryer, entity string, t Table, candidates []Candidate, deleted string) (map[string]Row, error) {
	var either []string
	var args []any
	for _, c := range candidates {
		if len(c.Texts) == 0 {
			continue
		}
		in := " IN (" + marks(len(c.Texts)) + ")"
		either = append(either, quote(c.Column)+in, bareColumn(c.Column)+in)
		args = append(args, anys(c.Texts)...)
		for _, text := range c.Texts {
			args = append(args, Bare(text))
		}
	}
	if len(either) == 0 {
		return nil, nil
	}
	// Most of the time there is none at all, which the key of Odoo's id tells at
	// once; the long condition costs more than that.
	if some, err := texts(ctx, q, "SELECT 1 FROM "+quote(t.Name)+" WHERE "+quote(t.OdooID)+" IS NULL LIMIT 1", nil); err != nil || len(some) == 0 {
		return nil, err
	}
	where := quote(t.OdooID) + " IS NULL AND (" + strings.Join(either, " OR ") + ")"
	if deleted != "" {
		where += " AND " + quote(deleted) + " IS NULL"
	}
	ids, err := texts(ctx, q, "SELECT CAST("+quote(t.ID)+" AS CHAR) FROM "+quote(t.Name)+" WHERE "+where, args)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	rows, err := ReadRows(ctx, q, t, ids)
	if err != nil {
		return nil, err
	}
	links, err := LinksOfRows(ctx, q, entity, ids)
	for id, l := range links {
		if l.OdooID != 0 || l.Intent != nil || l.State == DeletedState {
			delete(rows, id)
		}
	}
	return rows, err
}

// LinkRow inserts a link for a row that has none, and leaves one that is there.
func LinkRow(ctx context.Context, tx Execer, now time.Time, entity, localID string) error {
	return insertRows(ctx, tx, "sync_links", []string{"entity", "local_id", "uuid", "state", "version", "synced_at"},
		[][]any{{entity, localID, newUUID(), string(Pending), 0, now.UTC()}}, " ON DUPLICATE KEY UPDATE entity = entity")
}

// DetachRow takes a tombstone's row away from it: the row begins anew, without
// Odoo's id.
func DetachRow(ctx context.Context, tx Execer, t Table, l *Link) error {
	if _, err := tx.ExecContext(ctx, "UPDATE sync_links SET local_id = NULL, version = version + 1 WHERE id = ?", l.ID); err != nil || t.OdooID == "" {
		return err
	}
	return UpdateRow(ctx, tx, t, l.LocalID, []string{t.OdooID}, map[string]any{t.OdooID: nil})
}

// SetRowError shows on a row why it cannot be sent, making its link when it has
// none. What was agreed on stays, and so does a tombstone; the hash goes, as with
// any write of a link (UpdateLinks).
func SetRowError(ctx context.Context, tx Execer, entity, localID, message string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO sync_links (entity, local_id, uuid, state, error, version) VALUES (?, ?, ?, 'error', ?, 0)"+
		" ON DUPLICATE KEY UPDATE state = IF(state = 'deleted', state, 'error'), error = VALUES(error), row_hash = NULL",
		entity, localID, newUUID(), message)
	return err
}

// LinkedIDs are the Odoo ids among these that belong to a row, or did until
// they were deleted. A record that was only refused so far belongs to none.
func LinkedIDs(ctx context.Context, q Queryer, entity string, ids []int64) (map[int64]bool, error) {
	out := make(map[int64]bool, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	found, err := texts(ctx, q, "SELECT odoo_id FROM sync_links WHERE entity = ? AND (local_id IS NOT NULL OR state = 'deleted') AND odoo_id IN ("+marks(len(ids))+")",
		append([]any{entity}, anys(ids)...))
	for _, text := range found {
		out[cellInt(text)] = true
	}
	return out, err
}

// RecordIDs returns the Odoo ids of these rows' records, without the ones that
// have none or were deleted.
func RecordIDs(ctx context.Context, q Queryer, entity string, localIDs []string) (map[string]int64, error) {
	out := make(map[string]int64, len(localIDs))
	links, err := LinksOfRows(ctx, q, entity, localIDs)
	for id, l := range links {
		if l.OdooID != 0 && l.State != DeletedState {
			out[id] = l.OdooID
		}
	}
	return out, err
}

// ReadRows returns the rows with these ids as they stand, without locking them.
func ReadRows(ctx context.Context, q Queryer, t Table, ids []string) (map[string]Row, error) {
	out := make(map[string]Row, len(ids))
	rows, err := selectRows(ctx, q, t, t.ID, ids, "")
	for _, r := range rows {
		out[r.ID] = r
	}
	return out, err
}

// RowWithOdooID finds the row that holds Odoo's id, "" for none: a REPLACE gives
// a row a new id of its own.
func RowWithOdooID(ctx context.Context, q Queryer, t Table, odooID int64) (string, error) {
	found, err := idsByOdooID(ctx, q, t, []int64{odooID})
	return found[odooID], err
}

// SetRecord notes which record a row has become, or is. A duplicate key error
// means that the record belongs to another row.
func SetRecord(ctx context.Context, tx Execer, entity, localID string, odooID int64) error {
	if err := ForgetRowless(ctx, tx, entity, odooID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "UPDATE sync_links SET odoo_id = ?, version = version + 1 WHERE entity = ? AND local_id = ?", odooID, entity, localID)
	return err
}

// ForgetRowless removes the link of a record that has no row and was not
// deleted: what it says is about to be said by the row's own link.
func ForgetRowless(ctx context.Context, tx Execer, entity string, odooID int64) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM sync_links WHERE entity = ? AND odoo_id = ? AND local_id IS NULL AND state <> 'deleted'", entity, odooID)
	return err
}

// DeleteLink forgets a row that never became a record.
func DeleteLink(ctx context.Context, tx Execer, id int64) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM sync_links WHERE id = ? AND odoo_id IS NULL", id)
	return err
}

// ExpiredIntents are links whose write to Odoo was begun by somebody who never
// said how it ended, and for whose row no edit waits.
func ExpiredIntents(ctx context.Context, q Queryer, now time.Time, limit int) ([]*Link, error) {
	return selectLinks(ctx, q, "intent_deadline < ? AND local_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sync_outbox o"+
		" WHERE o.entity = sync_links.entity AND o.local_id = sync_links.local_id AND o.status = 'pending') LIMIT ?", []any{now.UTC(), limit})
}

// LinksOfRecords returns the links of these records, by Odoo's id, as they
// stand.
func LinksOfRecords(ctx context.Context, q Queryer, entity string, ids []int64) (map[int64]*Link, error) {
	out := make(map[int64]*Link, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	links, err := selectLinks(ctx, q, "entity = ? AND odoo_id IN ("+marks(len(ids))+")", append([]any{entity}, anys(ids)...))
	for _, l := range links {
		out[l.OdooID] = l
	}
	return out, err
}

// LinksByID returns these links, by their own ids, as they stand.
func LinksByID(ctx context.Context, q Queryer, ids []int64) (map[int64]*Link, error) {
	out := make(map[int64]*Link, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	links, err := selectLinks(ctx, q, "id IN ("+marks(len(ids))+")", anys(ids))
	for _, l := range links {
		out[l.ID] = l
	}
	return out, err
}

// Referring returns the Odoo ids of the records whose rows refer to a row.
func Referring(ctx context.Context, q Queryer, entity string, t Table, column, localID string) ([]int64, error) {
	ids, err := texts(ctx, q, "SELECT CAST("+quote(t.ID)+" AS CHAR) FROM "+quote(t.Name)+" WHERE "+quote(column)+" = ?", []any{localID})
	if err != nil {
		return nil, err
	}
	return OdooIDs(ctx, q, entity, ids)
}

// RemoveLink forgets a link whose record and row are gone.
func RemoveLink(ctx context.Context, tx Execer, id int64) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM sync_links WHERE id = ?", id)
	return err
}

// LoseRecord makes a link the tombstone of a record whose id belongs to another
// one now.
func LoseRecord(ctx context.Context, tx Execer, id int64) error {
	_, err := tx.ExecContext(ctx, "UPDATE sync_links SET odoo_id = NULL, present = FALSE, state = 'deleted', deleted_by = 'odoo', error = NULL, intent = NULL, intent_deadline = NULL,"+
		" row_hash = NULL, version = version + 1 WHERE id = ?", id)
	return err
}
