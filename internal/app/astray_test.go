package app_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
)

// Webhooks that are doubled, reordered, told before their commit or of work that
// is rolled back change nothing in the end: the rows are what Odoo has.
func TestWebhooksGoAstray(t *testing.T) {
	for _, version := range []int{16, 17, 18, 19} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			sim := odoosim.New(odoosim.Options{Version: version, Seed: 7})
			url, err := sim.Start()
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, sim.Close()) })
			sim.SeedSchoolTrips(odoosim.Size{Contacts: 20, Orders: 6, Invoices: 4, Leads: 4})
			d := start(t, dbtest.DSN(t), simulated(url))
			sim.SetWebhooks(odoosim.WebhookOptions{URL: d.app.URL(), Key: "key"})
			sim.SetFaults(odoosim.Faults{DoubleWebhook: 0.3, ReorderWebhook: 0.5, Page502: 0.05, CutReply: 0.05})
			ids := sim.IDs("res.partner")
			for i, id := range ids {
				sim.Write("res.partner", id, odoosim.Values{"city": fmt.Sprint("City ", i)})
				if i%5 == 0 {
					undone := sim.Begin()
					undone.Unlink("res.partner", id)
					undone.Create("res.partner", odoosim.Values{"name": "Never"})
					undone.Tell()
					undone.Rollback()
				}
			}
			for i, id := range sim.IDs("sale.order") {
				sim.Write("sale.order", id, odoosim.Values{"client_order_ref": fmt.Sprint("PO ", i)})
			}
			require.NoError(t, sim.Drain(context.Background()))
			sim.SetFaults(odoosim.Faults{})
			require.Eventually(t, func() bool {
				return d.rows("SELECT 1 FROM webhook_logs WHERE status = 'pending' AND source = 'webhook' LIMIT 1") == ""
			}, 60*time.Second, 50*time.Millisecond)
			require.Empty(t, d.rows("SELECT event_type, error_message FROM webhook_logs WHERE status = 'error'"))
			for i, id := range ids {
				require.Equal(t, fmt.Sprintf("City %d | 0", i), d.rows(fmt.Sprintf("SELECT city, deleted_at IS NOT NULL FROM contacts WHERE odoo_id = %d", id)))
			}
			require.Equal(t, fmt.Sprint(len(ids)), d.rows("SELECT COUNT(*) FROM contacts"))
			require.Equal(t, "6 | 6", d.rows("SELECT COUNT(*), SUM(client_ref LIKE 'PO %') FROM quotes"))
			require.Equal(t, "0", d.rows("SELECT COUNT(*) FROM (SELECT odoo_id FROM sync_changes WHERE op = 'create' AND entity = 'contacts' GROUP BY odoo_id HAVING COUNT(*) > 1) twice"))
		})
	}
}
