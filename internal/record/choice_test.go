package record_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
)

func TestParseChoice(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       record.Choice
		problem    string
	}{
		{name: "a side", text: "odoo", want: record.Choice{Side: record.Odoo}},
		{name: "the other one", text: " local ", want: record.Choice{Side: record.Local}},
		{name: "by field", text: "city=odoo, phone=local", want: record.Choice{Fields: map[string]record.Side{"city": record.Odoo, "phone": record.Local}}},
		{name: "a line's field", text: "order_line[odoo:12].name=odoo", want: record.Choice{Fields: map[string]record.Side{"order_line[odoo:12].name": record.Odoo}}},
		{name: "nothing", text: "", problem: "is no side: take odoo or local"},
		{name: "no side", text: "mine", problem: `"mine" is no side`},
		{name: "a field of no side", text: "city=mine", problem: `"mine" is no side`},
		{name: "a field alone", text: "city=odoo,phone", problem: `"phone" names no side`},
		{name: "twice", text: "city=odoo,city=local", problem: "stands twice"},
		{name: "no field", text: "=odoo", problem: "is empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := record.ParseChoice(tt.text)
			if tt.problem != "" {
				require.ErrorContains(t, err, tt.problem)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}
