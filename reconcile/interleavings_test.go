package reconcile_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/mysqldb"
	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/mapping"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// interleavings is how many random stories the test tells; make interleavings
// tells 2,000. ODOOSYNC_SEED starts at another one, ODOOSYNC_INTERLEAVINGS=1
// tells it alone.
const interleavings = 150

// Random edits, creates and deletes on both sides, with lost replies, lost and
// doubled webhooks, killed daemons and two of them at once. Once everything is
// quiet both sides agree by policy, no record exists twice, every value that
// was overwritten is kept, and nobody wrote more often than somebody edited.
func TestInterleavings(t *testing.T) {
	seed, n := uint64(time.Now().UnixNano()), interleavings
	if text := os.Getenv("ODOOSYNC_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	if text := os.Getenv("ODOOSYNC_INTERLEAVINGS"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	w := newStories(t)
	for i := range n {
		w.tell(seed + uint64(i))
	}
	t.Logf("%d interleavings from seed %d: %d edits, %d kills, %d lost replies, %d kept conflicts, %d edits in Odoo between our read and our write (no module there to see them)",
		n, seed, w.edits, w.kills, w.cuts, w.conflicts, w.inWindow)
}

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
	window  func() // an edit in Odoo right before the next write is applied

	edits, kills, cuts, conflicts, inWindow int
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

func (m *mortal) Write(ctx context.Context, model string, ids []int64, values, extra map[string]any) error {
	if m.dead() != nil {
		return m.dead()
	}
	return m.Client.Write(ctx, model, ids, values, extra)
}

// tell is one story.
func (w *stories) tell(seed uint64) {
	w.seed, w.random = seed, rand.New(rand.NewPCG(seed, 1))
	w.steps, w.tags, w.told, w.pending, w.window = nil, nil, nil, nil, nil
	w.sim.SetFaults(odoosim.Faults{})
	if ids := w.sim.IDs("res.partner"); len(ids) > 0 {
		w.before = ids[len(ids)-1]
	}
	for range 1 + w.random.IntN(2) {
		[]func(){w.createHere, w.createThere}[w.random.IntN(2)]()
	}
	if w.random.IntN(2) == 0 {
		w.webhooks()
		w.pushOnce()
	}
	for range 6 + w.random.IntN(10) {
		w.step()
	}
	w.calm()
	w.judge()
}

func (w *stories) note(format string, args ...any) {
	w.steps = append(w.steps, fmt.Sprintf(format, args...))
}

func (w *stories) fail(format string, args ...any) {
	history := w.rows("SELECT * FROM (SELECT id, odoo_id, local_id, side, op, changes, cause_kind FROM sync_changes ORDER BY id DESC LIMIT 12) latest ORDER BY id")
	links := w.rows("SELECT * FROM (SELECT id, odoo_id, local_id, state, deleted_by, error, base FROM sync_links ORDER BY id DESC LIMIT 4) latest ORDER BY id")
	w.t.Fatalf("%s\n\nthe story of seed %d:\n  %s\n\nhistory:\n%s\n\nlinks:\n%s\n\nto hear it again: ODOOSYNC_SEED=%d ODOOSYNC_INTERLEAVINGS=1 go test ./reconcile -run TestInterleavings",
		fmt.Sprintf(format, args...), w.seed, strings.Join(w.steps, "\n  "), history, links, w.seed)
}

func (w *stories) step() {
	acts := []func(){w.createHere, w.createThere, w.editHere, w.editHere, w.editHere, w.editHere, w.editThere, w.editThere, w.editThere, w.editThere,
		w.deleteHere, w.deleteThere, w.reviveHere, w.editInWindow, w.webhooks, w.webhooks, w.pushOnce, w.pushOnce, w.pushOnce, w.cutReply, w.kill}
	acts[w.random.IntN(len(acts))]()
	w.clock.Advance(time.Duration(w.random.IntN(3000)) * time.Millisecond)
}

func (w *stories) value() string {
	w.next++
	return fmt.Sprintf("v%d@x", w.next)
}

func (w *stories) tag() string {
	if len(w.tags) == 0 {
		return ""
	}
	return w.tags[w.random.IntN(len(w.tags))]
}

func (w *stories) field() string { return storyFields[w.random.IntN(len(storyFields))] }

func (w *stories) edit(side, tag, field, value string) {
	w.edits++
	w.told = append(w.told, userEdit{side: side, tag: tag, field: field, value: value})
	w.note("%s: %s %s = %s", side, tag, field, value)
}

func (w *stories) createHere() {
	tag := w.value()
	w.tags = append(w.tags, tag)
	f, v := w.field(), w.value()
	w.api(fmt.Sprintf("INSERT INTO contacts (ref, name, %s) VALUES ('%s', 'Contact %s', '%s')", f, tag, tag, v))
	w.edit("local", tag, f, v)
}

func (w *stories) createThere() {
	tag := w.value()
	w.tags = append(w.tags, tag)
	f, v := w.field(), w.value()
	id := w.sim.Create("res.partner", odoosim.Values{"ref": tag, "name": "Contact " + tag, f: v})
	w.edit("odoo", tag, f, v)
	w.told[len(w.told)-1].side = "odoo"
	w.tellOf(id)
}

func (w *stories) editHere() {
	tag := w.tag()
	if tag == "" || w.rows("SELECT 1 FROM contacts WHERE ref = ? AND deleted_at IS NULL", tag) == "" {
		return
	}
	f, v := w.field(), w.value()
	w.api(fmt.Sprintf("UPDATE contacts SET %s = '%s' WHERE ref = '%s'", f, v, tag))
	shift := w.random.IntN(3) - 1 // hours: newest has something to decide
	w.exec(fmt.Sprintf("UPDATE sync_outbox SET changed_at = TIMESTAMPADD(HOUR, %d, changed_at) WHERE status = 'pending'", shift))
	w.edit("local", tag, f, v)
}

// record is the tag's record in Odoo, 0 for none.
func (w *stories) record(tag string) int64 {
	for _, id := range w.records() {
		if w.sim.Get("res.partner", id)["ref"] == tag {
			return id
		}
	}
	return 0
}

// records are the records of this story, the newest first.
func (w *stories) records() []int64 {
	ids := w.sim.IDs("res.partner")
	first, _ := slices.BinarySearch(ids, w.before+1)
	ids = ids[first:]
	slices.Reverse(ids)
	return ids
}

func (w *stories) editThere() {
	tag := w.tag()
	id := w.record(tag)
	if tag == "" || id == 0 {
		return
	}
	f, v := w.field(), w.value()
	w.sim.Write("res.partner", id, odoosim.Values{f: v})
	w.edit("odoo", tag, f, v)
	w.tellOf(id)
}

// editInWindow edits in Odoo between a push's last look and its write.
func (w *stories) editInWindow() {
	tag := w.tag()
	id := w.record(tag)
	if tag == "" || id == 0 {
		return
	}
	w.window = func() {
		f, v := w.field(), w.value()
		w.sim.Write("res.partner", id, odoosim.Values{f: v})
		w.edit("odoo", tag, f, v)
		w.told[len(w.told)-1].window = true
		w.inWindow++
		w.tellOf(id)
	}
	w.pushOnce()
	w.window = nil
}

func (w *stories) deleteHere() {
	tag := w.tag()
	if tag == "" || w.rows("SELECT 1 FROM contacts WHERE ref = ? AND deleted_at IS NULL", tag) == "" {
		return
	}
	if w.random.IntN(2) == 0 {
		w.api(fmt.Sprintf("DELETE FROM contacts WHERE ref = '%s'", tag))
	} else {
		w.api(fmt.Sprintf("UPDATE contacts SET deleted_at = UTC_TIMESTAMP() WHERE ref = '%s'", tag))
	}
	w.edit("local", tag, "", "")
}

func (w *stories) deleteThere() {
	tag := w.tag()
	id := w.record(tag)
	if tag == "" || id == 0 {
		return
	}
	w.sim.Unlink("res.partner", id)
	w.edit("odoo", tag, "", "")
	w.tellOf(id)
}

func (w *stories) reviveHere() {
	tag := w.tag()
	if tag == "" || w.rows("SELECT 1 FROM contacts WHERE ref = ? AND deleted_at IS NOT NULL", tag) == "" {
		return
	}
	w.api(fmt.Sprintf("UPDATE contacts SET deleted_at = NULL WHERE ref = '%s'", tag))
	w.edits++
	w.told = append(w.told, userEdit{side: "local", tag: tag, field: "revive"})
	w.note("local: %s is revived", tag)
}

// tellOf loses some webhooks and doubles others.
func (w *stories) tellOf(id int64) {
	for range []int{0, 1, 1, 1, 1, 2}[w.random.IntN(6)] {
		w.pending = append(w.pending, id)
	}
}

func (w *stories) webhooks() {
	w.random.Shuffle(len(w.pending), func(i, j int) { w.pending[i], w.pending[j] = w.pending[j], w.pending[i] })
	for _, id := range w.pending {
		w.hint("res.partner.updated", "res.partner", id)
	}
	w.note("%d webhooks", len(w.pending))
	w.pending = nil
	w.workOnce(w.daemons[w.random.IntN(2)])
}

func (w *stories) workOnce(d *storyDaemon) {
	for range 5 {
		if n, err := d.worker.Step(d.ctx); err != nil || n == 0 {
			return
		}
	}
}

func (w *stories) pushOnce() {
	w.note("push")
	_, _ = w.daemons[w.random.IntN(2)].pusher.Step(w.ctx) // what fails is tried again
}

// cutReply loses the answer of the next write.
func (w *stories) cutReply() {
	w.cuts++
	w.sim.SetFaults(odoosim.Faults{CutNthWrite: 1})
	w.note("the next reply is lost")
	w.pushOnce()
	w.sim.SetFaults(odoosim.Faults{})
}

// kill ends a daemon in the middle of a write, before or after it was applied.
func (w *stories) kill() {
	w.kills++
	i := w.random.IntN(2)
	at := []string{odoosim.BeforeWrite, odoosim.AfterWrite}[w.random.IntN(2)]
	d := w.daemons[i]
	w.note("daemon %d is killed %s its next write", i, at)
	w.sim.OnWrite(func(stage, _, _ string) {
		if stage == at {
			d.cancel()
			_ = d.db.Close()
		}
	})
	_, _ = d.pusher.Step(d.ctx)
	d.stop()
	w.restoreHook()
	w.daemons[i] = w.start()
}

func (w *stories) restoreHook() {
	w.sim.OnWrite(func(stage, _, _ string) {
		if edit := w.window; stage == odoosim.BeforeWrite && edit != nil {
			w.window = nil
			edit()
		}
	})
}

// calm lets both directions work until nothing is left: what no webhook told,
// the poll would.
func (w *stories) calm() {
	for round := range 8 {
		w.clock.Advance(5 * time.Minute) // beyond leases and deadlines
		for _, tag := range w.tags {
			if id := w.record(tag); id != 0 {
				w.hint("res.partner.updated", "res.partner", id)
			}
		}
		for text := range strings.FieldsSeq(w.rows("SELECT odoo_id FROM sync_links WHERE entity = 'contacts' AND odoo_id IS NOT NULL AND state <> 'deleted' AND error IS NULL AND id > (SELECT COALESCE(MAX(id), 0) - 20 FROM sync_links)")) {
			id, err := strconv.ParseInt(text, 10, 64)
			require.NoError(w.t, err)
			w.hint("res.partner.updated", "res.partner", id)
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
	w.fail("it does not become quiet:\n%s\n%s", w.pushBench.pending(), w.rows("SELECT odoo_id, attempts, error_message FROM webhook_logs WHERE status = 'pending' AND source = 'webhook'"))
}

func (w *stories) judge() {
	for _, tag := range w.tags {
		w.judgeTwins(tag)
		w.judgeAgreement(tag)
		w.judgeWrites(tag)
	}
	for i, e := range w.told {
		if e.field != "" && e.field != "revive" && !e.window && !w.accounted(i) {
			w.fail("the value %s that %s gave %s of %s is nowhere: the row %s, the record %v", e.value, e.side, e.field, e.tag, w.row(e.tag, e.field), w.theirs(e.tag, e.field))
		}
	}
	if open := w.rows("SELECT COUNT(*) FROM sync_links WHERE intent IS NOT NULL"); open != "0" {
		w.fail("%s writes are still open", open)
	}
	n, err := strconv.Atoi(w.rows("SELECT COUNT(*) FROM sync_conflicts"))
	require.NoError(w.t, err)
	w.conflicts = n
}

func (w *stories) row(tag, field string) string {
	return w.rows(fmt.Sprintf("SELECT COALESCE(%s, '') FROM contacts WHERE ref = '%s'", field, tag))
}

func (w *stories) theirs(tag, field string) string {
	id := w.record(tag)
	if id == 0 {
		return ""
	}
	v := w.sim.Get("res.partner", id)[field]
	if v == false {
		return ""
	}
	return fmt.Sprint(v)
}

// judgeTwins: no record and no row exists twice.
func (w *stories) judgeTwins(tag string) {
	records := 0
	for _, id := range w.records() {
		if w.sim.Get("res.partner", id)["ref"] == tag {
			records++
		}
	}
	rows := w.rows("SELECT COUNT(*) FROM contacts WHERE ref = ?", tag)
	if records > 1 || rows != "0" && rows != "1" {
		w.fail("%s exists %d times in Odoo and %s times here", tag, records, rows)
	}
}

// judgeAgreement: both sides have the same values, but for open conflicts.
func (w *stories) judgeAgreement(tag string) {
	id := w.record(tag)
	status := w.rows("SELECT l.state, COALESCE(l.error, ''), c.deleted_at IS NULL FROM contacts c JOIN sync_links l ON l.entity = 'contacts' AND l.local_id = c.id WHERE c.ref = ?", tag)
	open := w.rows("SELECT field FROM sync_conflicts WHERE state = 'open' AND (odoo_id = ? OR local_id IN (SELECT CAST(id AS CHAR) FROM contacts WHERE ref = ?))", id, tag)
	switch {
	case strings.HasPrefix(status, "pending"), strings.HasPrefix(status, "error"):
		w.fail("%s is left as %s", tag, status)
	case strings.HasPrefix(status, "deleted"), open != "" || strings.HasPrefix(status, "conflict"):
		return
	case id == 0 && status != "":
		w.fail("%s is here (%s) and not in Odoo", tag, status)
	case id == 0 || status == "":
		return // gone on one side: a tombstone, or never brought
	}
	for _, f := range storyFields {
		if here, there := w.row(tag, f), w.theirs(tag, f); here != there {
			w.fail("%s of %s is %q here and %q in Odoo (%s)", f, tag, here, there, status)
		}
	}
}

// judgeWrites: nobody writes more often than somebody edited.
func (w *stories) judgeWrites(tag string) {
	local, odoo := 0, 0
	for _, e := range w.told {
		if e.tag == tag && e.side == "local" {
			local++
		} else if e.tag == tag {
			odoo++
		}
	}
	count := func(side string) int {
		n, err := strconv.Atoi(w.rows("SELECT COUNT(*) FROM sync_changes WHERE side = ? AND entity = 'contacts' AND op <> 'delete'"+
			" AND (local_id IN (SELECT CAST(id AS CHAR) FROM contacts WHERE ref = ?) OR odoo_id = ?)", side, tag, w.record(tag)))
		require.NoError(w.t, err)
		return n
	}
	there, here := count("odoo"), count("local")
	if there > local || here > odoo+there {
		w.fail("%s: %d writes to Odoo for %d edits here, %d writes here for %d edits in Odoo", tag, there, local, here, odoo)
	}
}

// accounted reports that a value is still there, was replaced by its own side,
// has been on the other side, or is kept.
func (w *stories) accounted(i int) bool {
	e := w.told[i]
	if w.row(e.tag, e.field) == e.value || w.theirs(e.tag, e.field) == e.value {
		return true
	}
	for _, later := range w.told[i+1:] {
		if later.tag == e.tag && later.side == e.side && (later.field == e.field || later.field == "") {
			return true
		}
	}
	if w.rows("SELECT 1 FROM sync_conflicts WHERE ? IN (odoo_value, local_value) LIMIT 1", e.value) != "" {
		return true
	}
	other := map[string]string{"local": "odoo", "odoo": "local"}[e.side]
	return w.rows("SELECT 1 FROM sync_changes WHERE side = ? AND changes LIKE ? LIMIT 1", other, "%\""+e.value+"\"%") != ""
}
