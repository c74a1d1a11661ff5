package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// asked is the answer to a request for a run.
type asked struct {
	RunID  int64 `json:"run_id"`
	Joined bool
	Code   string
	Message,
	Status string
}

func (d *daemon) ask(path, body string) (int, asked) {
	d.t.Helper()
	status, text := d.admin("POST", path, body, "token")
	var a asked
	require.NoError(d.t, json.Unmarshal([]byte(text), &a), text)
	return status, a
}

// run waits for a run's end.
func (d *daemon) run(id int64) (r store.RunInfo) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		status, text := d.admin("GET", fmt.Sprint("runs/", id), "", "token")
		require.Equal(d.t, 200, status, text)
		require.NoError(d.t, json.Unmarshal([]byte(text), &r))
		return r.State != store.RunRunning
	}, 30*time.Second, 20*time.Millisecond)
	return r
}

// stuck holds the first write to Odoo until it is let go.
func (f *filled) stuck() (reached chan struct{}, release func()) {
	reached, hold := make(chan struct{}), make(chan struct{})
	var first, once sync.Once
	f.sim.OnWrite(func(stage, _, _ string) {
		if stage == "before" {
			first.Do(func() { close(reached) })
			<-hold
		}
	})
	release = func() { once.Do(func() { close(hold) }) }
	f.t.Cleanup(release)
	return reached, release
}

func quiet(url string) func(*configs.Config) {
	return func(c *configs.Config) { simulated(url)(c); c.Schedule.Push = time.Hour }
}

// A daemon that holds on filled tables takes the dry run and the resync over
// HTTP.
func TestAResyncOverHTTP(t *testing.T) {
	f := newFilled(t)
	f.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "email": "mairie@example.org"})
	second := f.sim.Create("res.partner", odoosim.Values{"name": "Second"})
	f.exec("INSERT INTO contacts (name, email) VALUES ('Mairie', 'mairie@example.org')")
	d := start(t, f.dsn, quiet(f.url))
	require.Eventually(t, func() bool { status, _ := d.ask("resync", `{"dry_run": true}`); return status == 202 }, 20*time.Second, 20*time.Millisecond)
	plan := d.run(1)
	require.Equal(t, []any{"plan", store.RunDone, map[string]int64{"contacts.local.adopt": 1, "contacts.local.create": 1}}, []any{plan.Kind, plan.State, plan.Counts})
	require.Equal(t, "0", d.rows("SELECT COUNT(*) FROM sync_links"))

	status, a := d.ask("resync", `{"entity": "contacts", "ids": [999, 1]}`)
	require.Equal(t, []any{422, "refused"}, []any{status, a.Code})
	require.Contains(t, a.Message, "Odoo has no res.partner 999")
	status, a = d.ask("resync", `{"entity": "contact"}`)
	require.Equal(t, 422, status)
	require.Contains(t, a.Message, "did you mean contacts?")
	status, a = d.ask("resync/res.partners/1", "")
	require.Equal(t, 422, status)
	require.Contains(t, a.Message, "did you mean res.partner?")

	status, a = d.ask(fmt.Sprintf("resync/res.partner/%d", second), "")
	require.Equal(t, 202, status)
	one := d.run(a.RunID)
	require.Equal(t, []any{"record", "contacts", int64(1), int64(1)}, []any{one.Mode, one.Entity, one.Counts["created_here"], one.Done})
	require.Equal(t, "Second", d.rows("SELECT name FROM contacts WHERE odoo_id IS NOT NULL"))

	status, a = d.ask("resync", `{}`)
	require.Equal(t, 202, status)
	require.False(t, a.Joined)
	all := d.run(a.RunID)
	require.Equal(t, []any{store.RunDone, int64(1), 100.0}, []any{all.State, all.Counts["adopted"], all.Percent})
	require.Contains(t, all.Cause, "admin API")
	_, list := d.admin("GET", "runs?kind=resync&limit=1", "", "token")
	require.Contains(t, list, fmt.Sprintf(`"next":%d`, a.RunID))
}

// Of two that ask for the same one joins the other, here or in another process;
// who asks for more is told what runs.
func TestASecondResyncJoins(t *testing.T) {
	f := newFilled(t)
	f.exec("INSERT INTO contacts (name) VALUES ('Ours')")
	reached, release := f.stuck()
	d, other := start(t, f.dsn, quiet(f.url)), start(t, f.dsn, quiet(f.url))
	var first asked
	require.Eventually(t, func() bool { var status int; status, first = d.ask("resync", ""); return status == 202 }, 20*time.Second, 20*time.Millisecond)
	<-reached
	for _, also := range []*daemon{d, other} {
		require.Eventually(t, func() bool {
			status, a := also.ask("resync", `{"mode": "incremental", "entity": "contacts"}`)
			return status == 202 && a.Joined && a.RunID == first.RunID
		}, 20*time.Second, 20*time.Millisecond)
	}
	for _, more := range []string{`{"allow_deletes": true}`, `{"entity": "contacts", "ids": [1]}`} {
		f.sim.Create("res.partner", odoosim.Values{"name": "There"})
		status, a := d.ask("resync", more)
		require.Equal(t, []any{409, "busy"}, []any{status, a.Code}, a.Message)
		require.Contains(t, a.Message, fmt.Sprintf("resync run %d (of everything, full) is running", first.RunID))
	}
	var out bytes.Buffer
	joined := make(chan error, 1)
	s := f.session()
	go func() {
		_, err := s.Resync(context.Background(), &out, app.ResyncOptions{Mode: reconcile.ModeFull, Progress: func(p reconcile.Progress) {
			if p.Entity == fmt.Sprint("run ", first.RunID) {
				release()
			}
		}})
		joined <- err
	}()
	require.NoError(t, <-joined)
	require.Equal(t, store.RunDone, d.run(first.RunID).State)
	require.Contains(t, out.String(), fmt.Sprintf("joined run %d", first.RunID))
	require.Contains(t, out.String(), fmt.Sprintf("Run %d: 0 adopted, 0 created here, 1 created in Odoo", first.RunID))
	require.Equal(t, "1", d.rows("SELECT COUNT(*) FROM sync_runs"))
}

func TestARunIsCancelledFromAnotherDaemon(t *testing.T) {
	f := newFilled(t)
	f.exec("INSERT INTO contacts (name) VALUES ('Ours')")
	reached, release := f.stuck()
	d, other := start(t, f.dsn, quiet(f.url)), start(t, f.dsn, quiet(f.url))
	var first asked
	require.Eventually(t, func() bool { var status int; status, first = d.ask("resync", ""); return status == 202 }, 20*time.Second, 20*time.Millisecond)
	<-reached
	status, _ := other.ask(fmt.Sprintf("runs/%d/cancel", first.RunID), "")
	require.Equal(t, 202, status)
	asked := d.rows("SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)")
	d.eventually("1", "SELECT heartbeat_at > '"+asked+"' FROM sync_runs") // it has looked since
	release()                                                             // what was begun is finished
	r := d.run(first.RunID)
	require.Equal(t, []any{store.RunCancelled, "cancelled by a person", true}, []any{r.State, r.Error, r.Cancelled})
	status, a := other.ask(fmt.Sprintf("runs/%d/cancel", first.RunID), "")
	require.Equal(t, []any{409, "ended_already"}, []any{status, a.Code})
	status, _ = other.ask("runs/999/cancel", "")
	require.Equal(t, 404, status)

	status, a = d.ask("resync", "")
	require.Equal(t, 202, status)
	require.NotEqual(t, first.RunID, a.RunID, "a cancelled one is not gone on with")
	require.Equal(t, store.RunDone, d.run(a.RunID).State)
}

// Who follows a run whose process dies goes on with it.
func TestAFollowerGoesOnWithADeadRun(t *testing.T) {
	f := newFilled(t)
	f.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	ctx := context.Background()
	dead := &store.Run{Kind: "resync", Mode: "full", Position: []byte(`{"cursors": {}, "history": 0}`)}
	require.NoError(t, store.StartRun(ctx, f.db, time.Now(), dead))
	_, err := store.Lease(ctx, f.db, "resync:contacts", "host-1, process 7", time.Hour)
	require.NoError(t, err)
	var out bytes.Buffer
	_, err = f.session().Resync(ctx, &out, app.ResyncOptions{Mode: reconcile.ModeFull, Progress: func(p reconcile.Progress) {
		_ = store.EndLease(ctx, f.db, "resync:contacts", "host-1, process 7")
	}})
	require.NoError(t, err)
	require.Contains(t, out.String(), "joined run 1")
	require.Contains(t, out.String(), "It went on with run 1, which had been cut off.")
	require.Contains(t, out.String(), "Run 1: 0 adopted, 1 created here")
}

func TestAJoinedRunThatFailed(t *testing.T) {
	f := newFilled(t)
	ctx := context.Background()
	theirs := &store.Run{Kind: "resync", Mode: "full"}
	require.NoError(t, store.StartRun(ctx, f.db, time.Now(), theirs))
	_, err := store.Lease(ctx, f.db, "resync:contacts", "host-1, process 7", time.Hour)
	require.NoError(t, err)
	_, err = f.session().Resync(ctx, &bytes.Buffer{}, app.ResyncOptions{Mode: reconcile.ModeFull, Progress: func(p reconcile.Progress) {
		theirs.State, theirs.Error = store.RunFailed, "Odoo is away"
		_ = store.SaveRun(ctx, f.db, time.Now(), theirs)
	}})
	require.ErrorContains(t, err, "run 1, which did the same, failed: Odoo is away")
	require.Equal(t, record.CodeRejected, record.CodeOf(err))
}

// What the brake holds of a run goes through once a person says so, in a new run.
func TestHeldDeletesAreAllowedOverHTTP(t *testing.T) {
	f := newFilled(t)
	for i := range 30 {
		f.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprint("School ", i)})
	}
	d := start(t, f.dsn, func(c *configs.Config) {
		quiet(f.url)(c)
		c.Reconcile.MaxDeletes = 5
	})
	d.eventually("30", "SELECT COUNT(*) FROM contacts")
	d.eventually("4", "SELECT COUNT(*) FROM sync_cursors WHERE value LIKE '%done%true%'")
	d.api("DELETE FROM contacts WHERE id <= 25")
	status, first := d.ask("resync", `{"entity": "contacts"}`)
	require.Equal(t, 202, status)
	held := d.run(first.RunID).Counts
	require.Equal(t, []int64{0, 25}, []int64{held["deleted_in_odoo"], held["waiting"]})
	_, body := d.admin("GET", "status", "", "token")
	require.Contains(t, body, `"held_deletes":{"contacts":25}`)
	status, again := d.ask(fmt.Sprintf("runs/%d/allow-deletes", first.RunID), "")
	require.Equal(t, 202, status, again.Message)
	require.NotEqual(t, first.RunID, again.RunID)
	require.Equal(t, int64(25), d.run(again.RunID).Counts["deleted_in_odoo"])
	status, _ = d.ask("runs/999/allow-deletes", "")
	require.Equal(t, 404, status)
}
