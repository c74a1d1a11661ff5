package reconcile_test

import (
	"fmt"
	"math/rand/v2"

	"slices"

	"strings"
	"testing"
	"time"

	"odoosync/internal/odoosim"
)

// lineInterleavings is how many random stories of invoices are told.
const lineInterleavings = 30

// Random edits of invoices and their lines on both sides, with lost replies,
// killed daemons and two of them at once, as TestInterleavings tells them of
// contacts: no line exists twice or is lost, and both sides have the same lines.
func TestLineInterleavings(t *testing.T) {
	seed, n := storyRange(t, lineInterleavings)
	w := &lineStories{stories: newStories(t)}
	w.api("INSERT INTO contacts (id, name) VALUES (1, 'Lycée')")
	w.push()
	w.partner = w.sim.IDs("res.partner")[0]
	for i := range n {
		w.tell(seed + uint64(i))
	}
	t.Logf("%d interleavings from seed %d: %d edits, %d kills, %d lost replies", n, seed, w.edits, w.kills, w.cuts)
}

type lineStories struct {
	*stories
	partner int64
	made    []lineEdit
}

// lineEdit is a line's name that somebody made, and when it was over.
type lineEdit struct {
	side, name string
	over       bool // renamed or removed since
}

func (w *lineStories) tell(seed uint64) {
	w.seed, w.random = seed, rand.New(rand.NewPCG(seed, 2))
	w.steps, w.tags, w.made, w.pending = nil, nil, nil, nil
	w.sim.SetFaults(odoosim.Faults{})
	w.create()
	if w.random.IntN(2) == 0 {
		w.create()
	}
	if w.random.IntN(3) > 0 {
		w.tellAll()
		w.pushOnce()
	}
	acts := []func(){w.addHere, w.addThere, w.renameHere, w.renameHere, w.renameThere, w.renameThere, w.priceHere, w.priceThere, w.removeHere, w.removeThere, w.moveHere,
		w.tellAll, w.pushOnce, w.pushOnce, w.pushOnce, w.cutReply, w.kill}
	for range 6 + w.random.IntN(10) {
		acts[w.random.IntN(len(acts))]()
		w.clock.Advance(time.Duration(w.random.IntN(3000)) * time.Millisecond)
	}
	w.calm()
	w.judge()
}

func (w *lineStories) make(side string) string {
	name := w.value()
	w.made = append(w.made, lineEdit{side: side, name: name})
	w.edits++
	return name
}

func (w *lineStories) over(name string) {
	for i := range w.made {
		if w.made[i].name == name {
			w.made[i].over = true
		}
	}
}

// fail tells how to hear the story again.
func (w *lineStories) fail(format string, args ...any) {
	w.t.Fatalf("%s\n\nthe story of seed %d:\n  %s\n\nto hear it again: ODOOSYNC_SEED=%d ODOOSYNC_INTERLEAVINGS=1 go test ./reconcile -run TestLineInterleavings",
		fmt.Sprintf(format, args...), w.seed, strings.Join(w.steps, "\n  "), w.seed)
}

func (w *lineStories) create() {
	tag := w.value()
	w.tags = append(w.tags, tag)
	if w.random.IntN(2) == 0 {
		w.note("local: invoice %s", tag)
		statements := []string{fmt.Sprintf("INSERT INTO invoices (contact_id, ref) VALUES (1, '%s')", tag)}
		for i := range w.random.IntN(4) {
			tax, discount := []string{"'[]'", "'[]'", "'[\"20%\"]'"}[w.random.IntN(3)], []string{"NULL", "NULL", "5"}[w.random.IntN(3)]
			statements = append(statements, fmt.Sprintf("INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes, discount) SELECT id, %d, '%s', 1, %d, %s, %s FROM invoices WHERE ref = '%s'", i, w.make("local"), i+1, tax, discount, tag))
		}
		w.api(statements...)
		return
	}
	w.note("odoo: invoice %s", tag)
	lines := []odoosim.Values{}
	for i := range w.random.IntN(4) {
		lines = append(lines, odoosim.Values{"name": w.make("odoo"), "price_unit": float64(i + 1)})
	}
	w.sim.Create("account.move", odoosim.Values{"ref": tag, "partner_id": w.partner, "invoice_line_ids": lines})
}

func (w *lineStories) aTag() string { return w.tags[w.random.IntN(len(w.tags))] }

func (w *lineStories) move(tag string) int64 {
	for _, id := range slices.Backward(w.sim.IDs("account.move")) {
		if w.sim.Get("account.move", id)["ref"] == tag {
			return id
		}
	}
	return 0
}

// theirLine is a line in Odoo, 0 for none.
func (w *lineStories) theirLine(tag string) int64 {
	id := w.move(tag)
	if id == 0 {
		return 0
	}
	lines := w.sim.Get("account.move", id)["invoice_line_ids"].([]int64)
	if len(lines) == 0 {
		return 0
	}
	return lines[w.random.IntN(len(lines))]
}

// ourLine is the id of a row, "" for none.
func (w *lineStories) ourLine(tag string) string {
	ids := strings.Fields(w.rows("SELECT l.id FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id WHERE i.ref = ? ORDER BY l.id", tag))
	if len(ids) == 0 {
		return ""
	}
	return ids[w.random.IntN(len(ids))]
}

func (w *lineStories) addHere() {
	tag := w.aTag()
	if w.rows("SELECT 1 FROM invoices WHERE ref = ?", tag) == "" {
		return
	}
	name := w.make("local")
	w.note("local: %s gets line %s", tag, name)
	w.api(fmt.Sprintf("INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) SELECT id, 99, '%s', 1, 2, '[]' FROM invoices WHERE ref = '%s'", name, tag))
}

func (w *lineStories) addThere() {
	tag := w.aTag()
	id := w.move(tag)
	if id == 0 {
		return
	}
	name := w.make("odoo")
	w.note("odoo: %s gets line %s", tag, name)
	w.sim.Write("account.move", id, odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": name, "price_unit": 3.0}}})
}

func (w *lineStories) renameHere() {
	tag := w.aTag()
	line := w.ourLine(tag)
	if line == "" {
		return
	}
	old, name := w.rows("SELECT name FROM invoice_lines WHERE id = ?", line), w.make("local")
	w.note("local: %s of %s is %s now", old, tag, name)
	w.over(old)
	w.api(fmt.Sprintf("UPDATE invoice_lines SET name = '%s' WHERE id = %s", name, line))
}

func (w *lineStories) renameThere() {
	tag := w.aTag()
	line := w.theirLine(tag)
	if line == 0 {
		return
	}
	old, name := fmt.Sprint(w.sim.Get("account.move.line", line)["name"]), w.make("odoo")
	w.note("odoo: %s of %s is %s now", old, tag, name)
	w.over(old)
	w.sim.Write("account.move.line", line, odoosim.Values{"name": name})
}

func (w *lineStories) priceHere() {
	tag := w.aTag()
	line := w.ourLine(tag)
	if line == "" {
		return
	}
	w.next++
	w.note("local: %s of %s costs %d", w.rows("SELECT name FROM invoice_lines WHERE id = ?", line), tag, w.next)
	w.api(fmt.Sprintf("UPDATE invoice_lines SET price_unit = %d WHERE id = %s", w.next, line))
}

func (w *lineStories) priceThere() {
	tag := w.aTag()
	line := w.theirLine(tag)
	if line == 0 {
		return
	}
	w.next++
	w.note("odoo: %v of %s costs %d", w.sim.Get("account.move.line", line)["name"], tag, w.next)
	w.sim.Write("account.move.line", line, odoosim.Values{"price_unit": float64(w.next)})
}

func (w *lineStories) removeHere() {
	tag := w.aTag()
	line := w.ourLine(tag)
	if line == "" {
		return
	}
	old := w.rows("SELECT name FROM invoice_lines WHERE id = ?", line)
	w.note("local: %s of %s is removed", old, tag)
	w.over(old)
	w.api("DELETE FROM invoice_lines WHERE id = " + line)
}

func (w *lineStories) removeThere() {
	tag := w.aTag()
	line := w.theirLine(tag)
	if line == 0 {
		return
	}
	old := fmt.Sprint(w.sim.Get("account.move.line", line)["name"])
	w.note("odoo: %s of %s is removed", old, tag)
	w.over(old)
	w.sim.Unlink("account.move.line", line)
}

func (w *lineStories) moveHere() {
	from, to := w.aTag(), w.aTag()
	line := w.ourLine(from)
	if line == "" || from == to || w.rows("SELECT 1 FROM invoices WHERE ref = ?", to) == "" {
		return
	}
	w.note("local: %s of %s moves to %s", w.rows("SELECT name FROM invoice_lines WHERE id = ?", line), from, to)
	w.api(fmt.Sprintf("UPDATE invoice_lines SET invoice_id = (SELECT id FROM invoices WHERE ref = '%s') WHERE id = %s", to, line))
}

func (w *lineStories) tellAll() {
	w.note("webhooks")
	for _, tag := range w.tags {
		if id := w.move(tag); id != 0 && w.random.IntN(4) > 0 {
			w.hint("account.move.updated", "account.move", id)
		}
	}
	w.workOnce(w.daemons[w.random.IntN(2)])
}

func (w *lineStories) calm() {
	for round := range 8 {
		w.clock.Advance(5 * time.Minute)
		for _, tag := range w.tags {
			if id := w.move(tag); id != 0 {
				w.hint("account.move.updated", "account.move", id)
			}
		}
		for _, d := range w.daemons {
			w.workOnce(d)
			if err := d.pusher.Push(w.ctx, time.Second); err != nil {
				w.note("calm: %v", err)
			}
		}
		if round > 0 && w.rows("SELECT id FROM sync_outbox WHERE status = 'pending' LIMIT 1") == "" &&
			w.rows("SELECT id FROM webhook_logs WHERE status = 'pending' AND source = 'webhook' LIMIT 1") == "" {
			return
		}
	}
	w.fail("it does not become quiet:\n%s", w.pushBench.pending())
}

func (w *lineStories) judge() {
	w.judgeSweep(w.fail)
	undecided := false // a line that moved here and was edited there stays in both invoices
	for _, tag := range w.tags {
		id := w.move(tag)
		if id == 0 || w.rows("SELECT COUNT(*) FROM invoices WHERE ref = ?", tag) != "1" {
			w.fail("%s is not on both sides", tag)
		}
		var theirs []string
		lines := slices.Clone(w.sim.Get("account.move", id)["invoice_line_ids"].([]int64))
		slices.SortStableFunc(lines, func(a, b int64) int { // as Odoo lists them
			return int(w.sim.Get("account.move.line", a)["sequence"].(int64) - w.sim.Get("account.move.line", b)["sequence"].(int64))
		})
		for _, line := range lines {
			l := w.sim.Get("account.move.line", line)
			theirs = append(theirs, fmt.Sprintf("%v | %.2f | %d", l["name"], l["price_unit"], line))
		}
		ours := w.rows("SELECT l.name, CAST(l.price_unit AS DECIMAL(12,2)), l.odoo_id FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id WHERE i.ref = ? ORDER BY l.position", tag)
		state := w.rows("SELECT state, COALESCE(error, '') FROM sync_links WHERE entity = 'invoices' AND odoo_id = ?", id)
		open := w.rows("SELECT field FROM sync_conflicts WHERE entity = 'invoices' AND odoo_id = ? AND state = 'open'", id)
		undecided = undecided || open != ""
		switch {
		case open != "" && strings.HasPrefix(state, "conflict"):
		case !strings.HasPrefix(state, "synced"):
			w.fail("%s is left as %s (%s)", tag, state, w.pushBench.pending())
		case ours != strings.Join(theirs, "\n"):
			w.fail("%s is\n%s\nhere and\n%s\nin Odoo", tag, ours, strings.Join(theirs, "\n"))
		}
		if total := w.rows("SELECT amount_total FROM invoices WHERE ref = ?", tag); open == "" && total != fmt.Sprintf("%.2f", w.sim.Get("account.move", id)["amount_total"]) {
			w.fail("%s is %s here and %v in Odoo", tag, total, w.sim.Get("account.move", id)["amount_total"])
		}
	}
	for _, m := range w.made {
		here := w.rows("SELECT COUNT(*) FROM invoice_lines WHERE name = ?", m.name)
		there := 0
		for _, tag := range w.tags {
			for _, line := range w.sim.Get("account.move", w.move(tag))["invoice_line_ids"].([]int64) {
				if w.sim.Get("account.move.line", line)["name"] == m.name {
					there++
				}
			}
		}
		if there > 1 && !undecided || here != "0" && here != "1" {
			w.fail("line %s exists %d times in Odoo and %s times here", m.name, there, here)
		}
		if there == 0 && here == "0" && !m.over &&
			w.rows("SELECT 1 FROM sync_conflicts WHERE ? IN (odoo_value, local_value) LIMIT 1", m.name) == "" &&
			w.rows("SELECT 1 FROM sync_changes WHERE changes LIKE ? LIMIT 1", "%\""+m.name+"\"%") == "" {
			w.fail("line %s is nowhere", m.name)
		}
	}
	if open := w.rows("SELECT COUNT(*) FROM sync_links WHERE intent IS NOT NULL"); open != "0" {
		w.fail("%s writes are still open", open)
	}
}
