package mapping_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/mapping"
)

// The data of the user guide's two example payloads.
const (
	guideOrder = `{"id": 123, "name": "SO001", "state": "sale", "partner_id": 45, "partner_name": "École Primaire",
		"amount_total": 5000.00, "amount_untaxed": 4166.67, "amount_tax": 833.33, "date_order": "2025-01-22T10:00:00Z", "user_id": 12,
		"old_values": {"state": "draft", "amount_total": 4500.00},
		"order_lines": [{"product_id": 1, "product_name": "Voyage Scolaire", "quantity": 30, "price_unit": 150.00, "price_subtotal": 4500.00}]}`
	guideInvoice = `{"id": 456, "name": "FAC-2025-0001", "move_type": "out_invoice", "state": "posted", "partner_id": 45,
		"partner_name": "École Primaire", "amount_total": 6000.00, "amount_untaxed": 5000.00, "amount_tax": 1000.00,
		"invoice_date": "2025-01-22", "invoice_date_due": "2025-02-22",
		"invoice_line_ids": [{"product_id": 1, "product_name": "Voyage Scolaire", "quantity": 30, "price_unit": 200.00, "price_subtotal": 6000.00}]}`
)

// nobody is a resolver that has no rows and no Odoo to ask.
type nobody struct{}

func (nobody) Lookup(string, string, int64) (record.Value, bool) { return record.Null, false }
func (nobody) Reference(string, int64) (string, bool)            { return "", false }

func TestGuideExamplesDecode(t *testing.T) {
	m, err := defaultSpec(t).Compile(mapping.Schema{Tables: liveTables(t)})
	require.NoError(t, err)
	var out strings.Builder
	for _, c := range []struct{ entity, data string }{{"quotes", guideOrder}, {"travels", guideOrder}, {"invoices", guideInvoice}} {
		decoder := json.NewDecoder(strings.NewReader(c.data))
		decoder.UseNumber()
		var data map[string]any
		require.NoError(t, decoder.Decode(&data))
		e := m.ByName(c.entity)
		belongs, born := e.PayloadBelongs(data)
		require.True(t, belongs != mapping.Outside && born)
		rec, stubs, err := m.DecodePayload(e, data, nobody{})
		require.NoError(t, err)
		show(&out, "guide", rec, nil)
		for _, s := range stubs {
			show(&out, "stub", record.Record{Entity: s.Entity, OdooID: s.OdooID, Fields: s.Fields}, nil)
		}
	}
	compareGolden(t, filepath.Join("testdata", "golden", "guide.txt"), out.String())
}
