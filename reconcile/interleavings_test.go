package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// interleavings is how many random stories the test tells.
const interleavings = 150

// storyRange says which stories to tell: from the first on, so that a test tells
// the same each time. ODOOSYNC_SEED starts at another one, or with "random"
// anywhere; ODOOSYNC_INTERLEAVINGS tells more (make interleavings: 2,000), or
// one alone.
func storyRange(t *testing.T, stories int) (seed uint64, n int) {
	seed, n = 1, stories
	var err error
	switch text := os.Getenv("ODOOSYNC_SEED"); text {
	case "":
	case "random":
		seed = uint64(time.Now().UnixNano())
	default:
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	if text := os.Getenv("ODOOSYNC_INTERLEAVINGS"); text != "" {
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	return seed, n
}

// Random edits, creates and deletes on both sides, with lost replies, lost and
// doubled webhooks, killed daemons and two of them at once. Once everything is
// quiet both sides agree by policy, no record exists twice, every value that
// was overwritten is kept, and nobody wrote more often than somebody edited.
//
// Without the module an edit in Odoo between our last look and our write is
// overwritten and nobody sees it; with it, none may be.
func TestInterleavings(t *testing.T) {
	for name, module := range map[string]bool{"without the module": false, "with the module": true} {
		t.Run(name, func(t *testing.T) { interleave(t, module) })
	}
}

func interleave(t *testing.T, module bool) {
	seed, n := storyRange(t, interleavings)
	w := newStories(t)
	w.sim.SetModule(module)
	w.module = module
	for i := range n {
		if i%storiesKept == 0 {
			w.forget()
		}
		w.tell(seed + uint64(i))
	}
	t.Logf("%d interleavings from seed %d: %d edits, %d kills, %d lost replies, %d kept conflicts; %d edits in Odoo between our look and our write, of which %d were overwritten and %d went with a record that was deleted here",
		n, seed, w.edits, w.kills, w.cuts, w.conflicts, w.inWindow, w.overwritten, w.deleted)
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
// storiesKept is after how many stories the tables are emptied: they are looked
// through without indexes.
const storiesKept = 50

func (w *stories) forget() {
	for _, table := range []string{"sync_outbox", "sync_changes", "sync_conflicts", "sync_waits", "sync_links", "webhook_logs", "contacts"} {
		w.exec("DELETE FROM " + table)
	}
	for _, id := range w.sim.IDs("res.partner") {
		w.sim.Unlink("res.partner", id)
	}
	w.conflictsBefore = w.conflicts
}

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
	var inFlight sync.WaitGroup
	w.sim.OnWrite(func(stage, _, _ string) {
		if stage == odoosim.BeforeWrite {
			inFlight.Add(1)
		}
		if stage == at {
			d.cancel()
			_ = d.db.Close()
		}
		if stage == odoosim.AfterWrite {
			inFlight.Done()
		}
	})
	_, _ = d.pusher.Step(d.ctx)
	inFlight.Wait() // what was on its way arrives, and nobody edits before it did: that is the window's story
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
