package dashboard_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/dbtest"
)

var sure = url.Values{"sure": {"yes"}}

func with(form url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, v := range form {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

// A conflict is decided field by field, and both sides come to it.
func TestDecidingAConflict(t *testing.T) {
	w := newWorld(t, nil).troubled()
	v := w.as("token", "en")
	path := fmt.Sprint("/conflicts/", w.conflict)
	page := v.get(path)
	require.Equal(t, 2, page.Find("fieldset.versus").Length())
	require.Contains(t, page.words("fieldset.versus"), "Agreed before Vannes")
	require.Contains(t, page.words("fieldset.versus"), hostile, "what somebody wrote is shown as it is")
	require.Equal(t, "Nothing was chosen", v.submit(path, url.Values{"take:city": {""}, "take:street": {""}}).words("h1"))
	require.Equal(t, 422, v.submit(path, url.Values{"take:city": {"both"}}).status)
	page = v.submit(path, url.Values{"take:city": {"local"}, "take:street": {"odoo"}})
	require.Equal(t, "/conflicts", page.url.Path)
	require.Contains(t, page.words(".said:not(#lost)"), "Your choice is kept")
	require.Contains(t, page.words("table"), "No conflict is open.")
	require.Empty(t, v.get("/conflicts").words(".said:not(#lost)"), "it is said once")
	w.eventually("synced", fmt.Sprintf("SELECT state FROM sync_links WHERE entity = 'contacts' AND odoo_id = %d", w.school))
	require.Equal(t, []any{"ours", "theirs"}, []any{w.sim.Get("res.partner", w.school)["city"], w.sim.Get("res.partner", w.school)["street"]})
	require.Equal(t, "dashboard, admin, 127.0.0.1", w.text("SELECT resolved_by FROM sync_conflicts LIMIT 1"))
	page = v.submit(path, url.Values{"all": {"odoo"}})
	require.Equal(t, 409, page.status, "it is over")
	require.Contains(t, page.words("main"), "Nothing was done. Look at how it stands now.")
	page = v.get("/audit")
	require.Contains(t, page.words("tbody tr"), "dashboard, admin 127.0.0.1 decide a conflict conflict "+fmt.Sprint(w.conflict))
	require.Contains(t, page.words("tbody tr"), "refused", "what was refused is in the list, too")
	require.Contains(t, page.words("tbody tr:nth-child(2)"), "done")

	// Why does the row have this value?
	page = v.get(fmt.Sprintf("/record?entity=contacts&odoo=%d&why=street", w.school))
	require.Contains(t, page.words("#why"), "Why does street have this value?")
	require.Contains(t, page.words("#why"), "street ours → becomes theirs")
	require.Regexp(t, "Conflict [0-9]+ : decided Odoo's value stays · dashboard, admin", page.words("#why"))
	require.Equal(t, fmt.Sprintf("/record?entity=contacts&odoo=%d", w.school), v.get(fmt.Sprintf("/records?entity=contacts&side=odoo&id=%d", w.school)).url.RequestURI())
	require.Equal(t, 404, v.get("/record?entity=contacts&odoo=999999").status)
	require.Contains(t, v.get("/record?entity=contacts&row=999999").words("[role=alert].said:not(#lost)"), "Nothing is known of such a record")
}

// One side is taken for all that is open about the record.
func TestTakingASideForAll(t *testing.T) {
	w := newWorld(t, nil).troubled()
	v := w.as("token", "fr")
	page := v.submit(fmt.Sprint("/conflicts/", w.conflict), url.Values{"all": {"local"}})
	require.Contains(t, page.words("table"), "Aucun conflit n’est ouvert.")
	w.eventually("synced", fmt.Sprintf("SELECT state FROM sync_links WHERE entity = 'contacts' AND odoo_id = %d", w.school))
	require.Equal(t, []any{"ours", "ours"}, []any{w.sim.Get("res.partner", w.school)["city"], w.sim.Get("res.partner", w.school)["street"]})
	require.Contains(t, v.get("/audit").words("tbody tr"), "city=local, street=local")
}

// A failed webhook is worked again, alone or with all that a filter shows.
func TestReplaying(t *testing.T) {
	w := newWorld(t, nil).troubled()
	v := w.as("token", "fr")
	page := v.get("/events?status=error")
	require.Equal(t, 2, page.Find("tbody tr").Length())
	page = v.get("/events/" + fmt.Sprint(w.failed))
	require.Contains(t, page.words(".said.bad:not(#lost)"), hostile)
	require.Contains(t, page.words("pre"), `"name": "Voyage"`)
	page = v.submit(fmt.Sprintf("/events/%d/replay", w.failed), nil)
	require.Equal(t, fmt.Sprintf("Le webhook %d est traité de nouveau.", w.failed), page.words(".said:not(#lost)"))
	w.eventually("success", fmt.Sprint("SELECT status FROM webhook_logs WHERE id = ", w.failed))

	w.exec("UPDATE webhook_logs SET status = 'error', attempts = 3, outcome = 'failed' WHERE id = ?", w.failed)
	page = v.get("/replay?status=error")
	require.Contains(t, page.words("main"), "Un webhook sera traité de nouveau.", "the one that was refused as it came is left out")
	require.Equal(t, 422, v.submit("/replay", url.Values{"status": {"error"}}).status, "it was not confirmed")
	require.Equal(t, "Il manque un filtre", v.submit("/replay", sure).words("h1"), "all of all is not meant")
	page = v.submit("/replay", with(sure, "status", "error"))
	require.Contains(t, page.words(".said:not(#lost)"), "Un webhook est traité de nouveau")
	w.eventually("success", fmt.Sprint("SELECT status FROM webhook_logs WHERE id = ", w.failed))
	refused := w.number("SELECT MAX(id) FROM webhook_logs WHERE status = 'error'")
	require.Zero(t, v.get("/events/"+fmt.Sprint(refused)).Find("form[action$='/replay']").Length())
	page = v.submit(fmt.Sprintf("/events/%d/replay", refused), nil)
	require.Equal(t, 422, page.status)
	require.Contains(t, page.words(".said.bad:not(#lost)"), "was refused as it came")
}

// A plan changes nothing and shows what a resync would do; a resync has to be
// meant.
func TestPlanAndResync(t *testing.T) {
	w := newWorld(t, nil)
	v := w.as("token", "en")
	w.exec("UPDATE contacts SET city = 'drifted' WHERE odoo_id = ?", w.school) // no trigger tells: it is the daemon's own connection
	page := v.submit("/runs", url.Values{"plan": {"yes"}, "entity": {"contacts"}, "ids": {fmt.Sprint(w.school)}})
	require.Contains(t, page.words(".said:not(#lost)"), "The plan is being made")
	path := page.url.Path
	require.Eventually(t, func() bool { return strings.Contains(v.get(path).words("#live .badge"), "done") }, waitLong, waitShort)
	page = v.get(path)
	require.Contains(t, page.words("#live"), "update in Odoo")
	require.Contains(t, page.words("#live"), "city Vannes → becomes drifted")
	require.Equal(t, "drifted", w.text(fmt.Sprint("SELECT city FROM contacts WHERE odoo_id = ", w.school)))

	for _, form := range []url.Values{{"entity": {"contacts"}}, with(sure, "ids", "1"), with(sure, "entity", "contacts", "ids", "1; DROP"), with(sure, "entity", "nothing")} {
		require.Equal(t, 422, v.submit("/runs", form).status, form)
	}
	page = v.submit("/runs", with(sure, "entity", "contacts", "mode", "full"))
	path = page.url.Path
	require.Contains(t, page.words(".said:not(#lost)"), "The resync has begun.")
	require.Eventually(t, func() bool { return strings.Contains(v.get(path).words("#live .badge"), "done") }, waitLong, waitShort, v.get(path).words("#live"))
	require.Contains(t, v.get("/runs").words("table"), "Resync")
	require.Equal(t, 409, v.submit(path+"/cancel", sure).status, "it is over")
	require.Equal(t, 422, v.submit(path+"/cancel", nil).status)

	page = v.submit("/record/resync", url.Values{"entity": {"contacts"}, "odoo": {fmt.Sprint(w.school)}, "plan": {"yes"}})
	require.True(t, strings.HasPrefix(page.url.Path, "/runs/"), page.html)
	w.eventually("3", "SELECT COUNT(*) FROM sync_audit WHERE action IN ('plan', 'resync') AND result = 'done'")
}

// A pause has to be meant, shows everywhere, and ends.
func TestPausing(t *testing.T) {
	w := newWorld(t, nil)
	v := w.as("token", "en")
	require.Equal(t, 422, v.submit("/pause", url.Values{"direction": {"to_odoo"}}).status)
	require.Equal(t, 422, v.submit("/pause", with(sure, "direction", "sideways")).status)
	page := v.submit("/pause", with(sure, "direction", "to_odoo"))
	require.Equal(t, "MySQL → Odoo is paused.", page.words(".said[role=status]"))
	page = v.get("/")
	require.Regexp(t, "MySQL → Odoo is paused since .* by dashboard, admin, 127.0.0.1", page.words(".problems"))
	require.Equal(t, 409, v.submit("/push", nil).status)
	page = v.submit("/resume", url.Values{"direction": {"to_odoo"}})
	require.Contains(t, page.words(".said[role=status]"), "goes on")
	require.Zero(t, v.get("/").Find(".problems").Length())
	require.Equal(t, 200, v.submit("/push", nil).status)
}

// A side that is away is said on the first page.
func TestASideThatIsAway(t *testing.T) {
	w := newWorld(t, nil)
	v := w.as("token", "en")
	w.sim.SetDown(true)
	w.edit(fmt.Sprintf("UPDATE contacts SET city = 'Rennes' WHERE odoo_id = %d", w.school))
	require.Eventually(t, func() bool { return strings.Contains(v.get("/").words(".problems"), "Odoo has not answered for") }, waitLong, waitShort)
	require.Contains(t, v.get("/").words(".facts"), "does not answer")
	w.sim.SetDown(false)
	require.Eventually(t, func() bool { return v.get("/").Find(".problems").Length() == 0 }, waitLong, waitShort)
}

// Before Odoo was reached everything can be looked at, and what needs it says so.
func TestBeforeOdooWasReached(t *testing.T) {
	c := configs.Default()
	c.Database.DSN, c.HTTP.Listen, c.Admin.Token = configs.Secret(dbtest.DSN(t)), "127.0.0.1:0", "token"
	c.Odoo.URL, c.Odoo.Database, c.Odoo.Login, c.Odoo.APIKey = "http://"+freeAddress(t), "odoosim", "sync", "sim-key"
	a, err := app.Start(context.Background(), c, app.Options{VarDir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Stop(context.Background())) })
	w := &world{t: t, app: a, base: a.URL()}
	v := w.as("token", "en")
	page := v.get("/")
	require.Equal(t, "The sides are not kept in step", page.words("#verdict"))
	require.Contains(t, page.words(".problems"), "Odoo cannot be used yet")
	require.NotContains(t, page.words(".problems"), "sim-key")
	for _, path := range []string{"/events", "/conflicts", "/edits", "/records", "/runs", "/pause", "/audit"} {
		require.Equal(t, 200, v.get(path).status, path)
	}
	page = v.submit("/runs", url.Values{"plan": {"yes"}})
	require.Equal(t, 503, page.status)
	require.Equal(t, "One side cannot be reached right now", page.words("h1"))
	require.Contains(t, v.get("/audit").words("tbody"), "Odoo cannot be used yet")
}
