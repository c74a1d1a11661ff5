package mapping_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/mapping"
	"odoosync/odooclient"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestDefaultMappingCompiles(t *testing.T) {
	tables := liveTables(t)
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			m := bound(t, version, tables)
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

// recordings says which entities a recorded model feeds, and where the model's
// lines were recorded.
var recordings = map[string]struct {
	model    string
	entities []string
	child    string
	lines    string
}{
	"search-read-res-partner":   {model: "res.partner", entities: []string{"contacts"}},
	"read-created-partner":      {model: "res.partner", entities: []string{"contacts"}},
	"search-read-sale-order":    {"sale.order", []string{"quotes", "travels"}, "order_line", "search-read-sale-order-line"},
	"read-draft-sale-order":     {"sale.order", []string{"quotes", "travels"}, "order_line", "search-read-sale-order-line"},
	"read-confirmed-sale-order": {"sale.order", []string{"quotes", "travels"}, "order_line", "search-read-sale-order-line"},
	"search-read-account-move":  {"account.move", []string{"invoices"}, "invoice_line_ids", "search-read-account-move-line"},
	"read-draft-invoice":        {"account.move", []string{"invoices"}, "invoice_line_ids", "search-read-account-move-line"},
	"read-posted-invoice":       {"account.move", []string{"invoices"}, "invoice_line_ids", "search-read-account-move-line"},
	"search-read-crm-lead":      {model: "crm.lead", entities: []string{"leads"}},
	"read-lead":                 {model: "crm.lead", entities: []string{"leads"}},
	"read-converted-lead":       {model: "crm.lead", entities: []string{"leads"}},
	"read-won-lead":             {model: "crm.lead", entities: []string{"leads"}},
	"read-lost-lead":            {model: "crm.lead", entities: []string{"leads"}},
}

// recordedModels adds the recordings of lines, which have no entity.
func recordedModels() map[string]string {
	out := map[string]string{"search-read-sale-order-line": "sale.order.line", "search-read-account-move-line": "account.move.line"}
	for name, r := range recordings {
		out[name] = r.model
	}
	return out
}

// Every record that was recorded decodes, survives a trip through its column,
// and belongs to an entity exactly when its domain says so. The first of each
// recording stand in golden files to be read by people.
func TestRecordedRecordsDecode(t *testing.T) {
	tables := liveTables(t)
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			m, reads := bound(t, version, tables), recordedReads(t, version)
			res := namesIn(reads, recordedFields(t, version), recordedModels())
			golden := map[string]*strings.Builder{}
			decoded := 0
			for _, name := range slices.Sorted(maps.Keys(recordings)) {
				r := recordings[name]
				require.NotEmpty(t, reads[name], name)
				shown := map[string]int{}
				for _, raw := range reads[name] {
					for _, entity := range r.entities {
						e := m.ByName(entity)
						in, err := e.InDomain(raw)
						require.NoError(t, err)
						require.Equal(t, entity != "invoices" || strings.HasPrefix(raw["move_type"].(string), "out_") && raw["move_type"] != "out_receipt", in, raw["move_type"])
						if !in || !e.Exists(raw) {
							continue
						}
						lines := linesOf(reads, r.child, r.lines, raw)
						rec, missing, err := e.Decode(raw, lines, res)
						require.NoError(t, err)
						requireColumnsKeep(t, e, rec)
						decoded++
						if shown[entity]++; shown[entity] <= 2 {
							if golden[entity] == nil {
								golden[entity] = &strings.Builder{}
							}
							show(golden[entity], name, rec, missing)
						}
					}
				}
			}
			require.Greater(t, decoded, 100)
			for entity, text := range golden {
				compareGolden(t, filepath.Join("testdata", "golden", version+"-"+entity+".txt"), text.String())
			}
			require.Len(t, golden, 5)
		})
	}
}

// linesOf are the recorded lines of a record. A new invoice's own lines were
// not recorded: it borrows the first four.
func linesOf(reads map[string][]odooclient.Raw, child, recording string, raw odooclient.Raw) map[string][]odooclient.Raw {
	if child == "" {
		return nil
	}
	out := []odooclient.Raw{}
	ids, _ := raw[child].([]any)
	for _, line := range reads[recording] {
		if slices.Contains(ids, any(line.ID())) {
			out = append(out, line)
		}
	}
	if len(out) == 0 && len(ids) > 0 {
		out = reads[recording][:4]
	}
	return map[string][]odooclient.Raw{child: out}
}

// requireColumnsKeep checks that each value, stored in its column and read
// back, is the same value.
func requireColumnsKeep(t *testing.T, e *mapping.Entity, rec record.Record) {
	t.Helper()
	keep := func(f *mapping.Field, v record.Value, decode func(map[string]any) record.Fields) {
		arg := f.Arg(v)
		if text, ok := arg.(string); ok {
			arg = []byte(text) // as the driver gives it
		}
		require.Equal(t, v, decode(map[string]any{f.Column: arg})[f.Name], "%s.%s", e.Name, f.Name)
	}
	for name, v := range rec.Fields {
		keep(e.Field(name), v, e.DecodeRow)
	}
	for child, lines := range rec.Lines {
		c := e.Child(child)
		for _, line := range lines {
			for name, v := range line.Fields {
				keep(c.Field(name), v, c.DecodeRow)
			}
		}
	}
}

func show(out *strings.Builder, recording string, rec record.Record, missing []mapping.MissingRef) {
	fmt.Fprintf(out, "# %s: %s %d, created %s, written %s\n", recording, rec.Entity, rec.OdooID,
		rec.CreateDate.Format(time.DateTime), rec.WriteDate.Format(time.DateTime))
	for _, m := range missing {
		fmt.Fprintf(out, "%s waits for %s %d\n", m.Field, m.Entity, m.OdooID)
	}
	showFields(out, "", rec.Fields)
	for _, child := range slices.Sorted(maps.Keys(rec.Lines)) {
		for i, line := range rec.Lines[child] {
			fmt.Fprintf(out, "%s %d (%d)\n", child, i, line.OdooID)
			showFields(out, "  ", line.Fields)
		}
	}
	fmt.Fprintln(out)
}

func showFields(out *strings.Builder, indent string, fields record.Fields) {
	for _, name := range fields.Names() {
		if v := fields[name]; v.IsNull() {
			fmt.Fprintf(out, "%s%s = NULL\n", indent, name)
		} else {
			fmt.Fprintf(out, "%s%s = %q\n", indent, name, v.Text())
		}
	}
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "write it with: go test ./mapping -run %s -update", t.Name())
	require.Equal(t, string(want), got, path)
}
