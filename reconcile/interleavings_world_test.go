package reconcile_test

import (
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/mysqldb"
	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/mapping"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// stories is the world in which the stories happen, one after another, each with
// contacts of its own.
type stories struct {
	*pushBench
	random *rand.Rand
	seed   uint64
	steps  []string // what happened, for the one who has to find out why

	daemons [2]*storyDaemon
	tags    []string
	told    []userEdit
	pending []int64 // records a webhook tells of
	next    int
	before  int64  // the last record of the stories before this one
	module  bool   // Odoo has it
	window  func() // an edit in Odoo right before the next write is applied

	edits, kills, cuts, conflicts, conflictsBefore, inWindow, overwritten, deleted int
}

// userEdit is one thing a person or the API did.
type userEdit struct {
	side, tag, field, value string // field "" for a delete
	window                  bool
}

// storyDaemon is one of the daemons, with connections of its own.
type storyDaemon struct {
	db     *mysqldb.DB
	inbox  *queue.Inbox
	engine *reconcile.Engine
	pusher *reconcile.Pusher
	worker *reconcile.Worker
	ctx    context.Context
	cancel context.CancelFunc
}

// A policy for each of the fields that are edited.
var storyFields = []string{"city", "phone", "email", "street"}

func newStories(t *testing.T) *stories {
	w := &stories{pushBench: newPushBench(t, 17)}
	data, err := os.ReadFile("../configs/mapping.yaml")
	require.NoError(t, err)
	text := strings.NewReplacer("      city: {odoo: city, shared", "      city: {odoo: city, policy: odoo, shared",
		"      phone: {odoo: phone}\n      mobile", "      phone: {odoo: phone, policy: local}\n      mobile",
		"      email: {odoo: email}\n", "      email: {odoo: email, policy: ask}\n").Replace(string(data))
	spec, err := mapping.Parse([]byte(text))
	require.NoError(t, err)
	schema, err := reconcile.LoadSchema(w.ctx, w.client, w.db, spec)
	require.NoError(t, err)
	w.mapped, err = spec.Compile(schema)
	require.NoError(t, err)
	for i := range w.daemons {
		w.daemons[i] = w.start()
	}
	t.Cleanup(func() {
		for _, d := range w.daemons {
			d.stop()
		}
	})
	w.sim.OnWrite(func(stage, _, _ string) {
		if edit := w.window; stage == odoosim.BeforeWrite && edit != nil {
			w.window = nil
			edit()
		}
	})
	return w
}

func (w *stories) start() *storyDaemon {
	d := &storyDaemon{}
	d.ctx, d.cancel = context.WithCancel(w.ctx)
	var err error
	d.db, err = mysqldb.Open(mysqldb.Options{DSN: w.dsn, MaxOpen: 4})
	require.NoError(w.t, err)
	d.inbox = queue.NewInbox(d.db, queue.Options{Clock: w.clock})
	outbox := queue.NewOutbox(d.db, queue.OutboxOptions{Clock: w.clock})
	remote := &mortal{Client: w.client, ctx: d.ctx}
	d.engine = reconcile.New(reconcile.Options{DB: d.db, Odoo: remote, Remote: remote, Mapping: w.mapped, Hints: d.inbox, Outbox: outbox, Clock: w.clock, Companies: []int64{1}})
	d.pusher = reconcile.NewPusher(reconcile.PusherOptions{Engine: d.engine, Edits: outbox, Clock: w.clock})
	d.worker = reconcile.NewWorker(reconcile.WorkerOptions{Inbox: d.inbox, Syncer: d.engine, Clock: w.clock})
	return d
}

// stop ends a daemon as kill -9 does: no query and no call of it arrives any more.
func (d *storyDaemon) stop() {
	d.cancel()
	_ = d.db.Close()
	d.inbox.Stop()
}

// mortal is a client whose process can die.
type mortal struct {
	*odooclient.Client
	ctx context.Context
}

func (m *mortal) dead() error { return m.ctx.Err() }

func (m *mortal) Load(ctx context.Context, model string, fields []string, rows [][]string, extra map[string]any) (odooclient.LoadResult, error) {
	if m.dead() != nil {
		return odooclient.LoadResult{}, m.dead()
	}
	return m.Client.Load(ctx, model, fields, rows, extra)
}

func (m *mortal) WriteIf(ctx context.Context, model string, id int64, is odooclient.Expected, values, extra map[string]any) (string, error) {
	if m.dead() != nil {
		return "", m.dead()
	}
	return m.Client.WriteIf(ctx, model, id, is, values, extra)
}

func (m *mortal) Write(ctx context.Context, model string, ids []int64, values, extra map[string]any) error {
	if m.dead() != nil {
		return m.dead()
	}
	return m.Client.Write(ctx, model, ids, values, extra)
}
