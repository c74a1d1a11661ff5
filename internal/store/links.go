package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"odoosync/internal/record"
)

// State says how a link stands.
type State string

// The states of a link.
const (
	Pending      State = "pending"  // one side has changes the other does not have yet
	Synced       State = "synced"   // both sides agree with the base
	InConflict   State = "conflict" // a conflict waits for a person
	Failed       State = "error"    // the last sync was refused; Link.Error says why
	DeletedState State = "deleted"  // the record was deleted; the link is its tombstone
	Hidden       State = "hidden"   // the record exists, but we may not read it
	Left         State = "left"     // the record left the mapping's domain
)

// Link ties a row to a record and holds what both sides last agreed on.
type Link struct {
	ID      int64
	Entity  string
	LocalID string // "" while the row does not exist
	OdooID  int64  // 0 while the record does not exist
	UUID    string
	Base    record.Base
	// FieldTimes are the event times of payload mode by field, UTC.
	FieldTimes map[string]time.Time
	WriteDate  time.Time // Odoo's, zero when never read
	CreateDate time.Time
	State      State
	Error      string
	// Intent is a write to Odoo whose outcome is not known yet, as the engine
	// wrote it; nil for none. Until Deadline it may still be happening.
	Intent   []byte
	Deadline time.Time
	// DeletedBy is the side that deleted first: of a tombstone, or of a record in
	// conflict because the other side has edited it.
	DeletedBy record.Side
	Version   int64
	// Present: Odoo showed the record, in the entity's domain, when it was last
	// looked at. Those are what a sweep compares with Odoo's own lists.
	Present bool
}

const linkColumns = "id, entity, COALESCE(local_id, ''), COALESCE(odoo_id, 0), uuid, base, field_times, " +
	"odoo_write_date, odoo_create_date, state, COALESCE(error, ''), version, intent, intent_deadline, COALESCE(deleted_by, ''), present"

// LockLinks returns the links of these records and locks them until the
// transaction ends. Records without a link have none to lock; the unique key
// of sync_links decides between two that insert it.
func LockLinks(ctx context.Context, tx *sql.Tx, entity string, ids []int64) (map[int64]*Link, error) {
	out := make(map[int64]*Link, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	links, err := lockLinks(ctx, tx, "entity = ? AND odoo_id IN ("+marks(len(ids))+")", append([]any{entity}, anys(ids)...))
	for _, l := range links {
		out[l.OdooID] = l
	}
	return out, err
}

// LockLinksOfRows returns the links of these rows, by the row's id, and locks
// them until the transaction ends.
func LockLinksOfRows(ctx context.Context, tx *sql.Tx, entity string, localIDs []string) (map[string]*Link, error) {
	out := make(map[string]*Link, len(localIDs))
	if len(localIDs) == 0 {
		return out, nil
	}
	links, err := lockLinks(ctx, tx, "entity = ? AND local_id IN ("+marks(len(localIDs))+")", append([]any{entity}, anys(localIDs)...))
	for _, l := range links {
		out[l.LocalID] = l
	}
	return out, err
}

func lockLinks(ctx context.Context, tx *sql.Tx, where string, args []any) ([]*Link, error) {
	return selectLinks(ctx, tx, where+" ORDER BY id FOR UPDATE", args)
}

// LinksOfRows returns the links of these rows, by the row's id, as they stand.
func LinksOfRows(ctx context.Context, q Queryer, entity string, localIDs []string) (map[string]*Link, error) {
	out := make(map[string]*Link, len(localIDs))
	if len(localIDs) == 0 {
		return out, nil
	}
	links, err := selectLinks(ctx, q, "entity = ? AND local_id IN ("+marks(len(localIDs))+")", append([]any{entity}, anys(localIDs)...))
	for _, l := range links {
		out[l.LocalID] = l
	}
	return out, err
}

func selectLinks(ctx context.Context, q Queryer, where string, args []any) ([]*Link, error) {
	rows, err := q.QueryContext(ctx, "SELECT "+linkColumns+" FROM sync_links WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*Link
	for rows.Next() {
		l, err := scanLink(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

func scanLink(rows *sql.Rows) (*Link, error) {
	var (
		l               Link
		base, times     []byte
		written, create sql.NullTime
		deadline        sql.NullTime
	)
	err := rows.Scan(&l.ID, &l.Entity, &l.LocalID, &l.OdooID, &l.UUID, &base, &times,
		&written, &create, &l.State, &l.Error, &l.Version, &l.Intent, &deadline, &l.DeletedBy, &l.Present)
	if err != nil {
		return nil, err
	}
	l.WriteDate, l.CreateDate, l.Deadline = written.Time, create.Time, deadline.Time
	if err := decodeJSON(base, &l.Base); err != nil {
		return nil, record.Wrap(record.CodeInternal, err, "the base of %s %d (link %d) cannot be read", l.Entity, l.OdooID, l.ID)
	}
	if err := decodeJSON(times, &l.FieldTimes); err != nil {
		return nil, record.Wrap(record.CodeInternal, err, "the field times of %s %d (link %d) cannot be read", l.Entity, l.OdooID, l.ID)
	}
	return &l, nil
}

func decodeJSON(data []byte, into any) error {
	if len(data) == 0 {
		return nil
	}
	return json.Unmarshal(data, into)
}

// Seen is what was known of a record before it was read again.
type Seen struct {
	Version int64     // of its link
	Created time.Time // Odoo's dates; zero when never read
	Written time.Time
	Synced  time.Time // when what is known was agreed on, by our clock
	HasRow  bool
	Deleted bool // it is a tombstone
}

// Versions returns, for each record that has a link, what a reader remembers of
// it before it reads Odoo.
func Versions(ctx context.Context, q Queryer, entity string, ids []int64) (map[int64]Seen, error) {
	out := make(map[int64]Seen, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := q.QueryContext(ctx, "SELECT odoo_id, version, odoo_create_date, odoo_write_date, synced_at, local_id IS NOT NULL, state = 'deleted' FROM sync_links WHERE entity = ? AND odoo_id IN ("+marks(len(ids))+")",
		append([]any{entity}, anys(ids)...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var s Seen
		var created, written, synced sql.NullTime
		if err := rows.Scan(&id, &s.Version, &created, &written, &synced, &s.HasRow, &s.Deleted); err != nil {
			return nil, err
		}
		s.Created, s.Written, s.Synced = created.Time, written.Time, synced.Time
		out[id] = s
	}
	return out, rows.Err()
}

// RowIDs returns the row ids of these records of an entity in t, without the
// ones whose row does not exist: a row may have been deleted under its link.
func RowIDs(ctx context.Context, q Queryer, entity string, t Table, odooIDs []int64) (map[int64]string, error) {
	linked, err := localIDs(ctx, q, entity, odooIDs)
	if err != nil || len(linked) == 0 {
		return linked, err
	}
	ids := slices.Sorted(maps.Values(linked))
	there, err := texts(ctx, q, "SELECT CAST("+quote(t.ID)+" AS CHAR) FROM "+quote(t.Name)+" WHERE "+quote(t.ID)+" IN ("+marks(len(ids))+")", anys(ids))
	slices.Sort(there)
	maps.DeleteFunc(linked, func(_ int64, id string) bool {
		_, found := slices.BinarySearch(there, id)
		return !found
	})
	return linked, err
}

// FormerRowIDs returns the row ids that the links of these records name, whether
// the rows are still there or not.
func FormerRowIDs(ctx context.Context, q Queryer, entity string, odooIDs []int64) (map[int64]string, error) {
	return localIDs(ctx, q, entity, odooIDs)
}

// OdooIDs returns the Odoo ids of the records linked to these rows.
func OdooIDs(ctx context.Context, q Queryer, entity string, localIDs []string) ([]int64, error) {
	if len(localIDs) == 0 {
		return nil, nil
	}
	found, err := texts(ctx, q, "SELECT odoo_id FROM sync_links WHERE entity = ? AND odoo_id IS NOT NULL AND local_id IN ("+marks(len(localIDs))+")", append([]any{entity}, anys(localIDs)...))
	out := make([]int64, len(found))
	for i, text := range found {
		out[i] = cellInt(text)
	}
	return out, err
}

func localIDs(ctx context.Context, q Queryer, entity string, odooIDs []int64) (map[int64]string, error) {
	out := make(map[int64]string, len(odooIDs))
	if len(odooIDs) == 0 {
		return out, nil
	}
	rows, err := q.QueryContext(ctx, "SELECT odoo_id, local_id FROM sync_links WHERE entity = ? AND local_id IS NOT NULL AND odoo_id IN ("+marks(len(odooIDs))+")",
		append([]any{entity}, anys(odooIDs)...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var local string
		if err := rows.Scan(&id, &local); err != nil {
			return nil, err
		}
		out[id] = local
	}
	return out, rows.Err()
}

var linkWriteColumns = []string{"entity", "local_id", "odoo_id", "uuid", "base", "field_times",
	"odoo_write_date", "odoo_create_date", "state", "error", "version", "intent", "intent_deadline", "deleted_by", "present", "synced_at"}

// InsertLinks writes new links (Version is stored as given, UUIDs are made
// where they are empty). A duplicate key error means that somebody else linked
// one of the records since we looked: roll back and start over.
func InsertLinks(ctx context.Context, tx Execer, now time.Time, links []*Link) error {
	rows := make([][]any, len(links))
	for i, l := range links {
		if l.UUID == "" {
			l.UUID = newUUID()
		}
		args, err := l.args(now)
		if err != nil {
			return err
		}
		rows[i] = args
	}
	return insertRows(ctx, tx, "sync_links", linkWriteColumns, rows, "")
}

// newUUID is ordered by time, so that the unique key grows at its end.
func newUUID() string { return uuid.Must(uuid.NewV7()).String() }

const linkUpdate = " ON DUPLICATE KEY UPDATE local_id = VALUES(local_id), odoo_id = VALUES(odoo_id), base = VALUES(base)," +
	" field_times = VALUES(field_times), odoo_write_date = VALUES(odoo_write_date), odoo_create_date = VALUES(odoo_create_date)," +
	" state = VALUES(state), error = VALUES(error), version = VALUES(version), intent = VALUES(intent)," +
	" intent_deadline = VALUES(intent_deadline), deleted_by = VALUES(deleted_by), present = VALUES(present), synced_at = VALUES(synced_at), row_hash = NULL"

// UpdateLinks writes links that were locked in this transaction, by their ids.
// The caller has raised Version where what was agreed on changed. The hash of
// the row is forgotten: the next sweep compares it by its values.
func UpdateLinks(ctx context.Context, tx Execer, now time.Time, links []*Link) error {
	rows := make([][]any, len(links))
	for i, l := range links {
		args, err := l.args(now)
		if err != nil {
			return err
		}
		rows[i] = append([]any{l.ID}, args...)
	}
	return insertRows(ctx, tx, "sync_links", append([]string{"id"}, linkWriteColumns...), rows, linkUpdate)
}

func (l *Link) args(now time.Time) ([]any, error) {
	base, err := l.Base.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("base of %s %d: %w", l.Entity, l.OdooID, err)
	}
	var times any
	if len(l.FieldTimes) > 0 {
		encoded, err := json.Marshal(l.FieldTimes)
		if err != nil {
			return nil, err
		}
		times = string(encoded)
	}
	return []any{l.Entity, nullText(l.LocalID), nullID(l.OdooID), l.UUID, string(base), times,
		nullTime(l.WriteDate), nullTime(l.CreateDate), string(l.State), nullText(l.Error), l.Version,
		nullText(string(l.Intent)), nullTime(l.Deadline), nullText(string(l.DeletedBy)), l.Present, now.UTC()}, nil
}

func nullText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func nullID(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

func nullTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

// SetError shows on a record why its sync was refused, and makes its link when
// it has none, so that sync_status lists records that never got through. What
// was agreed on stays, and so do a tombstone and the mark of a record that is
// not ours: a later event may tell no more of it than one field.
func SetError(ctx context.Context, tx Execer, entity string, odooID int64, message string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO sync_links (entity, odoo_id, uuid, state, error, version) VALUES (?, ?, ?, 'error', ?, 0)"+
		" ON DUPLICATE KEY UPDATE state = IF(state IN ('deleted', 'left'), state, 'error'), error = VALUES(error)",
		entity, odooID, newUUID(), message)
	return err
}
