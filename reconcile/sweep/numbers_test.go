package sweep_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/odooclient"
	"odoosync/reconcile/sweep"
)

const stream = "0b9a2f6e-8f3c-4e0e-9d53-7a1f0c2b4d5e"

// told is an Odoo with the module's deliveries, by number.
type told struct {
	*odooclient.Client
	rows  map[int64]odooclient.Raw
	err   error
	sent  int64 // the highest number it gave out; 0: the highest that arrived
	b     *bench
	asked int

	refused int
}

func (o *told) SearchRead(ctx context.Context, model string, domain []any, fields []string, p odooclient.Page, yield func(odooclient.Raw) error) error {
	switch {
	case model == "webhook.config" && o.err == nil:
		sent := o.sent
		if sent == 0 {
			require.NoError(o.b.t, o.b.db.QueryRow("SELECT COALESCE(MAX(stream_number), 0) FROM webhook_logs").Scan(&sent))
		}
		return yield(odooclient.Raw{"id": int64(1), "stream": stream, "last_sequence": sent})
	case model == "webhook.config":
		o.refused++
		return o.err
	case model != "webhook.delivery":
		return o.Client.SearchRead(ctx, model, domain, fields, p, yield)
	}
	o.asked++
	for _, n := range domain[2].([]any)[2].([]int64) {
		if row := o.rows[n]; row != nil {
			if err := yield(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *told) add(n int64, model string, id int64, state string) {
	o.rows[n] = odooclient.Raw{"id": n, "sequence": n, "model": model, "res_id": id, "state": state}
}

func newTold(t *testing.T) (*bench, *told) {
	b := newBench(t, 17)
	o := &told{Client: b.client, rows: map[int64]odooclient.Raw{}, b: b}
	b.start(sweep.Options{Odoo: o})
	return b, o
}

func (b *bench) arrived(numbers ...int64) {
	for _, n := range numbers {
		_, err := b.inbox.Append(b.ctx, queue.Event{Type: "res.partner.updated", Model: "res.partner", OdooID: 1, Source: queue.SourceWebhook, Place: queue.Place{Stream: stream, Number: n}})
		require.NoError(b.t, err)
	}
}

func (b *bench) missed() sweep.Missed {
	b.t.Helper()
	m, err := b.sweeper.Missed(b.ctx)
	require.NoError(b.t, err)
	return m
}

func (b *bench) open() string { return b.rows("SELECT number FROM sync_missing ORDER BY number") }

func TestAMissingWebhookIsRepaired(t *testing.T) {
	b, o := newTold(t)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	waits := b.sim.Create("res.partner", odoosim.Values{"name": "Lycée"})
	gone := b.sim.Create("res.partner", odoosim.Values{"name": "Gare"})
	b.sim.Unlink("res.partner", gone)
	o.add(2, "res.partner", id, "failed")
	o.add(3, "res.partner", waits, "pending")
	o.add(4, "res.partner", gone, "sent")
	o.add(6, "stock.picking", 1, "sent") // of a model that nobody maps
	b.arrived(1, 7)
	require.Zero(t, b.missed(), "it is not late yet")
	require.Zero(t, o.asked)
	b.clock.Advance(sweep.Grace)
	require.Equal(t, sweep.Missed{Repaired: 3, Forgotten: 1}, b.missed())
	require.Equal(t, "Mairie", b.rows("SELECT name FROM contacts"))
	require.Equal(t, "3", b.open(), "Odoo will still send it")
	require.Equal(t, "missed | done", b.rows("SELECT kind, state FROM sync_runs WHERE kind = 'missed' LIMIT 1"))
	asked := o.asked
	b.missed()
	require.Equal(t, asked, o.asked, "and is given time to")
	o.add(3, "res.partner", waits, "sent")
	b.clock.Advance(sweep.Grace)
	require.EqualValues(t, 1, b.missed().Repaired)
	require.Empty(t, b.open())
	require.Equal(t, "2", b.rows("SELECT COUNT(*) FROM contacts"))
}

// The last ones have none behind them that would show the gap.
func TestTheLastWebhooksAreMissing(t *testing.T) {
	b, o := newTold(t)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.add(2, "res.partner", id, "pending")
	b.arrived(1)
	o.sent = 2
	b.missed()
	b.missed()
	require.Equal(t, "2", b.open())
	b.clock.Advance(sweep.Grace)
	require.Zero(t, b.missed(), "it is still to be sent")
	o.add(2, "res.partner", id, "failed")
	b.clock.Advance(sweep.Grace)
	require.EqualValues(t, 1, b.missed().Repaired)
	o.sent = 3
	b.missed()
	require.Equal(t, "3", b.open())
	b.arrived(3)
	b.missed()
	require.Empty(t, b.open())
	b.arrived(4)
	b.missed()
	require.Empty(t, b.open())
	streams, err := queue.Streams(b.ctx, b.db)
	require.NoError(t, err)
	require.EqualValues(t, []int64{3, 4, 0}, []int64{streams[0].Sent, streams[0].Newest, streams[0].Missing})
}

func TestALateWebhookIsNoneMissing(t *testing.T) {
	b, o := newTold(t)
	b.arrived(1, 3)
	b.missed()
	b.arrived(2)
	b.clock.Advance(time.Hour)
	require.Zero(t, b.missed())
	require.Zero(t, o.asked)
	require.Empty(t, b.open())
}

func TestOdooThatShowsNoDeliveries(t *testing.T) {
	for name, fault := range map[string]*odooclient.Fault{
		"not installed": {Code: 2, Message: "Object webhook.delivery doesn't exist"},
		"not granted":   {Code: 4, Message: "You are not allowed to access 'Webhook Delivery' (webhook.delivery) records."},
	} {
		t.Run(name, func(t *testing.T) {
			b, o := newTold(t)
			o.err = fault
			b.arrived(2)
			b.missed()
			b.clock.Advance(sweep.Grace)
			for range 3 {
				require.Zero(t, b.missed())
			}
			require.Equal(t, 1, o.refused, "it is left alone")
			require.Zero(t, o.asked)
			require.Equal(t, "1", b.open(), "and nothing is forgotten")
			o.err = nil
			b.clock.Advance(time.Hour)
			require.EqualValues(t, 1, b.missed().Forgotten)
		})
	}
}

// A look that is cut off at any of its steps is done again and loses nothing.
func TestACutLookLosesNothing(t *testing.T) {
	b, o := newTold(t)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.add(1, "res.partner", id, "failed")
	b.arrived(2)
	b.missed()
	b.clock.Advance(sweep.Grace)
	o.err = errors.New("cut")
	_, err := b.sweeper.Missed(b.ctx)
	require.Error(t, err)
	o.err = nil
	b.sim.SetDown(true) // between the deliveries and the records
	_, err = b.sweeper.Missed(b.ctx)
	require.Error(t, err)
	require.Equal(t, "1", b.open())
	b.sim.SetDown(false)
	b.start(sweep.Options{Odoo: o})
	require.EqualValues(t, 1, b.missed().Repaired)
	require.Equal(t, "Mairie", b.rows("SELECT name FROM contacts"))
	require.Empty(t, b.open())
}

// An answer that was not asked for closes nothing.
func TestNonsenseOfDeliveries(t *testing.T) {
	for name, row := range map[string]odooclient.Raw{
		"another number": {"sequence": int64(9), "model": "res.partner", "res_id": int64(1), "state": "sent"},
		"no model":       {"sequence": int64(1), "model": false, "res_id": int64(1), "state": "sent"},
		"no record":      {"sequence": int64(1), "model": "res.partner", "res_id": int64(0), "state": "sent"},
	} {
		t.Run(name, func(t *testing.T) {
			b, o := newTold(t)
			o.rows[1] = row
			b.arrived(2)
			b.missed()
			b.clock.Advance(sweep.Grace)
			require.Zero(t, b.missed())
			require.Equal(t, "1", b.open())
			b.clock.Advance(48 * time.Hour) // by then nothing better will come
			require.Equal(t, sweep.Missed{Forgotten: 1}, b.missed())
		})
	}
}

func TestWithoutNumbersNothingIsAsked(t *testing.T) {
	b, o := newTold(t)
	before := b.sim.Stats().Calls
	for range 3 {
		require.Zero(t, b.missed())
	}
	require.Zero(t, o.asked)
	require.Equal(t, before, b.sim.Stats().Calls)
	require.False(t, slices.Contains([]string{"1"}, b.open()))
}

// A record that was edited often is read once, whatever the number of calls that
// its numbers take.
func TestManyNumbersOfARecordAreReadOnce(t *testing.T) {
	b, o := newTold(t)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	for n := range int64(450) {
		o.add(1+n, "res.partner", id, "failed")
	}
	b.arrived(451)
	b.missed()
	b.clock.Advance(sweep.Grace)
	require.Equal(t, sweep.Missed{Repaired: 450}, b.missed())
	require.Equal(t, 3, o.asked)
	require.Equal(t, "1 | 1", b.rows("SELECT done, JSON_VALUE(counts, '$.repaired') FROM sync_runs WHERE kind = 'missed'"))
	require.Empty(t, b.open())
}
