package merge_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/reconcile/merge"
)

// What is sent, what Odoo has afterwards and what the row holds by then; the
// next base, and what a merge makes of it.
func TestConfirm(t *testing.T) {
	old, sent, tidy, other, null := record.Text("old"), record.Text("fr 23"), record.Text("FR23"), record.Text("theirs"), record.Null
	alike := func(a, b record.Value) bool {
		return strings.EqualFold(strings.ReplaceAll(a.Text(), " ", ""), strings.ReplaceAll(b.Text(), " ", ""))
	}
	for _, tt := range []struct {
		name            string
		base            record.Pair
		odoo, local     record.Value
		unknown         bool
		next            record.Pair
		ignored         bool
		toLocal, toOdoo string
		conflict        bool
		replaced        bool
	}{
		{name: "taken as sent", base: record.Same(old), odoo: sent, local: sent, next: record.Same(sent)},
		{name: "taken, and the row was edited since", base: record.Same(old), odoo: sent, local: other, next: record.Same(sent), toOdoo: "theirs"},
		{name: "normalised: the row follows", base: record.Same(old), odoo: tidy, local: sent, next: record.Same(sent), toLocal: "FR23"},
		{name: "normalised to what Odoo had", base: record.Same(tidy), odoo: tidy, local: sent, next: record.Same(sent), toLocal: "FR23"},
		{name: "normalised, and the row was edited since", base: record.Same(old), odoo: tidy, local: other, next: record.Pair{Odoo: tidy, Local: sent}, toOdoo: "theirs"},
		{name: "ignored", base: record.Same(old), odoo: old, local: sent, next: record.Same(old), ignored: true, toOdoo: "fr 23"},
		{name: "edited in Odoo since: the row follows", base: record.Same(old), odoo: other, local: sent, next: record.Same(sent), toLocal: "theirs", replaced: true},
		{name: "edited on both sides since", base: record.Same(old), odoo: other, local: null, next: record.Same(sent), conflict: true},
		{name: "unknown, and it was done", unknown: true, base: record.Same(old), odoo: sent, local: sent, next: record.Same(sent)},
		{name: "unknown, and it was not done", unknown: true, base: record.Same(old), odoo: old, local: sent, next: record.Same(old), toOdoo: "fr 23"},
		{name: "unknown, and somebody edited", unknown: true, base: record.Same(old), odoo: other, local: sent, next: record.Same(old), conflict: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			odoo := &record.Record{Fields: record.Fields{"f": tt.odoo}}
			local := &record.Record{Fields: record.Fields{"f": tt.local}}
			next, got := merge.Confirm(merge.Written{Base: record.Base{Fields: record.Pairs{"f": tt.base}}, Odoo: odoo, Local: local, Rules: both,
				Sent: merge.Sent{Fields: record.Fields{"f": sent}}, Unknown: tt.unknown, Alike: alike})
			require.Equal(t, tt.next, next.Fields["f"])
			require.Equal(t, tt.ignored, len(got.Ignored) > 0)
			require.Equal(t, tt.replaced, len(got.Replaced) > 0)
			out := merge.Merge(merge.Input{Base: next, Odoo: odoo, Local: local, Rules: both})
			require.Equal(t, tt.toLocal, shown(out.ToLocal))
			require.Equal(t, tt.toOdoo, shown(out.ToOdoo))
			require.Equal(t, tt.conflict, len(out.Conflicts) > 0)
		})
	}
}

// A record that a write made: what was not sent is filled from Odoo, or counts
// as an edit over what Odoo made of itself.
func TestConfirmOfANewRecord(t *testing.T) {
	rules := merge.Rules{Default: merge.Rule{Direction: merge.Both, Policy: merge.Ask}, Fields: map[string]merge.Rule{
		"total": {Direction: merge.Both, Policy: merge.Ask, Expected: true}, "number": {Direction: merge.ToAPI, Policy: merge.Odoo}}}
	text := record.Text
	odoo := &record.Record{Fields: record.Fields{"ref": text("A1"), "state": text("draft"), "total": text("5000"), "number": text("F1"), "journal": text("INV"), "due": text("1 June")}}
	local := &record.Record{Fields: record.Fields{"ref": text("A1"), "state": text("posted"), "total": text("6000"), "number": record.Null, "journal": record.Null, "due": text("1 May")}}
	next, got := merge.Confirm(merge.Written{Sent: merge.Sent{New: true, Fields: record.Fields{"ref": text("A1"), "due": text("1 May")}}, Odoo: odoo, Local: local, Rules: rules})
	require.Empty(t, got.Ignored)
	out := merge.Merge(merge.Input{Base: next, Odoo: odoo, Local: local, Rules: rules, Adopt: merge.Ask})
	require.Equal(t, record.Fields{"state": text("posted"), "due": text("1 May")}, out.ToOdoo)
	require.Equal(t, record.Fields{"number": text("F1"), "journal": text("INV")}, out.ToLocal)
	require.Len(t, out.Conflicts, 1)
	require.Equal(t, "expected", out.Conflicts[0].Policy)
}

// Lines that a write added, changed and removed.
func TestConfirmOfLines(t *testing.T) {
	text := record.Text
	line := func(odoo int64, local, name string) record.LineBase {
		return record.LineBase{OdooID: odoo, LocalID: local, Fields: record.Pairs{"n": record.Same(text(name))}}
	}
	w := merge.Written{Rules: both, Base: record.Base{Lines: map[string][]record.LineBase{"lines": {line(1, "a", "one"), line(2, "b", "two"), line(3, "c", "three")}}}}
	w.Sent.Lines = map[string][]merge.SentLine{"lines": {
		{Op: record.LineUpdate, OdooID: 1, LocalID: "a", Fields: record.Fields{"n": text("uno")}},
		{Op: record.LineRemove, OdooID: 2, LocalID: "b"},
		{Op: record.LineRemove, OdooID: 3, LocalID: "c"},
		{Op: record.LineAdd, OdooID: 4, LocalID: "d", Fields: record.Fields{"n": text("four")}},
		{Op: record.LineAdd, LocalID: "e", Fields: record.Fields{"n": text("five")}},
	}}
	w.Odoo = &record.Record{Lines: map[string][]record.Line{"lines": {{OdooID: 1, Fields: record.Fields{"n": text("uno")}},
		{OdooID: 3, Fields: record.Fields{"n": text("three")}}, {OdooID: 4, Fields: record.Fields{"n": text("four")}}}}}
	next, got := merge.Confirm(w)
	require.Equal(t, []record.LineBase{line(1, "a", "uno"), line(3, "c", "three"), line(4, "d", "four")}, next.Lines["lines"])
	require.Equal(t, []string{"lines[odoo:3]", "lines[local:e]"}, got.Ignored, "a line that Odoo kept is told, and one that it made and took away again")
	w.Sent.New = true
	_, got = merge.Confirm(w)
	require.Equal(t, []string{"lines[odoo:3]"}, got.Ignored, "what a new record lacks was refused, and is sent again")
	w.Sent.New, w.Sent.Lines["lines"][4].OdooID = false, 5
	next, _ = merge.Confirm(w)
	require.Equal(t, line(5, "e", "five"), next.Lines["lines"][3], "what Odoo has elsewhere is agreed on, so that it is found removed")
}
