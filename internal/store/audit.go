package store

import (
	"context"
	"encoding/json"
	"time"
)

// Entry is something a person did: what is asked of the daemon by the admin
// API or the command line, and what became of it.
type Entry struct {
	ID      int64           `json:"id"`
	At      time.Time       `json:"at"`               // UTC
	Who     string          `json:"who"`              // "admin token", "command line", ...
	Action  string          `json:"action"`           // resync, replay, resolve, forget, ...
	Target  string          `json:"target,omitempty"` // what it was done to
	Details json.RawMessage `json:"details,omitempty"`
	Result  string          `json:"result,omitempty"` // done, or the sentence of the refusal
	Client  string          `json:"client,omitempty"` // the address it came from
}

// Audit keeps an entry and returns its id. At must be set. Nothing that may not
// be kept belongs into it: no keys, and no values of records.
func Audit(ctx context.Context, tx Execer, e Entry) (int64, error) {
	result, err := tx.ExecContext(ctx, "INSERT INTO sync_audit (at, who, action, target, details, result, client) VALUES (?, ?, ?, ?, ?, ?, ?)",
		e.At.UTC(), clip(e.Who, 255), clip(e.Action, 64), nullText(clip(e.Target, 255)), nullText(string(e.Details)), nullText(clip(e.Result, 4000)), nullText(clip(e.Client, 255)))
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// Audits returns entries, the latest first: those with an id smaller than before,
// which is 0 for the latest.
func Audits(ctx context.Context, q Queryer, before int64, limit int) ([]Entry, error) {
	where, args := "TRUE", []any{}
	if before > 0 {
		where, args = "id < ?", []any{before}
	}
	if limit <= 0 {
		limit = 100
	}
	return selectAudits(ctx, q, where+" ORDER BY id DESC LIMIT ?", append(args, limit))
}

func auditsByID(ctx context.Context, q Queryer, ids []any) (map[int64]*Entry, error) {
	out := map[int64]*Entry{}
	if len(ids) == 0 {
		return out, nil
	}
	found, err := selectAudits(ctx, q, "id IN ("+marks(len(ids))+")", ids)
	for i := range found {
		out[found[i].ID] = &found[i]
	}
	return out, err
}

func selectAudits(ctx context.Context, q Queryer, where string, args []any) ([]Entry, error) {
	rows, err := q.QueryContext(ctx, "SELECT id, at, who, action, COALESCE(target, ''), details, COALESCE(result, ''), COALESCE(client, '') FROM sync_audit WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []Entry{}
	for rows.Next() {
		var e Entry
		var details []byte
		if err := rows.Scan(&e.ID, &e.At, &e.Who, &e.Action, &e.Target, &details, &e.Result, &e.Client); err != nil {
			return nil, err
		}
		e.Details = details
		out = append(out, e)
	}
	return out, rows.Err()
}

// clip cuts a text to what its column holds.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
