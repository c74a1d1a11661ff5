package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"odoosync/configs"
	"odoosync/internal/capture"
	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// Report is what a check found.
type Report struct {
	Lines    []string
	Problems int
	Code     record.Code // of the worst problem; "" for none
}

func (r *Report) ok(format string, args ...any) {
	r.Lines = append(r.Lines, "ok       "+fmt.Sprintf(format, args...))
}

// bad adds a problem; one that only needs time is no fault of the settings.
func (r *Report) bad(code record.Code, what, mend string) {
	r.Problems++
	if r.Code == "" || code != record.CodeUnavailable {
		r.Code = code
	}
	r.Lines = append(r.Lines, "PROBLEM  "+what)
	if mend != "" {
		r.Lines = append(r.Lines, "         "+mend)
	}
}

// Check tests what the daemon needs and says how to mend what is wrong. It
// changes nothing.
func Check(ctx context.Context, c configs.Config, db *mysqldb.DB) Report {
	var r Report
	r.ok("settings")
	for _, w := range c.Warnings {
		r.Lines = append(r.Lines, "warning  "+w)
	}
	checkDatabase(ctx, &r, db)
	var client *odooclient.Client
	if c.Odoo.URL == "" {
		r.ok("no odoo.url: events are applied by their own data (webhooks.source: payload); without Odoo to ask, lost webhooks cannot be found")
	} else if client = checkOdoo(ctx, &r, c); client == nil {
		return r
	} else {
		defer client.Close()
	}
	m, version, err := Bind(ctx, c, client, db)
	if err != nil {
		r.bad(record.CodeOf(err), record.Message(err), "")
		return r
	}
	if client != nil {
		checkTriggers(ctx, &r, db, m)
	}
	for _, e := range m.Entities {
		r.ok("%s: %s in table %s, %d fields", e.Name, e.Model, e.Table, len(e.Fields))
		if client != nil {
			n, err := client.SearchCount(ctx, e.Model, e.SearchDomain())
			if err != nil {
				r.bad(record.CodeOf(err), e.Name+": "+record.Message(err), "give the sync user the right to read "+e.Model)
				continue
			}
			r.ok("%s: the sync user sees %d records of %s", e.Name, n, e.Model)
			checkRights(ctx, &r, client, version, e)
		}
		for _, absent := range e.Absent {
			r.ok("%s: Odoo %s has no field for the column %s; it stays empty", e.Name, version.Series, absent)
		}
	}
	return r
}

func checkDatabase(ctx context.Context, r *Report, db *mysqldb.DB) {
	info, err := db.ServerInfo(ctx)
	if err != nil {
		r.bad(record.CodeOf(err), record.Message(err), "")
		return
	}
	r.ok("database %s on %s", db.Name(), info)
	problems, err := db.CheckServer(ctx)
	for _, p := range problems {
		r.bad(record.CodeConfig, p.What, p.Mend)
	}
	if err != nil {
		r.bad(record.CodeOf(err), record.Message(err), "")
	}
	switch migrated, err := db.Migrated(ctx); {
	case err != nil:
		r.bad(record.CodeOf(err), record.Message(err), "")
	case !migrated:
		r.bad(record.CodeConfig, "the tables are missing or old", "run odoosync migrate up")
	}
}

// checkTriggers finds tables whose edits do not reach the outbox as they should.
func checkTriggers(ctx context.Context, r *Report, db *mysqldb.DB, m *mapping.Mapping) {
	problems, err := capture.Check(ctx, db, m)
	if err != nil {
		r.bad(record.CodeOf(err), "the triggers cannot be looked at: "+record.Message(err), "")
		return
	}
	for _, p := range problems {
		r.bad(record.CodeConfig, p.What, p.Mend)
	}
	if len(problems) == 0 {
		r.ok("triggers: edits of every mapped table are captured")
	}
}

// checkOdoo logs in; nil means that it could not, or that Odoo refuses all else.
func checkOdoo(ctx context.Context, r *Report, c configs.Config) *odooclient.Client {
	client, err := NewClient(c, nil, nil)
	if err == nil {
		var v odooclient.Version
		if v, err = client.Version(ctx); err == nil {
			r.ok("Odoo %s at %s", v.Series, c.Odoo.URL)
			var uid int64
			if uid, err = client.Authenticate(ctx); err == nil {
				r.ok("login %s (user %d)", c.Odoo.Login, uid)
				if checkCompanies(ctx, r, client, c.Odoo.Companies) {
					return client
				}
				client.Close()
				return nil
			}
		}
	}
	r.bad(record.CodeOf(err), record.Message(err), "")
	if client != nil {
		client.Close()
	}
	return nil
}

// checkCompanies says which companies are synced and which only could be. It
// reports false where a company is wanted that the user has not: Odoo refuses
// every call in its name.
func checkCompanies(ctx context.Context, r *Report, client *odooclient.Client, wanted []int64) bool {
	companies, err := client.Companies(ctx)
	if err != nil {
		r.bad(record.CodeOf(err), "the sync user's companies cannot be read: "+record.Message(err), "")
		return true
	}
	all := true
	if len(wanted) == 0 {
		wanted = []int64{companies[0].ID}
	}
	for _, company := range companies {
		if slices.Contains(wanted, company.ID) {
			r.ok("company %s (%d) is synced", company.Name, company.ID)
		} else {
			r.ok("company %s (%d) is not synced; to change that, add it to odoo.companies", company.Name, company.ID)
		}
	}
	for _, id := range wanted {
		if !slices.ContainsFunc(companies, func(c odooclient.Company) bool { return c.ID == id }) {
			r.bad(record.CodeConfig, fmt.Sprintf("the sync user may not see company %d of odoo.companies", id), "allow it in Odoo under Settings, Users, Allowed Companies, or take it out of odoo.companies")
			all = false
		}
	}
	return all
}

// checkRights finds out whether Odoo shows the sync user all of an entity's
// records: a plain salesman, say, sees his own orders only, and the others
// would look deleted nowhere, but would never arrive.
func checkRights(ctx context.Context, r *Report, client *odooclient.Client, v odooclient.Version, e *mapping.Entity) {
	for _, group := range e.SeesAll {
		has, err := client.HasGroup(ctx, v, group)
		if err != nil {
			r.bad(record.CodeOf(err), fmt.Sprintf("%s: whether the sync user is in the group %s cannot be told: %s", e.Name, group, record.Message(err)), "")
			return
		}
		if has {
			r.ok("%s: the sync user sees all records (group %s)", e.Name, group)
			return
		}
	}
	if len(e.SeesAll) > 0 {
		r.bad(record.CodeConfig, e.Name+": the sync user may see only a part of the records", "give it one of the groups "+strings.Join(e.SeesAll, ", ")+" in Odoo under Settings, Users")
	}
}
