package sweep_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
	"odoosync/webhooks"
)

// chaos is a working day in which a third of what is told gets lost.
type chaos struct {
	*bench
	random *rand.Rand
	fresh  map[string][]int64 // records nothing happened to yet, by model
	found  sweep.Counts       // by polls and sweeps
	rowsN  int                // rows edited here behind the triggers' back
	silent int                // changes in Odoo that nothing tells of
	idle   int                // webhooks that were lost and told of nothing
}

// TestChaos: whatever webhooks get lost, come twice, late, too early or for work
// that was rolled back, and whatever SQL does behind the back of Odoo and of the
// triggers: after a poll, a sweep and a deep one both sides agree, and what was
// repaired is what was broken.
func TestChaos(t *testing.T) {
	seeds := []uint64{1, 2, 3}
	if text := os.Getenv("ODOOSYNC_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		seeds = []uint64{seed}
	}
	for _, version := range []int{16, 17, 18, 19} {
		for _, seed := range seeds {
			t.Run(fmt.Sprintf("%d, seed %d", version, seed), func(t *testing.T) { newChaos(t, version, seed).day() })
		}
	}
}

func newChaos(t *testing.T, version int, seed uint64) *chaos {
	c := &chaos{bench: newBench(t, version), random: rand.New(rand.NewPCG(seed, 1)), fresh: map[string][]int64{}, found: sweep.Counts{}}
	receiver, err := webhooks.New(webhooks.Options{Inbox: c.inbox, Keys: []string{"key"}, Clock: c.clock})
	require.NoError(t, err)
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	receiver.Register(router)
	server := httptest.NewServer(router)
	t.Cleanup(server.Close)

	c.fresh["res.partner"] = c.partners(300)
	for i := range 80 {
		customer := c.fresh["res.partner"][299-i]
		c.fresh["sale.order"] = append(c.fresh["sale.order"], c.sim.Create("sale.order", odoosim.Values{"partner_id": customer, "order_line": []odoosim.Values{
			{"name": "Transport", "display_type": "line_section"}, {"name": "Bus", "price_unit": 150.0, "product_uom_qty": 2.0}}}))
		c.fresh["account.move"] = append(c.fresh["account.move"], c.sim.Create("account.move", odoosim.Values{"partner_id": customer, "move_type": "out_invoice",
			"invoice_line_ids": []odoosim.Values{{"name": "Acompte", "price_unit": 500.0, "quantity": 1.0}}}))
		c.fresh["crm.lead"] = append(c.fresh["crm.lead"], c.sim.Create("crm.lead", odoosim.Values{"name": fmt.Sprintf("Voyage %d", i), "partner_id": customer}))
		c.clock.Advance(time.Minute)
	}
	c.fresh["res.partner"] = c.fresh["res.partner"][:220] // the customers of documents stay as they are
	c.imported()
	c.sim.SetWebhooks(odoosim.WebhookOptions{URL: server.URL, Key: "key"})
	c.sim.SetFaults(odoosim.Faults{DropWebhook: .3, DoubleWebhook: .1, LateWebhook: .1, LateBy: 2 * time.Minute})
	return c
}

// take is a record nothing happened to yet.
func (c *chaos) take(model string) int64 {
	c.t.Helper()
	list := c.fresh[model]
	require.NotEmpty(c.t, list, "the test has too few of %s", model)
	i := c.random.IntN(len(list))
	id := list[i]
	list[i] = list[len(list)-1]
	c.fresh[model] = list[:len(list)-1]
	return id
}

// day lets everything happen, and judges.
func (c *chaos) day() {
	late := c.sim.Begin()
	late.Write("res.partner", c.take("res.partner"), odoosim.Values{"city": "En retard"})
	for range 160 {
		c.change()
		c.clock.Advance(time.Second)
	}
	c.unheard()
	c.work()
	c.clock.Advance(2 * time.Minute) // what is late arrives
	c.drain()
	c.sim.SetWebhooks(odoosim.WebhookOptions{}) // what follows is told by nobody
	c.work()
	c.tie()
	c.gather(c.poll())
	c.quietly(late.Commit) // behind the place, within the overlap
	c.silent++
	c.clock.Advance(time.Hour)
	c.work()
	c.gather(c.poll())
	c.gather(c.sweep(sweep.SweepOptions{}))
	c.gather(c.sweep(sweep.SweepOptions{Depth: sweep.All}))
	c.push()
	c.judge()
}

// change does what a user does, with a webhook that may be lost.
func (c *chaos) change() {
	switch model := []string{"res.partner", "res.partner", "sale.order", "crm.lead", "account.move"}[c.random.IntN(5)]; c.random.IntN(10) {
	case 0:
		c.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprintf("Nouveau %d", c.random.IntN(1e6))})
	case 1:
		c.sim.Write("res.partner", c.take("res.partner"), odoosim.Values{"active": false})
	case 2:
		c.sim.Unlink("sale.order", c.take("sale.order"))
	case 3:
		c.undone()
	case 4:
		c.early()
	default:
		field := map[string]string{"res.partner": "city", "sale.order": "client_order_ref", "crm.lead": "phone", "account.move": "ref"}[model]
		c.sim.Write(model, c.take(model), odoosim.Values{field: fmt.Sprint(c.random.IntN(1e6))})
	}
}

// undone tells of work that is then rolled back.
func (c *chaos) undone() {
	x := c.sim.Begin()
	x.Write("res.partner", c.take("res.partner"), odoosim.Values{"city": "jamais"})
	before := c.sim.Stats().Dropped
	c.told(x)
	c.idle += int(c.sim.Stats().Dropped - before)
	x.Rollback()
}

// early tells of work before it is committed: what is read then is old, and the
// second look finds it.
func (c *chaos) early() {
	x := c.sim.Begin()
	x.Write("res.partner", c.take("res.partner"), odoosim.Values{"city": fmt.Sprint("tôt ", c.random.IntN(1e6))})
	c.told(x)
	x.Commit()
	c.clock.Advance(5 * time.Second)
	c.work()
}

// told sends a transaction's webhooks, and has them worked before it ends.
func (c *chaos) told(x *odoosim.Tx) {
	x.Tell()
	if c.random.IntN(2) == 0 {
		c.settleHooks()
		c.work()
	}
}

// unheard are the changes that no webhook ever tells of.
func (c *chaos) unheard() {
	for range 5 { // SQL in Odoo
		c.sim.Raw("res.partner", c.take("res.partner"), odoosim.Values{"city": "SQL"})
		c.silent++
	}
	for range 3 { // no event tells that a lead was deleted
		c.sim.Unlink("crm.lead", c.take("crm.lead"))
		c.silent++
	}
	for range 5 { // a line's words
		lines := c.sim.Get("sale.order", c.take("sale.order"))["order_line"].([]int64)
		c.quietly(func() { c.sim.Write("sale.order.line", lines[1], odoosim.Values{"name": "Autocar"}) })
		c.silent++
	}
	c.closedDay()
	for range 5 { // SQL here
		c.exec("UPDATE contacts SET phone = '01 02 03 04 05' WHERE odoo_id = ?", c.take("res.partner"))
		c.rowsN++
	}
	c.exec("UPDATE quotes SET client_ref = 'ici' WHERE odoo_id = ?", c.take("sale.order"))
	c.rowsN++
	c.exec("UPDATE quote_lines SET price_unit = 1 WHERE name = 'Bus' AND quote_id = (SELECT id FROM quotes WHERE odoo_id = ?)", c.take("sale.order"))
	c.rowsN++
}

// closedDay makes two changes in one day that is over: one record more and one
// less, so that its count stays.
func (c *chaos) closedDay() {
	gone := c.take("res.partner")
	day := c.sim.Get("res.partner", gone)["write_date"]
	c.quietly(func() {
		c.sim.Unlink("res.partner", gone)
		made := c.sim.Create("res.partner", odoosim.Values{"name": "Antidaté"})
		c.sim.Raw("res.partner", made, odoosim.Values{"write_date": day, "create_date": day})
	})
	c.silent += 2
}

// tie writes a record twice within one second; the second write is not told.
func (c *chaos) tie() {
	id := c.take("res.partner")
	c.quietly(func() { c.sim.Write("res.partner", id, odoosim.Values{"city": "première"}) })
	c.clock.Advance(15 * time.Second)
	c.gather(c.poll())
	c.silent++
	at := c.sim.Get("res.partner", id)["write_date"].(time.Time)
	c.sim.Raw("res.partner", id, odoosim.Values{"city": "seconde", "write_date": at.Add(200 * time.Millisecond)})
	c.silent++
}

// quietly does something while Odoo tells nobody.
func (c *chaos) quietly(f func()) {
	c.settleHooks()
	before := c.sim.Stats().Dropped
	c.sim.SetFaults(odoosim.Faults{DropWebhook: 1})
	f()
	c.sim.SetFaults(odoosim.Faults{DropWebhook: .3, DoubleWebhook: .1, LateWebhook: .1, LateBy: 2 * time.Minute})
	c.silent -= int(c.sim.Stats().Dropped - before) // they count as dropped
}

// settleHooks waits until what was to be sent at once is here. What is late
// waits for its time.
func (c *chaos) settleHooks() {
	require.Eventually(c.t, func() bool { return c.sim.Sending() == 0 }, 10*time.Second, time.Millisecond)
}

// drain waits until everything was sent.
func (c *chaos) drain() {
	ctx, cancel := context.WithTimeout(c.ctx, 10*time.Second)
	defer cancel()
	require.NoError(c.t, c.sim.Drain(ctx))
}

// work takes what is due from the inbox and the outbox.
func (c *chaos) work() {
	w := reconcile.NewWorker(reconcile.WorkerOptions{Inbox: c.inbox, Syncer: c.engine, Clock: c.clock})
	for {
		n, err := w.Step(c.ctx)
		require.NoError(c.t, err)
		if n == 0 {
			break
		}
	}
	c.push()
}

func (c *chaos) gather(counts sweep.Counts) {
	for key, n := range counts {
		c.found[key] += n
	}
}

// judge compares the sides, and the counts.
func (c *chaos) judge() {
	items := 0
	_, err := c.engine.Plan(c.ctx, reconcile.PlanOptions{Pager: c.client, Item: func(i reconcile.PlanItem) error {
		items++
		text, _ := json.Marshal(i)
		c.t.Errorf("the sides differ: %s", text)
		return nil
	}})
	require.NoError(c.t, err)
	require.Zero(c.t, items)
	here := map[string]string{}
	for _, id := range c.sim.IDs("res.partner") {
		v := c.sim.Get("res.partner", id)
		city, _ := v["city"].(string)
		row := c.rows("SELECT COALESCE(city, ''), active, deleted_at IS NULL FROM contacts WHERE odoo_id = ?", id)
		active := "1"
		if v["active"] == false {
			active = "0"
		}
		if want := city + " | " + active + " | 1"; row != want {
			here[fmt.Sprint(id)] = row + ", and Odoo has " + want
		}
	}
	require.Empty(c.t, maps.Clone(here))
	stats := c.sim.Stats()
	c.t.Logf("%d webhooks sent, %d dropped, %d doubled, %d late; %d changes nobody told, %d rows edited by SQL here; found: %v",
		stats.Sent, stats.Dropped, stats.Doubled, stats.Late, c.silent, c.rowsN, map[string]int64(c.found))
	require.EqualValues(c.t, int(stats.Dropped)-c.idle+c.silent, c.found[sweep.Repaired], "repaired = dropped + never told")
	require.EqualValues(c.t, c.rowsN, c.found["contacts.drifted"]+c.found["quotes.drifted"])
}
