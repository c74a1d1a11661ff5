package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Reason is a cause with what is still known of it: webhooks, edits and runs are
// purged in time.
type Reason struct {
	Kind    string     `json:"kind"`         // webhook, outbox, poll, sweep, import, resync, wait, missed, admin
	ID      string     `json:"id,omitempty"` // of the webhook, the edit, ...
	RunID   int64      `json:"run_id,omitempty"`
	Webhook *ByWebhook `json:"webhook,omitempty"`
	Edit    *ByEdit    `json:"edit,omitempty"`
	Run     *ByRun     `json:"run,omitempty"`
	Audit   *Entry     `json:"audit,omitempty"`
	Text    string     `json:"text"` // all of it, for a person
}

// ByWebhook is a webhook that caused a change.
type ByWebhook struct {
	ID         int64     `json:"id"`
	Event      string    `json:"event"`
	Source     string    `json:"source"`
	Origin     string    `json:"origin,omitempty"` // who made the change in Odoo, where it was not a person
	ReceivedAt time.Time `json:"received_at"`
}

// ByEdit is an edit of a row that caused a change.
type ByEdit struct {
	ID      int64     `json:"id"`
	Op      string    `json:"op"`
	Columns []string  `json:"columns"`
	At      time.Time `json:"at"`
}

// ByRun is a run that caused a change.
type ByRun struct {
	ID        int64     `json:"id"`
	Kind      string    `json:"kind"`
	Mode      string    `json:"mode,omitempty"`
	Cause     string    `json:"cause,omitempty"` // who asked for it
	StartedAt time.Time `json:"started_at"`
}

// explainCauses looks up what caused changes: a query for each kind.
func explainCauses(ctx context.Context, q Queryer, list []Moment) error {
	ids := map[string][]any{}
	for _, m := range list {
		if n := number(m.Cause.ID); n > 0 {
			ids[m.Cause.Kind] = append(ids[m.Cause.Kind], n)
		}
		if m.Cause.RunID > 0 {
			ids["run"] = append(ids["run"], m.Cause.RunID)
		}
	}
	webhooks, err := webhooksByID(ctx, q, ids["webhook"])
	if err != nil {
		return err
	}
	edits, err := editsByID(ctx, q, ids["outbox"])
	if err != nil {
		return err
	}
	runs, err := runsByID(ctx, q, ids["run"])
	if err != nil {
		return err
	}
	audits, err := auditsByID(ctx, q, ids["admin"])
	if err != nil {
		return err
	}
	for i := range list {
		c := &list[i].Cause
		switch n := number(c.ID); c.Kind {
		case "webhook":
			c.Webhook = webhooks[n]
		case "outbox":
			c.Edit = edits[n]
		case "admin":
			c.Audit = audits[n]
		}
		c.Run = runs[c.RunID]
		c.Text = c.text()
	}
	return nil
}

// kindTexts say what a cause was.
var kindTexts = map[string]string{
	"poll":   "the poll found it changed in Odoo",
	"sweep":  "the sweep found both sides to differ",
	"import": "the initial import",
	"resync": "a resync",
	"missed": "a webhook that never arrived, found by its number",
	"admin":  "a person's request",
}

func (c *Reason) text() string {
	var out string
	switch {
	case c.Webhook != nil:
		out = fmt.Sprintf("webhook %d (%s)", c.Webhook.ID, c.Webhook.Event)
		if c.Webhook.Origin != "" {
			out += ", an echo of a change made by the " + c.Webhook.Origin
		}
	case c.Kind == "webhook":
		out = "webhook " + c.ID + ", which is not in the log any more"
	case c.Edit != nil:
		out = fmt.Sprintf("an edit here (%d, %s", c.Edit.ID, c.Edit.Op)
		if len(c.Edit.Columns) > 0 {
			out += " of " + strings.Join(c.Edit.Columns, ", ")
		}
		out += ")"
	case c.Kind == "outbox":
		out = strings.TrimSpace("an edit here " + c.ID)
	case c.Kind == "wait":
		out = "it had waited for " + c.ID
	case c.Audit != nil:
		out = fmt.Sprintf("%s by %s", c.Audit.Action, c.Audit.Who)
	case kindTexts[c.Kind] != "":
		out = kindTexts[c.Kind]
	default:
		out = strings.TrimSpace(c.Kind + " " + c.ID)
	}
	if c.Run != nil {
		out += fmt.Sprintf("; run %d (%s", c.Run.ID, c.Run.Kind)
		if c.Run.Cause != "" {
			out += ", asked for by " + c.Run.Cause
		}
		out += ")"
	}
	return out
}

func webhooksByID(ctx context.Context, q Queryer, ids []any) (map[int64]*ByWebhook, error) {
	out := map[int64]*ByWebhook{}
	return out, eachByID(ctx, q, "SELECT id, event_type, source, COALESCE(origin, ''), received_us FROM webhook_logs", ids, func(scan func(...any) error) error {
		var w ByWebhook
		err := scan(&w.ID, &w.Event, &w.Source, &w.Origin, &w.ReceivedAt)
		out[w.ID] = &w
		return err
	})
}

func editsByID(ctx context.Context, q Queryer, ids []any) (map[int64]*ByEdit, error) {
	out := map[int64]*ByEdit{}
	return out, eachByID(ctx, q, "SELECT id, op, changed_columns, changed_at FROM sync_outbox", ids, func(scan func(...any) error) error {
		e := ByEdit{Columns: []string{}}
		var columns []byte
		if err := scan(&e.ID, &e.Op, &columns, &e.At); err != nil {
			return err
		}
		out[e.ID] = &e
		if len(columns) == 0 {
			return nil
		}
		return json.Unmarshal(columns, &e.Columns)
	})
}

func runsByID(ctx context.Context, q Queryer, ids []any) (map[int64]*ByRun, error) {
	out := map[int64]*ByRun{}
	return out, eachByID(ctx, q, "SELECT id, kind, COALESCE(mode, ''), COALESCE(cause, ''), started_at FROM sync_runs", ids, func(scan func(...any) error) error {
		var r ByRun
		err := scan(&r.ID, &r.Kind, &r.Mode, &r.Cause, &r.StartedAt)
		out[r.ID] = &r
		return err
	})
}

func eachByID(ctx context.Context, q Queryer, query string, ids []any, one func(scan func(...any) error) error) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := q.QueryContext(ctx, query+" WHERE id IN ("+marks(len(ids))+")", ids...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := one(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
