package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// silent is a world whose rows are edited with and without triggers.
type silent struct {
	*pushBench
	random *rand.Rand
	next   int
	steps  []string
	found  reconcile.DriftCounts // of all rounds
}

// Random edits of random rows, some told of and some not: a sweep finds those
// that were not told of, exactly those, and then both sides agree.
func TestSilentEditsAreFoundAndNoOthers(t *testing.T) {
	seed, n := storyRange(t, 25)
	w := &silent{pushBench: newPushBench(t, 17)}
	for i := range 8 {
		school := w.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprintf("École %d", i), "city": "Nantes"})
		w.sim.Create("crm.lead", odoosim.Values{"name": fmt.Sprintf("Voyage %d", i), "expected_revenue": 10.5 * float64(i)})
		lines := []odoosim.Values{}
		for l := range i % 4 {
			lines = append(lines, odoosim.Values{"name": fmt.Sprintf("Ligne %d", l), "quantity": 1.0, "price_unit": float64(l)})
		}
		w.sim.Create("account.move", odoosim.Values{"partner_id": school, "invoice_line_ids": lines})
	}
	require.NoError(t, w.engine.Import(w.ctx, reconcile.ImportOptions{Pager: w.client}))
	for i := range n {
		w.random = rand.New(rand.NewPCG(seed+uint64(i), 3))
		w.round(seed + uint64(i))
	}
	t.Logf("%d rounds from seed %d: %d rows edited, %d inserted, %d deleted in silence", n, seed, w.found.Drifted, w.found.Inserted, w.found.Vanished)
}

func (w *silent) round(seed uint64) {
	w.steps = nil
	fail := func(format string, args ...any) {
		w.t.Fatalf("%s\n\n%s\n\nto see it again: ODOOSYNC_SEED=%d ODOOSYNC_INTERLEAVINGS=1 go test ./reconcile -run TestSilentEdits", fmt.Sprintf(format, args...), strings.Join(w.steps, "\n"), seed)
	}
	told := map[string]bool{}
	for range w.random.IntN(3) {
		edit := w.edit()
		w.steps = append(w.steps, "told: "+edit)
		w.api(edit)
	}
	for _, line := range strings.Split(w.rows("SELECT DISTINCT entity, local_id FROM sync_outbox WHERE status = 'pending'"), "\n") {
		told[line] = true
	}
	before := w.state()
	for range w.random.IntN(6) {
		edit := w.edit()
		w.steps = append(w.steps, "silent: "+edit)
		w.behind(edit)
	}
	var want []string
	after := w.state()
	for key, is := range after {
		was, known := before[key]
		switch {
		case told[key] || was == is:
		case !known && !strings.HasSuffix(is, "deleted"):
			want = append(want, key+" | insert")
		case known:
			want = append(want, key+" | update")
		}
	}
	for key := range before {
		if _, there := after[key]; !there && !told[key] {
			want = append(want, key+" | delete")
		}
	}
	slices.Sort(want)
	last := w.rows("SELECT COALESCE(MAX(id), 0) FROM sync_outbox")
	report := w.sweepValues()
	if got := w.rows("SELECT entity, local_id, op FROM sync_outbox WHERE id > ? ORDER BY CONCAT_WS(' | ', entity, local_id, op)", last); got != strings.Join(want, "\n") {
		fail("the sweep found\n%s\nand these were edited\n%s", got, strings.Join(want, "\n"))
	}
	count := int64(0)
	for _, c := range report {
		count += c.Drifted + c.Inserted + c.Vanished
		w.found.Drifted, w.found.Inserted, w.found.Vanished = w.found.Drifted+c.Drifted, w.found.Inserted+c.Inserted, w.found.Vanished+c.Vanished
	}
	require.EqualValues(w.t, len(want), count)
	w.clock.Advance(time.Minute)
	w.settle()
	if again := w.sweepValues(); len(again) > 0 || w.pending() != "" {
		fail("after it was pushed the sweep finds %v, and %s waits", again, w.pending())
	}
	w.agree(fail)
}

// state is what is mapped of every row, in words of this test's own.
func (w *silent) state() map[string]string {
	out := map[string]string{}
	text := func(columns ...string) string {
		for i, c := range columns {
			columns[i] = "'" + c + "=', COALESCE(" + c + ", '')"
		}
		return "CONCAT_WS(';', " + strings.Join(columns, ", ") + ")"
	}
	lines := "(SELECT GROUP_CONCAT(" + text("l.id", "l.position", "l.name", "l.quantity", "l.price_unit", "l.discount") + " ORDER BY l.position, l.id SEPARATOR '/') FROM invoice_lines l WHERE l.invoice_id = t.id)"
	mark := ", IF(deleted_at IS NULL, '', 'deleted')"
	for entity, columns := range map[string]string{
		"contacts": text("name", "city", "phone", "zip", "parent_id", "odoo_id") + mark,
		"leads":    text("name", "phone", "expected_revenue", "description", "odoo_id") + mark,
		"invoices": text("ref", "payment_reference", "odoo_id") + ", " + lines + mark,
	} {
		for _, line := range strings.Split(w.rows("SELECT id, CONCAT_WS(';', "+columns+") FROM "+entity+" t"), "\n") {
			if id, is, found := strings.Cut(line, " | "); found {
				out[entity+" | "+id] = is
			}
		}
	}
	return out
}

// edit is a statement that may change something.
func (w *silent) edit() string {
	w.next++
	value := fmt.Sprintf("v%d", w.next)
	pick := func(table string) string {
		ids := strings.Split(w.rows("SELECT id FROM "+table+" WHERE deleted_at IS NULL ORDER BY id"), "\n")
		return ids[w.random.IntN(len(ids))]
	}
	contact, lead, invoice := pick("contacts"), pick("leads"), pick("invoices")
	edits := []string{
		"UPDATE contacts SET city = '" + value + "' WHERE id = " + contact,
		"UPDATE contacts SET city = UPPER(city) WHERE id = " + contact,
		"UPDATE contacts SET phone = NULL, zip = '' WHERE id = " + contact,
		"UPDATE contacts SET zip = '" + value + "' WHERE id >= " + contact + " AND deleted_at IS NULL",
		"UPDATE contacts SET created_at = '2020-01-01' WHERE id = " + contact,
		"INSERT INTO contacts (name, email) VALUES ('" + value + "', '" + value + "@example.org')",
		"INSERT INTO contacts (name, deleted_at) VALUES ('" + value + "', UTC_TIMESTAMP())",
		"UPDATE leads SET description = '" + value + "', expected_revenue = expected_revenue + 0.01 WHERE id = " + lead,
		"INSERT INTO leads (name, email) VALUES ('" + value + "', '" + value + "@example.org')",
		"UPDATE leads SET odoo_id = odoo_id + 1000 WHERE id = " + lead,
		"UPDATE leads SET name = name WHERE id = " + lead,
		"UPDATE invoices SET payment_reference = '" + value + "' WHERE id = " + invoice,
		"UPDATE invoice_lines SET quantity = quantity + 1 WHERE invoice_id = " + invoice,
		"UPDATE invoice_lines SET name = '" + value + "' WHERE invoice_id = " + invoice + " LIMIT 1",
		"UPDATE invoice_lines SET position = 2 - position WHERE invoice_id = " + invoice,
		"UPDATE invoice_lines SET discount = 5 WHERE invoice_id = " + invoice + " AND position = 0",
		"INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit) VALUES (" + invoice + ", " + fmt.Sprint(w.random.IntN(4)) + ", '" + value + "', 1, 2)",
		"DELETE FROM invoice_lines WHERE invoice_id = " + invoice + " LIMIT 1",
	}
	if w.next%5 == 0 && strings.Count(w.rows("SELECT id FROM leads WHERE deleted_at IS NULL"), "\n") > 2 {
		edits = []string{"DELETE FROM leads WHERE id = " + lead, "UPDATE leads SET deleted_at = UTC_TIMESTAMP() WHERE id = " + lead}
	}
	return edits[w.random.IntN(len(edits))]
}

// agree compares what both sides have.
func (w *silent) agree(fail func(string, ...any)) {
	here := map[string][]string{}
	add := func(name string, odooID int64, values ...any) {
		here[name] = append(here[name], fmt.Sprintf("%d: %v", odooID, values))
	}
	or := func(v any) any {
		if v == false {
			return ""
		}
		return v
	}
	for _, id := range w.sim.IDs("res.partner") {
		c := w.sim.Get("res.partner", id)
		add("contacts", id, or(c["name"]), or(c["city"]), or(c["phone"]), or(c["zip"]))
	}
	for _, id := range w.sim.IDs("account.move") {
		for _, line := range w.sim.Get("account.move", id)["invoice_line_ids"].([]int64) {
			l := w.sim.Get("account.move.line", line)
			add("lines", line, id, l["name"], fmt.Sprintf("%.2f", l["quantity"]), fmt.Sprintf("%.2f", l["price_unit"]), fmt.Sprintf("%.2f", l["discount"]))
		}
	}
	for name, query := range map[string]string{
		"contacts": "SELECT CONCAT(odoo_id, ': [', CONCAT_WS(' ', COALESCE(name, ''), COALESCE(city, ''), COALESCE(phone, ''), COALESCE(zip, '')), ']') FROM contacts WHERE odoo_id IS NOT NULL ORDER BY odoo_id",
		"lines": "SELECT CONCAT(l.odoo_id, ': [', CONCAT_WS(' ', i.odoo_id, l.name, ROUND(l.quantity, 2), ROUND(l.price_unit, 2), ROUND(l.discount, 2)), ']')" +
			" FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id ORDER BY i.odoo_id, l.odoo_id",
	} {
		slices.Sort(here[name])
		ours := strings.Split(w.rows(query), "\n")
		slices.Sort(ours)
		if strings.Join(ours, "\n") != strings.Join(here[name], "\n") {
			fail("%s here\n%s\nand in Odoo\n%s", name, strings.Join(ours, "\n"), strings.Join(here[name], "\n"))
		}
	}
}
