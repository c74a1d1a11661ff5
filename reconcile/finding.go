package reconcile

import (
	"maps"
	"slices"

	"odoosync/internal/record"
	"odoosync/internal/store"
)

// Finding says in what both sides of a record differed when it was synced.
type Finding string

// The findings.
const (
	Same      Finding = ""
	Missing   Finding = "missing"  // in Odoo, without a row here
	Stale     Finding = "stale"    // Odoo has newer values
	Archived  Finding = "archived" // Odoo has archived it
	Gone      Finding = "deleted"  // Odoo has deleted it
	MergedIn  Finding = "merged"   // Odoo has merged it into another one
	Concealed Finding = "hidden"   // the sync user may no longer read it
	OutOf     Finding = "left"     // it left the entity's domain
	Drifted   Finding = "drifted"  // the row was edited where only Odoo may
	Adopted   Finding = "adopted"  // a row and a record that are the same were linked
)

// finding reads off a plan in what the sides differed.
func (w *writer) finding(p *plan) Finding {
	switch {
	case p.item.fate == gone && p.op == "delete":
		if s, merged := w.batch.survivors[p.item.id]; merged && s.localID != "" {
			return MergedIn
		}
		return Gone
	case p.item.fate == hidden && p.state == store.Hidden && p.touch:
		return Concealed
	case p.item.fate == left && p.state == store.Left && p.touch && p.localID() != "":
		return OutOf
	}
	switch p.op {
	case "create", "revive":
		return Missing
	case "adopt":
		return Adopted
	case "update":
		if p.changes["active"][1] == record.Text("0") {
			return Archived
		}
		if p.link != nil && p.reverted() {
			return Drifted
		}
		return Stale
	}
	return Same
}

// reverted reports that all the plan does is to take back what was edited here
// against the mapping's direction: Odoo's own values are those of the base.
func (p *plan) reverted() bool {
	if !moved(p.before.Base.Fields, p.item.record.Fields) {
		return !slices.ContainsFunc(slices.Collect(maps.Keys(p.item.record.Lines)), func(child string) bool {
			return linesMoved(p.before.Base.Lines[child], p.item.record.Lines[child])
		})
	}
	return false
}

// linesMoved reports that Odoo's lines are not those of the base.
func linesMoved(base []record.LineBase, lines []record.Line) bool {
	return !slices.EqualFunc(base, lines, func(b record.LineBase, l record.Line) bool {
		return b.OdooID == l.OdooID && !moved(b.Fields, l.Fields)
	})
}

// moved reports that a value of Odoo's is not the base's.
func moved(base record.Pairs, fields record.Fields) bool {
	for name, v := range fields {
		if was, agreed := base[name]; !agreed || was.Odoo != v {
			return true
		}
	}
	return false
}

// seen keeps on the link whether Odoo shows the record.
func (p *plan) seen() {
	shown := p.item.fate == present || p.item.fate == unborn
	if p.link == nil || p.link.Present == shown {
		return
	}
	p.link.Present = shown
	if !p.touch {
		p.touch = true
	}
	if p.state == "" {
		p.state, p.message = p.before.State, p.before.Error
	}
}
