package mapping_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// recordedFields are the models whose fields_get was recorded.
func recordedFields(t testing.TB, version string) map[string]odooclient.Fields {
	t.Helper()
	file, err := os.Open("testdata/fields-" + version + ".json.gz")
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	var recorded map[string]map[string]struct{ Type, Relation string }
	require.NoError(t, json.NewDecoder(unzipped).Decode(&recorded))
	out := map[string]odooclient.Fields{}
	for model, fields := range recorded {
		out[model] = odooclient.Fields{}
		for name, f := range fields {
			out[model][name] = odooclient.Field{Name: name, Type: f.Type, Relation: f.Relation}
		}
	}
	return out
}

func defaultSpec(t testing.TB) *mapping.Spec {
	t.Helper()
	data, err := os.ReadFile("../configs/mapping.yaml")
	require.NoError(t, err)
	spec, err := mapping.Parse(data)
	require.NoError(t, err)
	return spec
}

func TestDefaultMappingCompiles(t *testing.T) {
	tables, err := store.Tables(context.Background(), dbtest.New(t))
	require.NoError(t, err)
	for _, version := range []string{"16", "17", "18", "19"} {
		t.Run(version, func(t *testing.T) {
			m, err := defaultSpec(t).Compile(mapping.Schema{Version: odooclient.Version{Series: version + ".0"},
				Models: recordedFields(t, version), Tables: tables, OdooURL: "https://odoo.example/"})
			require.NoError(t, err)
			var names []string
			for _, e := range m.Entities {
				names = append(names, e.Name)
			}
			require.Equal(t, []string{"contacts", "quotes", "leads", "travels", "invoices"}, names)
			require.True(t, m.ByName("contacts").SelfReference)
			require.Len(t, m.ByModel("sale.order"), 2)
			require.Equal(t, version == "19", len(m.ByName("contacts").Absent) > 0, m.ByName("contacts").Absent)
		})
	}
	t.Run("payload mode", func(t *testing.T) {
		_, err := defaultSpec(t).Compile(mapping.Schema{Tables: tables})
		require.NoError(t, err)
	})
}
