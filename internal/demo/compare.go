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
)

// pairs are what a user sees on both sides: Odoo's field and our column.
var pairs = []struct {
	model, table string
	fields       [][2]string
}{
	{"res.partner", "contacts", [][2]string{{"name", "name"}, {"city", "city"}, {"phone", "phone"}, {"email", "email"}}},
	{"sale.order", "quotes", [][2]string{{"name", "name"}, {"state", "state"}, {"amount_total", "amount_total"}}},
	{"sale.order.line", "quote_lines", [][2]string{{"name", "name"}, {"price_unit", "price_unit"}, {"price_total", "price_total"}}},
	{"account.move", "invoices", [][2]string{{"name", "name"}, {"state", "state"}, {"payment_state", "payment_state"}, {"amount_total", "amount_total"}}},
	{"crm.lead", "leads", [][2]string{{"name", "name"}, {"type", "type"}, {"probability", "probability"}}},
}

// compare lists every difference between the simulated Odoo and the tables.
func (d *demo) compare(ctx context.Context) ([]string, error) {
	var out []string
	for _, p := range pairs {
		columns := []string{"odoo_id"}
		for _, f := range p.fields {
			columns = append(columns, f[1])
		}
		where := ""
		if !strings.HasSuffix(p.table, "_lines") {
			where = " WHERE deleted_at IS NULL"
		}
		rows, err := d.app.DB().QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+p.table+where)
		if err != nil {
			return out, err
		}
		found, err := scan(rows, len(columns))
		if err != nil {
			return out, err
		}
		for _, id := range d.sim.IDs(p.model) {
			record := d.sim.Get(p.model, id)
			row, ok := found[id]
			delete(found, id)
			if !ok {
				out = append(out, fmt.Sprintf("%s %d has no row in %s", p.model, id, p.table))
				continue
			}
			for i, f := range p.fields {
				if want := shown(record[f[0]]); row[i] != want && !sameNumber(row[i], want) {
					out = append(out, fmt.Sprintf("%s %d %s is %q, the row's %s is %q", p.model, id, f[0], want, f[1], row[i]))
				}
			}
		}
		for _, id := range slices.Sorted(maps.Keys(found)) {
			out = append(out, fmt.Sprintf("%s has a row for %s %d, which does not exist", p.table, p.model, id))
		}
	}
	return out, nil
}

func scan(rows *sql.Rows, n int) (map[int64][]string, error) {
	defer rows.Close()
	out := map[int64][]string{}
	for rows.Next() {
		var id int64
		cells := make([]sql.NullString, n-1)
		targets := []any{&id}
		for i := range cells {
			targets = append(targets, &cells[i])
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		texts := make([]string, len(cells))
		for i, c := range cells {
			texts[i] = c.String
		}
		out[id] = texts
	}
	return out, rows.Err()
}

func shown(v any) string {
	switch x := v.(type) {
	case bool:
		return ""
	case float64:
		return strconv.FormatFloat(x, 'f', 2, 64)
	case string:
		if x == "/" {
			return ""
		}
		return x
	case time.Time:
		return x.Format(time.DateTime)
	}
	return fmt.Sprint(v)
}

func sameNumber(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y
}

// changesOf shows what an event changed, as sync_changes tells it.
func (d *demo) changesOf(e queue.Event) []string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	rows, err := d.app.DB().QueryContext(ctx, "SELECT entity, COALESCE(local_id, ''), op, changes FROM sync_changes"+
		" WHERE cause_kind = 'webhook' AND cause_id = ? ORDER BY id", strconv.FormatInt(e.ID, 10))
	if err != nil {
		return nil // the demo goes on without the line
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var entity, id, op string
		var text []byte
		if rows.Scan(&entity, &id, &op, &text) != nil {
			return out
		}
		out = append(out, fmt.Sprintf("%-26s %-8s %s#%s  %s", e.Type, op, entity, id, summary(op, text)))
	}
	if rows.Err() != nil {
		return nil
	}
	return out
}

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
			if name == "name" || name == "amount_total" || name == "city" {
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
