package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// anything finds a record for whatever is asked.
type anything struct{ asked map[Ask]bool }

func (a anything) Find(ask Ask) (int64, error) {
	a.asked[ask] = true
	return int64(len(ask.Text)%7 + 1), nil
}

// Whatever a row holds, encoding it gives values that Odoo's interface carries,
// asks for nothing but what Asks named, or refuses it with a sentence.
func FuzzEncode(f *testing.F) {
	for _, seed := range []string{"", "1", "0", "-1", "5000.00", "1e400", "99999999999999.99", "2025-01-22", "2025-01-22 10:30:00", "0000-00-00", "true", `["a","b"]`, `[]`, "null",
		`[["a"]]`, `{"a":1}`, "person", "closed", "/", "a\x00b", "\xff", "a\x01", "\ufffe", "é\n\n<p>&", "2147483648", "٣", "NaN", "'"} {
		f.Add(seed)
	}
	e := pushEntity(f)
	f.Fuzz(func(t *testing.T, text string) {
		row, line := record.Fields{}, record.Fields{}
		for _, one := range e.Fields {
			row[one.Name] = record.Text(text)
		}
		child := e.Child("line_ids")
		for _, one := range child.Fields {
			line[one.Name] = record.Text(text)
		}
		find := anything{map[Ask]bool{}}
		for name, v := range row { // each by itself: one that is wrong does not hide the others
			cells, err := e.Encode(record.Fields{name: v}, row, find)
			requireCells(t, cells, err)
		}
		for _, encode := range []func() ([]Cell, error){
			func() ([]Cell, error) { return e.Encode(row, row, find) },
			func() ([]Cell, error) { return e.EncodeNew(row, find) },
			func() ([]Cell, error) { return child.Encode(line, line, find) },
			func() ([]Cell, error) { return child.EncodeNew(line, find) },
		} {
			cells, err := encode()
			requireCells(t, cells, err)
		}
		for _, a := range append(e.Asks(row, row), child.Asks(line, line)...) {
			require.NotEmpty(t, a.Domain())
			delete(find.asked, a)
		}
		require.Empty(t, find.asked, "asked for, and not named before")
		_, _ = e.Steps("stage", record.Text(text), record.Text("open"))
		_, _ = e.MatchValues(e.Match[0], row)
		require.Equal(t, Fold(text), Fold(Fold(text)))
	})
}

func requireCells(t *testing.T, cells []Cell, err error) {
	t.Helper()
	if err != nil {
		require.Equal(t, record.CodeRejected, record.CodeOf(err), err)
		require.Nil(t, cells)
		return
	}
	last := ""
	for _, c := range cells {
		require.Less(t, last, c.Field, "sorted, and each once")
		last = c.Field
		switch v := c.Value.(type) {
		case bool, []any:
		case int64:
			require.Equal(t, text(v), c.Text)
		case string:
			require.Equal(t, v, c.Text)
		case odooclient.Double:
			_, ok := number(v)
			require.True(t, ok, v)
		default:
			require.Fail(t, "a value nobody sends", "%T", v)
		}
	}
}

// Any text comes back from HTML as it was, but for blanks that HTML does not
// show, and the HTML shows no tag of the text's.
func FuzzTextToHTML(f *testing.F) {
	for _, seed := range []string{"", "a", "a\n\nb\n\n\nc", "<script>alert(1)</script>", "&amp;&#60;", "</p><p>", "a\u00a0 b\t", "\f\v\u0085", "<!-- -->", "- a\n- b", "]]>", "&", "&#0;"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text, err := cleanText(text)
		if err != nil {
			return
		}
		require.Equal(t, tidyLines(text), htmlToText(textToHTML(text)))
	})
}
