package mapping

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

func TestSteps(t *testing.T) {
	for _, c := range []struct {
		name, post, field, from, to string
		want                        []string // calls, or "!" and the sentence
	}{
		{"already there", "never", "stage", "open", "open", nil},
		{"one step", "never", "stage", "new", "open", []string{"action_open"}},
		{"another field", "never", "size", "small", "large", []string{"action_grow"}},
		{"the shortest of two ways", "on_state", "stage", "closed", "open", []string{"action_reopen"}},
		{"by posting", "on_state", "stage", "new", "closed", []string{"action_close"}},
		{"posting is off", "never", "stage", "new", "closed", []string{`!people, field stage, value "closed": it is reached by posting, and the mapping says post: never: post it in Odoo, or set post: on_state`}},
		{"no way", "on_state", "stage", "open", "new", []string{`!people, field stage: no business method leads from "open" to "new" (from there they lead to closed): change it in Odoo, or name the method in the mapping`}},
		{"no way to anything", "on_state", "size", "large", "small", []string{`!people, field size: no business method leads from "large" to "small": change it in Odoo, or name the method in the mapping`}},
		{"no way from nothing", "never", "size", "", "large", []string{`!no business method leads from NULL to "large"`}},
		{"no way to nothing", "never", "size", "small", "", []string{`!no business method leads from "small" to NULL`}},
		{"no methods", "never", "name", "a", "b", []string{"!people, field name: the mapping names no methods that change it in Odoo: change it there"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := pushEntity(t, "    direction: both\n", "    direction: both\n    post: "+c.post+"\n")
			value := func(text string) record.Value {
				if text == "" {
					return record.Null
				}
				return record.Text(text)
			}
			steps, err := e.Steps(c.field, value(c.from), value(c.to))
			if len(c.want) == 1 && c.want[0][0] == '!' {
				require.ErrorContains(t, err, c.want[0][1:])
				require.Equal(t, record.CodeRejected, record.CodeOf(err))
				require.Equal(t, c.name == "posting is off", errors.Is(err, ErrPostingOff))
				return
			}
			require.NoError(t, err)
			var calls []string
			for _, m := range steps {
				calls = append(calls, m.Call)
			}
			require.Equal(t, c.want, calls)
		})
	}
}

// A way may take several steps, and a method without from begins anywhere.
func TestStepsOverOthers(t *testing.T) {
	e := pushEntity(t, "{field: stage, from: [closed], to: open, call: action_reopen}", "{field: stage, to: new, call: action_reset}")
	steps, err := e.Steps("stage", record.Text("closed"), record.Text("open"))
	require.NoError(t, err)
	require.Equal(t, []Method{
		{Field: "stage", To: "new", Call: "action_reset"},
		{Field: "stage", From: []string{"new"}, To: "open", Call: "action_open", Args: []any{false, int64(3), []any{"draft"}}},
	}, steps)
}

func TestLocked(t *testing.T) {
	e := pushEntity(t)
	require.Equal(t, []string{"stage"}, e.LockFields())
	require.Contains(t, e.OdooFields(), "stage")
	for name, c := range map[string]struct {
		raw    odooclient.Raw
		locked bool
	}{
		"open":     {odooclient.Raw{"stage": "open"}, false},
		"closed":   {odooclient.Raw{"stage": "closed"}, true},
		"not read": {odooclient.Raw{"id": int64(1)}, true},
	} {
		locked, except := e.Locked(c.raw)
		require.Equal(t, c.locked, locked, name)
		require.Equal(t, c.locked, len(except) == 1 && except[0] == "ref", name)
	}
	free := pushEntity(t, `    locked: {when: [[stage, "=", closed]], except: [ref]}`+"\n", "")
	locked, _ := free.Locked(odooclient.Raw{})
	require.False(t, locked)
	require.Empty(t, free.LockFields())
}

func TestMatching(t *testing.T) {
	e := pushEntity(t)
	require.Equal(t, "merged_into", e.MergedColumn)
	sources, ok := e.MatchSources(e.Match[0])
	require.True(t, ok)
	require.Equal(t, []string{"name", "born"}, sources)
	for _, k := range e.Match[1:] {
		_, ok := e.MatchSources(k)
		require.False(t, ok, "%v cannot be searched by its value", k.Fields)
	}
	_, ok = e.MatchSources(MatchKey{Fields: []string{"gone"}})
	require.False(t, ok)

	born := record.Text("2001-02-03")
	for name, c := range map[string]struct {
		row  record.Fields
		want []string
	}{
		"all there":        {record.Fields{"name": record.Text("É"), "born": born, "parent": record.Null}, []string{"É", "2001-02-03"}},
		"one empty":        {record.Fields{"name": record.Null, "born": born, "parent": record.Null}, nil},
		"one unknown":      {record.Fields{"born": born, "parent": record.Null}, nil},
		"a parent":         {record.Fields{"name": record.Text("É"), "born": born, "parent": record.Text("17")}, nil},
		"a parent unknown": {record.Fields{"name": record.Text("É"), "born": born}, nil},
	} {
		values, ok := e.MatchValues(e.Match[0], c.row)
		require.Equal(t, c.want != nil, ok, name)
		require.Equal(t, c.want, values, name)
	}
	_, ok = e.MatchValues(MatchKey{Fields: []string{"name"}, OnlyIfNull: []string{"gone"}}, record.Fields{"name": record.Text("A")})
	require.True(t, ok, "what this Odoo does not have is empty")
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"FR 23 334 175 221":  "fr23334175221",
		"fr23334175221":      "fr23334175221",
		"+33 (0)1.23-45":     "33012345",
		"École Élémentaire":  "ecoleelementaire",
		"E\u0301cole":        "ecole",
		"ＦＲ２３":               "fr23",
		"ﬁn":                 "fin",
		"":                   "",
		" -./":               "",
		"\u0130stanbul \xff": "istanbul",
	} {
		require.Equal(t, want, Fold(in), in)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		require.Equal(t, Fold(text), Fold(Fold(text)))
		require.Equal(t, Fold(text), Fold(" "+text+"-"))
	})
}

// A text that went to Odoo as HTML comes back as it was, but for blanks that
// HTML does not show.
func TestTextSurvivesHTML(t *testing.T) {
	for text, want := range map[string]string{
		"a":               "<p>a</p>",
		"a\nb":            "<p>a<br>b</p>",
		"a\n\nb\nc":       "<p>a</p><p>b<br>c</p>",
		"- a\n- b":        "<p>- a<br>- b</p>",
		"<script>x & \"y": "<p>&lt;script&gt;x &amp; \"y</p>",
		"&lt;":            "<p>&amp;lt;</p>",
	} {
		require.Equal(t, want, textToHTML(text))
		require.Equal(t, text, htmlToText(textToHTML(text)))
	}
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{"a", "é", "<", ">", "&", "&amp;", "<br>", "\n", "\n\n", " ", "  ", "\t", "\u00a0", "- ", "<script>", "</p>", "\"", "'"})
		text := ""
		for _, p := range rapid.SliceOf(piece).Draw(t, "pieces") {
			text += p
		}
		require.Equal(t, tidyLines(text), htmlToText(textToHTML(text)))
		require.Equal(t, tidyLines(text), htmlToText(textToHTML(tidyLines(text))))
	})
}
