package capture

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"odoosync/internal/mysqldb"
	"odoosync/mapping"
)

// Problem is something Check found, with its mend.
type Problem = mysqldb.Problem

// mend is what nearly every problem needs.
const mend = "run odoosync migrate up"

// Check compares the triggers that are there with those the mapping needs. It
// changes nothing. Where something is to be made, it also says what would keep
// the user of the connection from making it.
func Check(ctx context.Context, db *mysqldb.DB, m *mapping.Mapping) ([]Problem, error) {
	d, err := compare(ctx, db, m)
	if err != nil {
		return nil, err
	}
	var problems []Problem
	if len(d.missing)+len(d.stale)+len(d.unread) > 0 {
		if problems, err = db.TriggerProblems(ctx); err != nil {
			return nil, err
		}
	}
	for _, group := range []struct {
		triggers   []Trigger
		what, ends string
	}{
		{d.missing, "edits of the table %s are not captured: it lacks ", ""},
		{d.stale, "edits of the table %s are captured as an older mapping wanted, or as somebody changed it: ", " differ from what the mapping needs"},
		{d.leftOver, "the table %s has triggers of odoosync that the mapping does not need: ", ""},
	} {
		for table, names := range byTable(group.triggers) {
			problems = append(problems, Problem{What: strings.Replace(group.what, "%s", table, 1) + strings.Join(names, ", ") + group.ends, Mend: mend})
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return strings.Compare(a.What, b.What) })
	return problems, nil
}

func byTable(triggers []Trigger) map[string][]string {
	out := map[string][]string{}
	for _, t := range triggers {
		out[t.Table] = append(out[t.Table], t.Name)
	}
	return out
}

// difference is what separates the triggers that are there from those that
// should be.
type difference struct {
	missing  []Trigger
	stale    []Trigger // as they should be
	astray   []Trigger // a wanted name on another table, which a RENAME TABLE took along
	leftOver []Trigger
	unread   []Trigger // MariaDB does not show what they do to a user without TRIGGER
	live     map[string]Trigger
}

func (d difference) none() bool {
	return len(d.missing)+len(d.stale)+len(d.astray)+len(d.leftOver) == 0
}

func compare(ctx context.Context, db *mysqldb.DB, m *mapping.Mapping) (difference, error) {
	live, err := liveTriggers(ctx, db)
	if err != nil {
		return difference{}, mysqldb.Explain(err)
	}
	d := difference{live: live}
	wanted := map[string]bool{}
	for _, want := range Want(m) {
		wanted[want.Name] = true
		have, there := live[want.Name]
		switch {
		case !there:
			d.missing = append(d.missing, want)
		case have.Table != want.Table:
			d.astray = append(d.astray, have)
			d.missing = append(d.missing, want)
		case have.Body == unreadable:
			d.unread = append(d.unread, want)
		case have.Event != want.Event || normal(have.Body) != normal(want.Body):
			d.stale = append(d.stale, want)
		}
	}
	for name, have := range live {
		if !wanted[name] {
			d.leftOver = append(d.leftOver, have)
		}
	}
	slices.SortFunc(d.leftOver, func(a, b Trigger) int { return strings.Compare(a.Name, b.Name) })
	return d, nil
}

// normal forgets how a body is laid out: servers and copying programs trim it.
func normal(body string) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(body), " "), ";")
}

// unreadable stands for a body that the server does not show.
const unreadable = "?"

// liveTriggers reads the triggers of ours, by name. One that was made in
// another sql_mode than ours, or not as AFTER, gets a body that no wanted one
// has.
func liveTriggers(ctx context.Context, db *mysqldb.DB) (map[string]Trigger, error) {
	rows, err := db.QueryContext(ctx, "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_STATEMENT, SQL_MODE = '' AND ACTION_TIMING = 'AFTER'"+
		" FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME LIKE ?", strings.ReplaceAll(Prefix, "_", `\_`)+"%")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]Trigger{}
	for rows.Next() {
		var t Trigger
		var body sql.NullString
		var asMade bool
		if err := rows.Scan(&t.Name, &t.Table, &t.Event, &body, &asMade); err != nil {
			return nil, err
		}
		switch {
		case !body.Valid:
			t.Body = unreadable
		case asMade:
			t.Body = body.String
		}
		out[t.Name] = t
	}
	return out, rows.Err()
}
