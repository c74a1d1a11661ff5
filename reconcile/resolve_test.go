package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

const askContacts = "    policy: ask\n    adopt: ask\n"

var askInvoices = [2]string{"    direction: both\n    policy: odoo\n", "    direction: both\n    policy: ask\n"}

// arbiter decides conflicts of the bench's database.
func (b *pushBench) arbiter() *reconcile.Arbiter {
	return reconcile.NewArbiter(b.db, b.outbox, b.clock)
}

// take decides the latest open conflict, or one about a field.
func (b *pushBench) take(side record.Side, field string) {
	b.t.Helper()
	require.NoError(b.t, b.arbiter().Resolve(b.ctx, b.open(field), reconcile.Choice{Side: side}, "Anne"))
}

// open is the id of the latest open conflict, of a field if one is named.
func (b *pushBench) open(field string) int64 {
	b.t.Helper()
	list, err := b.arbiter().Conflicts(b.ctx, reconcile.ConflictFilter{State: "open"})
	require.NoError(b.t, err)
	for _, c := range list {
		if field == "" || c.Field == field {
			return c.ID
		}
	}
	require.FailNow(b.t, "no open conflict", "field %q", field)
	return 0
}

// openFields are the fields in conflict.
func (b *pushBench) openFields() string {
	return b.rows("SELECT field FROM sync_conflicts WHERE state = 'open' ORDER BY id")
}

// inStep requires that nothing is left to do, and that another look at
// everything writes nothing.
func (b *pushBench) inStep() {
	b.t.Helper()
	require.Empty(b.t, b.pending())
	require.Empty(b.t, b.openFields())
	require.Empty(b.t, b.rows("SELECT entity, local_id, state, error FROM sync_links WHERE state NOT IN ('synced', 'deleted')"))
	writes := b.sim.Stats().Writes
	b.clock.Advance(time.Minute)
	b.settle()
	require.Equal(b.t, writes, b.sim.Stats().Writes, "both sides agree")
}

// disputed is a contact whose city both sides changed.
func disputed(t *testing.T) (*pushBench, int64) {
	b := newPushBench(t, 17, newestContacts, askContacts)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
	b.sync("res.partner", id)
	b.sim.Write("res.partner", id, odoosim.Values{"city": "theirs"})
	b.api("UPDATE contacts SET city = 'ours'")
	b.push()
	return b, id
}

func TestAFieldIsResolved(t *testing.T) {
	for _, tt := range []struct {
		name  string
		take  record.Side
		after func(b *pushBench, id int64) // an edit before the push
		want  string                       // on both sides
		open  string                       // a conflict again
	}{
		{name: "Odoo's value", take: record.Odoo, want: "theirs"},
		{name: "ours", take: record.Local, want: "ours"},
		{name: "Odoo's, which changed since", take: record.Odoo, want: "theirs 2",
			after: func(b *pushBench, id int64) { b.sim.Write("res.partner", id, odoosim.Values{"city": "theirs 2"}) }},
		{name: "Odoo's, which went back to where it was", take: record.Odoo, want: "Vannes",
			after: func(b *pushBench, id int64) { b.sim.Write("res.partner", id, odoosim.Values{"city": "Vannes"}) }},
		{name: "Odoo's, and the row changed since", take: record.Odoo, open: "theirs | ours 2",
			after: func(b *pushBench, _ int64) { b.api("UPDATE contacts SET city = 'ours 2'") }},
		{name: "Odoo's, and the row is the same now", take: record.Odoo, want: "theirs",
			after: func(b *pushBench, _ int64) { b.api("UPDATE contacts SET city = 'theirs'") }},
		{name: "ours, which changed since", take: record.Local, want: "ours 2",
			after: func(b *pushBench, _ int64) { b.api("UPDATE contacts SET city = 'ours 2'") }},
		{name: "ours, which went back to where it was", take: record.Local, want: "Vannes",
			after: func(b *pushBench, _ int64) { b.api("UPDATE contacts SET city = 'Vannes'") }},
		{name: "ours, emptied since", take: record.Local, want: "NULL",
			after: func(b *pushBench, _ int64) { b.api("UPDATE contacts SET city = NULL") }},
		{name: "ours, and Odoo changed since", take: record.Local, open: "theirs 2 | ours",
			after: func(b *pushBench, id int64) { b.sim.Write("res.partner", id, odoosim.Values{"city": "theirs 2"}) }},
		{name: "ours, and a webhook is faster than the push", take: record.Local, want: "ours",
			after: func(b *pushBench, id int64) { b.sync("res.partner", id) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, id := disputed(t)
			version := b.rows("SELECT version FROM sync_links")
			b.take(tt.take, "city")
			require.NotEqual(t, version, b.rows("SELECT version FROM sync_links"), "a sync that read before starts over")
			require.Equal(t, "ours", b.rows("SELECT city FROM contacts"), "no value is written but by the sync")
			require.Equal(t, "resolved | "+string(tt.take)+" | Anne | 1", b.rows("SELECT state, winner, resolved_by, resolved_at IS NOT NULL FROM sync_conflicts"))
			require.Equal(t, "pending", b.rows("SELECT state FROM sync_status"))
			if tt.after != nil {
				tt.after(b, id)
			}
			b.push()
			if tt.open != "" {
				require.Equal(t, tt.open, b.rows("SELECT odoo_value, local_value FROM sync_conflicts WHERE state = 'open'"))
				require.Equal(t, "conflict", b.rows("SELECT state FROM sync_status"))
				return
			}
			b.inStep()
			require.Equal(t, tt.want, b.rows("SELECT city FROM contacts"))
			if tt.want == "NULL" {
				require.Equal(t, false, b.sim.Get("res.partner", id)["city"])
				return
			}
			require.Equal(t, tt.want, b.sim.Get("res.partner", id)["city"])
		})
	}
}

func TestFieldsOfARecordAreResolvedApart(t *testing.T) {
	b, id := disputed(t)
	b.sim.Write("res.partner", id, odoosim.Values{"street": "theirs", "phone": "01"})
	b.api("UPDATE contacts SET street = 'ours', phone = '02'")
	b.push()
	require.Equal(t, "city\nphone\nstreet", b.openFields())
	err := b.arbiter().Resolve(b.ctx, b.open("city"), reconcile.Choice{Fields: map[string]record.Side{"city": record.Odoo, "email": record.Odoo}}, "Anne")
	require.ErrorContains(t, err, "contacts 1 has no conflict about email; open are: city, phone, street")
	require.Equal(t, "city\nphone\nstreet", b.openFields(), "all or nothing")

	require.NoError(t, b.arbiter().Resolve(b.ctx, b.open("city"), reconcile.Choice{Fields: map[string]record.Side{"city": record.Odoo, "phone": record.Local}}, "Anne"))
	require.Equal(t, "conflict", b.rows("SELECT state FROM sync_status"), "the street is still open")
	b.push()
	require.Equal(t, "street", b.openFields())
	b.take(record.Local, "")
	b.push()
	b.inStep()
	require.Equal(t, "theirs | 02 | ours", b.rows("SELECT city, phone, street FROM contacts"))
	got := b.sim.Get("res.partner", id)
	require.Equal(t, []any{"theirs", "02", "ours"}, []any{got["city"], got["phone"], got["street"]})
}

func TestWhatCannotBeResolved(t *testing.T) {
	b, _ := disputed(t)
	id := b.open("city")
	resolve := func(id int64, side record.Side) error {
		return b.arbiter().Resolve(b.ctx, id, reconcile.Choice{Side: side}, "Anne")
	}
	require.ErrorIs(t, resolve(id+99, record.Odoo), store.ErrNoConflict)
	require.Equal(t, record.CodeRejected, record.CodeOf(resolve(id, "both")))

	b.exec("UPDATE sync_links SET intent = '{}', intent_deadline = ?", b.clock.Now().Add(time.Hour).UTC())
	err := resolve(id, record.Odoo)
	require.Equal(t, record.CodeUnavailable, record.CodeOf(err))
	require.ErrorContains(t, err, "contacts 1 is being written to Odoo right now")
	require.Equal(t, "city", b.openFields())
	b.exec("UPDATE sync_links SET intent = NULL, intent_deadline = NULL")

	require.NoError(t, resolve(id, record.Odoo))
	version := b.rows("SELECT version FROM sync_links")
	require.NoError(t, resolve(id, record.Odoo), "the same again is no error")
	require.Equal(t, version, b.rows("SELECT version FROM sync_links"), "and does nothing")
	err = resolve(id, record.Local)
	require.ErrorIs(t, err, store.ErrDecided)
	require.ErrorContains(t, err, "was resolved already: odoo was taken (Anne)")
}

func TestWhatEndedByItselfIsOver(t *testing.T) {
	b, id := disputed(t)
	conflict := b.open("city")
	b.sim.Write("res.partner", id, odoosim.Values{"city": "ours"})
	b.sync("res.partner", id)
	err := b.arbiter().Resolve(b.ctx, conflict, reconcile.Choice{Side: record.Odoo}, "Anne")
	require.ErrorIs(t, err, store.ErrDecided)
	require.ErrorContains(t, err, "both sides have come to agree")
}

func TestAnAdoptedRowIsResolved(t *testing.T) {
	for side, want := range map[record.Side]string{record.Odoo: "02", record.Local: "03"} {
		t.Run(string(side), func(t *testing.T) {
			b := newPushBench(t, 17)
			id := b.sim.Create("res.partner", odoosim.Values{"name": "Anne Roux", "email": "anne@example.org", "phone": "02"})
			b.api("INSERT INTO contacts (name, email, phone) VALUES ('Anne Roux', 'anne@example.org', '03')")
			b.push()
			require.Equal(t, "NULL | NULL | 02 | 03", b.rows("SELECT base_odoo, base_local, odoo_value, local_value FROM sync_conflicts WHERE state = 'open'"))
			b.take(side, "phone")
			b.push()
			b.inStep()
			require.Equal(t, want, b.rows("SELECT phone FROM contacts"))
			require.Equal(t, want, b.sim.Get("res.partner", id)["phone"])
		})
	}
}

func TestAnExpectedTotalIsResolvedByOdoos(t *testing.T) {
	b := newPushBench(t, 17, postOnState, "    post: on_state\n")
	b.invoice(3, "'posted'", "119.99")
	b.push()
	err := b.arbiter().Resolve(b.ctx, b.open("amount_total"), reconcile.Choice{Side: record.Local}, "Anne")
	require.Equal(t, record.CodeRejected, record.CodeOf(err))
	require.ErrorContains(t, err, "invoices 3: Odoo computes amount_total itself")
	b.take(record.Odoo, "amount_total")
	b.push()
	b.inStep()
	require.Equal(t, "120.00 | posted", b.rows("SELECT amount_total, state FROM invoices"), "and what waited for it goes on")
	require.Equal(t, "posted", b.sim.Get("account.move", b.sim.IDs("account.move")[0])["state"])
}

func TestDeletedInOdooAndEditedHereIsResolved(t *testing.T) {
	for _, take := range []record.Side{record.Odoo, record.Local} {
		t.Run(fmt.Sprint("a contact: ", take), func(t *testing.T) {
			b := newPushBench(t, 17)
			id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
			b.sync("res.partner", id)
			b.sim.Unlink("res.partner", id)
			b.api("UPDATE contacts SET city = 'Nantes', phone = '02'")
			b.push()
			require.Equal(t, "city\nphone", b.openFields())
			b.take(take, "phone")
			require.Empty(t, b.openFields(), "they are one decision")
			b.push()
			b.inStep()
			if take == record.Odoo {
				require.Equal(t, "1 | deleted", b.rows("SELECT c.deleted_at IS NOT NULL, l.state FROM contacts c JOIN sync_links l ON l.local_id = c.id"))
				require.Empty(t, b.sim.IDs("res.partner"))
				return
			}
			require.Len(t, b.sim.IDs("res.partner"), 1)
			made := b.sim.IDs("res.partner")[0]
			require.NotEqual(t, id, made, "another record")
			require.Equal(t, []any{"Nantes", "02"}, []any{b.sim.Get("res.partner", made)["city"], b.sim.Get("res.partner", made)["phone"]})
			require.Equal(t, fmt.Sprintf("1 | NULL | %d", made), b.rows("SELECT id, deleted_at, odoo_id FROM contacts"))
		})
		t.Run(fmt.Sprint("an invoice's lines: ", take), func(t *testing.T) {
			b := newPushBench(t, 17)
			b.invoice(3, "'draft'", "NULL")
			b.push()
			b.sim.Unlink("account.move", b.sim.IDs("account.move")[0])
			b.api("UPDATE invoice_lines SET name = 'Guides'", "INSERT INTO invoice_lines (invoice_id, position, name, quantity) VALUES (3, 1, 'Bus', 1)")
			b.push()
			require.Contains(t, b.openFields(), "invoice_line_ids[local:2].name")
			b.take(take, "")
			require.Empty(t, b.openFields())
			b.push()
			b.inStep()
			require.Equal(t, map[record.Side]string{record.Odoo: "1", record.Local: "0"}[take], b.rows("SELECT deleted_at IS NOT NULL FROM invoices"))
			if take == record.Odoo {
				require.Empty(t, b.sim.IDs("account.move"))
				return
			}
			ids := b.sim.IDs("account.move")
			require.Len(t, ids, 1)
			require.Len(t, b.sim.Get("account.move", ids[0])["invoice_line_ids"], 2)
			require.Equal(t, "Guides | 1\nBus | 1", b.rows("SELECT name, odoo_id IS NOT NULL FROM invoice_lines ORDER BY position"))
		})
	}
	t.Run("edited once more", func(t *testing.T) {
		b := newPushBench(t, 17)
		id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
		b.sync("res.partner", id)
		b.sim.Unlink("res.partner", id)
		b.api("UPDATE contacts SET city = 'Nantes'")
		b.push()
		b.take(record.Odoo, "city")
		b.api("UPDATE contacts SET city = 'Brest'")
		b.push()
		require.Equal(t, "city | Brest", b.rows("SELECT field, local_value FROM sync_conflicts WHERE state = 'open'"))
		require.Equal(t, "NULL", b.rows("SELECT deleted_at FROM contacts"))
		b.take(record.Local, "city")
		b.push()
		b.inStep()
		require.Len(t, b.sim.IDs("res.partner"), 1)
	})
}

func TestDeletedHereAndEditedInOdooIsResolved(t *testing.T) {
	for name, statement := range map[string]string{
		"the row is gone":   "DELETE FROM contacts",
		"the row is marked": "UPDATE contacts SET deleted_at = UTC_TIMESTAMP()",
	} {
		for _, archivedBefore := range []bool{false, true} {
			for _, take := range []record.Side{record.Odoo, record.Local} {
				t.Run(fmt.Sprintf("%s, archived before %v: %s", name, archivedBefore, take), func(t *testing.T) {
					b := newPushBench(t, 17)
					id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
					b.sync("res.partner", id)
					b.api(statement)
					if archivedBefore {
						b.push()
						require.Equal(t, "deleted", b.rows("SELECT state FROM sync_status"))
					}
					b.sim.Write("res.partner", id, odoosim.Values{"city": "Nantes", "phone": "02"})
					b.sync("res.partner", id)
					b.push()
					require.Equal(t, "city\nphone", b.openFields())
					b.take(take, "city")
					require.Empty(t, b.openFields(), "they are one decision")
					b.push()
					b.inStep()
					got := b.sim.Get("res.partner", id)
					if take == record.Local {
						require.Equal(t, false, got["active"], "the delete was sent")
						require.Equal(t, "deleted", b.rows("SELECT state FROM sync_status"))
						require.Empty(t, b.rows("SELECT id FROM contacts WHERE deleted_at IS NULL"))
						return
					}
					require.Equal(t, !archivedBefore, got["active"])
					require.Equal(t, fmt.Sprintf("Nantes | 02 | %d | NULL | %d", map[bool]int{true: 1, false: 0}[!archivedBefore], id), b.rows("SELECT city, phone, active, deleted_at, odoo_id FROM contacts"))
					require.Equal(t, "synced", b.rows("SELECT state FROM sync_status"))
				})
			}
		}
	}
	for _, take := range []record.Side{record.Odoo, record.Local} {
		t.Run(fmt.Sprint("an invoice's lines: ", take), func(t *testing.T) {
			b := newPushBench(t, 17)
			b.invoice(3, "'draft'", "NULL")
			b.push()
			id := b.sim.IDs("account.move")[0]
			b.sim.Write("account.move.line", b.sim.Get("account.move", id)["invoice_line_ids"].([]int64)[0], odoosim.Values{"name": "Guides"})
			b.sim.Write("account.move", id, odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "Bus"}}})
			b.api("DELETE FROM invoice_lines", "DELETE FROM invoices")
			b.push()
			require.NotEmpty(t, b.openFields())
			b.take(take, "")
			require.Empty(t, b.openFields())
			b.push()
			b.inStep()
			if take == record.Local {
				require.Empty(t, b.sim.IDs("account.move"))
				return
			}
			require.Equal(t, "Guides\nBus", b.rows("SELECT l.name FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id ORDER BY position"))
		})
	}
}

func TestALineIsResolved(t *testing.T) {
	for _, tt := range []struct {
		name  string
		api   string
		odoo  func(b *pushBench, line int64)
		take  record.Side
		names string // of the lines, on both sides
	}{
		{name: "its field, Odoo's", api: "UPDATE invoice_lines SET name = 'ours' WHERE position = 0", take: record.Odoo, names: "theirs\nb",
			odoo: func(b *pushBench, line int64) {
				b.sim.Write("account.move.line", line, odoosim.Values{"name": "theirs"})
			}},
		{name: "its field, ours", api: "UPDATE invoice_lines SET name = 'ours' WHERE position = 0", take: record.Local, names: "ours\nb",
			odoo: func(b *pushBench, line int64) {
				b.sim.Write("account.move.line", line, odoosim.Values{"name": "theirs"})
			}},
		{name: "removed in Odoo, edited here: Odoo's", api: "UPDATE invoice_lines SET name = 'ours' WHERE position = 0", take: record.Odoo, names: "b",
			odoo: func(b *pushBench, line int64) { b.sim.Unlink("account.move.line", line) }},
		{name: "removed in Odoo, edited here: ours", api: "UPDATE invoice_lines SET name = 'ours' WHERE position = 0", take: record.Local, names: "b\nours",
			odoo: func(b *pushBench, line int64) { b.sim.Unlink("account.move.line", line) }},
		{name: "removed here, edited in Odoo: Odoo's", api: "DELETE FROM invoice_lines WHERE position = 0", take: record.Odoo, names: "theirs\nb",
			odoo: func(b *pushBench, line int64) {
				b.sim.Write("account.move.line", line, odoosim.Values{"name": "theirs"})
			}},
		{name: "removed here, edited in Odoo: ours", api: "DELETE FROM invoice_lines WHERE position = 0", take: record.Local, names: "b",
			odoo: func(b *pushBench, line int64) {
				b.sim.Write("account.move.line", line, odoosim.Values{"name": "theirs"})
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newPushBench(t, 17, askInvoices[0], askInvoices[1])
			id := b.sim.Create("account.move", odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "a"}, {"name": "b"}}})
			b.sync("account.move", id)
			b.api(tt.api)
			tt.odoo(b, b.sim.Get("account.move", id)["invoice_line_ids"].([]int64)[0])
			b.push()
			require.NotEmpty(t, b.openFields())
			b.take(tt.take, "")
			require.Empty(t, b.openFields())
			b.push()
			b.inStep()
			require.ElementsMatch(t, strings.Split(tt.names, "\n"), strings.Split(b.rows("SELECT name FROM invoice_lines ORDER BY position"), "\n"))
			var there []string
			for _, line := range b.sim.Get("account.move", id)["invoice_line_ids"].([]int64) {
				there = append(there, fmt.Sprint(b.sim.Get("account.move.line", line)["name"]))
			}
			require.ElementsMatch(t, strings.Split(tt.names, "\n"), there)
			require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM invoice_lines WHERE odoo_id IS NULL"))
		})
	}
}
