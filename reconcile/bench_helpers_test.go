package reconcile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// newPayloadBench is a bench without an Odoo: events are applied by their own data.
func newPayloadBench(t testing.TB) (*bench, *reconcile.Payloads) {
	t.Helper()
	b := &bench{t: t, ctx: context.Background(), db: dbtest.New(t)}
	b.inbox = queue.NewInbox(b.db, queue.Options{})
	t.Cleanup(b.inbox.Stop)
	data, err := os.ReadFile("../configs/mapping.yaml")
	require.NoError(t, err)
	spec, err := mapping.Parse(data)
	require.NoError(t, err)
	schema, err := reconcile.LoadSchema(b.ctx, nil, b.db, spec)
	require.NoError(t, err)
	m, err := spec.Compile(schema)
	require.NoError(t, err)
	b.engine = reconcile.New(reconcile.Options{DB: b.db, Mapping: m, Hints: b.inbox})
	return b, reconcile.NewPayloads(b.engine)
}

// mappingWith is the default mapping with one piece of its text replaced. odoo
// is nil where there is none.
func (b *bench) mappingWith(odoo reconcile.Describer, old, replacement string) *mapping.Mapping {
	b.t.Helper()
	data, err := os.ReadFile("../configs/mapping.yaml")
	require.NoError(b.t, err)
	require.Equal(b.t, 1, strings.Count(string(data), old), "the mapping's text %q", old)
	spec, err := mapping.Parse([]byte(strings.Replace(string(data), old, replacement, 1)))
	require.NoError(b.t, err)
	schema, err := reconcile.LoadSchema(b.ctx, odoo, b.db, spec)
	require.NoError(b.t, err)
	m, err := spec.Compile(schema)
	require.NoError(b.t, err)
	return m
}

// storyDay is the day all events of these tests happen on.
var storyDay = time.Date(2025, 1, 22, 10, 0, 0, 0, time.UTC)

// tell stores an event of so many seconds past ten and works the inbox empty.
func (b *bench) tell(s reconcile.Syncer, event, model string, id int64, second int, data string) {
	b.t.Helper()
	body := fmt.Sprintf(`{"event": %q, "timestamp": "", "data": %s}`, event, data)
	_, err := b.inbox.Append(b.ctx, queue.Event{Type: event, Model: model, OdooID: id, Source: "webhook", Data: json.RawMessage(data),
		Body: []byte(body), EventTime: storyDay.Add(time.Duration(second) * time.Second)})
	require.NoError(b.t, err)
	b.work(s, nil)
}

// work takes what is due until there is no more.
func (b *bench) work(s reconcile.Syncer, clock clockwork.Clock) {
	b.t.Helper()
	w := reconcile.NewWorker(reconcile.WorkerOptions{Inbox: b.inbox, Syncer: s, Clock: clock})
	for {
		n, err := w.Step(b.ctx)
		require.NoError(b.t, err)
		if n == 0 {
			return
		}
	}
}

// betweenRead is an Odoo that changes between its answer and our writing of it.
type betweenRead struct {
	reconcile.Reader
	model string
	then  func()               // once, after the model was read
	bend  func(odooclient.Raw) // what Odoo answers instead; may be nil
}

func (r *betweenRead) ReadEach(ctx context.Context, model string, ids []int64, fields []string, each func(int64, odooclient.Raw, error) error) error {
	err := r.Reader.ReadEach(ctx, model, ids, fields, func(id int64, raw odooclient.Raw, err error) error {
		if err == nil && model == r.model && r.bend != nil {
			r.bend(raw)
		}
		return each(id, raw, err)
	})
	if then := r.then; model == r.model && then != nil {
		r.then = nil
		then()
	}
	return err
}

// engineOn is a second engine on the same sides, reading through r.
func (b *bench) engineOn(r reconcile.Reader) *reconcile.Engine {
	return reconcile.New(reconcile.Options{DB: b.db, Odoo: r, Mapping: b.mapping(""), Hints: b.inbox})
}

// syncOn syncs one record with another engine.
func (b *bench) syncOn(e *reconcile.Engine, model string, id int64) reconcile.Result {
	b.t.Helper()
	results, err := e.SyncRecords(b.ctx, model, []reconcile.Target{{OdooID: id, Cause: store.Cause{Kind: "import"}}})
	require.NoError(b.t, err)
	require.Len(b.t, results, 1)
	return results[0]
}

// hint stores an event about a record.
func (b *bench) hint(event, model string, id int64) {
	b.t.Helper()
	_, err := b.inbox.Append(b.ctx, queue.Event{Type: event, Model: model, OdooID: id, Source: "webhook"})
	require.NoError(b.t, err)
}

// writtenAt makes the last write of a record in Odoo one of another time than
// now, long after the record was read last.
func (b *bench) writtenAt(model string, id int64, fromNow time.Duration) {
	b.t.Helper()
	at := time.Now().UTC().Add(fromNow)
	b.sim.Raw(model, id, odoosim.Values{"write_date": at})
	b.exec("UPDATE sync_links SET odoo_write_date = ? WHERE odoo_id = ? AND odoo_write_date IS NOT NULL", at.Add(-24*time.Hour), id)
}
