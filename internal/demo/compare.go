package demo

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pair is what a user sees on both sides: Odoo's field and our column.
type pair struct {
	model, table string
	fields       [][2]string
}

var pairs = []pair{
	{"res.partner", "contacts", [][2]string{{"name", "name"}, {"city", "city"}, {"phone", "phone"}, {"email", "email"}, {"street", "street"}, {"vat", "vat"}, {"ref", "ref"}}},
	{"sale.order", "quotes", [][2]string{{"name", "name"}, {"state", "state"}, {"amount_total", "amount_total"}}},
	{"sale.order.line", "quote_lines", [][2]string{{"name", "name"}, {"price_unit", "price_unit"}, {"price_total", "price_total"}}},
	{"account.move", "invoices", [][2]string{{"name", "name"}, {"state", "state"}, {"payment_state", "payment_state"}, {"amount_total", "amount_total"}, {"ref", "ref"}}},
	{"account.move.line", "invoice_lines", [][2]string{{"name", "name"}, {"quantity", "quantity"}, {"price_unit", "price_unit"}, {"price_total", "price_total"}}},
	{"crm.lead", "leads", [][2]string{{"name", "name"}, {"type", "type"}, {"probability", "probability"}, {"email_from", "email"}, {"phone", "phone"}}},
}

// compare lists every difference between the simulated Odoo and the tables.
func (d *demo) compare(ctx context.Context) ([]string, error) {
	var out []string
	for _, p := range pairs {
		columns := []string{"COALESCE(odoo_id, 0)"}
		for _, f := range p.fields {
			columns = append(columns, f[1])
		}
		where, deleted := "", map[int64]bool{}
		if !strings.HasSuffix(p.table, "_lines") {
			where = " WHERE deleted_at IS NULL"
			var err error
			if deleted, err = d.deletedRows(ctx, p.table); err != nil {
				return out, err
			}
		}
		rows, err := d.app.DB().QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+p.table+where)
		if err != nil {
			return out, err
		}
		found, err := scan(rows, len(columns))
		if err != nil {
			return out, err
		}
		out = append(out, d.differences(p, found, deleted)...)
	}
	return out, nil
}

// differences compares the records of a model with the rows, by Odoo's id. A
// row that is no record has the id 0. An archived record may have a row that
// was deleted here.
func (d *demo) differences(p pair, found map[int64][]string, deleted map[int64]bool) []string {
	var out []string
	if row, ok := found[0]; ok {
		out = append(out, fmt.Sprintf("%s has a row that is not in Odoo: %s", p.table, strings.Join(row, ", ")))
		delete(found, 0)
	}
	for _, id := range d.sim.IDs(p.model) {
		record := d.sim.Get(p.model, id)
		if line, told := record["display_type"]; p.model == "account.move.line" && told && line != "product" && line != false {
			continue // Odoo's own: taxes and what the customer owes
		}
		row, ok := found[id]
		delete(found, id)
		if !ok {
			if !deleted[id] || record["active"] != false {
				out = append(out, fmt.Sprintf("%s %d has no row in %s", p.model, id, p.table))
			}
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
	return out
}

// deletedRows are the records whose rows carry the mark of a deletion.
func (d *demo) deletedRows(ctx context.Context, table string) (map[int64]bool, error) {
	rows, err := d.app.DB().QueryContext(ctx, "SELECT odoo_id FROM "+table+" WHERE deleted_at IS NOT NULL AND odoo_id IS NOT NULL")
	if err != nil {
		return nil, err
	}
	found, err := scan(rows, 1)
	out := map[int64]bool{}
	for id := range found {
		out[id] = true
	}
	return out, err
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
