package merge_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"odoosync/internal/record"
	"odoosync/reconcile/merge"
)

var (
	both  = merge.Rules{Default: merge.Rule{Direction: merge.Both, Policy: merge.Ask}, Lines: lineRules(merge.Both)}
	toAPI = merge.Rules{Default: merge.Rule{Direction: merge.ToAPI, Policy: merge.Odoo}, Lines: lineRules(merge.ToAPI)}
)

var expected = merge.Rules{Default: merge.Rule{Direction: merge.Both, Policy: merge.Odoo, Expected: true}}

func lineRules(d merge.Direction) map[string]merge.LineRules {
	return map[string]merge.LineRules{"lines": {Rule: merge.Rule{Direction: d, Policy: merge.Ask}}}
}

func withPolicy(p merge.Policy) merge.Rules {
	return merge.Rules{Default: merge.Rule{Direction: merge.Both, Policy: p}, Lines: lineRules(merge.Both)}
}

// A field's three states, in the order base, Odoo, row.
func TestFields(t *testing.T) {
	a, b, c := record.Text("a"), record.Text("b"), record.Text("c")
	now := time.Date(2025, 1, 22, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name              string
		rules             merge.Rules
		base              record.Pair
		odoo, local       record.Value
		odooAt, localAt   time.Time
		toLocal, toOdoo   string // "" none
		conflict          string // policy, "" none
		winner            record.Side
		nextOdoo, nextOur record.Value
	}{
		{name: "nothing changed", rules: both, base: record.Same(a), odoo: a, local: a, nextOdoo: a, nextOur: a},
		{name: "Odoo changed", rules: both, base: record.Same(a), odoo: b, local: a, toLocal: "b", nextOdoo: b, nextOur: b},
		{name: "the row changed", rules: both, base: record.Same(a), odoo: a, local: b, toOdoo: "b", nextOdoo: a, nextOur: a},
		{name: "both changed to the same", rules: both, base: record.Same(a), odoo: b, local: b, nextOdoo: b, nextOur: b},
		{name: "normalised values are no change", rules: both, base: record.Pair{Odoo: b, Local: a}, odoo: b, local: a, nextOdoo: b, nextOur: a},
		{name: "both changed, ask", rules: both, base: record.Same(a), odoo: b, local: c, conflict: "ask", nextOdoo: a, nextOur: a},
		{name: "both changed, Odoo wins", rules: withPolicy(merge.Odoo), base: record.Same(a), odoo: b, local: c, toLocal: "b", conflict: "odoo", winner: record.Odoo, nextOdoo: b, nextOur: b},
		{name: "both changed, the row wins", rules: withPolicy(merge.Local), base: record.Same(a), odoo: b, local: c, toOdoo: "c", conflict: "local", winner: record.Local, nextOdoo: a, nextOur: a},
		{name: "newest is Odoo", rules: withPolicy(merge.Newest), base: record.Same(a), odoo: b, local: c, odooAt: now.Add(3 * time.Second), localAt: now, toLocal: "b", conflict: "newest", winner: record.Odoo, nextOdoo: b, nextOur: b},
		{name: "newest is the row", rules: withPolicy(merge.Newest), base: record.Same(a), odoo: b, local: c, odooAt: now, localAt: now.Add(3 * time.Second), toOdoo: "c", conflict: "newest", winner: record.Local, nextOdoo: a, nextOur: a},
		{name: "newest within two seconds asks", rules: withPolicy(merge.Newest), base: record.Same(a), odoo: b, local: c, odooAt: now, localAt: now.Add(2 * time.Second), conflict: "newest", nextOdoo: a, nextOur: a},
		{name: "newest of an unknown time asks", rules: withPolicy(merge.Newest), base: record.Same(a), odoo: b, local: c, odooAt: now, conflict: "newest", nextOdoo: a, nextOur: a},
		{name: "an edit against the direction is reverted and kept", rules: toAPI, base: record.Same(a), odoo: a, local: b, toLocal: "a", conflict: "direction", winner: record.Odoo, nextOdoo: a, nextOur: a},
		{name: "both changed against the direction", rules: toAPI, base: record.Same(a), odoo: b, local: c, toLocal: "b", conflict: "direction", winner: record.Odoo, nextOdoo: b, nextOur: b},
		{name: "the row expects what Odoo did not compute", rules: expected, base: record.Pair{Odoo: a}, odoo: a, local: b, conflict: "expected", nextOdoo: a},
		{name: "Odoo computes what the row expected", rules: expected, base: record.Pair{Odoo: a}, odoo: b, local: b, nextOdoo: b, nextOur: b},
		{name: "Odoo computes anew what was as expected", rules: expected, base: record.Same(a), odoo: b, local: a, toLocal: "b", nextOdoo: b, nextOur: b},
		{name: "an expectation that was given up", rules: expected, base: record.Same(a), odoo: a, local: record.Null, toLocal: "a", nextOdoo: a, nextOur: a},
		{name: "emptied in Odoo", rules: both, base: record.Same(a), odoo: record.Null, local: a, toLocal: "NULL", nextOdoo: record.Null, nextOur: record.Null},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := merge.Merge(merge.Input{Base: record.Base{Fields: record.Pairs{"f": tt.base}},
				Odoo: &record.Record{Fields: record.Fields{"f": tt.odoo}}, Local: &record.Record{Fields: record.Fields{"f": tt.local}},
				Rules: tt.rules, OdooTime: tt.odooAt, LocalTimes: map[string]time.Time{"f": tt.localAt}})
			require.Equal(t, tt.toLocal, shown(out.ToLocal))
			require.Equal(t, tt.toOdoo, shown(out.ToOdoo))
			require.Equal(t, record.Pair{Odoo: tt.nextOdoo, Local: tt.nextOur}, out.Next.Fields["f"])
			if tt.conflict == "" {
				require.Empty(t, out.Conflicts)
				return
			}
			require.Equal(t, []record.Conflict{{Field: "f", Base: tt.base, Odoo: tt.odoo, Local: tt.local, Policy: tt.conflict, Winner: tt.winner}}, out.Conflicts)
		})
	}
}

func shown(f record.Fields) string {
	v, ok := f["f"]
	if !ok {
		return ""
	}
	return v.String()
}

func TestUnknownFieldsAreLeftAlone(t *testing.T) {
	base := record.Base{Fields: record.Pairs{"f": record.Same(record.Text("a"))}}
	out := merge.Merge(merge.Input{Base: base, Odoo: &record.Record{Fields: record.Fields{}},
		Local: &record.Record{Fields: record.Fields{"f": record.Text("b")}}, Rules: both})
	require.Empty(t, out.ToLocal)
	require.Empty(t, out.ToOdoo)
	require.Equal(t, base.Fields, out.Next.Fields)
}

func TestDeletes(t *testing.T) {
	base := record.Base{Fields: record.Pairs{"f": record.Same(record.Text("a"))}}
	same := &record.Record{Fields: record.Fields{"f": record.Text("a")}}
	edited := &record.Record{Fields: record.Fields{"f": record.Text("b")}}
	require.True(t, merge.Merge(merge.Input{Base: base, Local: same, Rules: both}).DeleteLocal)
	require.True(t, merge.Merge(merge.Input{Base: base, Odoo: same, Rules: both}).DeleteOdoo)
	out := merge.Merge(merge.Input{Base: base, Local: edited, Rules: both})
	require.False(t, out.DeleteLocal)
	require.Equal(t, "deleted", out.Conflicts[0].Policy)
	require.Equal(t, record.Text("b"), out.Conflicts[0].Local)
	require.True(t, merge.Merge(merge.Input{Base: base, Local: edited, Rules: toAPI}).DeleteLocal, "the row had no right to that value")
	require.Equal(t, merge.Result{Next: base}, merge.Merge(merge.Input{Base: base, Rules: both}))
}

// world is both sides of one record with its base, as an engine drives them.
type world struct {
	base        record.Base
	odoo, local record.Record
	rules       merge.Rules
	normalise   func(record.Value) record.Value
	nextID      int
	writes      int
}

// sync merges and applies until Odoo has what it gets and the row has its
// normal form, as a push does.
func (w *world) sync() merge.Result {
	out := merge.Merge(merge.Input{Base: w.base, Odoo: &w.odoo, Local: &w.local, Rules: w.rules})
	maps.Copy(w.local.Fields, out.ToLocal)
	w.applyLocalLines(out)
	w.base = out.Next
	if len(out.ToOdoo) > 0 {
		w.writes++
		for name, v := range out.ToOdoo {
			w.odoo.Fields[name] = w.normalise(v)
		}
		w.base, _ = merge.Confirm(merge.Written{Base: w.base, Sent: merge.Sent{Fields: out.ToOdoo}, Odoo: &w.odoo, Local: &w.local, Rules: w.rules})
		back := merge.Merge(merge.Input{Base: w.base, Odoo: &w.odoo, Local: &w.local, Rules: w.rules})
		maps.Copy(w.local.Fields, back.ToLocal) // a normal form
		w.base = back.Next
	}
	return out
}

func (w *world) applyLocalLines(out merge.Result) {
	rows := map[string]record.Line{}
	for _, l := range w.local.Lines["lines"] {
		rows[l.LocalID] = l
	}
	for _, c := range out.LocalLines {
		switch c.Op {
		case record.LineRemove:
			delete(rows, c.LocalID)
		case record.LineAdd:
			w.nextID++
			id := "n" + strconv.Itoa(w.nextID)
			rows[id] = record.Line{LocalID: id, OdooID: c.OdooID, Position: c.Position, Fields: c.Fields.Clone()}
			out.Next.Lines["lines"][c.Base].LocalID = id
		case record.LineUpdate:
			row := rows[c.LocalID]
			maps.Copy(row.Fields, c.Fields)
			row.Position = c.Position
			rows[c.LocalID] = row
		}
	}
	var list []record.Line
	for _, id := range slices.SortedFunc(maps.Keys(rows), func(a, b string) int {
		if d := rows[a].Position - rows[b].Position; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	}) {
		list = append(list, rows[id])
	}
	w.local.Lines = map[string][]record.Line{"lines": list}
}

func same(v record.Value) record.Value { return v }

// upper is an Odoo that normalises.
func upper(v record.Value) record.Value {
	if v.IsNull() {
		return v
	}
	return record.Text(strings.ToUpper(strings.TrimSpace(v.Text())))
}

var genValue = rapid.Custom(func(t *rapid.T) record.Value {
	s := rapid.SampledFrom([]string{"", "a", "B", " c ", "d"}).Draw(t, "value")
	if s == "" {
		return record.Null
	}
	return record.Text(s)
})

func genFields(t *rapid.T, label string) record.Fields {
	f := record.Fields{}
	for _, name := range []string{"p", "q", "r"} {
		f[name] = genValue.Draw(t, label+name)
	}
	return f
}

func agreed(t *rapid.T, rules merge.Rules, normalise func(record.Value) record.Value) *world {
	start := genFields(t, "start")
	w := &world{rules: rules, normalise: normalise}
	w.odoo = record.Record{Fields: record.Fields{}}
	w.base.Fields = record.Pairs{}
	for name, v := range start {
		w.odoo.Fields[name] = normalise(v)
		w.base.Fields[name] = record.Pair{Odoo: normalise(v), Local: v}
	}
	w.local = record.Record{Fields: start}
	return w
}

func genRules(t *rapid.T) merge.Rules {
	d := rapid.SampledFrom([]merge.Direction{merge.Both, merge.ToAPI, merge.ToOdoo}).Draw(t, "direction")
	p := rapid.SampledFrom([]merge.Policy{merge.Odoo, merge.Local, merge.Ask, merge.Newest}).Draw(t, "policy")
	return merge.Rules{Default: merge.Rule{Direction: d, Policy: p}, Lines: lineRules(d)}
}

func TestLawIdempotentAndNothingVanishes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := agreed(t, genRules(t), upper)
		maps.Copy(w.odoo.Fields, genFields(t, "odoo"))
		maps.Copy(w.local.Fields, genFields(t, "local"))
		before, base := w.local.Fields.Clone(), w.base
		out := w.sync()
		for name, v := range out.ToLocal {
			if lost := before[name]; lost != v && lost != base.Fields[name].Local {
				require.True(t, slices.ContainsFunc(out.Conflicts, func(c record.Conflict) bool { return c.Field == name && c.Local == lost }), "%s lost %v", name, lost)
			}
		}
		writes := w.writes
		again := w.sync()
		require.Empty(t, again.ToLocal)
		require.Empty(t, again.ToOdoo)
		require.Equal(t, writes, w.writes)
		for _, c := range again.Conflicts {
			require.Equal(t, record.Side(""), c.Winner, "only undecided conflicts stay")
		}
	})
}

func TestLawDisjointEditsSurviveInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := agreed(t, both, same)
		odooEdit, localEdit := genValue.Draw(t, "odoo edit"), genValue.Draw(t, "local edit")
		run := func(steps ...string) *world {
			w := &world{rules: both, normalise: same, base: record.Base{Fields: maps.Clone(seed.base.Fields)}}
			w.odoo.Fields, w.local.Fields = seed.odoo.Fields.Clone(), seed.local.Fields.Clone()
			for _, s := range steps {
				switch s {
				case "odoo":
					w.odoo.Fields["p"] = odooEdit
				case "local":
					w.local.Fields["q"] = localEdit
				case "sync":
					require.Empty(t, w.sync().Conflicts)
				}
			}
			return w
		}
		want := run("odoo", "local", "sync", "sync")
		require.Equal(t, odooEdit, want.local.Fields["p"])
		require.Equal(t, localEdit, want.odoo.Fields["q"])
		for _, steps := range [][]string{{"odoo", "sync", "local", "sync", "sync"}, {"local", "sync", "odoo", "sync", "sync"}} {
			got := run(steps...)
			require.Equal(t, want.odoo.Fields, got.odoo.Fields)
			require.Equal(t, want.local.Fields, got.local.Fields)
		}
	})
}

func TestLawSettling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := agreed(t, both, upper)
		w.local.Fields["p"] = genValue.Draw(t, "edit")
		for range 4 {
			w.sync()
		}
		require.LessOrEqual(t, w.writes, 1, "a normalised value does not ping-pong")
		require.Equal(t, upper(w.local.Fields["p"]), w.odoo.Fields["p"])
	})
}

// Lines: whatever both sides do to them, the rows end in Odoo's order, none is
// lost or doubled, and a second merge does nothing.
func TestLawLinesFromOdoo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{rules: toAPI, normalise: same}
		w.odoo, w.local = record.Record{Fields: record.Fields{}}, record.Record{Fields: record.Fields{}, Lines: map[string][]record.Line{"lines": nil}}
		w.base = record.Base{Fields: record.Pairs{"x": record.Same(record.Null)}}
		for round := range rapid.IntRange(1, 4).Draw(t, "rounds") {
			ids := rapid.SliceOfNDistinct(rapid.Int64Range(1, 8), 0, 6, rapid.ID[int64]).Draw(t, fmt.Sprint("ids", round))
			var lines []record.Line
			for _, id := range ids {
				lines = append(lines, record.Line{OdooID: id, Fields: record.Fields{"n": genValue.Draw(t, "n")}})
			}
			w.odoo.Lines = map[string][]record.Line{"lines": lines}
			if n := len(w.local.Lines["lines"]); n > 0 && rapid.Bool().Draw(t, "vandal") {
				w.local.Lines["lines"][rapid.IntRange(0, n-1).Draw(t, "which")].Fields["n"] = record.Text("mine")
			}
			w.sync()
			got := w.local.Lines["lines"]
			require.Len(t, got, len(lines))
			for i := range lines {
				require.Equal(t, lines[i].OdooID, got[i].OdooID)
				require.Equal(t, lines[i].Fields, got[i].Fields)
			}
			require.Empty(t, w.sync().LocalLines)
		}
	})
}

// Any input gives a result, the same each time.
func TestLawTotalAndDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		genLine := func(label string) record.Line {
			return record.Line{OdooID: rapid.Int64Range(0, 3).Draw(t, label+"o"), LocalID: rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, label+"l"),
				Fields: record.Fields{"n": genValue.Draw(t, label+"n")}}
		}
		lines := func(label string) map[string][]record.Line {
			var out []record.Line
			for i := range rapid.IntRange(0, 3).Draw(t, label) {
				out = append(out, genLine(fmt.Sprint(label, i)))
			}
			return map[string][]record.Line{"lines": out}
		}
		var bases []record.LineBase
		for i := range rapid.IntRange(0, 3).Draw(t, "bases") {
			l := genLine(fmt.Sprint("base", i))
			bases = append(bases, record.LineBase{OdooID: l.OdooID, LocalID: l.LocalID, Fields: record.Pairs{"n": record.Same(l.Fields["n"])}})
		}
		in := merge.Input{Rules: genRules(t), Adopt: merge.Ask,
			Base:  record.Base{Fields: record.Pairs{"p": {Odoo: genValue.Draw(t, "bo"), Local: genValue.Draw(t, "bl")}}, Lines: map[string][]record.LineBase{"lines": bases}},
			Odoo:  &record.Record{Fields: genFields(t, "o"), Lines: lines("ol")},
			Local: &record.Record{Fields: genFields(t, "l"), Lines: lines("ll")}}
		require.Equal(t, merge.Merge(in), merge.Merge(in))
	})
}
