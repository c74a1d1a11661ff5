package record_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"odoosync/internal/record"
)

func genValue(t *rapid.T) record.Value {
	if rapid.Bool().Draw(t, "null") {
		return record.Null
	}
	return record.Text(rapid.String().Draw(t, "text"))
}

// A base survives its trip through JSON, whatever its values look like: a text
// that looks like null or like a pair stays a text.
func TestBaseSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pair := record.Pair{Odoo: genValue(t), Local: genValue(t)}
		in := record.Base{
			Fields: record.Pairs{"f": pair, "same": record.Same(pair.Odoo)},
			Lines:  map[string][]record.LineBase{"lines": {{OdooID: 7, LocalID: "3", Fields: record.Pairs{"n": pair}}}},
		}
		data, err := json.Marshal(in)
		require.NoError(t, err)
		var out record.Base
		require.NoError(t, json.Unmarshal(data, &out))
		require.Equal(t, in, out)
	})
}

func TestPairRefusesWrongLength(t *testing.T) {
	var p record.Pair
	require.ErrorContains(t, json.Unmarshal([]byte(`["a"]`), &p), "has 2 values, this one has 1")
}

func TestCodeOfFindsTheOutermostCode(t *testing.T) {
	inner := record.Errorf(record.CodeRetryable, "inner")
	outer := fmt.Errorf("while syncing: %w", record.Wrap(record.CodeRejected, inner, "outer"))
	require.Equal(t, record.CodeRejected, record.CodeOf(outer))
	require.Equal(t, "outer", record.Message(outer))
	require.Equal(t, record.CodeInternal, record.CodeOf(errors.New("x")))
	require.Equal(t, record.Code(""), record.CodeOf(nil))
	require.NotContains(t, record.Message(errors.New("SELECT secret")), "SELECT")
}

func TestNullIsNotEmptyText(t *testing.T) {
	require.NotEqual(t, record.Null, record.Text(""))
	require.Equal(t, "NULL", record.Null.String())
}
