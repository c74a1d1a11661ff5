package mapping_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

var versions = []string{"16", "17", "18", "19"}

func readGzip(t testing.TB, path string, into any) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	require.NoError(t, json.NewDecoder(unzipped).Decode(into))
}

// recordedFields are the models whose fields_get was recorded.
func recordedFields(t testing.TB, version string) map[string]odooclient.Fields {
	t.Helper()
	var recorded map[string]map[string]struct {
		Type, Relation               string
		Required, Readonly, Unstored bool
		Selection                    [][2]string
	}
	readGzip(t, "testdata/fields-"+version+".json.gz", &recorded)
	out := map[string]odooclient.Fields{}
	for model, fields := range recorded {
		out[model] = odooclient.Fields{}
		for name, f := range fields {
			field := odooclient.Field{Name: name, Type: f.Type, Relation: f.Relation, Required: f.Required, Readonly: f.Readonly, Store: !f.Unstored}
			for _, o := range f.Selection {
				field.Selection = append(field.Selection, odooclient.Option{Key: o[0], Label: o[1]})
			}
			out[model][name] = field
		}
	}
	return out
}

// reading is one recorded answer to a read or search_read.
type reading struct {
	Model    string
	Response string
}

// recordedReads are the records of every recorded read, by the name of the
// recording, decoded by the client as in life.
func recordedReads(t testing.TB, version string) map[string][]odooclient.Raw {
	t.Helper()
	var recorded map[string]reading
	readGzip(t, "testdata/reads-"+version+".json.gz", &recorded)
	out := map[string][]odooclient.Raw{}
	for name, r := range recorded {
		out[name] = answer(t, r)
	}
	return out
}

func answer(t testing.TB, r reading) []odooclient.Raw {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		if req.URL.Path == "/xmlrpc/2/common" {
			_, _ = io.WriteString(w, "<?xml version='1.0'?><methodResponse><params><param><value><int>2</int></value></param></params></methodResponse>")
			return
		}
		_, _ = io.WriteString(w, r.Response)
	}))
	defer server.Close()
	client, err := odooclient.New(odooclient.Options{URL: server.URL, Database: "db", Login: "admin", APIKey: "admin"})
	require.NoError(t, err)
	defer client.Close()
	var out []odooclient.Raw
	require.NoError(t, client.SearchRead(context.Background(), r.Model, nil, []string{"id"}, odooclient.Page{}, func(raw odooclient.Raw) error {
		out = append(out, raw)
		return nil
	}))
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

// liveTables describes the contract's tables on a database of the test's own,
// with their unique keys.
func liveTables(t testing.TB) map[string]mapping.Table {
	t.Helper()
	db := dbtest.New(t)
	tables, err := store.Tables(context.Background(), db)
	require.NoError(t, err)
	list, err := db.QueryContext(context.Background(), "SELECT TABLE_NAME, GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) FROM information_schema.STATISTICS"+
		" WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0 GROUP BY TABLE_NAME, INDEX_NAME")
	require.NoError(t, err)
	defer list.Close()
	for list.Next() {
		var table, key string
		require.NoError(t, list.Scan(&table, &key))
		described := tables[table]
		described.Unique = append(described.Unique, strings.Split(key, ","))
		tables[table] = described
	}
	require.NoError(t, list.Err())
	return tables
}

// bound is the default mapping on the contract's tables and a recorded Odoo.
func bound(t testing.TB, version string, tables map[string]mapping.Table) *mapping.Mapping {
	t.Helper()
	m, err := defaultSpec(t).Compile(mapping.Schema{Version: odooclient.Version{Series: version + ".0"},
		Models: recordedFields(t, version), Tables: tables, OdooURL: "https://odoo.example/"})
	require.NoError(t, err)
	return m
}

// names is a resolver over the names that recorded many2ones carry. What a pair
// does not tell (codes, logins) is made of the id. A record whose id is a
// multiple of five has no row here.
type names map[string]map[int64]string

func namesIn(reads map[string][]odooclient.Raw, fields map[string]odooclient.Fields, models map[string]string) names {
	out := names{}
	for recording, raws := range reads {
		for _, raw := range raws {
			for field, v := range raw {
				pair, ok := v.([]any)
				if !ok || len(pair) != 2 {
					continue
				}
				id, isID := pair[0].(int64)
				name, isName := pair[1].(string)
				if relation := fields[models[recording]][field].Relation; isID && isName {
					if out[relation] == nil {
						out[relation] = map[int64]string{}
					}
					out[relation][id] = name
				}
			}
		}
	}
	return out
}

func (n names) Lookup(model, field string, id int64) (record.Value, bool) {
	name := n[model][id]
	switch {
	case field == "is_won":
		return mapping.LookupValue(name == "Won"), true
	case field == "code":
		return record.Text(string(rune('A'+id/26%26)) + string(rune('A'+id%26))), true
	case field == "name" && name != "":
		return record.Text(name), true
	}
	return record.Text(fmt.Sprintf("%s of %s %d", field, model, id)), true
}

func (n names) Reference(_ string, id int64) (string, bool) {
	return fmt.Sprint(1000 + id), id%5 != 0
}
