package dashboard

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/store"
)

var noon = time.Date(2026, 11, 25, 12, 4, 31, 0, time.UTC)

// healthy are the facts of a daemon with nothing to do.
func healthy() Facts {
	return Facts{At: noon, Odoo: Odoo{Configured: true, Ready: true, Series: "17.0", Answered: noon}, Swept: noon.Add(-9 * time.Hour), SweepEvery: 30 * time.Hour, Begun: noon.Add(-240 * time.Hour),
		Entities: []Entity{{Name: "contacts", Model: "res.partner", Records: map[store.State]int64{store.Synced: 3}}}}
}

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *Facts)
		codes  []string
		level  Level
		line   string
	}{
		"all is well":                        {func(*Facts) {}, nil, Good, "verdict.good"},
		"changes are on their way":           {func(f *Facts) { f.Webhooks = Queue{Pending: 2, Oldest: time.Second} }, nil, Good, "verdict.underway"},
		"MySQL is away":                      {func(f *Facts) { f.Database.Reason, f.Conflicts = "no", 3 }, []string{"database"}, Bad, "verdict.bad"},
		"the mapping does not fit":           {func(f *Facts) { f.Odoo.Ready = false; f.Webhooks = Queue{Pending: 9, Oldest: time.Hour} }, []string{"unbound"}, Bad, "verdict.bad"},
		"filled tables wait":                 {func(f *Facts) { f.Odoo.Held = "x" }, []string{"first_resync"}, Bad, "verdict.bad"},
		"Odoo is away":                       {func(f *Facts) { f.Odoo.AwaySince = noon.Add(-5 * time.Minute) }, []string{"odoo_away"}, Bad, "verdict.bad"},
		"Odoo is silent for a moment":        {func(f *Facts) { f.Odoo.AwaySince = noon.Add(-5 * time.Second) }, []string{"odoo_silent"}, Note, "verdict.good"},
		"the import runs":                    {func(f *Facts) { f.Odoo.Importing = true }, []string{"importing"}, Note, "verdict.good"},
		"payload mode":                       {func(f *Facts) { f.Payload, f.Odoo = true, Odoo{} }, []string{"payload"}, Note, "verdict.good"},
		"a model is halted":                  {func(f *Facts) { f.Halted = []store.Halt{{Model: "res.partner"}} }, []string{"halted"}, Bad, "verdict.bad"},
		"deletes are held":                   {func(f *Facts) { f.Held = map[string]int64{"contacts": 60, "leads": 0} }, []string{"held"}, Bad, "verdict.bad"},
		"both directions are paused":         {func(f *Facts) { f.Paused = store.Paused{ToAPI: true, ToOdoo: true} }, []string{"paused_both"}, Warn, "verdict.warn"},
		"Odoo → MySQL is paused":             {func(f *Facts) { f.Paused.ToAPI = true; f.Webhooks = Queue{Pending: 1, Oldest: time.Hour} }, []string{"paused_to_api"}, Warn, "verdict.warn"},
		"MySQL → Odoo is paused":             {func(f *Facts) { f.Paused.ToOdoo = true; f.Edits = Queue{Pending: 1, Oldest: time.Hour} }, []string{"paused_to_odoo"}, Warn, "verdict.warn"},
		"conflicts":                          {func(f *Facts) { f.Conflicts = 2 }, []string{"conflicts"}, Warn, "verdict.warn"},
		"failed webhooks":                    {func(f *Facts) { f.Webhooks.Failed, f.Refused = 1, 1 }, []string{"failed"}, Warn, "verdict.warn"},
		"refused edits":                      {func(f *Facts) { f.Edits.Failed, f.Refused = 1, 1 }, []string{"refused"}, Warn, "verdict.warn"},
		"refused records":                    {func(f *Facts) { f.Refused = 1 }, []string{"refused_records"}, Warn, "verdict.warn"},
		"a webhook waits":                    {func(f *Facts) { f.Webhooks = Queue{Pending: 1, Oldest: 3 * time.Minute} }, []string{"late_webhooks"}, Note, "verdict.underway"},
		"a webhook is stuck":                 {func(f *Facts) { f.Webhooks = Queue{Pending: 1, Oldest: time.Hour} }, []string{"late_webhooks"}, Warn, "verdict.warn"},
		"an edit is stuck":                   {func(f *Facts) { f.Edits = Queue{Pending: 1, Oldest: time.Hour} }, []string{"late_edits"}, Warn, "verdict.warn"},
		"webhooks are missing":               {func(f *Facts) { f.Streams = []Stream{{Name: "0189d3a0-x", Missing: 2}, {}} }, []string{"missing"}, Warn, "verdict.warn"},
		"the last sweep failed":              {func(f *Facts) { f.Last = []store.RunInfo{{ID: 3, Kind: "sweep", State: store.RunFailed}} }, []string{"run_failed"}, Warn, "verdict.warn"},
		"drift is left":                      {func(f *Facts) { f.Entities[0].Drift = map[string]int64{"stale": 5, "refused": 1} }, []string{"drift"}, Warn, "verdict.warn"},
		"the last sweep is old":              {func(f *Facts) { f.Swept = noon.Add(-40 * time.Hour) }, []string{"sweep_old"}, Warn, "verdict.warn"},
		"there was no sweep":                 {func(f *Facts) { f.Swept = time.Time{} }, []string{"never_swept"}, Warn, "verdict.warn"},
		"there was no sweep yet":             {func(f *Facts) { f.Swept, f.Begun = time.Time{}, noon.Add(-time.Hour) }, nil, Good, "verdict.good"},
		"the worst comes first":              {func(f *Facts) { f.Conflicts = 1; f.Halted = []store.Halt{{}}; f.Odoo.Importing = true }, []string{"halted", "conflicts", "importing"}, Bad, "verdict.bad"},
		"without an Odoo nothing is swept":   {func(f *Facts) { f.Odoo, f.SweepEvery, f.Swept = Odoo{}, 0, time.Time{} }, nil, Good, "verdict.good"},
		"a run that was cancelled was meant": {func(f *Facts) { f.Last = []store.RunInfo{{State: store.RunCancelled}} }, nil, Good, "verdict.good"},
	} {
		t.Run(name, func(t *testing.T) {
			f := healthy()
			c.change(&f)
			v := Judge(f)
			var codes []string
			for _, p := range v.Problems {
				codes = append(codes, p.Code)
				require.NotEmpty(t, p.Link)
			}
			require.Equal(t, c.codes, codes)
			for _, code := range []string{"en", "fr"} {
				s := speak(t, code)
				for _, p := range v.Problems {
					for _, text := range []string{s.problem(p, ""), s.problem(p, ".do")} {
						require.NotContains(t, text, "<no value>")
						require.NotContains(t, text, "problem.")
						require.NotContains(t, text, "{{")
					}
				}
			}
			require.Equal(t, c.level, v.Level)
			require.Equal(t, c.line, v.Headline())
		})
	}
}

func TestWhatASweepLeft(t *testing.T) {
	e := Entity{Drift: map[string]int64{"stale": 5, "missing": 2, "refused": 1, "held": 3}, Records: map[store.State]int64{store.Synced: 10, store.Failed: 1, store.InConflict: 2}}
	require.Equal(t, []int64{4, 7, 13, 10, 3}, []int64{e.Left(), e.Mended(), e.Total(), e.Agreed(), e.Attention()})
}
