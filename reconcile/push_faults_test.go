package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/reconcile"
)

// cuts is how many writes lose their answers after they were committed.
const cuts = 1000

// The answer of each write is lost: creates, updates, lines, business methods
// and archivings. Nothing is made twice, nothing is forgotten.
func TestLostAnswersDoubleNothing(t *testing.T) {
	b := newPushBench(t, 17, postOnState, "    post: on_state\n")
	b.sim.SetFaults(odoosim.Faults{CutWrite: 1})
	for round := 0; b.sim.Stats().Injected < cuts; round++ {
		first := 1 + round*10
		for i := range 10 {
			id := first + i
			b.api(fmt.Sprintf("INSERT INTO contacts (id, name, ref) VALUES (%d, 'Contact %d', 'C%d')", id, id, id),
				fmt.Sprintf("INSERT INTO leads (id, name, type, contact_id) VALUES (%d, 'Lead %d', 'lead', %d)", id, id, id),
				fmt.Sprintf("INSERT INTO invoices (id, contact_id, ref, state) VALUES (%d, %d, 'API-%d', 'posted')", id, id, id),
				fmt.Sprintf(`INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (%d, 0, 'Guide', 1, 100, '[]'), (%d, 1, 'Car', 1, 5, '[]')`, id, id))
			b.push()
			b.api(fmt.Sprintf("UPDATE contacts SET city = 'Nantes' WHERE id = %d", id), fmt.Sprintf("UPDATE leads SET status = 'lost', city = 'Nantes' WHERE id = %d", id),
				fmt.Sprintf("UPDATE invoices SET ref = 'API-%d-bis' WHERE id = %d", id, id))
			b.push()
		}
	}
	b.sim.SetFaults(odoosim.Faults{})
	b.push()
	require.Empty(t, b.pending())
	rows := b.rows("SELECT COUNT(*) FROM contacts")
	for _, table := range []string{"contacts", "leads", "invoices"} {
		require.Equal(t, rows+" | "+rows, b.rows("SELECT COUNT(*), COUNT(DISTINCT odoo_id) FROM "+table), table)
	}
	for model, table := range map[string]string{"res.partner": "contacts", "crm.lead": "leads", "account.move": "invoices", "account.move.line": "invoice_lines"} {
		require.Equal(t, b.rows("SELECT COUNT(*) FROM "+table), fmt.Sprint(len(b.sim.IDs(model))), "%s exist once", model)
	}
	require.Equal(t, "synced", b.rows("SELECT DISTINCT state FROM sync_links"))
	require.Equal(t, "posted | "+rows, b.rows("SELECT state, COUNT(*) FROM invoices WHERE ref LIKE '%-bis' GROUP BY state"))
	require.Equal(t, "lost | Nantes | "+rows, b.rows("SELECT status, city, COUNT(*) FROM leads GROUP BY status, city"))
	t.Logf("%d writes lost their answers, %s rows of each table", b.sim.Stats().Injected, rows)
}

// A worker that freezes in a write past its lease is replaced, and thaws: what
// users did meanwhile stays.
func TestAFrozenWorkerRevertsNobody(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes", "phone": "01"})
	b.sync("res.partner", id)
	b.api("UPDATE contacts SET city = 'Nantes'")
	b.catchUp()
	entered, thaw := make(chan struct{}), make(chan struct{})
	b.sim.OnWrite(func(stage, _, _ string) {
		if stage == odoosim.AfterWrite {
			b.sim.OnWrite(nil)
			close(entered)
			<-thaw
		}
	})
	done := make(chan error, 1)
	go func() { _, err := b.pusher.Step(b.ctx); done <- err }()
	<-entered
	outbox := queue.NewOutbox(b.db, queue.OutboxOptions{Clock: b.clock})
	engine := reconcile.New(reconcile.Options{DB: b.db, Odoo: b.client, Remote: b.client, Mapping: b.mapped, Hints: b.inbox, Outbox: outbox, Clock: b.clock, Companies: []int64{1}})
	other := b.newPusher(engine, outbox)
	for range 2 { // the lease runs out, then the time Odoo may take
		b.clock.Advance(3 * time.Minute)
		require.NoError(t, other.Push(b.ctx, time.Second))
	}
	b.sim.Write("res.partner", id, odoosim.Values{"city": "Brest", "phone": "02"})
	b.api("UPDATE contacts SET email = 'm@example.org'")
	close(thaw)
	require.NoError(t, <-done)
	b.hint("res.partner.updated", "res.partner", id)
	b.settle()
	b.clock.Advance(time.Hour)
	b.settle()
	got := b.sim.Get("res.partner", id)
	require.Equal(t, []any{"Brest", "02", "m@example.org"}, []any{got["city"], got["phone"], got["email"]})
	require.Equal(t, "Brest | 02 | m@example.org | synced", b.rows("SELECT city, phone, email, l.state FROM contacts JOIN sync_links l ON l.entity = 'contacts'"))
	require.Empty(t, b.pending())
}

// A call that would begin after its time does not: whoever took over may have
// let a user's edit in since.
func TestACallThatComesTooLateIsNotMade(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
	b.sync("res.partner", id)
	b.remote(&slowLook{Client: b.client, then: func() { b.clock.Advance(2 * time.Minute) }})
	b.api("UPDATE contacts SET city = 'Nantes'")
	b.push()
	require.Equal(t, "Vannes", b.sim.Get("res.partner", id)["city"])
	require.NotEmpty(t, b.pending(), "it goes on later")
	b.remote(b.client)
	b.clock.Advance(time.Hour)
	b.push()
	require.Equal(t, "Nantes", b.sim.Get("res.partner", id)["city"])
}

// Odoo is away for an hour: edits wait, cost no attempt, and arrive.
func TestAnOdooThatIsAwayIsWaitedFor(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetDown(true)
	b.api("INSERT INTO contacts (name) VALUES ('a'), ('b')")
	for range 3 { // the client's breaker would open at five
		b.catchUp()
		_ = b.pusher.Push(b.ctx, time.Second) // Odoo is away
		b.clock.Advance(12 * time.Minute)
	}
	require.Equal(t, "pending | 0", b.rows("SELECT DISTINCT status, attempts FROM sync_outbox"))
	b.sim.SetDown(false)
	b.clock.Advance(time.Minute)
	b.push()
	b.clock.Advance(time.Hour)
	b.push()
	require.Empty(t, b.pending())
	require.Len(t, b.sim.IDs("res.partner"), 2)
}

// What was claimed together and had no turn yet when Odoo went away waits for
// Odoo, and not for a lease to run out.
func TestEditsThatHadNoTurnAreGivenBack(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetDown(true)
	b.api("INSERT INTO contacts (name, email) VALUES ('a', 'a@example.org')", "INSERT INTO leads (name, type) VALUES ('b', 'lead')")
	b.catchUp()
	require.Error(t, b.pusher.Push(b.ctx, time.Second))
	require.Equal(t, "contacts | pending | 0\nleads | pending | 0", b.rows("SELECT entity, status, lease_until IS NOT NULL FROM sync_outbox ORDER BY id"))
}
