package reconcile_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"odoosync/reconcile"
)

// judge holds the quiet world to what both sides were promised.
func (w *stories) judge() {
	for _, tag := range w.tags {
		w.judgeTwins(tag)
		w.judgeAgreement(tag)
		w.judgeWrites(tag)
	}
	for i, e := range w.told {
		switch {
		case !e.window || w.accounted(i):
		case w.record(e.tag) == 0:
			w.deleted++
		case w.module:
			w.fail("the value %s of %s was overwritten between our read and our write", e.value, e.tag)
		default:
			w.overwritten++
		}
		if e.field != "" && e.field != "revive" && !e.window && !w.accounted(i) {
			w.fail("the value %s that %s gave %s of %s is nowhere: the row %s, the record %v", e.value, e.side, e.field, e.tag, w.row(e.tag, e.field), w.theirs(e.tag, e.field))
		}
	}
	if open := w.rows("SELECT COUNT(*) FROM sync_links WHERE intent IS NOT NULL"); open != "0" {
		w.fail("%s writes are still open", open)
	}
	w.judgeSweep(w.fail)
	n, err := strconv.Atoi(w.rows("SELECT COUNT(*) FROM sync_conflicts"))
	require.NoError(w.t, err)
	w.conflicts = w.conflictsBefore + n
}

// judgeSweep: where all edits were told of, a sweep finds none.
func (w *stories) judgeSweep(fail func(string, ...any)) {
	report, err := w.engine.SweepValues(w.ctx, reconcile.DriftOptions{})
	require.NoError(w.t, err)
	for entity, c := range report {
		if c.Drifted+c.Inserted+c.Vanished > 0 {
			fail("a sweep finds edits that nobody made: %s %+v\n%s", entity, c, w.rows("SELECT * FROM sync_outbox WHERE status <> 'done'"))
		}
	}
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
// judgeWrites allows each edit one write that changes a value. That the API took
// a row's mark of deletion away is noted as a revival here, and changes none.
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
		n, err := strconv.Atoi(w.rows("SELECT COUNT(*) FROM sync_changes WHERE side = ? AND entity = 'contacts' AND op <> 'delete' AND JSON_LENGTH(changes) > 0"+
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
