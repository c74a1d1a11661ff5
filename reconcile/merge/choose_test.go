package merge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/reconcile/merge"
)

func text(s string) record.Value { return record.Text(s) }

func pair(odoo, local string) record.Pair { return record.Pair{Odoo: text(odoo), Local: text(local)} }

func TestChooseMakesTheChosenSideTheOnlyEdit(t *testing.T) {
	for _, tt := range []struct {
		name, field string
		take        record.Side
		base, want  record.Base
		problem     string
	}{
		{name: "Odoo's", field: "city", take: record.Odoo, base: record.Base{Fields: record.Pairs{"city": pair("b", "b"), "zip": pair("1", "1")}},
			want: record.Base{Fields: record.Pairs{"city": pair("l", "l"), "zip": pair("1", "1")}}},
		{name: "ours", field: "city", take: record.Local, base: record.Base{Fields: record.Pairs{"city": pair("b", "b")}},
			want: record.Base{Fields: record.Pairs{"city": pair("o", "o")}}},
		{name: "nothing was agreed on", field: "city", take: record.Odoo, want: record.Base{Fields: record.Pairs{"city": pair("l", "l")}}},
		{name: "a line's, by Odoo's id", field: "order_line[odoo:12].name", take: record.Odoo,
			base: record.Base{Lines: map[string][]record.LineBase{"order_line": {{OdooID: 2}, {OdooID: 12, LocalID: "5", Fields: record.Pairs{"name": pair("b", "b")}}}}},
			want: record.Base{Lines: map[string][]record.LineBase{"order_line": {{OdooID: 2}, {OdooID: 12, LocalID: "5", Fields: record.Pairs{"name": pair("l", "l")}}}}}},
		{name: "a line's, by our id", field: "order_line[local:5].name", take: record.Local,
			base: record.Base{Lines: map[string][]record.LineBase{"order_line": {{OdooID: 12, LocalID: "5"}}}},
			want: record.Base{Lines: map[string][]record.LineBase{"order_line": {{OdooID: 12, LocalID: "5", Fields: record.Pairs{"name": pair("o", "o")}}}}}},
		{name: "a line that is gone", field: "order_line[odoo:12].name", take: record.Odoo, problem: "the line of order_line[odoo:12].name is not there any more"},
		{name: "a line without an id", field: "order_line[3].name", take: record.Odoo, problem: "is of a line without an id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := record.Conflict{Field: tt.field, Odoo: text("o"), Local: text("l"), Policy: "ask"}
			err := merge.Choose(&tt.base, c, tt.take)
			if tt.problem != "" {
				require.ErrorContains(t, err, tt.problem)
				require.Equal(t, record.CodeRejected, record.CodeOf(err))
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, tt.base)
		})
	}
}

func TestLineOf(t *testing.T) {
	for field, want := range map[string]string{"city": "", "order_line[odoo:12].name": "order_line[odoo:12]", "order_line[local:a].x": "order_line[local:a]"} {
		require.Equal(t, want, merge.LineOf(field))
	}
}
