package reconcile

import (
	"bytes"
	"strings"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// driftVerdict is what a sweep makes of a row.
type driftVerdict int

const (
	driftExplained driftVerdict = iota // it differs, or is new, for a reason that is shown already
	driftEqual                         // it is what was agreed on
	driftSeen                          // refused, and not seen since: to be remembered as it is
	driftEdited                        // it differs for no reason that is known
	driftInserted                      // new, for no reason that is known
)

func (s *driftSweep) judge(r *driftRow) driftVerdict {
	l := r.link
	switch {
	case l == nil || l.OdooID == 0:
		return s.judgeNew(r)
	case l.State == store.DeletedState:
		return s.judgeTombstone(r)
	case l.Base.IsZero(): // linked, and never compared: a sync's to begin
		return driftExplained
	}
	return s.judgeDifferences(r, s.differences(r))
}

// judgeDifferences decides about a row of a record.
func (s *driftSweep) judgeDifferences(r *driftRow, differences []string) driftVerdict {
	switch {
	case len(differences) == 0:
		return driftEqual
	case r.standing.Waits || r.link.Intent != nil || r.seen():
		return driftExplained
	case s.entity.Direction == mapping.ToAPI:
		return driftEdited
	case r.link.State == store.InConflict && r.inConflict(s.entity, differences):
		return driftExplained
	case r.refused() && r.Was == nil:
		return driftSeen
	}
	return driftEdited
}

// judgeNew decides about a row that is no record. Where edits do not go to Odoo
// there is nobody to tell of it, and one that was deleted is of no interest.
func (s *driftSweep) judgeNew(r *driftRow) driftVerdict {
	switch {
	case !s.sends() || s.marked(r) || r.standing.Waits || r.link != nil && (r.link.Intent != nil || r.link.State == store.DeletedState):
		return driftExplained
	case r.link == nil:
		return driftInserted
	case r.refused() && r.Was == nil:
		return driftSeen
	case r.refused() && r.seen():
		return driftExplained
	}
	return driftInserted
}

// judgeTombstone decides about the row of a record that was deleted. It carries
// a mark then, or, where Odoo deleted it and the mapping wants no mark, what was
// agreed on; a row that does neither is meant to live again. Of a marked one no
// sync would take anything.
func (s *driftSweep) judgeTombstone(r *driftRow) driftVerdict {
	markless := s.entity.OnOdooDelete.Action != "soft" && r.link.DeletedBy != record.Local
	switch {
	case s.entity.Direction == mapping.ToAPI || s.marked(r):
		return driftEqual
	case markless:
		return s.judgeDifferences(r, s.differences(r))
	}
	return s.judgeDifferences(r, []string{s.entity.DeletedColumn})
}

// marked reports that the row carries the mark of a deletion.
func (s *driftSweep) marked(r *driftRow) bool {
	return s.entity.DeletedColumn != "" && r.row.Columns[s.entity.DeletedColumn] != nil
}

// refused reports that a sync of the record ended with a reason for a person.
func (r *driftRow) refused() bool {
	switch r.link.State {
	case store.Failed, store.Hidden, store.Left:
		return true
	case store.DeletedState:
		return r.link.Error != ""
	}
	return false
}

// seen reports that an earlier sweep found the row as it is, and different.
func (r *driftRow) seen() bool {
	return r.Was != nil && bytes.Equal(r.Was, store.Differing(r.Hash))
}

// inConflict reports that open conflicts tell of all differences.
func (r *driftRow) inConflict(entity *mapping.Entity, differences []string) bool {
	values := entity.DecodeRow(r.row.Columns)
	for _, name := range differences {
		told := name == entity.DeletedColumn && r.link.DeletedBy == record.Local
		for _, c := range r.conflicts {
			told = told || c.Field == name && c.Local == values[name] || strings.HasPrefix(c.Field, name+"[")
		}
		if !told {
			return false
		}
	}
	return true
}

// differences names the fields, and the kinds of lines, in which a row is not
// what was agreed on. A deleted row differs in its mark, whatever else it holds.
func (s *driftSweep) differences(r *driftRow) []string {
	if s.sends() && s.marked(r) {
		return []string{s.entity.DeletedColumn}
	}
	var out []string
	for name, v := range s.entity.DecodeRow(r.row.Columns) {
		if pair, agreed := r.link.Base.Fields[name]; agreed && pair.Local != v {
			out = append(out, name)
		}
	}
	if s.rules.table.OdooID != "" && r.link.State != store.DeletedState && r.row.OdooID != r.link.OdooID {
		out = append(out, s.rules.table.OdooID)
	}
	for _, child := range s.entity.Children {
		if bases, agreed := r.link.Base.Lines[child.Name]; agreed && linesDiffer(bases, r.lines[child.Name]) {
			out = append(out, child.Name)
		}
	}
	return out
}

// linesDiffer compares lines as a merge would: by their ids, in their places.
func linesDiffer(bases []record.LineBase, lines []record.Line) bool {
	if len(bases) != len(lines) {
		return true
	}
	for i, b := range bases {
		l := lines[i]
		if l.Position != i || l.LocalID != b.LocalID || b.OdooID != 0 && l.OdooID != b.OdooID {
			return true
		}
		for name, v := range l.Fields {
			if pair, agreed := b.Fields[name]; agreed && pair.Local != v {
				return true
			}
		}
	}
	return false
}
